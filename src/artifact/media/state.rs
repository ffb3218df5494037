//! What the ledger says, in memory: made of its lines alone, one after the other, so that a restart knows what was known.

use std::{mem, sync::Arc};

use foldhash::{HashMap, HashSet};

use super::{
    MediaRef,
    meta::{Kept, Media, Meta},
    place::Place,
    record::{By, Going, Leased, Mark, Record, Stored},
    spot::Spot,
};
use crate::{fs::Disk, model::Timestamp};

/// A reference.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) spot: Spot,
    pub(super) scope: Arc<str>,
    pub(super) meta: Meta,
    pub(super) kept: Option<Kept>,
    pub(super) stored: i64,
    /// When it was used last.
    pub(super) used: i64,
    /// When it was used last as far as the ledger knows.
    pub(super) noted: i64,
}

impl Entry {
    /// When somebody last had to do with it.
    pub(super) fn last(&self) -> i64 {
        self.stored.max(self.used)
    }
}

/// A file that somebody refers to, or that is on its way out.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) mark: Mark,
    pub(super) refs: u32,
    /// Why it stays when its last reference goes.
    pub(super) kept: Option<Kept>,
    /// Whether a line that can no longer be read may have been about it.
    pub(super) is_doubted: bool,
    /// It has no reference, and is to be removed.
    pub(super) going: Option<Going>,
}

/// What the ledger says.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) refs: HashMap<MediaRef, Entry>,
    pub(super) files: HashMap<Spot, File>,
    pub(super) scopes: HashMap<Arc<str>, HashSet<MediaRef>>,
    pub(super) leases: HashMap<u64, Leased>,
    /// How many leases each file has.
    leased: HashMap<Spot, u32>,
    pub(super) going: HashSet<Spot>,
    /// Files in the store's folder that stay although nobody refers to them any more: they are no orphans.
    pub(super) spared: HashSet<Spot>,
    /// Lines that nobody can read, as they are.
    pub(super) damaged: Vec<Vec<u8>>,
    /// Whether there is one behind the last [`Record::Doubt`].
    pub(super) is_doubt_due: bool,
    /// What did not change since then is never removed.
    pub(super) doubt_ns: Option<i64>,
    pub(super) lines: usize,
    /// Which ledger it is.
    pub(super) id: u64,
}

impl State {
    /// A line of the ledger, its end cut off.
    pub(super) fn read(&mut self, line: &[u8]) {
        let record = Record::read(line);
        // One that does not begin with its head has lost what stood there.
        self.is_doubt_due |= self.lines == 0 && !matches!(record, Some(Record::Head { .. }));
        if let Some(record) = record {
            self.apply(record);
        } else {
            self.lines += 1;
            self.is_doubt_due = true;
            self.damaged.push(line.to_owned());
        }
    }

    /// What has been written down happens.
    pub(super) fn apply(&mut self, record: Record) {
        self.lines += 1;
        match record {
            Record::Head { id, .. } => self.id = id,
            Record::Store(stored) => self.store(stored),
            Record::Used { reference, at } => self.used(reference, at),
            Record::Drop { refs, going } => refs.iter().for_each(|reference| self.drop(*reference, going)),
            Record::Going { path, mark, going } => self.rest(path, mark, Some(going)),
            Record::Spared { path, mark } => self.rest(path, mark, None),
            Record::Gone { paths } => paths.iter().for_each(|path| self.gone(path)),
            Record::Lease(leased) => self.lease(leased),
            Record::End { ids } => ids.iter().for_each(|id| self.end(*id)),
            Record::Doubt { until_ns } => self.doubt(until_ns),
        }
    }

    fn store(&mut self, stored: Stored) {
        let Stored { reference, path, mark, at, used, scope, meta, kept } = stored;
        if self.refs.contains_key(&reference) {
            return;
        }
        let file = self.files.entry(path.clone()).or_insert(File {
            mark,
            refs: 0,
            kept: None,
            is_doubted: false,
            going: None,
        });
        if file.refs == 0 {
            (file.kept, file.going) = (None, None);
            self.going.remove(&path);
            self.spared.remove(&path);
        }
        file.refs += 1;
        file.mark = mark;
        file.kept = file.kept.or(kept);
        let scope = self
            .scopes
            .get_key_value(scope.as_str())
            .map_or_else(|| scope.into(), |(scope, _)| Arc::clone(scope));
        self.scopes.entry(Arc::clone(&scope)).or_default().insert(reference);
        let used = used.unwrap_or(at);
        self.refs.insert(reference, Entry { spot: path, scope, meta, kept, stored: at, used, noted: used });
    }

    fn used(&mut self, reference: MediaRef, at: i64) {
        if let Some(entry) = self.refs.get_mut(&reference) {
            (entry.used, entry.noted) = (entry.used.max(at), entry.noted.max(at));
        }
    }

