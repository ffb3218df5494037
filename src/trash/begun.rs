//! That a run which keeps nothing has begun: one small file in our folder, `<store>.begun`.
//!
//! A run's line in the journal is written when all is done. Whoever is killed before leaves its bundle, from which the next
//! one writes the line; a run without a bundle leaves this. It is made right before the store changes and is not made
//! durable: a power cut may take it, and the line with it.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use serde::{Deserialize, Serialize};

use super::{Identity, Line};
use crate::fs::{Disk, Owner, Writer, read_whole, temp_name};

const ENDING: &str = ".begun";

/// More than any note takes.
const MAX_NOTE: usize = 1 << 20;

/// What is noted down of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The run, as the journal is to have it.
    pub line: Line,
    /// What the store was before the run.
    pub before: Identity,
    /// What it becomes.
    pub after: Identity,
}

impl Note {
    /// The name of the note on the store with the name `of`, in our folder.
    #[must_use]
    pub fn name(of: &OsStr) -> OsString {
        let mut name = of.to_owned();
        name.push(ENDING);
        name
    }
}

/// The note of one store's run. What is dropped before it is kept leaves no trace.
#[derive(Debug)]
pub struct Begun<'a, D: Disk> {
    disk: &'a D,
    ours: &'a D::Folder,
    owner: Owner,
    of: &'a OsStr,
    stands: bool,
}

impl<'a, D: Disk> Begun<'a, D> {
    /// The note on the store with the name `of`, in our folder `ours` beside it.
    pub const fn new(disk: &'a D, ours: &'a D::Folder, owner: Owner, of: &'a OsStr) -> Self {
        Self { disk, ours, owner, of, stands: false }
    }

    /// Notes a run down. The note has its name only once it is whole and belongs to its owner, and takes no other's place.
    ///
    /// # Errors
    /// As the operating system says, and when one stands there that nobody could read; then there is none of this run.
    pub fn write(&mut self, note: &Note) -> io::Result<()> {
        let text = serde_json::to_vec(note)?;
        let temp = temp_name(self.of);
        let mut file = self.disk.create(self.ours, &temp)?;
        let written = file.hand_to(self.owner).and_then(|()| file.write_all(&text));
        let name = Note::name(self.of);
        let named = written.and_then(|()| self.disk.rename_new((self.ours, &temp), (self.ours, &name)));
        self.stands = matches!(named, Ok(true));
        if !self.stands {
            // The next run clears what is left.
            let _ = self.disk.remove(self.ours, &temp);
        }
        if named? { Ok(()) } else { Err(io::ErrorKind::AlreadyExists.into()) }
    }

    /// What was noted down of a run that was killed.
    ///
    /// # Errors
    /// As the operating system says; `InvalidData` when it is no such note.
    pub fn read(&self) -> io::Result<Note> {
        let file = self.disk.open(self.ours, &Note::name(self.of))?;
        let text = read_whole(&file, MAX_NOTE)?;
        serde_json::from_slice(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Leaves it where it is: nobody knows whether the store has changed.
    pub fn keep(mut self) {
        self.stands = false;
    }

    /// Takes away what was written, if it was.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn remove(mut self) -> io::Result<()> {
        if std::mem::take(&mut self.stands) { self.clear() } else { Ok(()) }
    }

    /// Takes away what stands there.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn clear(&self) -> io::Result<()> {
        self.disk.remove(self.ours, &Note::name(self.of))
    }
}

impl<D: Disk> Drop for Begun<'_, D> {
    fn drop(&mut self) {
        if self.stands {
            // The next run sees that nothing has changed.
            let _ = self.clear();
        }
    }
}
