//! How large a spool may become: what ended sessions left makes room, what living ones have never does.

use std::{
    ffi::{OsStr, OsString},
    io,
    time::Duration,
};

use super::{
    name,
    spool::{Inner, MARK, ROOM},
    write::there,
};
use crate::{
    fs::Disk,
    lock::{Ownership, wait_for},
    model::Timestamp,
};

/// Longer than it takes to write a payload.
const PATIENCE: Duration = Duration::from_secs(5);

/// Room for one payload: nobody else takes it while this lives. A spool without a limit has it always.
pub(super) struct Room<D: Disk>(Option<D::Lock>);

const ROOT: u32 = 0;

/// A session's folder, as it counts.
struct Taken {
    name: OsString,
    bytes: u64,
    modified_ns: i128,
}

fn weight(all: &[Taken]) -> u64 {
    all.iter().fold(0, |bytes, taken| bytes.saturating_add(taken.bytes))
}

impl<D: Disk> Inner<D> {
    /// The right to add a payload; `None` where there never is room for it.
    pub(super) fn room_for(&self, length: u64) -> io::Result<Option<Room<D>>> {
        let Some(most) = self.options.max_bytes else { return Ok(Some(Room(None))) };
        if length > most {
            return Ok(None);
        }
        let name = OsStr::new(ROOM);
        let lock = wait_for(PATIENCE, || self.disk.try_lock(&self.dir, name, self.owner))?;
        let lock = lock.ok_or_else(|| io::Error::other("others were adding to the spool all the time"))?;
        let owner = self.disk.stat(&self.dir, name)?.owner.uid;
        // Root may have made it, and died before he gave it away.
        if owner == self.owner.uid || owner == ROOT {
            return Ok(Some(Room(Some(lock))));
        }
        Err(io::Error::other(format!("{ROOM} in the spool belongs to another user (uid {owner}): remove it")))
    }

    /// Makes room for a payload, which the dead give up; tells whether there is enough now.
    pub(super) fn make(&self, room: &Room<D>, length: u64) -> io::Result<bool> {
        let Some(most) = self.options.max_bytes.filter(|_| room.0.is_some()) else { return Ok(true) };
        let room = |bytes: u64| bytes.saturating_add(length) <= most;
        let mut taken = self.taken()?;
        if !room(weight(&taken)) && self.retry_ended() {
            taken = self.taken()?;
        }
        let mut bytes = weight(&taken);
        taken.sort_by_key(|taken| taken.modified_ns);
        for old in taken {
            if room(bytes) {
                break;
            }
            if self.may_make_room(&old.name) && self.evict(&old.name, old.modified_ns).unwrap_or(false) {
                bytes = bytes.saturating_sub(old.bytes);
            }
        }
        Ok(room(bytes))
    }

    fn taken(&self) -> io::Result<Vec<Taken>> {
        let mut taken = Vec::new();
        for name in self.disk.list(&self.dir)?.into_iter().filter(|name| name::is_ours(name)) {
            let weighed = there(self.weigh(&name)).map_err(|error| {
                let why = format!("nobody can say how much {} takes: {error}", name.display());
                io::Error::new(error.kind(), why)
            })?;
            taken.extend(weighed.flatten());
        }
        Ok(taken)
    }

    /// What is no folder takes nothing. What cannot be looked at could take anything: nobody knows then whether there is room.
    fn weigh(&self, name: &OsStr) -> io::Result<Option<Taken>> {
        let stat = self.disk.stat(&self.dir, name)?;
        if !stat.is_folder {
            return Ok(None);
        }
        let bytes = self.bytes(&self.disk.subfolder(&self.dir, name)?)?;
        Ok(Some(Taken { bytes, modified_ns: stat.modified_ns, name: name.to_owned() }))
    }

    /// What the payloads of a session weigh; what goes meanwhile weighs nothing.
    pub(super) fn bytes(&self, folder: &D::Folder) -> io::Result<u64> {
        let mut bytes: u64 = 0;
        for name in self.disk.list(folder)?.iter().filter(|name| *name != MARK) {
            let file = there(self.disk.stat(folder, name))?.filter(|stat| stat.is_file);
            bytes = bytes.saturating_add(file.map_or(0, |stat| stat.size));
        }
        Ok(bytes)
    }

    /// What came back from the trash a short time ago is still waited for.
    fn may_make_room(&self, name: &OsStr) -> bool {
        let now = Timestamp::from_nanos(self.disk.now_ns());
        let folder = self.disk.subfolder(&self.dir, name);
        folder.is_ok_and(|folder| {
            matches!(self.owner_of(&folder), Ownership::Dead(_)) && !self.has_respite(&folder, now)
        })
    }
}
