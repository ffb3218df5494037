//! Taking away what dead owners left: into the trash, as it is, while nobody else can have it.

use std::{ffi::OsStr, io};

use super::{
    removal::{Removal, Unmarked},
    restored::put_aside,
    spool::{Inner, MARK},
    sweep::STEP,
    verdict::{Kept, Rule, Seen},
    write::{is_same, there},
};
use crate::{
    artifact::bin::{Bin, must_be},
    fs::Disk,
    lock::Ownership,
    model::Timestamp,
    trash::Moving,
};

/// What became of something that was to go.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is gone, or in the trash, and so much with it.
    Gone(u64),
    /// It stays after all.
    Stays(Kept),
    /// Somebody else has removed it.
    Vanished,
    /// It could not go, or not all of it, and why.
    Failed {
        why: String,
        /// Whether something of it is gone all the same, and how much.
        went: bool,
        bytes: u64,
    },
}

/// Something that is to go.
#[derive(Debug)]
pub(super) struct Doomed<'d> {
    pub(super) name: &'d str,
    pub(super) rule: Rule,
    pub(super) seen: &'d Seen,
}

impl<D: Disk> Inner<D> {
    /// Takes something away, which is the thing with this number if it goes into the trash.
    pub(super) fn carry_off(&self, doomed: &Doomed<'_>, bin: &mut Bin<'_, '_, D>, number: usize) -> Fate {
        let name = OsStr::new(doomed.name);
        let fate = match there(self.disk.subfolder(&self.dir, name)) {
            Ok(Some(folder)) => {
                self.carry(doomed, &folder, bin, number).unwrap_or_else(|error| self.failed(name, error))
            }
            Ok(None) => Fate::Vanished,
            Err(error) => self.failed(name, error),
        };
        let is_gone = || matches!(there(self.disk.stat(&self.dir, name)), Ok(None));
        if matches!(fate, Fate::Stays(_)) && is_gone() { Fate::Vanished } else { fate }
    }

    fn failed(&self, name: &OsStr, error: io::Error) -> Fate {
        let why = super::spool::failed(STEP, &self.path.join(name), error).to_string();
        Fate::Failed { why, went: false, bytes: 0 }
    }

    fn carry(
        &self,
        doomed: &Doomed<'_>,
        folder: &D::Folder,
        bin: &mut Bin<'_, '_, D>,
        number: usize,
    ) -> io::Result<Fate> {
        let name = OsStr::new(doomed.name);
        // Held until it is where it goes: whoever would go on with it finds it taken, or gone.
        let _claim = match self.options.proof.try_claim(&self.disk, folder, OsStr::new(MARK)) {
            Ok(claim) => claim,
            Err(Ownership::None) if doomed.rule == Rule::Ended => {
                let unmarked = self.remove_unmarked(name, folder, false)?;
                return Ok(if matches!(unmarked, Unmarked::Left) {
                    Fate::Gone(0)
                } else {
                    Fate::Stays(Kept::Touched)
                });
            }
            Err(Ownership::None) => return Ok(Fate::Stays(Kept::Touched)),
            Err(Ownership::Unknown(_)) => return Ok(Fate::Stays(Kept::Unknown)),
            Err(Ownership::Alive(_) | Ownership::Dead(_)) => return Ok(Fate::Stays(Kept::Owned)),
        };
        if !self.is_at(name, folder)? || !self.is_as(folder, doomed.seen)? {
            return Ok(Fate::Stays(Kept::Touched));
        }
        match bin {
            _ if !doomed.rule.is_kept() => Ok(self.remove_all(name, folder)),
            Bin::Nowhere => Ok(self.remove_all(name, folder)),
            Bin::Shut(why) => Err(io::Error::other(format!("it cannot be kept in the trash: {why}"))),
            Bin::Trash(moving) => self.move_whole((name, folder), moving, number, doomed.seen.bytes),
        }
    }

    /// For ever.
    fn remove_all(&self, name: &OsStr, folder: &D::Folder) -> Fate {
        let Removal { bytes_freed: bytes, result } = self.remove(&mut name.to_owned(), folder);
        match result {
            Ok(true) => Fate::Gone(bytes),
            Ok(false) => Fate::Vanished,
            Err(failure) => {
                let error = failure.told(STEP, &self.path.join(name));
                Fate::Failed { went: error.is_too_late(), why: error.to_string(), bytes }
            }
        }
    }

    /// In one step, with its marker.
    fn move_whole(
        &self,
        (name, folder): (&OsStr, &D::Folder),
        moving: &mut Moving<'_, '_, D>,
        number: usize,
        bytes: u64,
    ) -> io::Result<Fate> {
        let from = (&self.dir, name);
        let claimed = self.disk.stat(folder, OsStr::new("."))?;
        let before = moving.moved();
        if there(moving.take(number, from))?.is_none() {
            return Ok(Fate::Vanished);
        }
        if let Err(why) = must_be(&self.disk, moving, number, from, |stat| is_same(stat, &claimed)) {
            // What could not be put back is in the trash, and has to be told for somebody to find it there.
            return Ok(Fate::Failed { why, went: moving.moved() > before, bytes: 0 });
        }
        // If it cannot be, it can be taken back all the same.
        let _ = put_aside(&self.disk, folder);
        Ok(Fate::Gone(bytes))
    }

    /// Whether a session is as it was seen: since then somebody may have had it, and died too.
    fn is_as(&self, folder: &D::Folder, seen: &Seen) -> io::Result<bool> {
        let modified = Timestamp::from_nanos(self.disk.stat(folder, OsStr::new("."))?.modified_ns);
        Ok((Some(modified), self.restored(folder)?) == (seen.newest, seen.restored))
    }
}
