//! What is in a spool, name by name. Changes nothing, and keeps nobody from what is his.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::{
    name,
    removal::Unmarked,
    spool::{Inner, ROOM},
    sweep::BEGINNING,
    verdict::{Kept, Seen, Whose},
    write::there,
};
use crate::{
    fs::{Disk, OUR_FOLDER, Stat},
    lock::Ownership,
    model::Timestamp,
};

impl<D: Disk> Inner<D> {
    /// The names in the spool, but for those of what we keep there for ourselves.
    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = self.disk.list(&self.dir)?;
        names.retain(|name| name != ROOM && name != OUR_FOLDER);
        Ok(names)
    }

    /// Looks at a name; `None` when it is gone.
    pub(super) fn see(&self, name: &OsStr, now: Timestamp) -> Option<Seen> {
        if !name::is_ours(name) || name.to_str().is_none() {
            return Some(Seen::kept(Kept::Foreign));
        }
        match there(self.disk.stat(&self.dir, name))
            .and_then(|stat| stat.map_or(Ok(None), |stat| self.inside(name, &stat, now)))
        {
            Err(_) => Some(Seen::kept(Kept::Unreadable)),
            Ok(seen) => seen,
        }
    }

    fn inside(&self, name: &OsStr, stat: &Stat, now: Timestamp) -> io::Result<Option<Seen>> {
        if !stat.is_folder {
            return Ok(Some(Seen::kept(Kept::Foreign)));
        }
        let Some(folder) = there(self.disk.subfolder(&self.dir, name))? else { return Ok(None) };
        let last = Timestamp::from_nanos(stat.modified_ns);
        Ok(Some(Seen {
            whose: self.whose(&folder, last, now)?,
            is_going: name::is_going(name),
            newest: Some(last),
            restored: self.restored(&folder)?,
            bytes: self.bytes(&folder)?,
        }))
    }

    fn whose(&self, folder: &D::Folder, last: Timestamp, now: Timestamp) -> io::Result<Whose> {
        Ok(match self.owner_of(folder) {
            Ownership::Dead(_) => Whose::Dead,
            Ownership::Alive(_) => Whose::Kept(Kept::Owned),
            Ownership::Unknown(_) => Whose::Kept(Kept::Unknown),
            Ownership::None => match self.unmarked(folder)? {
                Unmarked::Foreign => Whose::Kept(Kept::Foreign),
                Unmarked::Left if now.millis_since(last) < BEGINNING => Whose::Kept(Kept::Beginning),
                // Where no runtime ever was, somebody else has made it.
                Unmarked::Left if !self.is_marked() => Whose::Kept(Kept::Foreign),
                Unmarked::Left => Whose::Left,
                Unmarked::Taken => Whose::Kept(Kept::Beginning),
            },
        })
    }
}
