//! Removing the folder of a session, by who holds its marker.
//!
//! It gets another name first, so that nobody finds half a session; its marker goes last, so that nobody else takes what is
//! left after a kill for somebody's.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
};

use super::{
    name,
    spool::{Inner, MARK, failed},
    write::there,
};
use crate::{
    fs::{self, Disk, Freed, is_temp_of},
    model::Error,
};

/// So often a folder is emptied again into which somebody writes meanwhile.
const ATTEMPTS: u32 = 4;

/// What came of a removal.
pub(super) struct Removal {
    pub(super) bytes_freed: u64,
    /// Whether there still was something; somebody else may have removed it.
    pub(super) result: Result<bool, Failure>,
}

/// What kept a folder from going.
pub(super) struct Failure {
    error: io::Error,
    /// Some of it has gone all the same.
    is_half_way: bool,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { error, is_half_way: false }
    }
}

impl Failure {
    pub(super) fn kind(&self) -> io::ErrorKind {
        self.error.kind()
    }

    pub(super) fn told(self, step: &'static str, path: &Path) -> Error {
        let error = failed(step, path, self.error);
        if self.is_half_way { error.half_way() } else { error }
    }
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
        let mut freed = Freed::default();
        let result = self.lead_out(name, folder).and_then(|is_there| {
            if is_there { self.empty(name, folder, &mut freed).map(|()| true) } else { Ok(false) }
        });
        let is_half_way = freed != Freed::default();
        Removal { bytes_freed: freed.bytes, result: result.map_err(|error| Failure { error, is_half_way }) }
    }

    /// `false` when somebody has removed it.
    fn lead_out(&self, name: &mut OsString, folder: &D::Folder) -> io::Result<bool> {
        if !self.is_at(name, folder)? {
            let is_gone = there(self.disk.stat(folder, OsStr::new(".")))?.is_none_or(|stat| stat.links == 0);
            return if is_gone { Ok(false) } else { Err(io::Error::other("it is not where it was")) };
        }
        if !name::is_going(name) {
            let out = self.free_name()?;
            self.disk.rename((&self.dir, name), (&self.dir, &out))?;
            *name = out;
        }
        Ok(true)
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

    /// Who had it open may write into it until the last moment: what appears meanwhile goes as well.
    fn empty(&self, name: &OsStr, folder: &D::Folder, freed: &mut Freed) -> io::Result<()> {
        let mut attempt = 1;
        loop {
            self.remove_payloads(folder, freed)?;
            there(self.disk.remove(folder, OsStr::new(MARK)))?;
            match there(self.disk.remove_folder(&self.dir, name)) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && attempt < ATTEMPTS => {}
                removed => return removed.map(drop),
            }
            attempt += 1;
        }
    }

    /// What cannot go keeps nothing else from going; the marker stays then.
    fn remove_payloads(&self, folder: &D::Folder, freed: &mut Freed) -> io::Result<()> {
        let mut first = None;
        for inner in self.disk.list(folder)?.iter().filter(|inner| *inner != MARK) {
            let removed = fs::remove_all(&self.disk, folder, inner);
            *freed = freed.and(removed.freed);
            first = first.or_else(|| removed.left.into_iter().next().map(|(_, error)| error));
        }
        first.map_or(Ok(()), Err)
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
