//! The thread that sweeps: when it begins, how it ends, and that there is one.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use session_reaper::artifact::media::MediaStore;

use crate::world::{World, delete};

const SOON: Duration = Duration::from_secs(10);

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A store with this pause, in which everything is too old at once.
fn store(world: &World, interval: &str) -> Arc<MediaStore> {
    let options = world.options().with_max_age("1ms").unwrap().with_interval(interval).unwrap();
    Arc::new(MediaStore::open(options, session_reaper::now()).unwrap())
}

/// A file that is too old in a moment.
fn old(world: &World, store: &MediaStore) -> std::path::PathBuf {
    let media = store.store(&world.media("a"), delete(), "s", session_reaper::now()).unwrap();
    thread::sleep(Duration::from_millis(20));
    media.path
}

#[test]
fn the_first_sweep_is_at_once_and_the_next_after_a_pause() {
    let world = World::new();
    let slow = store(&world, "1d");
    let path = old(&world, &slow);
    slow.start().unwrap();
    wait_until("the first sweep", || !path.exists());
    slow.stop();
    let quick = store(&world, "5ms");
    quick.start().unwrap();
    for _ in 0..3 {
        let path = old(&world, &quick);
        wait_until("another sweep", || !path.exists());
    }
}

#[test]
fn stop_interrupts_a_pause_at_once_and_start_works_again() {
    let world = World::new();
    let store = store(&world, "1d");
    // Before there is a thread nothing happens, and it can be started all the same.
    store.stop();
    for _ in 0..3 {
        let path = old(&world, &store);
        store.start().unwrap();
        store.start().unwrap();
        wait_until("a sweep", || !path.exists());
        let begun = Instant::now();
        store.stop();
        store.stop();
        assert!(begun.elapsed() < SOON);
    }
    let path = old(&world, &store);
    thread::sleep(Duration::from_millis(50));
    assert!(path.exists(), "swept after it was stopped");
}

#[test]
fn whoever_stops_it_comes_back_when_it_has_ended() {
    let world = World::new();
    for _ in 0..50 {
        let store = store(&world, "1ms");
        thread::scope(|scope| {
            for thread in 0..6 {
                let store = Arc::clone(&store);
                scope.spawn(move || if thread % 3 == 0 { store.start().unwrap() } else { store.stop() });
            }
        });
        store.stop();
        let path = old(&world, &store);
        thread::sleep(Duration::from_millis(2));
        assert!(path.exists());
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn it_ends_with_the_last_handle() {
    let world = World::new();
    let first = store(&world, "1ms");
    first.start().unwrap();
    let second = Arc::clone(&first);
    drop(first);
    let path = old(&world, &second);
    wait_until("a sweep", || !path.exists());
    drop(second);
    let options = world.options().with_enabled(false);
    let quiet = MediaStore::open(options, session_reaper::now()).unwrap();
    let path = old(&world, &quiet);
    // A disabled one starts nothing.
    quiet.start().unwrap();
    thread::sleep(Duration::from_millis(50));
    assert!(path.exists());
}
