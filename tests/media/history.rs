//! Random histories of two stores on one folder, restarts among them, beside a model of what must be.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use session_reaper::artifact::media::{CleanupPolicy, Lease, MediaRef, Meta, Report};
use session_reaper::fs::MemDisk;

use crate::{
    memory::{MemStore, at, disk, open, path},
    world::{MAX_AGE, MINUTE},
};

/// The last one is not in the store's folder.
const FILES: [&str; 4] = ["a", "b", "sub/c", "../out/d"];
const OUTSIDE: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Put(usize),
    Store { store: usize, file: usize, deletes: bool, scope: usize },
    Resolve { store: usize, which: usize },
    Release { store: usize, which: usize },
    ReleaseAll { store: usize, scope: usize },
    Lease { store: usize, which: usize },
    End(usize),
    Wait(i64),
    Sweep(usize),
    Restart(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (store, file, which, scope) = (0..2_usize, 0..FILES.len(), 0..8_usize, 0..2_usize);
    let waits = prop::sample::select(vec![1, MINUTE, 10 * MINUTE, MAX_AGE - 1, MAX_AGE, MAX_AGE + 1]);
    prop_oneof![
        3 => file.clone().prop_map(Step::Put),
        6 => (store.clone(), file, any::<bool>(), scope.clone())
            .prop_map(|(store, file, deletes, scope)| Step::Store { store, file, deletes, scope }),
        3 => (store.clone(), which.clone()).prop_map(|(store, which)| Step::Resolve { store, which }),
        3 => (store.clone(), which.clone()).prop_map(|(store, which)| Step::Release { store, which }),
        1 => (store.clone(), scope).prop_map(|(store, scope)| Step::ReleaseAll { store, scope }),
        2 => (store.clone(), which.clone()).prop_map(|(store, which)| Step::Lease { store, which }),
        2 => which.prop_map(Step::End),
        3 => waits.prop_map(Step::Wait),
        3 => store.clone().prop_map(Step::Sweep),
        2 => store.prop_map(Step::Restart),
    ]
}

#[derive(Debug, Default, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct File {
    is_there: bool,
    refs: u32,
    kept: bool,
    replaced: bool,
    going: bool,
    spared: bool,
}

#[derive(Debug, Clone)]
struct Ref {
    file: usize,
    scope: usize,
    noted: i64,
    used: [i64; 2],
}

/// What must be.
#[derive(Debug, Default)]
struct Model {
    files: [File; 4],
    refs: BTreeMap<MediaRef, Ref>,
    leased: Vec<usize>,
}

impl Model {
    fn put(&mut self, file: usize) {
        let file = &mut self.files[file];
        file.replaced = file.is_there || file.refs > 0 || file.going;
        file.is_there = true;
    }

    fn store(&mut self, reference: MediaRef, file: usize, deletes: bool, scope: usize, now: i64) {
        let found = &mut self.files[file];
        if found.refs == 0 {
            (found.kept, found.going, found.spared) = (false, false, false);
        }
        found.refs += 1;
        found.replaced = false;
        found.kept |= !deletes || file == OUTSIDE;
        self.refs.insert(reference, Ref { file, scope, noted: now, used: [now; 2] });
    }

    fn drop(&mut self, reference: MediaRef) {
        let file = self.refs.remove(&reference).unwrap().file;
        self.files[file].refs -= 1;
        if self.files[file].refs == 0 {
            if self.files[file].kept {
                self.files[file].spared = true;
            } else {
                self.files[file].going = true;
                self.remove(file);
            }
        }
    }

    fn remove(&mut self, number: usize) {
        let file = &mut self.files[number];
        if file.going && !self.leased.contains(&number) {
            file.going = false;
            file.is_there &= file.replaced;
        }
    }

    fn settle(&mut self) {
        (0..FILES.len()).for_each(|file| self.remove(file));
        self.files.iter_mut().for_each(|file| file.spared &= file.is_there);
    }

    fn take_orphans(&mut self) {
        for file in &mut self.files[..OUTSIDE] {
            file.is_there &= file.refs > 0 || file.going || file.spared;
        }
    }

    fn sweep(&mut self, store: usize, now: i64) {
        self.settle();
        self.take_orphans();
        let is_old = |found: &Ref| {
            now - found.noted.max(found.used[store]) > MAX_AGE && !self.leased.contains(&found.file)
        };
        let old: Vec<_> =
            self.refs.iter().filter(|(_, found)| is_old(found)).map(|(reference, _)| *reference).collect();
        for reference in old {
            self.drop(reference);
        }
    }

    fn restart(&mut self, store: usize) {
        self.refs.values_mut().for_each(|found| found.used[store] = found.noted);
        self.settle();
        let absent = self.refs.iter().filter(|(_, found)| !self.files[found.file].is_there);
        let absent: Vec<_> = absent.map(|(reference, _)| *reference).collect();
        for reference in absent {
            self.drop(reference);
        }
        self.take_orphans();
    }

