//! A file that is replaced: its successor waits in the bundle until the two change names, in one step.
//!
//! The successor's name in the bundle, `after.<its identity>.<that of the file>`, says what both are. So whoever finds it after a
//! kill knows by one look whether they had changed names: the file is then what stands under that name.
//!
//! A program that knows no lock may write to either at any moment, and may have it open for as long as it likes. So a text is only
//! taken away for ever while it is, to a look, one of the two that are known; what it is not is somebody's, and nowhere else.

use std::{
    ffi::{OsStr, OsString},
    io, thread,
    time::Duration,
};

use super::{
    Attic, FolderName, Identity, Moving, Opened,
    attic::{LIST, NEW_LIST, number},
};
use crate::fs::{Disk, Stat};

const PREFIX: &str = "after.";

/// Whoever has opened a file to add a line to it has added it after this time.
const LAST_WORDS: Duration = Duration::from_millis(20);

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

/// The place in a bundle where a successor waits, and where what it replaces comes out.
struct Seat<'s, D: Disk> {
    disk: &'s D,
    bundle: &'s D::Folder,
    successor: Successor,
}

impl<D: Disk> Seat<'_, D> {
    fn stat(&self) -> io::Result<Stat> {
        self.disk.stat(self.bundle, &self.successor.name())
    }

    /// Whether the successor is here, as it was made.
    fn is_untouched(&self) -> io::Result<bool> {
        self.stat().map(|stat| Identity::of(&stat) == self.successor.new)
    }

    /// Lets what is here change names with the file there; `false` where the file system cannot. An error of the system says
    /// nothing about whether it has happened, so this looks.
    fn exchange(&self, with: (&D::Folder, &OsStr)) -> io::Result<bool> {
        let before = self.stat()?.ino;
        match self.disk.exchange((self.bundle, &self.successor.name()), with) {
            Err(_) if self.stat()?.ino != before => Ok(true),
            exchanged => exchanged,
        }
    }

    /// Gives what came out its place back. `true` when the successor is here again as it was made; `false` when somebody had
    /// written to it, or replaced it: then his text stands there, and what came out is here. So it is where the file system
    /// cannot.
    fn put_back(&self, to: (&D::Folder, &OsStr)) -> io::Result<bool> {
        if !self.exchange(to)? {
            return Ok(false);
        }
        thread::sleep(LAST_WORDS);
        if self.is_untouched()? {
            return Ok(true);
        }
        if self.exchange(to)? { Ok(false) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// What is here is the thing with this number from here on.
    fn keep(&self, thing: usize) -> io::Result<()> {
        let kept = number(thing);
        match self.disk.stat(self.bundle, &kept) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.disk.rename((self.bundle, &self.successor.name()), (self.bundle, &kept))
            }
            there => there.and_then(|_| Err(io::ErrorKind::AlreadyExists.into())),
        }
    }
}

impl<D: Disk> Moving<'_, '_, D> {
    fn seat(&self, successor: &Successor) -> Seat<'_, D> {
        Seat { disk: self.disk(), bundle: &self.bundle, successor: *successor }
    }

    /// Takes the successor in, durably.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn prepare(&self, successor: &Successor, from: (&D::Folder, &OsStr)) -> io::Result<()> {
        self.disk().rename(from, (&self.bundle, &successor.name()))?;
        self.disk().sync_folder(&self.bundle)
    }

    /// Lets the successor change names with the file; `false` where the file system cannot: then nothing has changed.
    ///
    /// # Errors
    /// As the operating system says. Then nothing has changed if [`Moving::moved`] says so; otherwise it has, or nobody can
    /// tell, and the bundle stays for the next one to look.
    pub fn exchange(&mut self, successor: &Successor, with: (&D::Folder, &OsStr)) -> io::Result<bool> {
        let exchanged = self.disk().exchange((&self.bundle, &successor.name()), with);
        let is_unchanged = match &exchanged {
            Ok(exchanged) => !exchanged,
            Err(_) => self.seat(successor).is_untouched().unwrap_or(false),
        };
        self.moved += u64::from(!is_unchanged);
        exchanged
    }

    /// Takes that back; `false` when what stands there is not what was put there, or the file system cannot any more: then that
    /// stays, and what came out is here.
    ///
    /// # Errors
    /// As the operating system says; then nobody can tell, and the bundle stays for the next one to look.
    pub fn exchange_back(&mut self, successor: &Successor, with: (&D::Folder, &OsStr)) -> io::Result<bool> {
        let is_back = self.seat(successor).put_back(with)?;
        self.moved -= u64::from(is_back);
        Ok(is_back)
    }

    /// What stands under the successor's name.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn came_out(&self, successor: &Successor) -> io::Result<Stat> {
        self.seat(successor).stat()
    }

    /// What came out is the thing with this number from here on.
    ///
    /// # Errors
    /// As the operating system says; whoever settles the bundle does it then.
    pub fn keep(&self, successor: &Successor, thing: usize) -> io::Result<()> {
        self.seat(successor).keep(thing)
    }
}

