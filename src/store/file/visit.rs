//! Looking up the keys of rows in the store as it was read.

use std::ops::Range;

use super::{FileStore, Snapshot};
use crate::{
    fs::{Disk, Reader},
    json,
    model::{Error, ErrorKind, Key},
    store::{Planned, Show},
};

/// Most keys are shorter than this.
const FIRST_READ: usize = 512;

pub(super) fn visit<D: Disk>(
    store: &FileStore<D>,
    planned: &Planned<FileStore<D>>,
    show: &mut Show<'_>,
) -> Result<(), Error> {
    let mut buffer = Vec::new();
    for (place, verdict) in planned.plan.verdicts() {
        let key = key_at(store, &planned.snapshot, place.start, &mut buffer)?;
        if show(key, verdict).is_break() {
            break;
        }
    }
    Ok(())
}

/// The key whose opening quote stands at `start`.
pub(super) fn key_at<D: Disk>(
    store: &FileStore<D>,
    snapshot: &Snapshot<D>,
    start: u64,
    buffer: &mut Vec<u8>,
) -> Result<Key, Error> {
    let mut wanted = FIRST_READ;
    loop {
        buffer.resize(wanted, 0);
        let length = read_full(&snapshot.file, buffer, start).map_err(store.fail("read a key of"))?;
        let text = buffer.get(..length).unwrap_or_default();
        if let Some(key) = text.get(key_range(text)) {
            return Ok(Key::from_wtf8(&json::decode(key)));
        }
        if length < wanted {
            return Err(Error::new(
                ErrorKind::Changed,
                "read a key of",
                &store.path,
                "it has changed while it was read",
            ));
        }
        wanted *= 8;
    }
}

/// The raw key in a text that begins with its opening quote; a range outside of it when the key does not end there.
fn key_range(text: &[u8]) -> Range<usize> {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return 1..at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    1..usize::MAX
}

fn read_full(file: &impl Reader, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64)? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}
