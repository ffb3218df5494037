//! What stands in the store now of what somebody wants back, and where the others would go.

use std::{
    collections::{HashMap, HashSet},
    io,
    ops::Range,
};

use sha2::{Digest, Sha256};

use super::{
    super::{FileStore, Snapshot, read},
    wanted::Wanted,
};
use crate::{
    fs::{Disk, Reader},
    json::{self, Asked, RawRow, Span, Visit},
    model::{Error, Key, hex},
};

const CHUNK: u64 = 64 * 1024;

/// The store as it is, as far as it matters.
#[derive(Debug)]
pub(super) struct Current<D: Disk> {
    pub(super) snapshot: Snapshot<D>,
    /// The rows whose keys matter.
    pub(super) alive: HashMap<Key, Alive>,
    anchors: Vec<(u64, u64)>,
}

/// A key that is in the store.
#[derive(Debug, Clone)]
pub(super) struct Alive {
    /// Each time it stands there: how many rows stand before it, and where.
    pub(super) spans: Vec<(u64, Span)>,
    /// The last of them, from the key's quote to the end of the value.
    pub(super) text: Range<u64>,
    value: Range<u64>,
}

impl<D: Disk> Current<D> {
    pub(super) fn read(store: &FileStore<D>, wanted: &Wanted) -> Result<Self, Error> {
        let mut numbers = wanted.stayed_before.clone();
        numbers.dedup();
        let mut see =
            See { keys: wanted.keys(), alive: HashMap::new(), numbers, anchors: Vec::new(), rows: 0 };
        let snapshot = read::snapshot(store, &mut see)?;
        let See { alive, anchors, .. } = see;
        Ok(Self { snapshot, alive, anchors })
    }

    /// Where the row stands that has `before` rows before it; `None` when there are not so many.
    pub(super) fn start_of(&self, before: u64) -> Option<u64> {
        let at = self.anchors.binary_search_by_key(&before, |anchor| anchor.0).ok()?;
        self.anchors.get(at).map(|anchor| anchor.1)
    }

    /// The SHA-256 of a row's value.
    pub(super) fn digest(&self, alive: &Alive) -> io::Result<String> {
        let mut hash = Sha256::new();
        let mut at = alive.value.start;
        let mut buffer = vec![0; usize::try_from(CHUNK.min(alive.value.end - at)).unwrap_or_default()];
        while at < alive.value.end {
            let wanted = usize::try_from(alive.value.end - at).unwrap_or(usize::MAX).min(buffer.len());
            let length = self.snapshot.file.read_at(buffer.get_mut(..wanted).unwrap_or_default(), at)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            hash.update(buffer.get(..length).unwrap_or_default());
            at += length as u64;
        }
        Ok(hex(&hash.finalize()))
    }
}

/// Takes note of what matters while the store goes by.
struct See<'w> {
    keys: HashSet<&'w Key>,
    alive: HashMap<Key, Alive>,
    /// The rows that others stood before, by how many rows stand before them, in order.
    numbers: Vec<u64>,
    anchors: Vec<(u64, u64)>,
    rows: u64,
}

impl Visit for See<'_> {
    fn asks(&self) -> Asked {
        Asked::Nothing
    }

    fn row(&mut self, row: RawRow<'_>) {
        let number = self.rows;
        self.rows += 1;
        if self.numbers.get(self.anchors.len()) == Some(&number) {
            self.anchors.push((number, row.span.start));
        }
        let key = Key::from_wtf8(&json::decode(row.key));
        if !self.keys.contains(&key) {
            return;
        }
        let text = row.span.start..row.value.end;
        let mut spans = self.alive.remove(&key).map(|alive| alive.spans).unwrap_or_default();
        spans.push((number, row.span));
        self.alive.insert(key, Alive { spans, text, value: row.value });
    }
}
