//! A file in use: it outlives its age for as long as its user wants, or lives.

use std::sync::Arc;

use super::{
    MediaRef, log,
    room::{Ended, Room, SHORT},
};
use crate::{
    clock,
    fs::{Disk, RealDisk},
};

/// Keeps a file until this is dropped, or its process has ended. Then it was used as late as that.
#[derive(Debug)]
#[must_use = "the file is in use only while the lease lives"]
pub struct Lease<D: Disk = RealDisk> {
    room: Arc<Room<D>>,
    id: u64,
    reference: MediaRef,
}

impl<D: Disk> Lease<D> {
    pub(super) const fn new(room: Arc<Room<D>>, id: u64, reference: MediaRef) -> Self {
        Self { room, id, reference }
    }

    /// What is in use.
    #[must_use]
    pub const fn reference(&self) -> MediaRef {
        self.reference
    }
}

impl<D: Disk> Drop for Lease<D> {
    fn drop(&mut self) {
        let ended = Ended { id: self.id, reference: self.reference, at: clock::now() };
        if let Err(error) = self.room.end(ended, SHORT) {
            log::failed("a lease could not be ended; the next sweep does it", &error);
            self.room.owed().leases.push(ended);
        }
    }
}
