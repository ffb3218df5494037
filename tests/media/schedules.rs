//! shuttle: who stores a file while another removes it, in schedules drawn at random, with another's turn possible before
//! every call to the disk. The real code is run; beside it the way in two phases, which decides under a lock and removes
//! without it, and which must be caught.

use std::{
    any::Any,
    ffi::OsStr,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use session_reaper::{
    artifact::media::{CleanupPolicy, Meta},
    fs::{Disk, MemDisk},
};
use shuttle::{Config, FailurePersistence, Runner, scheduler::RandomScheduler, sync::Mutex, thread};

use crate::{
    memory::{MemStore, at, disk, open, path},
    world::MAX_AGE,
};

/// So many times a lock that is busy is tried again, another's turn before each.
const PATIENCE: usize = 100_000;

/// Each call is a point where another may go on.
fn hooked(disk: &MemDisk) -> MemDisk {
    disk.clone().knocking(PATIENCE).with_hook(thread::yield_now)
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = 512 * 1024;
    config.max_steps = shuttle::MaxSteps::None;
    config.failure_persistence = FailurePersistence::None;
    config
}

fn delete() -> Meta {
    Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() }
}

/// How the file goes while another stores it.
#[derive(Debug, Clone, Copy)]
enum Way {
    Release,
    Expire,
    Restart,
}

/// One store in a process of its own lets the file go; another stores it. Tells whether it was stored in time.
fn race(way: Way) -> bool {
    let disk = disk();
    let begin = open(&disk, at(0)).unwrap();
    disk.put(&path("a"), b"x");
    let old = begin.store(&path("a"), delete(), "s", at(0)).unwrap().reference;
    drop(begin);
    let (one, other) = (hooked(&disk), hooked(&disk));
    let remover = thread::spawn(move || {
        // Opened before the other one stores: it follows what the other writes.
        let store = open(&one, at(0)).unwrap();
        match way {
            Way::Release => drop(store.release(old).unwrap()),
            Way::Expire => drop(store.clean_expired(at(MAX_AGE + 1))),
            Way::Restart => {
                store.release(old).unwrap();
                drop(open(&one, at(1)).unwrap());
            }
        }
    });
    let storer = thread::spawn(move || {
        let store = open(&other, at(0)).unwrap();
        let stored = store.store(&path("a"), delete(), "t", at(MAX_AGE));
        is_kept(&store, stored.ok().map(|media| media.reference))
    });
    remover.join().unwrap();
    let kept = storer.join().unwrap();
    let store = open(&disk, at(MAX_AGE)).unwrap();
    assert_eq!(store.references().unwrap(), usize::from(kept));
    assert_eq!(
        disk.get(&path("a")).is_some(),
        kept,
        "it went although it was stored, or stays although nobody wants it"
    );
    kept
}

fn is_kept(store: &MemStore, reference: Option<session_reaper::artifact::media::MediaRef>) -> bool {
    reference.is_some_and(|reference| {
        assert!(store.resolve(reference, at(MAX_AGE)).is_ok(), "it was stored, and is gone");
        true
    })
}

fn never_lost(way: Way) {
    const SCHEDULES: usize = 3_000;
    let kept = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&kept);
    Runner::new(RandomScheduler::new(SCHEDULES), config()).run(move || {
        count.fetch_add(usize::from(race(way)), Ordering::SeqCst);
    });
    let kept = kept.load(Ordering::SeqCst);
    eprintln!("{way:?}: {SCHEDULES} schedules, stored in time in {kept}: never lost, never left");
    assert!(kept > 100 && SCHEDULES - kept > 100, "{kept}");
}

#[test]
fn i1_what_is_stored_while_its_last_name_is_released_is_not_lost() {
    never_lost(Way::Release);
}

#[test]
fn i1_what_is_stored_while_it_expires_is_not_lost() {
    never_lost(Way::Expire);
}

#[test]
fn i1_what_is_stored_while_another_restarts_is_not_lost() {
    never_lost(Way::Restart);
}

/// The way in two phases: counts under a lock, unlinks without it.
struct TwoPhases {
    disk: MemDisk,
    count: Mutex<u32>,
}

impl TwoPhases {
    fn store(&self) -> bool {
        let folder = self.disk.folder(Path::new("/base/media")).unwrap();
        let mut count = self.count.lock().unwrap();
        let is_there = self.disk.stat(&folder, OsStr::new("a")).is_ok();
        *count += u32::from(is_there);
        is_there
    }

    fn release(&self) {
        let folder = self.disk.folder(Path::new("/base/media")).unwrap();
        let is_last = {
            let mut count = self.count.lock().unwrap();
            *count -= 1;
            *count == 0
        };
        if is_last {
            let _ = self.disk.remove(&folder, OsStr::new("a"));
        }
    }
}

fn naive_race() {
    let disk = disk();
    disk.put(&path("a"), b"x");
    let store = Arc::new(TwoPhases { disk: hooked(&disk), count: Mutex::new(1) });
    let other = Arc::clone(&store);
    let remover = thread::spawn(move || other.release());
    let kept = store.store();
    remover.join().unwrap();
    assert_eq!(disk.get(&path("a")).is_some(), kept, "it went although it was stored");
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let word = panic.downcast_ref::<&str>().map(|word| (*word).to_owned());
    word.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[test]
fn the_way_in_two_phases_is_caught() {
    let tried = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tried);
    let found = catch_unwind(AssertUnwindSafe(|| {
        Runner::new(RandomScheduler::new(10_000), config()).run(move || {
            count.fetch_add(1, Ordering::SeqCst);
            naive_race();
        })
    }));
    let words = found.err().map(|panic| words_of(&*panic)).expect("nobody saw that it is wrong");
    eprintln!("in two phases: lost in schedule {}", tried.load(Ordering::SeqCst));
    assert!(words.contains("although it was stored"), "{words}");
}
