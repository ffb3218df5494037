//! The rows of a store in some order. What is held of a row is small; its key is read when it is shown.

use std::{
    cmp::{Ordering, Reverse},
    fmt,
};

use serde::{Serialize, Serializer, ser::Error as _, ser::SerializeSeq};

use super::{Choice, ListedRow, Sort, plan};
use crate::{
    fs::{Disk, RealDisk},
    json,
    model::{Error, Kind, Shape, Timestamp},
    policy::{Decision, Policy, Verdict},
    store::{FileStore, Look, Planned, Seen, Store},
};

/// The rows of a store that were asked for, in order.
pub struct Listing<D: Disk = RealDisk> {
    store: FileStore<D>,
    snapshot: <FileStore<D> as Store>::Snapshot,
    entries: Vec<Entry>,
    now: Timestamp,
    /// How many rows the store has.
    pub scanned: u64,
    /// How many of them are of the kind that was asked for.
    pub matched: u64,
    /// How many of these would go now.
    pub prunable: u64,
    /// What these weigh, those that stay and those that would go.
    pub bytes: u64,
}

impl<D: Disk> fmt::Debug for Listing<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("store", &self.store.path()).finish_non_exhaustive()
    }
}

/// What is held of a row. Times are bare milliseconds; `i64::MIN` is none.
#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u64,
    bytes: u64,
    updated: i64,
    expires: i64,
    order: u32,
    kind: Kind,
    decision: Decision,
}

const NONE: i64 = i64::MIN;

/// Lists the rows of a store.
///
/// # Errors
/// When the store cannot be read, or is no store.
pub fn list<D: Disk>(
    store: &FileStore<D>,
    policy: &Policy,
    now: Timestamp,
    choice: &Choice,
) -> Result<Listing<D>, Error> {
    let Planned { plan, snapshot, .. } = plan(store, policy, now)?;
    let mut found = Found { choice: *choice, entries: Vec::new(), keys: Keys::default() };
    store.look(&snapshot, plan.rulings(), &mut found)?;
    let Found { mut entries, keys, .. } = found;
    let matched = entries.len() as u64;
    let prunable = entries.iter().filter(|entry| matches!(entry.decision, Decision::Prune(_))).count() as u64;
    let bytes = entries.iter().map(|entry| entry.bytes).sum();
    sort(&mut entries, choice.sort, &keys);
    entries.truncate(choice.limit.unwrap_or(usize::MAX));
    let (store, scanned) = (store.clone(), plan.scanned());
    Ok(Listing { store, snapshot, entries, now, scanned, matched, prunable, bytes })
}

impl<D: Disk> Listing<D> {
    /// How many rows are listed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Shows each row.
    ///
    /// # Errors
    /// When a key cannot be read from the store as it was, and whatever `show` says.
    pub fn each<E: From<Error>>(&self, mut show: impl FnMut(ListedRow) -> Result<(), E>) -> Result<(), E> {
        for entry in &self.entries {
            show(self.row(entry)?)?;
        }
        Ok(())
    }

    fn row(&self, entry: &Entry) -> Result<ListedRow, Error> {
        let time = |millis| (millis != NONE).then(|| Timestamp::from_millis(millis));
        let (updated, expires) = (time(entry.updated), time(entry.expires));
        Ok(ListedRow {
            key: self.store.key_at(&self.snapshot, entry.start)?,
            kind: entry.kind,
            bytes: entry.bytes,
            verdict: Verdict { decision: entry.decision, updated, expires },
            now: self.now,
        })
    }
}

impl<D: Disk> Serialize for Listing<D> {
    /// The rows, one after the other, each read when it is written.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for entry in &self.entries {
            list.serialize_element(&self.row(entry).map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

/// Takes the rows that were asked for.
struct Found {
    choice: Choice,
    entries: Vec<Entry>,
    keys: Keys,
}

impl Look for Found {
    fn row(&mut self, row: &Seen<'_>) {
        let key = json::decode(row.raw.key);
        let kind = Shape::of(&key).kind;
        let Some(verdict) = row.verdict else { return };
        if self.choice.kind.is_some_and(|wanted| wanted != kind) {
            return;
        }
        if self.choice.sort == Sort::Key {
            self.keys.push(&key);
        }
        let order = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(entry(row, verdict, kind, order));
    }
}

fn entry(row: &Seen<'_>, verdict: &Verdict, kind: Kind, order: u32) -> Entry {
    let millis = |time: Option<Timestamp>| time.map_or(NONE, Timestamp::as_millis);
    Entry {
        start: row.raw.span.start,
        bytes: row.key_bytes() + row.value_bytes(),
        updated: millis(row.updated()),
        expires: millis(verdict.expires),
        order,
        kind,
        decision: verdict.decision,
    }
}

/// Keys end to end, without a box for each.
#[derive(Debug, Default)]
struct Keys {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    fn push(&mut self, key: &[u8]) {
        self.text.extend_from_slice(key);
        self.ends.push(self.text.len());
    }

    fn get(&self, order: u32) -> &[u8] {
        let end = |at: usize| self.ends.get(at).copied();
        let at = order as usize;
        let start = at.checked_sub(1).and_then(end).unwrap_or(0);
        self.text.get(start..end(at).unwrap_or(start)).unwrap_or_default()
    }
}

fn sort(entries: &mut [Entry], by: Sort, keys: &Keys) {
    entries.sort_unstable_by(|a, b| compare(a, b, by, keys).then(a.order.cmp(&b.order)));
}

fn compare(a: &Entry, b: &Entry, by: Sort, keys: &Keys) -> Ordering {
    match by {
        Sort::Age => b.updated.cmp(&a.updated),
        Sort::Size => b.bytes.cmp(&a.bytes),
        Sort::Key => keys.get(a.order).cmp(keys.get(b.order)),
        Sort::Kind => (a.kind, Reverse(a.updated)).cmp(&(b.kind, Reverse(b.updated))),
        Sort::Expiry => expiry(a).cmp(&expiry(b)),
        Sort::Store => Ordering::Equal,
    }
}

/// What goes now, then what goes by time, then the rest.
const fn expiry(entry: &Entry) -> (u8, i64) {
    match (entry.decision, entry.expires) {
        (Decision::Prune(_), expires) => (0, expires),
        (_, NONE) => (2, 0),
        (_, expires) => (1, expires),
    }
}
