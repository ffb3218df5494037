//! The takeover as one should not write it, three ways. Never to be used: the rigs must catch each of them.

use std::{ffi::OsStr, io, sync::Arc};

use session_reaper::{
    fs::{Disk, Reader, Stat, Writer, temp_name},
    lock::{Kind, judge, look_at},
    model::Timestamp,
    process::life,
};

use crate::contend::{DAY, LOCK, Protocol, me, text};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Looks, then removes whatever has the name by then.
    UnlinksByName,
    /// Claims by rename, and never looks at what came out.
    ClaimsBlindly,
    /// Claims by rename, looks, and puts back what is another's; but everybody does so at once.
    ClaimsOutOfTurn,
}

pub(crate) struct Naive<D: Disk> {
    disk: D,
    folder: D::Folder,
    private: Arc<D::Folder>,
    kind: Kind,
    wrong: Wrong,
    /// Whether a holder ever looks if it still is one.
    looks: bool,
}

impl<D: Disk> Naive<D> {
    pub(crate) fn new(disk: D, folder: D::Folder, private: Arc<D::Folder>, kind: Kind, wrong: Wrong) -> Self {
        Self { disk, folder, private, kind, wrong, looks: false }
    }

    pub(crate) fn looking(self) -> Self {
        Self { looks: true, ..self }
    }

    fn stands(&self, held: &[u8]) -> bool {
        let mut bytes = vec![0; held.len() + 1];
        let read =
            self.disk.open(&self.folder, OsStr::new(LOCK)).and_then(|file| file.read_at(&mut bytes, 0));
        read.is_ok_and(|length| bytes[..length] == *held)
    }

    /// Takes a stale lock away; `false` when somebody was quicker.
    fn take_away(&self, seen: &Stat) -> io::Result<bool> {
        let lock = OsStr::new(LOCK);
        if self.wrong == Wrong::UnlinksByName {
            return gone(self.disk.remove(&self.folder, lock)).map(|()| true);
        }
        let temp = temp_name(lock);
        if self.disk.rename((&self.folder, lock), (&self.private, &temp)).is_err() {
            return Ok(false);
        }
        let out = self.disk.stat(&self.private, &temp)?;
        if self.wrong == Wrong::ClaimsOutOfTurn && out.ino != seen.ino {
            self.disk.rename_new((&self.private, &temp), (&self.folder, lock))?;
            return Ok(false);
        }
        gone(self.disk.remove(&self.private, &temp)).map(|()| true)
    }

    fn put_up(&self, now: Timestamp) -> io::Result<Option<Vec<u8>>> {
        let lock = OsStr::new(LOCK);
        let (temp, bytes) = (temp_name(lock), text(me().pid, me().start.unwrap_or(0), now, DAY));
        self.disk.create(&self.private, &temp)?.write_all(&bytes)?;
        if self.disk.rename_new((&self.private, &temp), (&self.folder, lock))? {
            return Ok(Some(bytes));
        }
        gone(self.disk.remove(&self.private, &temp)).map(|()| None)
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

impl<D: Disk> Protocol for Naive<D> {
    type Held = Vec<u8>;

    fn attempt(&self) -> io::Result<Option<Vec<u8>>> {
        let now = Timestamp::from_nanos(self.disk.now_ns());
        if let Some((found, stat)) = look_at(&self.disk, &self.folder, OsStr::new(LOCK))?
            && (!judge(self.kind, &found, now, me(), life).may_be_taken() || !self.take_away(&stat)?)
        {
            return Ok(None);
        }
        self.put_up(now)
    }

    fn is_ours(&self, held: &Vec<u8>) -> bool {
        !self.looks || self.stands(held)
    }

    fn release(&self, held: Vec<u8>) -> io::Result<()> {
        if self.stands(&held) { gone(self.disk.remove(&self.folder, OsStr::new(LOCK))) } else { Ok(()) }
    }
}
