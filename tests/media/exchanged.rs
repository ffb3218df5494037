//! A new file that is renamed over one that goes for ever, at any of the calls by which it goes, and is stored then: it is never
//! lost, also where whoever lets the other go is killed at any call after that.

use std::{
    fs,
    sync::{
        Arc, Barrier,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use session_reaper::{
    Timestamp,
    artifact::media::{MediaStore, Options},
    fs::{Disk, MemDisk},
};

use crate::{
    memory::{MemStore, at, disk, open, path},
    world::{self, MAX_AGE, World, delete},
};

const NEW: &[u8] = b"new";

/// In which way the old file goes for ever.
#[derive(Debug, Clone, Copy)]
enum Way {
    Release,
    Expire,
    Orphan,
    /// It was in use when it was let go.
    Late,
}

const WAYS: [Way; 4] = [Way::Release, Way::Expire, Way::Orphan, Way::Late];

fn without_trash(disk: MemDisk) -> MemStore {
    let options = Options::new("/base/media").unwrap().with_trash(false).with_orphan_grace("1m").unwrap();
    MediaStore::open_on(disk, options, at(0)).unwrap()
}

/// What came of one race.
struct Raced {
    was_exchanged: bool,
    calls: u64,
}

/// Lets the file go. Before this call somebody renames another over it, and from that one on all fail.
fn race(way: Way, births: bool, exchange_at: i64, dies_at: u64) -> Raced {
    let disk = if births { disk() } else { disk().without_births() };
    let left = Arc::new(AtomicI64::new(-1));
    let (count, other) = (Arc::clone(&left), disk.clone());
    let exchange = move || {
        if count.fetch_sub(1, Ordering::SeqCst) == 0 {
            other.put(&path("sub/a"), NEW);
        }
    };
    let store = without_trash(disk.clone().with_hook(exchange));
    let late = open(&disk, at(0)).unwrap();
    disk.put(&path("sub/a"), b"old");
    disk.put(&path("sub/b"), b"it stays");
    late.store(&path("sub/b"), delete(), "b", at(10 * MAX_AGE)).unwrap();
    let reference = match way {
        Way::Orphan => None,
        _ => Some(late.store(&path("sub/a"), delete(), "s", at(0)).unwrap().reference),
    };
    let lease = reference.filter(|_| matches!(way, Way::Late)).map(|reference| {
        let lease = store.lease(reference).unwrap();
        assert_eq!(store.release_all("s").unwrap().waiting, 1);
        lease
    });
    (0..60).for_each(|_| disk.put(std::path::Path::new("/base/out/keep"), b"x"));
    left.store(exchange_at, Ordering::SeqCst);
    disk.fail_at(dies_at, true);
    match way {
        Way::Release => drop(store.release_all("s")),
        Way::Expire => drop(store.clean_expired(at(MAX_AGE + 1))),
        // What comes to its place by then is young: seconds fly on this disk.
        Way::Orphan => drop(store.clean_expired(Timestamp::from_nanos(disk.now_ns()))),
        Way::Late => drop(lease),
    }
    let calls = disk.heal();
    let was_exchanged = left.swap(-1, Ordering::SeqCst) < 0;
    drop(store);
    judge(
        &disk,
        &late,
        was_exchanged,
        &format!("{way:?}, births {births}, exchanged at {exchange_at}, dead at {dies_at}"),
    );
    Raced { was_exchanged, calls }
}

fn judge(disk: &MemDisk, store: &MemStore, was_exchanged: bool, what: &str) {
    if was_exchanged {
        let stored = store.store(&path("sub/a"), delete(), "new", at(10 * MAX_AGE));
        let stored = stored.unwrap_or_else(|error| panic!("{what}: {error}"));
        drop(open(disk, at(MAX_AGE)).unwrap().clean_expired(at(MAX_AGE)));
        assert_eq!(disk.get(&path("sub/a")).as_deref(), Some(NEW), "{what}");
        assert!(store.resolve(stored.reference, at(10 * MAX_AGE)).is_ok(), "{what}");
        store.release_all("new").unwrap();
    }
    store.release_all("s").unwrap();
    for _ in 0..2 {
        open(disk, at(MAX_AGE)).unwrap().clean_expired(at(MAX_AGE + 1));
    }
    let ours = disk.names(&path(".session-reaper"));
    assert!(!ours.iter().any(|name| name.contains("going")), "{what}: {ours:?}");
    assert_eq!(disk.names(&path("sub")), ["b"], "{what}");
}

#[test]
fn i1_a_file_that_is_renamed_over_one_that_goes_is_not_lost_whichever_call_it_was() {
    let mut races = 0;
    for (way, births) in WAYS.iter().flat_map(|way| [(*way, true), (*way, false)]) {
        for exchange_at in 0.. {
            if !race(way, births, exchange_at, u64::MAX).was_exchanged {
                break;
            }
            races += 1;
        }
    }
    eprintln!("a file was exchanged before each of {races} calls: never lost");
    assert!(races > 100, "{races}");
}

#[test]
fn i1_i3_nor_when_whoever_lets_the_other_go_is_killed_after_that() {
    let mut races = 0;
    for way in [Way::Release, Way::Orphan] {
        let all = race(way, true, i64::MAX, u64::MAX).calls;
        for (exchange_at, dies_at) in (0..all).flat_map(|one| (one..=all).map(move |other| (one, other))) {
            race(way, true, exchange_at.cast_signed(), dies_at);
            races += 1;
        }
    }
    eprintln!("{races} races, each with a death: never lost");
    assert!(races > 500, "{races}");
}

/// On a disk of the machine's own, with threads.
#[test]
fn i1_what_somebody_renames_over_a_file_that_goes_and_stores_stays() {
    let world = World::new();
    let (store, other) = (world.open(), world.open());
    let (target, turn, lost) = (world.path("media/a"), Barrier::new(2), AtomicU64::new(0));
    let (begun, mut rounds) = (Instant::now(), 0_u64);
    while begun.elapsed() < Duration::from_secs(4) {
        fs::write(&target, "old").unwrap();
        store.store(&target, delete(), "old", world::at(0)).unwrap();
        let new = world.write("new", &rounds.to_string());
        thread::scope(|scope| {
            scope.spawn(|| {
                turn.wait();
                store.release_all("old").unwrap();
            });
            turn.wait();
            // Somewhere in the time that a release takes.
            let wait = Duration::from_micros(rounds * 7 % 400);
            let now = Instant::now();
            while now.elapsed() < wait {
                std::hint::spin_loop();
            }
            fs::rename(&new, &target).unwrap();
            let stored = other.store(&target, delete(), "new", world::at(0)).is_ok();
            lost.fetch_add(u64::from(!stored), Ordering::SeqCst);
        });
        let text = fs::read_to_string(&target).unwrap_or_default();
        lost.fetch_add(u64::from(text != rounds.to_string()), Ordering::SeqCst);
        other.release_all("new").unwrap();
        rounds += 1;
    }
    eprintln!("{rounds} rounds, {} files lost", lost.load(Ordering::SeqCst));
    assert!(rounds > 100 && lost.load(Ordering::SeqCst) == 0);
}
