//! A store on a disk in memory, where seconds fly and every call can be the last.

use std::path::{Path, PathBuf};

use session_reaper::{
    Error, Timestamp,
    artifact::media::{MediaStore, Options},
    fs::MemDisk,
};

pub(crate) const LEDGER: &str = "/base/media/.session-reaper/media.ledger";

pub(crate) type MemStore = MediaStore<MemDisk>;

/// A moment long after everything that happens to a disk in memory.
pub(crate) const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(2_000_000_000_000 + millis)
}

pub(crate) fn open_without_net(disk: &MemDisk) -> MemStore {
    let options = Options::new("/base/media").unwrap().with_enabled(false);
    MediaStore::open_on(disk.clone(), options, at(0)).unwrap()
}

/// A disk with a folder in which there is none for media yet.
pub(crate) fn disk() -> MemDisk {
    MemDisk::with_file(Path::new("/base/out/keep"), b"x")
}

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new("/base/media").join(name)
}

pub(crate) fn open(disk: &MemDisk, now: Timestamp) -> Result<MemStore, Error> {
    MediaStore::open_on(disk.clone(), Options::new("/base/media").unwrap(), now)
}
