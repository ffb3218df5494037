//! Looking up rows in the store as it was read: their keys, and their times.

use std::ops::Range;

use super::{FileStore, Snapshot, Spot, pieces::CHUNK, read::Stamps};
use crate::{
    fs::{Disk, read_full},
    json::{self, RawField, RawRow, Scanner, SyntaxError, Visit},
    model::{Error, ErrorKind, Key},
    policy::Stamp,
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
    for (spot, ruling) in planned.plan.rulings() {
        let (key, stamp) = row_at(store, &planned.snapshot, spot, &mut buffer)?;
        if show(key, &ruling.on(stamp)).is_break() {
            break;
        }
    }
    Ok(())
}

/// A row as it is read again.
#[derive(Default)]
struct Again {
    stamps: Stamps,
    row: Option<(Key, Stamp)>,
}

impl Visit for Again {
    fn field(&mut self, field: RawField<'_>) {
        self.stamps.field(&field);
    }

    fn row(&mut self, row: RawRow<'_>) {
        self.row = Some((Key::from_wtf8(&json::decode(row.key)), self.stamps.take(&row)));
    }
}

/// Reads a row again, as a text of its own: a plan remembers neither keys nor times.
fn row_at<D: Disk>(
    store: &FileStore<D>,
    snapshot: &Snapshot<D>,
    spot: Spot,
    buffer: &mut Vec<u8>,
) -> Result<(Key, Stamp), Error> {
    let other = |_: SyntaxError| changed(store);
    let (mut scanner, mut row, mut at) = (Scanner::new(), Again::default(), spot.start);
    scanner.feed(b"{", &mut row).map_err(other)?;
    while at < spot.end {
        buffer.resize(usize::try_from(spot.end - at).unwrap_or(CHUNK).min(CHUNK), 0);
        let length = read_full(&snapshot.file, buffer, at).map_err(store.fail(STEP))?;
        if length < buffer.len() {
            return Err(changed(store));
        }
        scanner.feed(buffer, &mut row).map_err(other)?;
        at += length as u64;
    }
    // What stands behind a row: the next one's key, or the end.
    let is_last = snapshot.layout.last_end == Some(spot.end);
    scanner.feed(if is_last { b"}" } else { b"\"" }, &mut row).map_err(other)?;
    row.row.ok_or_else(|| changed(store))
}

const STEP: &str = "read a key of";

fn changed<D: Disk>(store: &FileStore<D>) -> Error {
    Error::new(ErrorKind::Changed, STEP, &store.path, "it has changed while it was read")
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
        let length = read_full(&snapshot.file, buffer, start).map_err(store.fail(STEP))?;
        let text = buffer.get(..length).unwrap_or_default();
        if let Some(key) = text.get(key_range(text)) {
            return Ok(Key::from_wtf8(&json::decode(key)));
        }
        if length < wanted {
            return Err(changed(store));
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