impl<D: Disk> Opened<D> {
    /// Finishes a bundle whose successor a killed run has left: what came out of `at` becomes the thing with this number. If
    /// somebody had written there at the last moment it goes back, unless he has written since; then the successor becomes that
    /// thing, for somebody may have it open. Before it goes back, `hold` keeps others from `at`. A successor that has not come
    /// to its place is left; it goes with the bundle.
    ///
    /// # Errors
    /// As the operating system says, and as `hold` does; then the bundle must stay as it is.
    pub fn settle_successor<L>(
        &self,
        thing: usize,
        at: (&D::Folder, &OsStr),
        hold: impl Fn() -> io::Result<L>,
    ) -> io::Result<()> {
        for name in self.disk.list(&self.bundle)? {
            let Some(successor) = Successor::read(&name) else { continue };
            let seat = Seat { disk: &self.disk, bundle: &self.bundle, successor };
            let here = Identity::of(&seat.stat()?);
            if here == successor.new {
                continue;
            }
            let is_there = || self.is_there(at, &successor.new);
            if here != successor.old && is_there()? {
                let _held = hold()?;
                if is_there()? {
                    seat.put_back(at)?;
                }
            }
            seat.keep(thing)?;
        }
        Ok(())
    }

    fn is_there(&self, at: (&D::Folder, &OsStr), what: &Identity) -> io::Result<bool> {
        match self.disk.stat(at.0, at.1) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            stat => stat.map(|stat| Identity::of(&stat) == *what),
        }
    }

    /// Whether each text in here that was replaced is still what it was, or what replaced it was: if it is not, somebody has
    /// added to it, and nobody has that elsewhere.
    fn is_untouched(&self) -> io::Result<bool> {
        for (thing, became) in self.things().filter_map(|(at, thing)| Some((at, thing.became.as_ref()?))) {
            let stat = self.disk.stat(&self.bundle, &number(thing))?;
            if ![became.was, became.is].contains(&Identity::of(&stat)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<D: Disk> Attic<'_, D> {
    /// Takes a bundle away that nothing was moved into, with a successor that never left it.
    ///
    /// # Errors
    /// As the operating system says, and when anything else is in it: then it stays as it is.
    pub fn discard(&self, name: &FolderName) -> io::Result<()> {
        let bundle = self.trash.disk.subfolder(&self.trash.must_be_there()?, name.as_os_str())?;
        for inner in self.trash.disk.list(&bundle)? {
            if inner != LIST && inner != NEW_LIST && !self.is_successor(&bundle, &inner)? {
                return Err(not_ours());
            }
        }
        self.purge(name)
    }

    fn is_successor(&self, bundle: &D::Folder, name: &OsStr) -> io::Result<bool> {
        let Some(successor) = Successor::read(name) else { return Ok(false) };
        Seat { disk: self.trash.disk, bundle, successor }.is_untouched()
    }

    /// Takes a bundle away whose time has come, if all that is in it is what its run has moved there.
    ///
    /// # Errors
    /// As the operating system says, and when there is more, or nobody can tell: then it stays as it is.
    pub fn expire(&self, name: &FolderName) -> io::Result<()> {
        let Some(opened) = self.open(name)? else { return self.discard(name) };
        let names = self.trash.disk.list(&opened.bundle)?;
        let has_more = names.iter().any(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
        if has_more || !opened.is_untouched()? {
            return Err(not_ours());
        }
        self.purge(name)
    }
}

fn not_ours() -> io::Error {
    io::Error::other(
        "there is something in it that somebody has written and that may be nowhere else: look at it",
    )
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
