//! A folder for media on the machine's own disk, and what stands beside it.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use session_reaper::{
    Age, Timestamp,
    artifact::media::{CleanupPolicy, Media, MediaStore, Meta, Options},
};

use crate::folder::Folder;

pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const MAX_AGE: i64 = 30 * MINUTE;

pub(crate) struct World(Folder);

impl World {
    pub(crate) fn new() -> Self {
        Self(Folder::new())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        self.0.write(name, text)
    }

    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        self.0.names(folder)
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.path("media")).unwrap()
    }

    pub(crate) fn open(&self) -> MediaStore {
        self.open_at(at(0))
    }

    pub(crate) fn open_at(&self, now: Timestamp) -> MediaStore {
        MediaStore::open(self.options(), now).unwrap()
    }

    /// A file in the store's folder.
    pub(crate) fn media(&self, name: &str) -> PathBuf {
        self.write(&format!("media/{name}"), "12345")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path("media/.session-reaper/media.ledger")
    }

    pub(crate) fn marker(&self) -> PathBuf {
        self.path("media/.session-reaper/media.marker")
    }
}

/// A moment in the life of the tests: all that they do with files is over a minute before.
pub(crate) fn at(millis: i64) -> Timestamp {
    static BEGIN: OnceLock<Timestamp> = OnceLock::new();
    let begin = BEGIN.get_or_init(|| session_reaper::now().plus(Age::from_hours(10)));
    Timestamp::from_millis(begin.as_millis() + millis)
}

pub(crate) fn delete() -> Meta {
    Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() }
}

pub(crate) fn forget() -> Meta {
    Meta { policy: CleanupPolicy::ForgetOnly, ..Meta::default() }
}

/// Stores a file that may go, at the beginning.
pub(crate) fn put(store: &MediaStore, path: &Path, scope: &str) -> Media {
    store.store(path, delete(), scope, at(0)).unwrap()
}
