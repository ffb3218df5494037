//! A payload on its way to its file: whole and durable under a name of its own first.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use crate::fs::{self, Disk, Owner, Stat, Writer as _};

/// So much is compared at once.
pub(super) const PIECE: usize = 64 * 1024;

/// A file on its way; there is no trace of it unless it gets another name.
#[derive(Debug)]
pub(super) struct Temp<'a, D: Disk> {
    disk: &'a D,
    folder: &'a D::Folder,
    name: OsString,
}

impl<'a, D: Disk> Temp<'a, D> {
    /// Writes a payload that is to become the file `of`.
    pub(super) fn write(
        disk: &'a D,
        folder: &'a D::Folder,
        of: &OsStr,
        payload: &[u8],
        owner: Owner,
    ) -> io::Result<Self> {
        let name = fs::temp_name(of);
        let mut file = disk.create(folder, &name)?;
        let temp = Self { disk, folder, name };
        file.keep_private()?;
        file.write_all(payload)?;
        file.hand_to(owner)?;
        file.sync()?;
        Ok(temp)
    }

    /// Gives it its name, if nothing has that yet.
    pub(super) fn become_new(&self, name: &OsStr) -> io::Result<bool> {
        self.disk.rename_new((self.folder, &self.name), (self.folder, name))
    }
}

impl<D: Disk> Drop for Temp<'_, D> {
    fn drop(&mut self) {
        // It has its name by now, or is of no use; what cannot be removed goes with the session.
        let _ = self.disk.remove(self.folder, &self.name);
    }
}

/// Whether a file holds exactly this payload.
pub(super) fn holds<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr, payload: &[u8]) -> io::Result<bool> {
    let file = open_file(disk, folder, name)?;
    if fs::Reader::stat(&file)?.size != payload.len() as u64 {
        return Ok(false);
    }
    let (mut buffer, mut offset) = (vec![0; PIECE], 0);
    for piece in payload.chunks(PIECE) {
        let Some(room) = buffer.get_mut(..piece.len()) else { return Ok(false) };
        let length = fs::read_full(&file, room, offset)?;
        if room.get(..length) != Some(piece) {
            return Ok(false);
        }
        offset += length as u64;
    }
    Ok(true)
}

/// Opens what is a file and nothing else.
pub(super) fn open_file<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> io::Result<D::Reader> {
    let no_file = || io::Error::other("it is no file");
    if !disk.stat(folder, name)?.is_file {
        return Err(no_file());
    }
    let file = disk.open(folder, name)?;
    if fs::Reader::stat(&file)?.is_file { Ok(file) } else { Err(no_file()) }
}

/// Whether both are the same file or folder.
pub(super) const fn is_same(one: &Stat, other: &Stat) -> bool {
    one.dev == other.dev && one.ino == other.ino
}

/// What is not there is no failure.
pub(super) fn there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}
