//! Removing the folder of a session, by who holds its marker.
//!
//! It gets another name first, so that nobody finds half a session; its marker goes last, so that nobody else takes what is
//! left after a kill for somebody's.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::{
    name,
    spool::{Inner, MARK},
    write::there,
};
use crate::fs::{self, Disk, is_temp_of};

/// What came of a removal.
pub(super) struct Removal {
    pub(super) bytes_freed: u64,
    pub(super) result: io::Result<()>,
}

/// What a folder without a marker was.
pub(super) enum Unmarked {
    /// What is left of one who was killed as he began, or as he ended: it is gone.
    Removed,
    /// Somebody begins in there, or may be about to.
    Taken,
    /// It is none of ours.
    Foreign,
}

impl<D: Disk> Inner<D> {
    /// Removes the folder that has this name, which it may lose on its way out.
    pub(super) fn remove(&self, name: &mut OsString, folder: &D::Folder) -> Removal {
        let mut bytes_freed = 0;
        let result = self.lead_out(name, folder).and_then(|()| self.empty(name, folder, &mut bytes_freed));
        Removal { bytes_freed, result }
    }

    fn lead_out(&self, name: &mut OsString, folder: &D::Folder) -> io::Result<()> {
        if !self.is_at(name, folder)? {
            return Err(io::Error::other("it is not where it was"));
        }
        if !name::is_going(name) {
            let out = self.free_name()?;
            self.disk.rename((&self.dir, name), (&self.dir, &out))?;
            *name = out;
        }
        Ok(())
    }

    /// What is left of a dead process may have our number.
    fn free_name(&self) -> io::Result<OsString> {
        loop {
            let out = name::going();
            if there(self.disk.stat(&self.dir, &out))?.is_none() {
                return Ok(out);
            }
        }
    }

    fn empty(&self, name: &OsStr, folder: &D::Folder, bytes_freed: &mut u64) -> io::Result<()> {
        for inner in self.disk.list(folder)?.iter().filter(|inner| *inner != MARK) {
            let removed = fs::remove_all(&self.disk, folder, inner);
            *bytes_freed += removed.freed.bytes;
            if let Some((_, error)) = removed.left.into_iter().next() {
                return Err(error);
            }
        }
        there(self.disk.remove(folder, OsStr::new(MARK)))?;
        there(self.disk.remove_folder(&self.dir, name)).map(drop)
    }

    /// Removes a folder that has no marker if there is nothing in it but markers on their way, and that for so long that who
    /// makes one is dead; if he is not, he begins anew.
    pub(super) fn remove_unmarked(
        &self,
        name: &OsStr,
        folder: &D::Folder,
        is_young: bool,
    ) -> io::Result<Unmarked> {
        let names = self.disk.list(folder)?;
        if names.iter().any(|name| name == MARK) {
            return Ok(Unmarked::Taken);
        }
        if !names.iter().all(|name| is_temp_of(name, OsStr::new(MARK))) {
            return Ok(Unmarked::Foreign);
        }
        if is_young {
            return Ok(Unmarked::Taken);
        }
        for name in &names {
            there(self.disk.remove(folder, name))?;
        }
        match self.disk.remove_folder(&self.dir, name) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(Unmarked::Taken),
            removed => there(removed).map(|_| Unmarked::Removed),
        }
    }
}
