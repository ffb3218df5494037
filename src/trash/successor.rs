//! A file that is replaced: its successor waits in the bundle until the two change names, in one step.
//!
//! The successor's name in the bundle, `after.<its identity>.<that of the file>`, says what both are. So whoever finds it after a
//! kill knows by one look whether they had changed names: the file is then what stands under that name. Before a file gets its place
//! back, that name becomes `out.…`: the successor has been where everybody could open it, so from here on it is kept.
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

/// How the name begins once what came out may have its place again.
const OUT: &str = "out.";

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

    fn name(&self, prefix: &str) -> OsString {
        format!("{prefix}{}.{}", self.new, self.old).into()
    }

    fn read(name: &OsStr, prefix: &str) -> Option<Self> {
        let mut parts = name.to_str()?.strip_prefix(prefix)?.split('.');
        let (new, old) = (Identity::read(parts.by_ref().take(3))?, Identity::read(parts.by_ref())?);
        parts.next().is_none().then_some(Self { new, old })
    }
}

/// The place in a bundle where a successor waits, and where what it replaces comes out.
struct Seat<'s, D: Disk> {
    disk: &'s D,
    bundle: &'s D::Folder,
    successor: Successor,
    prefix: &'static str,
}

impl<'s, D: Disk> Seat<'s, D> {
    /// The place that a name in a bundle is; `None` when it is none.
    fn read(disk: &'s D, bundle: &'s D::Folder, name: &OsStr) -> Option<Self> {
        let read = |prefix| Some(Self { disk, bundle, successor: Successor::read(name, prefix)?, prefix });
        [PREFIX, OUT].into_iter().find_map(read)
    }

    fn name(&self) -> OsString {
        self.successor.name(self.prefix)
    }

    fn stat(&self) -> io::Result<Stat> {
        self.disk.stat(self.bundle, &self.name())
    }

    /// Whether nobody but us has ever been able to open the successor.
    fn has_never_left(&self) -> io::Result<bool> {
        Ok(self.prefix == PREFIX && self.is_untouched()?)
    }

    /// Whether the successor is here again, whatever somebody has written to it.
    fn is_back(&self) -> io::Result<bool> {
        Ok(self.prefix == OUT && self.successor.new.is_of(&self.stat()?))
    }

    /// Says for whoever finds it after a kill that the successor was out, durably: what came out is then here or in its place.
    fn note_out(&mut self) -> io::Result<()> {
        if self.prefix != OUT {
            self.disk.rename((self.bundle, &self.name()), (self.bundle, &self.successor.name(OUT)))?;
            self.prefix = OUT;
        }
        self.disk.sync_folder(self.bundle)
    }

    /// Whether the successor is here, as it was made.
    fn is_untouched(&self) -> io::Result<bool> {
        self.stat().map(|stat| Identity::of(&stat) == self.successor.new)
    }

    /// Lets what is here change names with the file there; `false` where the file system cannot. An error of the system says
    /// nothing about whether it has happened, so this looks.
    fn exchange(&self, with: (&D::Folder, &OsStr)) -> io::Result<bool> {
        let before = self.stat()?.ino;
        match self.disk.exchange((self.bundle, &self.name()), with) {
            Err(_) if self.stat()?.ino != before => Ok(true),
            exchanged => exchanged,
        }
    }

    /// Gives what came out its place back. `true` when the successor is here again as it was made; `false` when somebody had
    /// written to it, or replaced it: then his text stands there, and what came out is here. So it is where the file system
    /// cannot.
    fn put_back(&mut self, to: (&D::Folder, &OsStr)) -> io::Result<bool> {
        self.note_out()?;
        if !self.exchange(to)? {
            return Ok(false);
        }
        thread::sleep(LAST_WORDS);
        if self.is_untouched()? {
            return Ok(true);
        }
        if self.exchange(to)? { Ok(false) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// What is here is the thing with this number from here on. If it is the successor, then what has its place again is durable
    /// there before it can be that the trash is without it.
    fn keep(&self, thing: usize, at: &D::Folder) -> io::Result<()> {
        if self.is_back()? {
            self.disk.sync_folder(at)?;
        }
        let kept = number(thing);
        match self.disk.stat(self.bundle, &kept) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.disk.rename((self.bundle, &self.name()), (self.bundle, &kept))
            }
            there => there.and_then(|_| Err(io::ErrorKind::AlreadyExists.into())),
        }
    }
}

