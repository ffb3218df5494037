//! Who waits for the lock, for how long, and whom a sweep keeps waiting.

use std::{
    fs,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use session_reaper::artifact::media::{MediaStore, Options, Outcome};

use crate::{
    memory,
    world::{MAX_AGE, World, at, delete, put},
};

/// Less than the patience of those who wait.
const SOON: Duration = Duration::from_secs(12);

/// Another program has the store's lock for as long as this lives.
fn hold(world: &World) -> fs::File {
    let lock = fs::File::open(world.path("media/.session-reaper/media.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    lock
}

#[test]
fn whoever_stops_or_lets_go_does_not_wait_for_who_has_the_lock() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let owned = store.store_owned(&world.media("b"), delete(), "s", at(0)).unwrap();
    let (lease, path) = (store.lease(media.reference).unwrap(), owned.path().to_owned());
    let held = hold(&world);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| store.resolve(media.reference, at(0)).unwrap());
        }
        thread::sleep(Duration::from_millis(50));
        store.start().unwrap();
        thread::sleep(Duration::from_millis(50));
        let begun = Instant::now();
        store.stop();
        assert!(begun.elapsed() < SOON, "stopped after {:?}", begun.elapsed());
        let begun = Instant::now();
        drop(owned);
        drop(lease);
        assert!(begun.elapsed() < SOON, "let go after {:?}", begun.elapsed());
        assert!(path.exists());
        drop(held);
    });
    store.clean_expired(at(0));
    assert!(!path.exists(), "what is owed is done");
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
}

#[test]
fn others_have_their_turn_while_a_sweep_goes_on() {
    const FILES: usize = 6_000;
    let world = World::new();
    let (store, other) = (world.open(), world.open());
    let young = store.store(&world.media("young"), delete(), "y", at(MAX_AGE)).unwrap();
    let options = world.options().with_orphan_grace("1ms").unwrap();
    let sweeper = MediaStore::open(options, session_reaper::now()).unwrap();
    for number in 0..FILES {
        world.media(&format!("{number}"));
    }
    let (over, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut worst = Duration::ZERO;
    let swept = thread::scope(|scope| {
        let sweep = scope.spawn(|| {
            let report = sweeper.clean_expired(at(0));
            over.store(true, Ordering::SeqCst);
            report
        });
        while !over.load(Ordering::SeqCst) {
            let begun = Instant::now();
            other.resolve(young.reference, at(MAX_AGE + 1)).unwrap();
            worst = worst.max(begun.elapsed());
            turns.fetch_add(1, Ordering::SeqCst);
        }
        sweep.join().unwrap()
    });
    let turns = turns.load(Ordering::SeqCst);
    eprintln!("{turns} turns in a sweep of {:?}, the longest wait {worst:?}", swept.duration);
    assert_eq!(swept.count(Outcome::Removed), FILES as u64, "{swept}");
    // There are eleven pauses between its batches.
    assert!(turns > 5, "{turns} turns in {:?}", swept.duration);
}

/// Parks the thread that sweeps before its next call to the disk.
#[derive(Default)]
struct Park {
    closed: Mutex<bool>,
    opened: Condvar,
    parked: AtomicBool,
}

impl Park {
    fn pass(&self) {
        if thread::current().name() != Some("media-store") {
            return;
        }
        let mut closed = self.closed.lock().unwrap();
        while *closed {
            self.parked.store(true, Ordering::SeqCst);
            closed = self.opened.wait(closed).unwrap();
        }
    }
}

#[test]
fn nobody_who_stops_it_comes_back_before_it_has_ended() {
    let park = Arc::new(Park::default());
    let hook = Arc::clone(&park);
    let disk = memory::disk().with_hook(move || hook.pass());
    let store = MediaStore::open_on(disk, Options::new("/base/media").unwrap(), memory::at(0)).unwrap();
    *park.closed.lock().unwrap() = true;
    store.start().unwrap();
    let begun = Instant::now();
    while !park.parked.load(Ordering::SeqCst) {
        assert!(begun.elapsed() < SOON, "the sweep never begins");
        thread::sleep(Duration::from_millis(1));
    }
    thread::scope(|scope| {
        let stops = [(); 4].map(|()| scope.spawn(|| store.stop()));
        thread::sleep(Duration::from_millis(200));
        let early = stops.iter().filter(|stop| stop.is_finished()).count();
        *park.closed.lock().unwrap() = false;
        park.opened.notify_all();
        assert_eq!(early, 0, "so many came back while it still sweeps");
        for stop in stops {
            stop.join().unwrap();
        }
    });
}
