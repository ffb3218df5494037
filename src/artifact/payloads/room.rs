//! How large a spool may become: what ended sessions left makes room, what living ones have never does.

use std::{
    ffi::{OsStr, OsString},
    io,
    time::Duration,
};

use super::{
    name,
    spool::{Inner, MARK, ROOM},
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
        let mut taken = self.taken()?;
        let mut bytes: u64 = taken.iter().map(|taken| taken.bytes).sum();
        taken.sort_by_key(|taken| taken.modified_ns);
        for old in taken {
            if bytes + length <= most {
                break;
            }
            if self.may_make_room(&old.name) && self.evict(&old.name, old.modified_ns).unwrap_or(false) {
                bytes -= old.bytes;
            }
        }
        Ok(bytes + length <= most)
    }

    fn taken(&self) -> io::Result<Vec<Taken>> {
        let names = self.disk.list(&self.dir)?;
        Ok(names.into_iter().filter(|name| name::is_ours(name)).filter_map(|name| self.weigh(name)).collect())
    }

    /// What goes or cannot be looked at meanwhile weighs nothing.
    fn weigh(&self, name: OsString) -> Option<Taken> {
        let folder = self.disk.subfolder(&self.dir, &name).ok()?;
        let modified_ns = self.disk.stat(&folder, OsStr::new(".")).ok()?.modified_ns;
        Some(Taken { bytes: self.bytes(&folder).ok()?, modified_ns, name })
    }

    /// What the payloads of a session weigh.
    pub(super) fn bytes(&self, folder: &D::Folder) -> io::Result<u64> {
        let names = self.disk.list(folder)?;
        let sizes = names.iter().filter(|name| *name != MARK).filter_map(|name| {
            self.disk.stat(folder, name).ok().filter(|stat| stat.is_file).map(|stat| stat.size)
        });
        Ok(sizes.sum())
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