impl<D: Disk> Moving<'_, '_, D> {
    fn seat(&self, successor: &Successor) -> Seat<'_, D> {
        Seat { disk: self.disk(), bundle: &self.bundle, successor: *successor, prefix: PREFIX }
    }

    /// Takes the successor in, durably.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn prepare(&self, successor: &Successor, from: (&D::Folder, &OsStr)) -> io::Result<()> {
        self.disk().rename(from, (&self.bundle, &successor.name(PREFIX)))?;
        self.disk().sync_folder(&self.bundle)
    }

    /// Lets the successor change names with the file; `false` where the file system cannot: then nothing has changed.
    ///
    /// # Errors
    /// As the operating system says. Then nothing has changed if [`Moving::moved`] says so; otherwise it has, or nobody can
    /// tell, and the bundle stays for the next one to look.
    pub fn exchange(&mut self, successor: &Successor, with: (&D::Folder, &OsStr)) -> io::Result<bool> {
        let exchanged = self.disk().exchange((&self.bundle, &successor.name(PREFIX)), with);
        let is_unchanged = match &exchanged {
            Ok(exchanged) => !exchanged,
            Err(_) => self.seat(successor).is_untouched().unwrap_or(false),
        };
        self.moved += u64::from(!is_unchanged);
        exchanged
    }

    /// Takes that back; `false` when what stands there is not what was put there, or the file system cannot any more: then that
    /// stays, and what came out is here. What is here then, the one or the other, is the thing with this number from here on: the
    /// successor too, for somebody may have it open.
    ///
    /// # Errors
    /// As the operating system says; then nobody can tell, and the bundle stays for the next one to look.
    pub fn exchange_back(
        &mut self,
        successor: &Successor,
        with: (&D::Folder, &OsStr),
        thing: usize,
    ) -> io::Result<bool> {
        let mut seat = self.seat(successor);
        let is_back = seat.put_back(with)?;
        seat.keep(thing, with.0)?;
        Ok(is_back)
    }

    /// What stands under the successor's name.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn came_out(&self, successor: &Successor) -> io::Result<Stat> {
        self.seat(successor).stat()
    }

    /// What came out of the folder `at` is the thing with this number from here on.
    ///
    /// # Errors
    /// As the operating system says; whoever settles the bundle does it then.
    pub fn keep(&self, successor: &Successor, at: &D::Folder, thing: usize) -> io::Result<()> {
        self.seat(successor).keep(thing, at)
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
            let Some(mut seat) = Seat::read(&self.disk, &self.bundle, &name) else { continue };
            if seat.has_never_left()? {
                continue;
            }
            let Successor { new, old } = seat.successor;
            let is_there = || self.is_there(at, &new);
            if Identity::of(&seat.stat()?) != old && is_there()? {
                let _held = hold()?;
                if is_there()? {
                    seat.put_back(at)?;
                }
            }
            seat.keep(thing, at.0)?;
        }
        Ok(())
    }

    fn is_there(&self, at: (&D::Folder, &OsStr), what: &Identity) -> io::Result<bool> {
        match self.disk.stat(at.0, at.1) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            stat => stat.map(|stat| Identity::of(&stat) == *what),
        }
    }

    /// Whether this thing is what was to take the place of another, which has its place again.
    #[must_use]
    pub fn is_successor(&self, thing: usize) -> bool {
        let became = self.listed(thing).and_then(|thing| thing.became.as_ref());
        let here = self.disk.stat(&self.bundle, &number(thing));
        became.zip(here.ok()).is_some_and(|(became, here)| became.is.is_of(&here))
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
        Seat::read(self.trash.disk, bundle, name).map_or(Ok(false), |seat| seat.has_never_left())
    }

    /// Takes a bundle away whose time has come, if all that is in it is what its run has moved there.
    ///
    /// # Errors
    /// As the operating system says, and when there is more, or nobody can tell: then it stays as it is.
    pub fn expire(&self, name: &FolderName) -> io::Result<()> {
        let Some(opened) = self.open(name)? else { return self.discard(name) };
        let names = self.trash.disk.list(&opened.bundle)?;
        let is_seat = |name: &OsString| {
            [PREFIX, OUT].iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
        };
        let has_more = names.iter().any(is_seat);
        if has_more || !opened.is_untouched()? {
            return Err(not_ours());
        }
        self.purge(name)
    }
}

impl<D: Disk> Attic<'_, D> {
    /// Takes away what a killed run had begun to take away, unless somebody has added to it since: then it stays.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn purge_on(&self, name: &FolderName) -> io::Result<()> {
        // Of what is half gone nobody can tell.
        if self.has_more(name).unwrap_or(false) { self.finish(name) } else { self.purge(name) }
    }

    /// Whether somebody has added to a text in a bundle since it came there, as far as can be told.
    ///
    /// # Errors
    /// As for [`Attic::open`].
    pub fn has_more(&self, name: &FolderName) -> io::Result<bool> {
        self.open(name)?.map_or(Ok(false), |opened| opened.is_untouched().map(|is| !is))
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
        for (prefix, name) in [(PREFIX, "after.1.7.9.2.7.9"), (OUT, "out.1.7.9.2.7.9")] {
            assert_eq!(successor.name(prefix), name);
            assert_eq!(Successor::read(OsStr::new(name), prefix), Some(successor));
        }
        for bad in ["after.1.7.9.2.7", "after.1.7.9.2.7.9.1", "1.7.9.2.7.9", "0", "after.a.7.9.2.7.9"] {
            assert_eq!(Successor::read(OsStr::new(bad), PREFIX), None, "{bad}");
        }
    }
}
