//! Since when the folders in the store's folder have been where they are: what is moved here is as young as that.
//!
//! Whatever comes and goes in a folder changes its times, so that they alone say that a folder in which others work came just
//! now. What a walk has seen, the next one knows: from memory in a store that is open, and from a file in ours otherwise. The file
//! is there whole or not at all. Where it is damaged, too long or of others, a folder is as young as what last happened to it.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    record::{line_of, line_read},
    room::Room,
    spot::Spot,
    sweep::NET,
};
use crate::{
    fs::{self, Disk, Stat, read_whole},
    model::Timestamp,
};

/// Its name. It begins as the names of the net do: who sweeps clears what a killed one has left of it.
const NAME: &str = "media.net.folders";

/// So long it becomes, in the names that it has, and so long it is read.
const MOST_NAMES: usize = 1 << 20;
const LONGEST: usize = 4 << 20;

/// A folder that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    ino: u64,
    born: Option<i64>,
    /// When it came to its place, at the latest.
    since: i64,
}

/// The folders that a walk has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folders(BTreeMap<PathBuf, Seen>);

/// What stands in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    folders: Vec<(Spot, Seen)>,
}

impl Folders {
    /// When a folder came to its place, at the latest: as the walk before knew, if it is the same, and else by its own times. What
    /// happened to it last was no name in it that came or went: somebody may have moved it here again.
    pub(super) fn arrival(&mut self, before: &Self, path: &Path, stat: &Stat, last: Timestamp) -> Timestamp {
        let born = stat.born_ns.and_then(|born| i64::try_from(born).ok());
        let known = before.0.get(path).filter(|seen| seen.ino == stat.ino && seen.born == born);
        let known = known.filter(|_| stat.changed_ns <= stat.modified_ns);
        // Both are later than that, whatever a clock said that is right again.
        let since = known.map_or(last, |seen| last.min(Timestamp::from_millis(seen.since)));
        self.0.insert(path.to_owned(), Seen { ino: stat.ino, born, since: since.as_millis() });
        since
    }

    /// What was known before stays known of what a walk did not come to.
    pub(super) fn keep(&mut self, before: Self) {
        for (path, seen) in before.0 {
            self.0.entry(path).or_insert(seen);
        }
    }

    /// A number may be given to another folder while nobody looks: only those of which it is known when they were made.
    fn text(&self) -> io::Result<Vec<u8>> {
        let mut names = 0;
        let lasting = self.0.iter().filter(|(_, seen)| seen.born.is_some());
        let fits = lasting.take_while(|(path, _)| {
            names += path.as_os_str().len();
            names <= MOST_NAMES
        });
        let folders = fits.map(|(path, seen)| (Spot::new(path), *seen)).collect();
        Ok(line_of(&Written { folders })?)
    }

    fn read(text: &[u8]) -> Self {
        let written: Written = line_read(text.strip_suffix(b"\n").unwrap_or(text)).unwrap_or_default();
        Self(written.folders.into_iter().map(|(spot, seen)| (spot.path().to_owned(), seen)).collect())
    }
}

impl<D: Disk> Room<D> {
    /// What the walk before this one has seen, here or in another process.
    pub(super) fn folders_before(&self) -> Folders {
        let known = super::room::held(&self.folders).clone();
        known.unwrap_or_else(|| self.read_folders().map(|text| Folders::read(&text)).unwrap_or_default())
    }

    /// Only where there is a folder of ours.
    fn read_folders(&self) -> io::Result<Vec<u8>> {
        if !self.place.has_ours() {
            return Err(io::ErrorKind::NotFound.into());
        }
        read_whole(&self.disk.open(&self.place.ours, OsStr::new(NAME))?, LONGEST)
    }

    /// Remembers them for other processes. Only for who has the lock of the net.
    pub(super) fn remember_folders(&self) {
        let seen = super::room::held(&self.folders).clone().unwrap_or_default();
        if let Err(error) = self.try_to_remember(&seen) {
            super::log::failed("since when folders have been there could not be written down", &error);
        }
    }

    fn try_to_remember(&self, seen: &Folders) -> io::Result<()> {
        let (old, new) = (self.read_folders(), seen.text()?);
        let is_known = old.map_or_else(|_| seen.0.is_empty(), |old| old == new);
        if is_known {
            return Ok(());
        }
        let names = (OsStr::new(NAME), OsStr::new(NET.files));
        fs::publish(&self.disk, &self.place.ours, names, &new, self.place.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(ino: u64, born: Option<i128>) -> Stat {
        Stat { ino, born_ns: born, is_folder: true, ..Stat::default() }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn i5_only_the_same_folder_is_as_old_as_it_was() {
        let (mut first, path) = (Folders::default(), Path::new("a/b"));
        assert_eq!(first.arrival(&Folders::default(), path, &stat(1, Some(2)), at(5)), at(5));
        let read = Folders::read(&first.text().unwrap());
        assert_eq!(read, first);
        let again = |stat: &Stat| Folders::default().arrival(&read, path, stat, at(9));
        assert_eq!(again(&stat(1, Some(2))), at(5));
        let again_at = |millis| Folders::default().arrival(&read, path, &stat(1, Some(2)), at(millis));
        assert_eq!(again_at(4), at(4), "the clock was ahead");
        let renamed = Stat { modified_ns: 1, changed_ns: 2, ..stat(1, Some(2)) };
        assert_eq!(again(&renamed), at(9));
        for other in [stat(2, Some(2)), stat(1, Some(3)), stat(1, None)] {
            assert_eq!(again(&other), at(9));
        }
        assert_eq!(Folders::default().arrival(&read, Path::new("b"), &stat(1, Some(2)), at(9)), at(9));
    }

    #[test]
    fn i5_what_is_damaged_says_nothing_and_the_file_is_bounded() {
        let mut all = Folders::default();
        for number in 0..2_000 {
            let path = format!("{number:04}{}", "x".repeat(996));
            all.arrival(&Folders::default(), Path::new(&path), &stat(number, Some(1)), at(1));
        }
        all.arrival(&Folders::default(), Path::new("0"), &stat(1, None), at(1));
        let text = all.text().unwrap();
        assert_eq!(Folders::read(&text).0.len(), MOST_NAMES / 1_000);
        assert!(text.len() < LONGEST);
        let short = Folders(all.0.into_iter().take(3).collect()).text().unwrap();
        for place in 0..short.len() - 1 {
            let mut damaged = short.clone();
            damaged[place] ^= 1;
            assert_eq!(Folders::read(&damaged), Folders::default(), "{place}");
            assert_eq!(Folders::read(&short[..place]), Folders::default(), "{place}");
        }
    }
}
