//! What is to be unlinked is moved aside first, into our folder, and looked at once more there.
//!
//! Whoever stores a file waits for the store's lock, but nobody waits for it who renames one over another: between the last look
//! at a file and its end another may have taken its place, whose owner waits to store it. That one is put back, never over
//! something else. The name of what lies aside says where it stood: whoever takes the lock after somebody was killed ends it, or
//! puts it back. What nobody can tell anything of stays there, and the log says so.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
};

use foldhash::HashMap;
use sha2::{Digest, Sha256};

use super::{
    log,
    place::Place,
    record::By,
    reference::chance,
    room::{Desk, Room},
    spot::Spot,
    state::File,
};
use crate::{
    fs::{Disk, Stat},
    model::hex,
};

/// How the names of what lies aside begin.
const PREFIX: &str = "media.going.";

/// So many hexadecimal digits say where it stood: its path may be longer than a name.
const DIGITS: usize = 32;

fn digits_of(spot: &Spot) -> String {
    let mut digits = hex(&Sha256::digest(spot.path().as_os_str().as_encoded_bytes()));
    digits.truncate(DIGITS);
    digits
}

fn new_name(spot: &Spot) -> OsString {
    format!("{PREFIX}{}.{:016x}", digits_of(spot), chance()).into()
}

/// Where it stood, as its name has it.
fn digits_in(name: &OsStr) -> Option<&str> {
    name.to_str()?.strip_prefix(PREFIX)?.split('.').next()
}

/// Whether what was moved is what was seen: a move changes nothing else. Where nobody can tell when a file was made, one that was
/// written to meanwhile may be another.
fn is_same(moved: &Stat, seen: &Stat) -> bool {
    let is_as_old = seen.born_ns.is_some() || moved.modified_ns == seen.modified_ns;
    moved.is_file && moved.ino == seen.ino && moved.born_ns == seen.born_ns && is_as_old
}

impl<D: Disk> Room<D> {
    /// Removes a file that was looked at; `false` when another had its place by then, which has it again.
    pub(super) fn unlink(&self, spot: &Spot, seen: &Stat) -> io::Result<bool> {
        let (aside, ours) = (new_name(spot), &self.place.ours);
        self.place.within(spot, |folder, name| self.disk.rename((folder, name), (ours, &aside)))?;
        self.end_moved(&aside, spot, seen).map_err(|error| match error.kind() {
            // It is not the file that is not found: that one lies aside, and must be tried again.
            io::ErrorKind::NotFound => io::Error::other(format!("it lies aside in .session-reaper: {error}")),
            _ => error,
        })
    }

    fn end_moved(&self, aside: &OsStr, spot: &Spot, seen: &Stat) -> io::Result<bool> {
        let moved = self.disk.stat_born(&self.place.ours, aside)?;
        if is_same(&moved, seen) {
            return self.disk.remove(&self.place.ours, aside).map(|()| true);
        }
        self.put_back(aside, spot).map(|()| false)
    }

    /// Never over something else: then it stays where it is.
    fn put_back(&self, aside: &OsStr, spot: &Spot) -> io::Result<()> {
        let (ours, parent) = (&self.place.ours, spot.path().parent().unwrap_or(Path::new("")));
        self.place.make_way(parent)?;
        let is_back = self.place.within(spot, |folder, name| {
            if self.disk.rename_new((ours, aside), (folder, name))? {
                return Ok(true);
            }
            // Whoever put it back was killed between two steps: it has both names.
            let (here, there) = (self.disk.stat(ours, aside)?, self.disk.stat(folder, name)?);
            let is_both = here.is_file && (here.dev, here.ino) == (there.dev, there.ino);
            if is_both { self.disk.remove(ours, aside).map(|()| true) } else { Ok(false) }
        })?;
        if !is_back {
            log::aside(&self.place.path, aside, "another has its place by now");
        }
        self.sync_both(spot)
    }

    fn sync_both(&self, spot: &Spot) -> io::Result<()> {
        self.disk.sync_folder(&self.place.ours)?;
        spot.path().parent().map_or(Ok(()), |parent| self.place.sync(parent))
    }
}

impl<D: Disk> Place<D> {
    /// The names of what lies aside.
    fn aside(&self) -> io::Result<Vec<OsString>> {
        let mut names = self.disk().list(&self.ours)?;
        names.retain(|name| digits_in(name).is_some());
        Ok(names)
    }
}

impl<D: Disk> Desk<'_, D> {
    /// Ends what lies aside since somebody was killed. While nothing is on its way out nothing does that anybody would know of.
    pub(super) fn end_aside(&self) {
        let state = &self.ledger.state;
        if state.going.len() > state.parked.len() {
            self.end_all_aside();
        }
    }

    /// The same, and tells what nobody knows.
    pub(super) fn end_all_aside(&self) {
        let names = match self.room.place.aside() {
            Ok(names) if names.is_empty() => return,
            Ok(names) => names,
            Err(error) => return log::failed("nobody can tell what lies aside", &error),
        };
        let files = self.ledger.state.files.iter().filter(|(spot, _)| spot.is_ours());
        let known: HashMap<String, (&Spot, &File)> =
            files.map(|(spot, file)| (digits_of(spot), (spot, file))).collect();
        for name in &names {
            let Some((spot, file)) = digits_in(name).and_then(|digits| known.get(digits)) else {
                log::aside(&self.room.place.path, name, "nobody knows where it stood");
                continue;
            };
            if let Err(error) = self.end_one_aside(name, spot, file) {
                log::failed("a file lies aside in .session-reaper for now", &error);
            }
        }
    }

    fn end_one_aside(&self, name: &OsStr, spot: &Spot, file: &File) -> io::Result<()> {
        let room = self.room;
        let moved = room.disk.stat_born(&room.place.ours, name)?;
        let going = file.going.filter(|going| going.by != By::Trash && !going.is_news(moved.modified_ns));
        if going.is_some_and(|going| file.mark.fits_moved(&moved, going.at_ns)) {
            room.disk.remove(&room.place.ours, name)?;
            return room.sync_both(spot);
        }
        room.put_back(name, spot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_only_what_was_seen_is_unlinked() {
        let seen = Stat {
            is_file: true,
            ino: 1,
            born_ns: Some(2),
            modified_ns: 3,
            changed_ns: 4,
            ..Stat::default()
        };
        assert!(is_same(&Stat { changed_ns: 9, modified_ns: 9, ..seen }, &seen));
        for other in [
            Stat { ino: 9, ..seen },
            Stat { born_ns: Some(9), ..seen },
            Stat { born_ns: None, ..seen },
            Stat { is_file: false, ..seen },
        ] {
            assert!(!is_same(&other, &seen), "{other:?}");
        }
        let unborn = Stat { born_ns: None, ..seen };
        assert!(is_same(&Stat { changed_ns: 9, ..unborn }, &unborn));
        assert!(!is_same(&Stat { modified_ns: 9, ..unborn }, &unborn));
    }

    #[test]
    fn a_name_says_where_it_stood_and_no_other_does() {
        let spot = Spot::new(Path::new("sub/a"));
        let name = new_name(&spot);
        assert_eq!(digits_in(&name), Some(digits_of(&spot).as_str()));
        assert_ne!(digits_of(&spot), digits_of(&Spot::new(Path::new("sub/b"))));
        assert_eq!(["media.ledger", "media.lease.1"].map(|name| digits_in(OsStr::new(name))), [None; 2]);
    }
}
