//! How long the ledger was, in a file beside it: a ledger that was cut off at the end of a line looks whole, and one from a
//! backup too.
//!
//! Every line that must be durable is noted after it is. The note itself is not synced, but when the ledger is written anew:
//! a note that a power cut takes says less than is true, never more.

use std::{ffi::OsStr, io};

use serde::{Deserialize, Serialize};

use super::{
    place::Place,
    record::{line_of, line_read},
};
use crate::fs::{Appender, Disk, Reader, Writer, is_temp_of, read_full, temp_name};

/// Its name in our folder.
pub(super) const LENGTH: &str = "media.length";

/// A longer one is written anew.
const LONG: u64 = 16 * 1024;

/// How long a ledger is at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    /// Which ledger.
    pub(super) id: u64,
    pub(super) length: u64,
    /// It is about to take the place of the one before, or has just done so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_new: bool,
}

/// What is noted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) last: Option<Noted>,
    /// Those that may have taken its place.
    new: Vec<Noted>,
}

/// What the notes say of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    /// It is whole, and has just taken the place of another.
    New,
    /// It is shorter than it was, or another one, or nobody knows.
    Doubtful,
}

impl Notes {
    fn of(text: &[u8]) -> Self {
        let mut notes = Self::default();
        text.split(|byte| *byte == b'\n').filter_map(line_read).for_each(|noted| notes.add(noted));
        notes
    }

    fn add(&mut self, noted: Noted) {
        if noted.is_new {
            self.new.push(noted);
        } else {
            self.new.clear();
            self.last = Some(noted);
        }
    }

    pub(super) fn judge(&self, id: u64, length: u64) -> Verdict {
        let is_it = |noted: &Noted| noted.id == id && length >= noted.length;
        if self.last.as_ref().is_some_and(is_it) {
            Verdict::Whole
        } else if self.new.iter().any(is_it) || self.is_older(id) {
            Verdict::New
        } else {
            Verdict::Doubtful
        }
    }

    /// A ledger from before there were notes has no number, and none was ever noted.
    const fn is_older(&self, id: u64) -> bool {
        id == 0 && self.last.is_none() && self.new.is_empty()
    }

    fn text(&self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        for noted in self.last.iter().chain(&self.new) {
            text.extend(line_of(noted)?);
        }
        Ok(text)
    }
}

/// The file with the notes, and what it was like when it was read last.
#[derive(Debug)]
pub(super) struct Length<D: Disk> {
    disk: D,
    seen: Option<(u64, u64)>,
}

impl<D: Disk> Length<D> {
    pub(super) const fn new(disk: D) -> Self {
        Self { disk, seen: None }
    }

    /// Whether others have noted something since.
    pub(super) fn has_changed(&self, place: &Place<D>) -> io::Result<bool> {
        match self.disk.stat(&place.ours, OsStr::new(LENGTH)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            stat => stat.map(|stat| self.seen != Some((stat.ino, stat.size))),
        }
    }

    pub(super) fn read(&mut self, place: &Place<D>) -> io::Result<Notes> {
        let file = match self.disk.open(&place.ours, OsStr::new(LENGTH)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Notes::default()),
            file => file?,
        };
        let stat = file.stat()?;
        // Ours is never much longer.
        let length = usize::try_from(stat.size.min(4 * LONG)).map_err(io::Error::other)?;
        let mut text = vec![0; length];
        let read = read_full(&file, &mut text, 0)?;
        text.truncate(read);
        self.seen = Some((stat.ino, stat.size));
        Ok(Notes::of(&text))
    }

    pub(super) fn note(&mut self, place: &Place<D>, noted: Noted) -> io::Result<()> {
        // What is new is durable before there is a ledger of that name.
        if !noted.is_new && self.append(place, noted)? {
            return Ok(());
        }
        let mut all = self.read(place)?;
        all.add(noted);
        self.rewrite(place, &all)
    }

    /// Adds a line; `false` where that cannot be, and the file is to be written anew.
    fn append(&mut self, place: &Place<D>, noted: Noted) -> io::Result<bool> {
        let file = match self.disk.open_to_append(&place.ours, OsStr::new(LENGTH)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        let Some(file) = file else { return Ok(false) };
        let stat = file.stat()?;
        if !stat.is_file || stat.links != 1 || stat.size > LONG {
            return Ok(false);
        }
        // The end of the line before may be missing.
        let line = [b"\n".to_vec(), line_of(&noted)?].concat();
        super::ledger::write_all(&file, &line)?;
        let is_alone = self.seen == Some((stat.ino, stat.size));
        self.seen = is_alone.then_some((stat.ino, stat.size + line.len() as u64));
        Ok(true)
    }

    fn rewrite(&mut self, place: &Place<D>, notes: &Notes) -> io::Result<()> {
        let name = temp_name(OsStr::new(LENGTH));
        let text = notes.text()?;
        let written = self
            .write_to(place, &name, &text)
            .and_then(|()| self.disk.rename((&place.ours, &name), (&place.ours, OsStr::new(LENGTH))));
        if written.is_err() {
            let _ = self.disk.remove(&place.ours, &name);
        }
        self.seen = None;
        written
    }

    fn write_to(&self, place: &Place<D>, name: &OsStr, text: &[u8]) -> io::Result<()> {
        let mut file = self.disk.create(&place.ours, name)?;
        file.write_all(text)?;
        file.hand_to(place.owner)?;
        file.sync()
    }
}

/// Whether this is what a killed one has left of it.
pub(super) fn is_left_over(name: &OsStr) -> bool {
    is_temp_of(name, OsStr::new(LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn noted(id: u64, length: u64, is_new: bool) -> Noted {
        Noted { id, length, is_new }
    }

    #[test]
    fn i5_only_what_is_noted_is_believed() {
        let mut notes = Notes::default();
        assert_eq!((notes.judge(7, 9), notes.judge(0, 9)), (Verdict::Doubtful, Verdict::New));
        notes.add(noted(1, 10, true));
        assert_eq!((notes.judge(1, 10), notes.judge(1, 9)), (Verdict::New, Verdict::Doubtful));
        notes.add(noted(1, 20, false));
        notes.add(noted(2, 5, true));
        assert_eq!((notes.judge(1, 20), notes.judge(1, 19)), (Verdict::Whole, Verdict::Doubtful));
        assert_eq!((notes.judge(2, 5), notes.judge(3, 50)), (Verdict::New, Verdict::Doubtful));
        assert_eq!(notes.judge(0, 50), Verdict::Doubtful);
        // Once the new one counts, the old one is a backup.
        notes.add(noted(2, 6, false));
        assert_eq!((notes.judge(1, 99), notes.judge(2, 6)), (Verdict::Doubtful, Verdict::Whole));
    }

    #[test]
    fn notes_can_be_read_back_whatever_stands_between_them() {
        let mut notes = Notes::default();
        notes.add(noted(u64::MAX, 20, false));
        notes.add(noted(2, 5, true));
        let text = [b"half a li\n\n".to_vec(), notes.text().unwrap(), b"the next".to_vec()].concat();
        let read = Notes::of(&text);
        assert_eq!((read.last, read.new), (notes.last, notes.new));
    }
}