    fn drop(&mut self, reference: MediaRef, going: Going) {
        let Some(entry) = self.refs.remove(&reference) else { return };
        if let Some(scope) = self.scopes.get_mut(&entry.scope) {
            scope.remove(&reference);
            if scope.is_empty() {
                self.scopes.remove(&entry.scope);
            }
        }
        let Some(file) = self.files.get_mut(&entry.spot) else { return };
        file.refs = file.refs.saturating_sub(1);
        if file.refs > 0 {
            return;
        }
        if !entry.spot.is_ours() {
            self.files.remove(&entry.spot);
        } else if file.kept.is_some() || file.is_doubted {
            self.spared.insert(entry.spot);
        } else {
            file.going = Some(going);
            self.going.insert(entry.spot);
        }
    }

    /// A file without a reference, as a ledger that was written anew has it.
    fn rest(&mut self, path: Spot, mark: Mark, going: Option<Going>) {
        if path.is_ours() && !self.files.contains_key(&path) {
            let file = File { mark, refs: 0, kept: None, is_doubted: false, going };
            self.files.insert(path.clone(), file);
            let set = if going.is_some() { &mut self.going } else { &mut self.spared };
            set.insert(path);
        }
    }

    fn gone(&mut self, path: &Spot) {
        if self.going.remove(path) || self.spared.remove(path) {
            self.files.remove(path);
        }
    }

    fn lease(&mut self, leased: Leased) {
        self.end(leased.id);
        *self.leased.entry(leased.path.clone()).or_default() += 1;
        self.leases.insert(leased.id, leased);
    }

    fn end(&mut self, id: u64) {
        let Some(Leased { path, .. }) = self.leases.remove(&id) else { return };
        let left = self.leased.get(&path).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            self.leased.remove(&path);
        } else {
            self.leased.insert(path, left);
        }
    }

    pub(super) fn is_leased(&self, spot: &Spot) -> bool {
        self.leased.contains_key(spot)
    }

    pub(super) fn doubt(&mut self, until_ns: i64) {
        self.is_doubt_due = false;
        self.doubt_ns = self.doubt_ns.max(Some(until_ns));
        self.spared.extend(mem::take(&mut self.going));
        self.files.values_mut().for_each(|file| (file.is_doubted, file.going) = (true, None));
    }

    /// How many lines a ledger without the dead ones has.
    pub(super) fn live_lines(&self) -> usize {
        2 + self.damaged.len() + self.refs.len() + self.going.len() + self.spared.len() + self.leases.len()
    }

    /// The lines of a ledger that says the same, but for its head and what is damaged.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let doubted = self.stored(true).map(Record::Store);
        let doubt = self.doubt_ns.map(|until_ns| Record::Doubt { until_ns });
        let others = self.stored(false).map(Record::Store);
        let going = self.going.iter().filter_map(|path| {
            let file = self.files.get(path)?;
            Some(Record::Going { path: path.clone(), mark: file.mark, going: file.going? })
        });
        let spared = self
            .spared
            .iter()
            .filter_map(|path| Some(Record::Spared { path: path.clone(), mark: self.files.get(path)?.mark }));
        let leases = self.leases.values().cloned().map(Record::Lease);
        doubted.chain(doubt).chain(others).chain(going).chain(spared).chain(leases)
    }

    fn stored(&self, is_doubted: bool) -> impl Iterator<Item = Stored> {
        self.refs.iter().filter_map(move |(reference, entry)| {
            let file = self.files.get(&entry.spot).filter(|file| file.is_doubted == is_doubted)?;
            Some(Stored {
                reference: *reference,
                path: entry.spot.clone(),
                mark: file.mark,
                at: entry.stored,
                used: Some(entry.used),
                scope: entry.scope.as_ref().to_owned(),
                meta: entry.meta.clone(),
                // Who made it stay may be gone; that it stays is not forgotten.
                kept: entry.kept.or(file.kept),
            })
        })
    }

    /// What was used since the ledger was told is not forgotten where the ledger is read anew.
    pub(super) fn keep_uses_of(&mut self, old: &Self) {
        for (reference, entry) in &mut self.refs {
            if let Some(old) = old.refs.get(reference) {
                entry.used = entry.used.max(old.used);
            }
        }
    }

    /// All that is known of a reference.
    pub(super) fn media<D: Disk>(&self, reference: MediaRef, place: &Place<D>) -> Option<Media> {
        let entry = self.refs.get(&reference)?;
        let kept = self.files.get(&entry.spot).and_then(|file| file.kept);
        Some(Media {
            reference,
            path: place.path_of(&entry.spot),
            meta: entry.meta.clone(),
            scope: entry.scope.as_ref().to_owned(),
            stored: Timestamp::from_millis(entry.stored),
            kept: entry.kept.or(kept),
        })
    }
}

/// What stands in the ledger of those who let go.
pub(super) fn dropped(refs: Vec<MediaRef>, by: By, at_ns: i128) -> Record {
    Record::Drop { refs, going: Going { by, at_ns: i64::try_from(at_ns).unwrap_or(i64::MAX) } }
}