    fn nth(&self, which: usize) -> Option<MediaRef> {
        self.refs.keys().nth(which % self.refs.len().max(1)).copied()
    }
}

struct Run {
    disk: MemDisk,
    stores: [Option<MemStore>; 2],
    leases: Vec<Lease<MemDisk>>,
    model: Model,
    now: i64,
}

impl Run {
    fn new() -> Self {
        let disk = disk();
        let stores = [(); 2].map(|()| Some(open(&disk, at(0)).unwrap()));
        Self { disk, stores, leases: Vec::new(), model: Model::default(), now: 0 }
    }

    fn store(&self, number: usize) -> &MemStore {
        self.stores[number].as_ref().unwrap()
    }

    fn step(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Put(file) => {
                self.disk.put(&plain(file), b"12345");
                self.model.put(file);
            }
            Step::Store { store, file, deletes, scope } => {
                let policy = if deletes { CleanupPolicy::DeleteOnCleanup } else { CleanupPolicy::ForgetOnly };
                let meta = Meta { policy, ..Meta::default() };
                let stored = self.store(store).store(&plain(file), meta, &scope.to_string(), at(now));
                assert_eq!(stored.is_ok(), self.model.files[file].is_there);
                if let Ok(media) = stored {
                    self.model.store(media.reference, file, deletes, scope, now);
                }
            }
            Step::Resolve { store, which } => self.resolve(store, which),
            Step::Release { store, which } => {
                if let Some(reference) = self.model.nth(which) {
                    assert_eq!(self.store(store).release(reference).unwrap().references, 1);
                    self.model.drop(reference);
                }
            }
            Step::ReleaseAll { store, scope } => {
                self.store(store).release_all(&scope.to_string()).unwrap();
                let refs = self.model.refs.iter().filter(|(_, found)| found.scope == scope);
                let refs: Vec<_> = refs.map(|(reference, _)| *reference).collect();
                for reference in refs {
                    self.model.drop(reference);
                }
            }
            Step::Lease { store, which } => {
                if let Some(reference) = self.model.nth(which) {
                    let lease = self.store(store).lease(reference).unwrap();
                    self.leases.push(lease);
                    self.model.leased.push(self.model.refs[&reference].file);
                }
            }
            Step::End(which) => self.end(which),
            Step::Wait(millis) => self.now += millis,
            Step::Sweep(store) => {
                adds_up(&self.store(store).clean_expired(at(now)));
                self.model.sweep(store, now);
            }
            Step::Restart(store) => {
                self.stores[store] = None;
                self.stores[store] = Some(open(&self.disk, at(now)).unwrap());
                self.model.restart(store);
            }
        }
    }

    fn resolve(&mut self, store: usize, which: usize) {
        let Some(reference) = self.model.nth(which) else { return };
        let is_there = self.model.files[self.model.refs[&reference].file].is_there;
        assert_eq!(self.store(store).resolve(reference, at(self.now)).is_ok(), is_there);
        let found = self.model.refs.get_mut(&reference).unwrap();
        if is_there {
            found.used[store] = self.now;
            if self.now - found.noted >= MINUTE {
                found.noted = self.now;
            }
        }
    }

    fn end(&mut self, which: usize) {
        if !self.leases.is_empty() {
            let which = which % self.leases.len();
            drop(self.leases.remove(which));
            let file = self.model.leased.remove(which);
            self.model.remove(file);
        }
    }

    /// What is there is what must be there.
    fn check(&self) {
        for (number, file) in self.model.files.iter().enumerate() {
            assert_eq!(self.disk.get(&plain(number)).is_some(), file.is_there, "{} {file:?}", FILES[number]);
        }
        for store in self.stores.iter().flatten() {
            assert_eq!(store.references().unwrap(), self.model.refs.len());
        }
    }

    /// When everybody lets go, nothing stays but what was to stay.
    fn finish(mut self) {
        for which in 0..self.leases.len() {
            let _ = which;
            self.step(&Step::End(0));
        }
        for scope in 0..2 {
            self.step(&Step::ReleaseAll { store: 0, scope });
        }
        self.step(&Step::Sweep(1));
        self.check();
        let stays: BTreeSet<_> = (0..OUTSIDE).filter(|file| self.model.files[*file].is_there).collect();
        assert!(stays.iter().all(|file| self.model.files[*file].spared));
        assert!(self.model.refs.is_empty());
    }
}

fn plain(file: usize) -> std::path::PathBuf {
    if file == OUTSIDE { "/base/out/d".into() } else { path(FILES[file]) }
}

fn adds_up(report: &Report) {
    let parts = report.swept() + report.retained() + report.skipped() + report.failed();
    assert_eq!(report.scanned, parts, "{report}");
    assert_eq!(report.scanned, report.outcomes().map(|(_, count)| count).sum::<u64>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn i1_i9_no_file_goes_before_its_names_and_none_stays_for_ever(steps in prop::collection::vec(step(), 1..40)) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
            run.check();
        }
        run.finish();
    }
}
