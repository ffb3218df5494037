//! The mark of a store in a file: the identities of its file and of that of its pins.

use std::{ffi::OsStr, io};

use super::{FileStore, pins::PINS, place::Place};
use crate::{
    fs::{Disk, OUR_FOLDER, Stat},
    lock::Fence,
    store::Mark,
};

/// The mark of a store as it is; `None` where a write just now could leave it as it is, or anything is odd.
pub(super) fn of<D: Disk>(store: &FileStore<D>) -> Option<Mark> {
    let place = Place::find(store).ok()?;
    let rows =
        store.disk.stat(&place.folder, &place.name).ok().filter(|rows| rows.is_file && rows.links == 1)?;
    let pins = pins(store, &place).ok()?;
    let now = store.disk.now_ns();
    let is_old = |stat: &Stat| Fence::until_old(stat, now).is_none();
    (is_old(&rows) && pins.as_ref().is_none_or(is_old)).then(|| Mark::of_files(&rows, pins.as_ref()))
}

fn pins<D: Disk>(store: &FileStore<D>, place: &Place<D>) -> io::Result<Option<Stat>> {
    let ours = store.disk.subfolder(&place.folder, OsStr::new(OUR_FOLDER));
    match ours.and_then(|ours| store.disk.stat(&ours, &place.name_of(PINS))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}
