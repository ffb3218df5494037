//! The journal: one line for each run, and nothing is ever changed in it.
//!
//! A line may be cut off where a machine lost its power. Before the next line is added the torn end is healed: a whole line
//! without its line end gets one, half a line is cut away. Its run is not forgotten: its bundle is unfinished until its line is
//! durable, and whoever finishes the bundle writes the line again. Of a run without a bundle a note tells, if it is still there.

use std::{ffi::OsStr, io, time::Duration};

use super::{Line, RowsReader};
use crate::{
    fs::{Appender, Disk, Owner, Reader, Writer, temp_name},
    lock,
};

/// The name of the journal in our folder.
const JOURNAL: &str = "journal.jsonl";

/// To add a line takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// No line is longer.
const LONGEST_LINE: u64 = 1 << 20;

/// The journal of all stores in a folder.
#[derive(Debug)]
pub struct Journal<'a, D: Disk> {
    disk: &'a D,
    ours: &'a D::Folder,
    owner: Owner,
    of: &'a OsStr,
}

/// What the journal holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The runs, oldest first.
    pub lines: Vec<Line>,
    /// How many lines nobody can read.
    pub unreadable: u64,
}

impl<'a, D: Disk> Journal<'a, D> {
    /// The journal in our folder `ours`, for runs on the store with the name `of`.
    pub const fn new(disk: &'a D, ours: &'a D::Folder, owner: Owner, of: &'a OsStr) -> Self {
        Self { disk, ours, owner, of }
    }

    /// Adds a line, and makes it durable.
    ///
    /// # Errors
    /// As the operating system says; then the journal is what it was, unless not even half a line can be
    /// cut away: whoever adds the next one heals that.
    pub fn append(&self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let file = lock::wait_for(PATIENCE, || self.open_durable())?;
        let file =
            file.ok_or_else(|| io::Error::new(io::ErrorKind::WouldBlock, "somebody else writes to it"))?;
        let end = self.heal(&file)?;
        let written = write_all(&file, &text).and_then(|()| file.sync());
        if written.is_err() {
            // A line that may not be durable must not be taken for one; half of it would be healed by whoever comes next.
            let _ = file.cut(end);
        }
        written
    }

    /// Makes sure that a line can be added: before anything is done that needs one. Tells whether it is new: then its name is
    /// not durable before our folder is synced. One without a line may be that of somebody who did not come so far.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn get_ready(&self) -> io::Result<bool> {
        let (file, is_new) = self.open()?;
        Ok(is_new || file.is_some_and(|file| file.stat().is_ok_and(|stat| stat.size == 0)))
    }

    /// Makes what stands in it durable.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn sync(&self) -> io::Result<()> {
        let file = lock::wait_for(PATIENCE, || self.open_durable())?;
        file.map_or_else(|| Err(io::ErrorKind::WouldBlock.into()), |file| file.sync())
    }

    fn open_durable(&self) -> io::Result<Option<D::Appender>> {
        let (file, is_new) = self.open()?;
        if is_new {
            self.disk.sync_folder(self.ours)?;
        }
        Ok(file)
    }

    /// The journal, unless somebody else has it open, and whether it was only made.
    ///
    /// Our folder is a user's, who may have given somebody else's file this name as well: root must not write there.
    fn open(&self) -> io::Result<(Option<D::Appender>, bool)> {
        let (file, is_new) = match self.disk.open_to_append(self.ours, OsStr::new(JOURNAL)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make()?;
                (self.disk.open_to_append(self.ours, OsStr::new(JOURNAL))?, true)
            }
            file => (file?, false),
        };
        match file.as_ref().map(Appender::stat).transpose()? {
            Some(stat) if !stat.is_file || stat.links != 1 => {
                let why = "it is no plain file with a single name";
                Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
            }
            _ => Ok((file, is_new)),
        }
    }

    /// It has its name only once it belongs to its owner, or a root that was killed would keep him out.
    fn make(&self) -> io::Result<()> {
        let name = temp_name(self.of);
        let made = self.disk.create(self.ours, &name).and_then(|file| file.hand_to(self.owner));
        let made =
            made.and_then(|()| self.disk.rename_new((self.ours, &name), (self.ours, OsStr::new(JOURNAL))));
        if !matches!(made, Ok(true)) {
            let _ = self.disk.remove(self.ours, &name);
        }
        made.map(drop)
    }

    /// Makes the file end with a whole line, and tells how long it is.
    fn heal(&self, file: &D::Appender) -> io::Result<u64> {
        let size = file.stat()?.size;
        let from = size.saturating_sub(LONGEST_LINE);
        let mut tail = Vec::new();
        let text = self.disk.open(self.ours, OsStr::new(JOURNAL))?;
        let (read, written) = (text.stat()?, file.stat()?);
        if (read.dev, read.ino) != (written.dev, written.ino) {
            return Err(io::Error::other("another file has taken its name"));
        }
        let text = RowsReader::of_file(text);
        text.each_chunk_of(from..size, |chunk| {
            tail.extend_from_slice(chunk);
            Ok(())
        })?;
        let torn = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        if torn.is_empty() {
            return Ok(size);
        }
        // One that is longer than any of ours begins before what was read: where it does nobody looks.
        let is_too_long = torn.len() as u64 == LONGEST_LINE;
        if is_too_long || serde_json::from_slice::<Line>(torn).is_ok() {
            write_all(file, b"\n")?;
            return Ok(size + 1);
        }
        let whole = size - torn.len() as u64;
        file.cut(whole)?;
        Ok(whole)
    }
}

fn write_all(file: &impl Appender, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let taken = file.append(bytes)?;
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(taken..).unwrap_or_default();
    }
    Ok(())
}

/// Reads the journal in our folder `ours`; empty when there is none. What cannot be read of it is counted.
///
/// # Errors
/// As the operating system says.
pub fn read<D: Disk>(disk: &D, ours: &D::Folder) -> io::Result<Read> {
    let file = match disk.open(ours, OsStr::new(JOURNAL)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::default()),
        file => file?,
    };
    let (mut read, mut rest) = (Read::default(), Rest::default());
    RowsReader::of_file(file).each_chunk(|chunk| {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            rest.add(piece);
            if piece.ends_with(b"\n") {
                rest.end(&mut read);
            }
        }
        Ok(())
    })?;
    rest.end(&mut read);
    Ok(read)
}

/// A line that has begun. Of one that is too long nothing is held.
#[derive(Debug, Default)]
struct Rest {
    text: Vec<u8>,
    is_too_long: bool,
}

impl Rest {
    fn add(&mut self, piece: &[u8]) {
        self.is_too_long |= (self.text.len() + piece.len()) as u64 > LONGEST_LINE;
        if self.is_too_long {
            self.text.clear();
        } else {
            self.text.extend_from_slice(piece);
        }
    }

    fn end(&mut self, read: &mut Read) {
        if std::mem::take(&mut self.is_too_long) {
            read.unreadable += 1;
        }
        read.take(&self.text);
        self.text.clear();
    }
}

impl Read {
    fn take(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            return;
        }
        match serde_json::from_slice(line) {
            Ok(line) => self.lines.push(line),
            Err(_) => self.unreadable += 1,
        }
    }
}
