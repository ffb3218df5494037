//! The new text of a transcript on its way, in a file of our own folder.

use std::{ffi::OsString, io, ops::Range};

use sha2::{Digest, Sha256};

use super::{KIND, gist::each_piece};
use crate::{
    fs::{Attributes, Disk, Reader, Stat, Writer, temp_name},
    model::hex,
    trash::Text,
};

/// A new text. There is no trace of it unless it gets another name.
#[derive(Debug)]
pub(super) struct Next<'n, D: Disk> {
    disk: &'n D,
    ours: &'n D::Folder,
    name: OsString,
    file: D::Writer,
    hash: Sha256,
    bytes: u64,
}

impl<'n, D: Disk> Next<'n, D> {
    /// An empty one.
    pub(super) fn begin(disk: &'n D, ours: &'n D::Folder) -> io::Result<Self> {
        let name = temp_name(KIND.as_ref());
        let file = disk.create(ours, &name)?;
        Ok(Self { disk, ours, name, file, hash: Sha256::new(), bytes: 0 })
    }

    /// Adds to it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Adds a range of another file.
    pub(super) fn copy(&mut self, from: &impl Reader, range: Range<u64>) -> io::Result<()> {
        each_piece(from, range, |piece| self.write(piece))
    }

    /// It is whole: makes it durable, with owner, mode and attributes of the old one.
    pub(super) fn finish(&self, attributes: &Attributes) -> io::Result<Text> {
        self.file.adopt(attributes)?;
        self.file.sync()?;
        Ok(Text { bytes: self.bytes, sha256: hex(&self.hash.clone().finalize()) })
    }

    /// What it is.
    pub(super) fn stat(&self) -> io::Result<Stat> {
        self.disk.stat(self.ours, &self.name)
    }

    /// Its name.
    pub(super) fn at(&self) -> (&D::Folder, &std::ffi::OsStr) {
        (self.ours, &self.name)
    }
}

impl<D: Disk> Drop for Next<'_, D> {
    fn drop(&mut self) {
        // It has another name by now, or is of no use.
        let _ = self.disk.remove(self.ours, &self.name);
    }
}
