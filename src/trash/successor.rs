//! A file that is replaced: its successor waits in the bundle until the two change names, in one step.
//!
//! The successor's name in the bundle, `after.<its identity>.<that of the file>`, says what both are. So whoever finds it after a
//! kill knows by one look whether they had changed names: the file is then what stands under that name.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::{Identity, Moving, Opened, attic::number};
use crate::fs::{Disk, Stat};

const PREFIX: &str = "after.";

/// What takes a file's place, and the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Successor {
    new: Identity,
    old: Identity,
}

impl Successor {
    /// The successor, and what it is to replace.
    #[must_use]
    pub fn new(new: &Stat, old: &Stat) -> Self {
        Self { new: Identity::of(new), old: Identity::of(old) }
    }

    fn name(&self) -> OsString {
        format!("{PREFIX}{}.{}", self.new, self.old).into()
    }

    fn read(name: &OsStr) -> Option<Self> {
        let mut parts = name.to_str()?.strip_prefix(PREFIX)?.split('.');
        let (new, old) = (Identity::read(parts.by_ref().take(3))?, Identity::read(parts.by_ref())?);
        parts.next().is_none().then_some(Self { new, old })
    }
}

impl<D: Disk> Moving<'_, '_, D> {
    /// Takes the successor in, durably.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn prepare(&self, successor: &Successor, from: (&D::Folder, &OsStr)) -> io::Result<()> {
        self.disk().rename(from, (&self.bundle, &successor.name()))?;
        self.disk().sync_folder(&self.bundle)
    }

    /// Lets the successor change names with the file; `false` where the file system cannot.
    ///
    /// # Errors
    /// As the operating system says; then nothing has changed.
    pub fn exchange(&mut self, successor: &Successor, with: (&D::Folder, &OsStr)) -> io::Result<bool> {
        let exchanged = self.disk().exchange((&self.bundle, &successor.name()), with)?;
        self.moved += u64::from(exchanged);
        Ok(exchanged)
    }

    /// Takes that back.
    ///
    /// # Errors
    /// As the operating system says; then nothing has changed.
    pub fn exchange_back(&mut self, successor: &Successor, with: (&D::Folder, &OsStr)) -> io::Result<()> {
        self.disk().exchange((&self.bundle, &successor.name()), with)?;
        self.moved -= 1;
        Ok(())
    }

    /// What stands under the successor's name.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn came_out(&self, successor: &Successor) -> io::Result<Stat> {
        self.disk().stat(&self.bundle, &successor.name())
    }

    /// What came out is the thing with this number from here on.
    ///
    /// # Errors
    /// As the operating system says; whoever settles the bundle does it then.
    pub fn keep(&self, successor: &Successor, thing: usize) -> io::Result<()> {
        self.disk().rename((&self.bundle, &successor.name()), (&self.bundle, &number(thing)))
    }
}

impl<D: Disk> Opened<D> {
    /// Finishes a bundle whose successor a killed run has left: what came out of `at` becomes the thing with this number,
    /// unless somebody had written there at the last moment: then it goes back, if nobody has written since. A successor that
    /// has not come to its place is left; it goes with the bundle.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn settle_successor(&self, thing: usize, at: (&D::Folder, &OsStr)) -> io::Result<()> {
        for name in self.disk.list(&self.bundle)? {
            let Some(Successor { new, old }) = Successor::read(&name) else { continue };
            let here = Identity::of(&self.disk.stat(&self.bundle, &name)?);
            let there = self.disk.stat(at.0, at.1).ok().map(|stat| Identity::of(&stat));
            if here == new {
                continue;
            }
            if here == old || there != Some(new) {
                self.disk.rename((&self.bundle, &name), (&self.bundle, &number(thing)))?;
            } else {
                self.disk.exchange((&self.bundle, &name), at)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_name_says_what_both_are_and_no_other_does() {
        let stat = |ino| Stat { ino, size: 7, modified_ns: 9, ..Stat::default() };
        let successor = Successor::new(&stat(1), &stat(2));
        assert_eq!(successor.name(), "after.1.7.9.2.7.9");
        assert_eq!(Successor::read(&successor.name()), Some(successor));
        for bad in ["after.1.7.9.2.7", "after.1.7.9.2.7.9.1", "1.7.9.2.7.9", "0", "after.a.7.9.2.7.9"] {
            assert_eq!(Successor::read(OsStr::new(bad)), None, "{bad}");
        }
    }
}
