//! The marker of a spool: what a runtime has opened as one, and no folder that somebody has named by mistake.
//!
//! An empty folder with a name like ours says nothing of who made it. Sweeps that no runtime makes take one only where this
//! marker says that a runtime works there.

use std::{ffi::OsStr, io};

use super::{
    log,
    removal::Unmarked,
    spool::{Inner, failed},
    write::there,
};
use crate::fs::{Disk, OUR_FOLDER, Writer as _};

/// In our folder. That it is there is all that it says.
const MARKER: &str = "payloads.marker";

impl<D: Disk> Inner<D> {
    /// Whether a runtime has opened the folder as its spool.
    pub(super) fn is_marked(&self) -> bool {
        let ours = self.disk.subfolder(&self.dir, OsStr::new(OUR_FOLDER));
        ours.and_then(|ours| self.disk.stat(&ours, OsStr::new(MARKER))).is_ok_and(|stat| stat.is_file)
    }

    /// Marks the folder as a spool, durably, unless something in it is none of ours. One that cannot be marked is a spool
    /// all the same.
    pub(super) fn mark(&self) {
        if let Err(error) = self.try_mark() {
            log::unmarked(&failed("mark as a spool", &self.path, error));
        }
    }

    fn try_mark(&self) -> io::Result<()> {
        if self.is_marked() || !self.has_only_sessions()? {
            return Ok(());
        }
        let ours = self.disk.private_folder(&self.dir, OsStr::new(OUR_FOLDER), self.owner)?;
        let file = match self.disk.create(&ours, OsStr::new(MARKER)) {
            // Another process opens it as well.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            file => file?,
        };
        file.keep_private()?;
        file.hand_to(self.owner)?;
        file.sync()?;
        self.disk.sync_folder(&ours)?;
        self.disk.sync_folder(&self.dir)
    }

    fn has_only_sessions(&self) -> io::Result<bool> {
        for name in self.names()? {
            if !self.may_be_session(&name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a name is that of a session's folder, marked or empty; one that goes meanwhile speaks against nothing.
    fn may_be_session(&self, name: &OsStr) -> io::Result<bool> {
        if !super::name::is_ours(name) {
            return Ok(false);
        }
        match there(self.disk.stat(&self.dir, name))? {
            None => return Ok(true),
            Some(stat) if !stat.is_folder => return Ok(false),
            Some(_) => {}
        }
        let unmarked = match there(self.disk.subfolder(&self.dir, name))? {
            Some(folder) => there(self.unmarked(&folder))?,
            None => None,
        };
        Ok(!matches!(unmarked, Some(Unmarked::Foreign)))
    }
}
