//! Making sure of a fence before the locks are taken, so that under them a look at the file's times is enough.

use std::thread;

use sha2::{Digest as _, Sha256};

use super::{FileStore, Guard, Snapshot, pieces::room_for};
use crate::{
    fs::{Disk, Reader, Stat},
    lock::{Digest, Fence},
    model::Error,
};

/// Whether the store is what was read, and has times that any further write will move. Where it was written to in the
/// very tick in which it was read, its bytes are read again once that tick is over.
pub(super) fn is_settled<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    snapshot: &Snapshot<D>,
) -> Result<bool, Error> {
    let Some(content) = snapshot.fence.content() else { return Ok(true) };
    loop {
        let now_ns = store.disk.now_ns();
        let stat = snapshot.file.stat().map_err(store.fail("look at"))?;
        if !snapshot.fence.holds(&stat) || !is_there(store, guard, &stat) {
            return Ok(false);
        }
        match Fence::until_old(&stat, now_ns) {
            Some(left) => thread::sleep(left),
            None => return Ok(hash(store, &snapshot.file, stat.size)? == *content),
        }
    }
}

fn is_there<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, stat: &Stat) -> bool {
    let found = store.disk.stat(&guard.place.folder, &guard.place.name);
    found.is_ok_and(|found| (found.dev, found.ino) == (stat.dev, stat.ino))
}

fn hash<D: Disk>(store: &FileStore<D>, file: &D::Reader, size: u64) -> Result<Digest, Error> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; room_for(size)];
    let mut offset = 0;
    loop {
        let length = file.read_at(&mut buffer, offset).map_err(store.fail("read"))?;
        if length == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(buffer.get(..length).unwrap_or_default());
        offset += length as u64;
    }
}
