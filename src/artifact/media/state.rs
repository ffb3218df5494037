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
use crate::{
    fs::{Disk, Stat},
    model::Timestamp,
};

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

    /// The line that registers it again.
    pub(super) fn line(&self, reference: MediaRef, mark: Mark, kept: Option<Kept>) -> Stored {
        Stored {
            reference,
            path: self.spot.clone(),
            mark,
            at: self.stored,
            used: Some(self.used),
            scope: self.scope.as_ref().to_owned(),
            meta: self.meta.clone(),
            kept,
        }
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
    /// The references of files that are on their way into the trash. Whoever finds such a file where it was knows by them that
    /// it has not gone.
    pub(super) parked: HashMap<Spot, Vec<(MediaRef, Entry)>>,
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
            Record::Drop { refs, going } => self.drop_all(&refs, going),
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
        // A line that says nothing of why it stays says it all the same.
        let kept = kept.or_else(|| Kept::of(&meta, path.is_ours()));
        // Who is stored again while it is on its way has not gone; nor have those that were dropped with it.
        let parked = self.unpark(&path);
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
        for parked in parked {
            self.store(Stored { mark, ..parked });
        }
    }

    /// The lines that register again what was dropped with a file on its way into the trash.
    pub(super) fn parked_at(&self, spot: &Spot) -> Vec<Stored> {
        let Some(mark) = self.files.get(spot).map(|file| file.mark) else { return Vec::new() };
        let parked = self.parked.get(spot).into_iter().flatten();
        parked.map(|(reference, entry)| entry.line(*reference, mark, entry.kept)).collect()
    }

    fn unpark(&mut self, spot: &Spot) -> Vec<Stored> {
        let stored = self.parked_at(spot);
        self.parked.remove(spot);
        stored
    }

    fn used(&mut self, reference: MediaRef, at: i64) {
        if let Some(entry) = self.refs.get_mut(&reference) {
            (entry.used, entry.noted) = (entry.used.max(at), entry.noted.max(at));
        }
    }

    fn drop_all(&mut self, refs: &[MediaRef], going: Going) {
        let entry = |reference: &MediaRef| Some((*reference, self.refs.get(reference)?.clone()));
        let is_parked = going.by == By::Trash;
        let entries: Vec<(MediaRef, Entry)> = refs.iter().filter(|_| is_parked).filter_map(entry).collect();
        for reference in refs {
            self.drop(*reference, going);
        }
        for (reference, entry) in entries {
            if self.going.contains(&entry.spot) {
                self.parked.entry(entry.spot.clone()).or_default().push((reference, entry));
            }
        }
    }

    fn drop(&mut self, reference: MediaRef, going: Going) {
        let Some(entry) = self.refs.remove(&reference) else { return self.forget(reference) };
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

    /// What one map has lost no scope keeps for ever.
    fn forget(&mut self, reference: MediaRef) {
        self.scopes.retain(|_, refs| {
            refs.remove(&reference);
            !refs.is_empty()
        });
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
            self.parked.remove(path);
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

    /// Whether a damaged line of the ledger may have been about a file.
    pub(super) fn is_older_than_doubt(&self, stat: &Stat) -> bool {
        self.doubt_ns.is_some_and(|doubt| stat.changed_ns <= i128::from(doubt))
    }

    pub(super) fn is_leased(&self, spot: &Spot) -> bool {
        self.leased.contains_key(spot)
    }

    pub(super) fn doubt(&mut self, until_ns: i64) {
        self.is_doubt_due = false;
        self.doubt_ns = self.doubt_ns.max(Some(until_ns));
        let parked: Vec<Spot> = self.parked.keys().cloned().collect();
        for stored in parked.iter().flat_map(|spot| self.unpark(spot)).collect::<Vec<_>>() {
            self.store(stored);
        }
        self.spared.extend(mem::take(&mut self.going));
        self.files.values_mut().for_each(|file| (file.is_doubted, file.going) = (true, None));
    }

    /// How many lines a ledger without the dead ones has.
    pub(super) fn live_lines(&self) -> usize {
        let parked: usize = self.parked.values().map(Vec::len).sum();
        let others = self.going.len() + self.spared.len() + self.leases.len();
        2 + self.damaged.len() + self.refs.len() + parked + others
    }

    /// The lines of a ledger that says the same, but for its head and what is damaged.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let doubted = self.stored(true).map(Record::Store);
        let doubt = self.doubt_ns.map(|until_ns| Record::Doubt { until_ns });
        let others = self.stored(false).map(Record::Store);
        let going = self.going.iter().flat_map(|path| self.going_lines(path));
        let spared = self
            .spared
            .iter()
            .filter_map(|path| Some(Record::Spared { path: path.clone(), mark: self.files.get(path)?.mark }));
        let leases = self.leases.values().cloned().map(Record::Lease);
        doubted.chain(doubt).chain(others).chain(going).chain(spared).chain(leases)
    }

    /// One on its way into the trash takes the same way once more, so that its references are known.
    fn going_lines(&self, path: &Spot) -> Vec<Record> {
        let Some(File { mark, going: Some(going), .. }) = self.files.get(path) else { return Vec::new() };
        let parked = self.parked_at(path);
        if parked.is_empty() {
            return vec![Record::Going { path: path.clone(), mark: *mark, going: *going }];
        }
        let refs = parked.iter().map(|stored| stored.reference).collect();
        let dropped = Record::Drop { refs, going: *going };
        parked.into_iter().map(Record::Store).chain([dropped]).collect()
    }

    fn stored(&self, is_doubted: bool) -> impl Iterator<Item = Stored> {
        self.refs.iter().filter_map(move |(reference, entry)| {
            let file = self.files.get(&entry.spot).filter(|file| file.is_doubted == is_doubted)?;
            // Who made it stay may be gone; that it stays is not forgotten.
            Some(entry.line(*reference, file.mark, entry.kept.or(file.kept)))
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::artifact::media::CleanupPolicy;

    fn stored(reference: MediaRef, ino: u64) -> Record {
        Record::Store(Stored {
            reference,
            path: Spot::new(Path::new("a")),
            mark: Mark { ino, born: None, since: None },
            at: 1,
            used: Some(2),
            scope: "s".to_owned(),
            meta: Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() },
            kept: None,
        })
    }

    /// Two references to one file, on their way into the trash.
    fn parked() -> (State, [MediaRef; 2]) {
        let (mut state, refs) = (State::default(), [MediaRef::new(), MediaRef::new()]);
        for reference in &refs {
            state.apply(stored(*reference, 7));
        }
        state.apply(dropped(refs.to_vec(), By::Trash, 9));
        assert!(state.refs.is_empty() && state.going.len() == 1);
        (state, refs)
    }

    fn again(state: &State) -> State {
        let mut again = State::default();
        state.records().for_each(|record| again.apply(record));
        assert_eq!(again.lines + 2, state.live_lines(), "the head and a doubt beside them");
        again
    }

    #[test]
    fn i4_what_is_on_its_way_into_the_trash_is_known_in_a_ledger_that_is_written_anew() {
        let (state, refs) = parked();
        let again = again(&state);
        let spot = Spot::new(Path::new("a"));
        let mut known: Vec<MediaRef> = again.parked_at(&spot).iter().map(|stored| stored.reference).collect();
        known.sort_unstable();
        let mut expected = refs.to_vec();
        expected.sort_unstable();
        assert!(known == expected && again.files[&spot].going == state.files[&spot].going);
    }

    #[test]
    fn i4_whoever_stores_the_file_again_or_doubts_the_ledger_brings_its_references_back() {
        let (mut state, refs) = parked();
        let new = MediaRef::new();
        state.apply(stored(new, 8));
        assert!(refs.iter().chain([&new]).all(|reference| state.refs.contains_key(reference)));
        assert!(state.parked.is_empty() && state.going.is_empty());
        assert_eq!(state.files[&Spot::new(Path::new("a"))].mark.ino, 8);
        let (mut state, refs) = parked();
        state.apply(Record::Doubt { until_ns: 10 });
        assert!(refs.iter().all(|reference| state.refs.contains_key(reference)) && state.parked.is_empty());
        // Those that are written down one by one come back as well.
        let (mut state, refs) = parked();
        let lines = state.parked_at(&Spot::new(Path::new("a")));
        for stored in lines {
            state.apply(Record::Store(stored));
        }
        assert_eq!((state.refs.len(), state.going.len(), state.parked.len()), (refs.len(), 0, 0));
        assert_eq!(state.files[&Spot::new(Path::new("a"))].refs, 2);
    }

    #[test]
    fn i5_a_line_that_does_not_say_why_a_file_stays_removes_none_that_was_not_given_to_us() {
        for policy in ["forget_only", "something new", "delete_on_cleanup"] {
            let mut state = State::default();
            let reference = MediaRef::new();
            let Record::Store(line) = stored(reference, 7) else { panic!("it is another record") };
            let meta = Meta { policy: CleanupPolicy::from_word(policy), ..Meta::default() };
            state.apply(Record::Store(Stored { meta, ..line }));
            state.apply(dropped(vec![reference], By::Owner, 9));
            assert_eq!(state.going.len(), usize::from(policy == "delete_on_cleanup"), "{policy}");
            assert_eq!(state.going.len() + state.spared.len(), 1, "{policy}");
        }
    }

    #[test]
    fn i9_a_scope_of_which_nothing_is_left_is_forgotten() {
        let (state, _) = parked();
        assert!(state.scopes.is_empty(), "{:?}", state.scopes);
        let mut state = State::default();
        let refs = [MediaRef::new(), MediaRef::new()];
        for reference in &refs {
            state.apply(stored(*reference, 7));
        }
        state.apply(dropped(vec![refs[0]], By::Owner, 9));
        assert_eq!(state.scopes.values().map(HashSet::len).sum::<usize>(), 1);
        state.apply(dropped(vec![refs[1]], By::Owner, 9));
        assert!(state.scopes.is_empty() && state.going.len() == 1);
    }

    /// Each map says the same in its own way: where one has lost what another has, nothing goes for it, and nobody panics.
    #[test]
    fn i5_a_scope_that_has_a_reference_which_nobody_knows_lets_nothing_go() {
        let mut state = State::default();
        let refs = [MediaRef::new(), MediaRef::new()];
        for reference in &refs {
            state.apply(stored(*reference, 7));
        }
        state.refs.remove(&refs[0]).unwrap();
        let known: Vec<MediaRef> = state.scopes["s"].iter().copied().collect();
        assert_eq!(known.len(), 2);
        state.apply(dropped(known, By::Owner, 9));
        // The file still counts a reference that nobody has: it stays.
        assert!(state.going.is_empty() && state.refs.is_empty() && state.scopes.is_empty());
        assert_eq!(state.files[&Spot::new(Path::new("a"))].refs, 1);
    }
}
