//! What a holder has: the right to add to one transcript, until it ends.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{LeaseError, Paused, controller::Core, slot::Slot};
use crate::fs::{Disk, RealDisk};

/// The write lock on a transcript. It is released when it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct Lease<D: Disk = RealDisk> {
    core: Arc<Core<D>>,
    slot: Arc<Slot<D>>,
    is_released: AtomicBool,
}

impl<D: Disk> Lease<D> {
    pub(super) const fn new(core: Arc<Core<D>>, slot: Arc<Slot<D>>) -> Self {
        Self { core, slot, is_released: AtomicBool::new(false) }
    }

    pub(super) fn slot(&self) -> &Slot<D> {
        &self.slot
    }

    /// The transcript, in its real folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.slot.path()
    }

    /// For how long it may be held.
    #[must_use]
    pub fn max_hold(&self) -> Duration {
        self.slot.max_hold()
    }

    /// Whether the lock is held and still ours on disk. A write looks for itself.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.is_released() && self.slot.is_ours()
    }

    fn is_released(&self) -> bool {
        self.is_released.load(Ordering::Acquire)
    }

    /// Adds `bytes` to the transcript, whole or not at all, unless the process is killed or the power fails in the middle;
    /// they should be whole lines. A transcript that is not there is made, open to its owner alone. One that ended in the
    /// middle of a line when the lease began, because its writer was killed, first gets the newline that is missing, in the
    /// same write: the half line stays, and stays alone. Nothing is made durable: that is left to the system, as OpenClaw
    /// leaves it.
    ///
    /// # Errors
    /// [`LeaseError::Takeover`] when the lease has ended or the transcript is not what this lease last saw: nothing was
    /// written, and nothing will be through this lease. [`LeaseError::Released`] after [`Lease::release`]. Otherwise as the
    /// operating system says; then nothing was written, unless the step was to cut back what was.
    pub fn append(&self, bytes: &[u8]) -> Result<(), LeaseError> {
        if self.is_released() { Err(self.slot.released()) } else { self.slot.append(bytes) }
    }

    /// Gives the lock back; with the last handle of it, it is gone on disk. To do it again does nothing.
    ///
    /// # Errors
    /// As the operating system says; then nobody knows whether the lock is still there, but it is not held any more.
    pub fn release(&self) -> Result<(), LeaseError> {
        if self.is_released.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let (is_last, released) = self.slot.let_go();
        if is_last {
            self.core.table().leave(&self.slot);
        }
        released.map_err(self.slot.place().fail("release the lock of"))
    }

    /// Releases the lock for a while, for a call to a model say, and remembers what the transcript was like.
    ///
    /// # Errors
    /// [`LeaseError::Takeover`] when the lease has ended, [`LeaseError::Shared`] when other handles of it are held, and as
    /// the operating system says. The lease is gone then, too.
    pub fn pause(self) -> Result<Paused<D>, LeaseError> {
        if self.is_released() {
            return Err(self.slot.released());
        }
        let seen = self.slot.pause()?;
        Ok(Paused::new(Arc::clone(&self.core), self.path().to_owned(), self.max_hold(), seen))
    }
}

impl<D: Disk> Drop for Lease<D> {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            tracing::warn!(%error, "a lease was dropped");
        }
    }
}
