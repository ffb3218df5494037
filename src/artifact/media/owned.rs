//! The normal way: whoever stores a file has a handle, and the file goes with it.

use std::{path::Path, sync::Arc};

use super::{
    Media, MediaRef, log,
    room::{Room, SHORT},
};
use crate::fs::{Disk, RealDisk};

/// A stored file that is released when this is dropped.
#[derive(Debug)]
#[must_use = "the file is released as soon as this is dropped"]
pub struct Owned<D: Disk = RealDisk> {
    room: Arc<Room<D>>,
    media: Media,
    is_kept: bool,
}

impl<D: Disk> Owned<D> {
    pub(super) const fn new(room: Arc<Room<D>>, media: Media) -> Self {
        Self { room, media, is_kept: false }
    }

    /// Its name.
    #[must_use]
    pub const fn reference(&self) -> MediaRef {
        self.media.reference
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.media.path
    }

    /// All that is known of it.
    #[must_use]
    pub const fn media(&self) -> &Media {
        &self.media
    }

    /// Leaves it stored: from now on somebody else releases it, or the net takes it.
    pub fn keep(self) {
        let _ = self.into_ref();
    }

    /// The same, and tells its name.
    #[must_use]
    pub fn into_ref(mut self) -> MediaRef {
        self.is_kept = true;
        self.media.reference
    }
}

impl<D: Disk> Drop for Owned<D> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Err(error) = self.room.release(&[self.media.reference], SHORT) {
            log::failed("a file could not be released; the next sweep does it", &error);
            self.room.owed().refs.push(self.media.reference);
        }
    }
}
