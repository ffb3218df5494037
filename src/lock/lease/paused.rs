//! A lease whose lock is released for a while: what it comes back to must be what it left.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    Ended, Lease, LeaseError, LeaseRequest,
    controller::{Core, LeaseController},
    seen::Seen,
};
use crate::fs::{Disk, RealDisk};

/// What [`Lease::pause`] leaves behind.
#[derive(Debug)]
#[must_use = "nobody holds the lock until this is resumed"]
pub struct Paused<D: Disk = RealDisk> {
    core: Arc<Core<D>>,
    path: PathBuf,
    max_hold: Duration,
    seen: Seen,
}

impl<D: Disk> Paused<D> {
    pub(super) const fn new(core: Arc<Core<D>>, path: PathBuf, max_hold: Duration, seen: Seen) -> Self {
        Self { core, path, max_hold, seen }
    }

    /// Takes the lock again, waiting at most `timeout`. After [`LeaseError::Timeout`] it can be tried again.
    ///
    /// # Errors
    /// [`LeaseError::Takeover`] when the transcript changed meanwhile (the message says how), or the attempt was given up;
    /// else as [`LeaseController::acquire`].
    pub fn resume(&self, timeout: Duration) -> Result<Lease<D>, LeaseError> {
        let request =
            LeaseRequest { timeout: Some(timeout), max_hold: Some(self.max_hold), reentrant: false };
        let lease = LeaseController::of(Arc::clone(&self.core)).acquire_with(&self.path, request)?;
        if let Some(what) = self.seen.difference(&lease.slot().seen()) {
            lease.slot().end(Ended::ChangedWhilePaused(what));
        }
        lease.slot().must_go_on().map(|()| lease)
    }
}
