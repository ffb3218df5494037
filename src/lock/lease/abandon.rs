//! The way out of an attempt whose work never settles: all its leases end, whatever their holders are doing.

use std::{io, path::PathBuf, process, sync::Arc};

use super::{slot::Slot, table::Table};
use crate::fs::Disk;

/// What [`super::LeaseController::abandon_in_flight`] found and did.
#[derive(Debug, Default)]
pub struct Abandoned {
    /// How many locks were held and are released.
    pub released: usize,
    /// On which transcripts.
    pub files: Vec<PathBuf>,
    /// Locks that could not be removed: nobody can begin to write under them any more, but they stand until they are too
    /// old. Where a call of the holder to the system is stuck, the lock goes when that comes back.
    pub failed: Vec<(PathBuf, io::Error)>,
}

/// Gives an attempt up, and says so in one line of the log.
pub(super) fn abandon<D: Disk>(table: &Table<D>, reason: &str) -> Abandoned {
    let (taken, is_first) = table.give_up(reason);
    let mut abandoned = Abandoned::default();
    for (slot, ended) in taken {
        abandoned.add(&slot, ended);
    }
    if is_first || !abandoned.files.is_empty() || !abandoned.failed.is_empty() {
        abandoned.log(reason);
    }
    abandoned
}

impl Abandoned {
    fn add<D: Disk>(&mut self, slot: &Arc<Slot<D>>, ended: io::Result<()>) {
        let path = slot.path().to_owned();
        match ended {
            Ok(()) => {
                self.released += 1;
                self.files.push(path);
            }
            Err(error) => self.failed.push((path, error)),
        }
    }

    fn log(&self, reason: &str) {
        let Self { released, files, failed } = self;
        let pid = process::id();
        tracing::warn!(count = released, ?files, ?failed, pid, reason, "leases in flight abandoned");
    }
}
