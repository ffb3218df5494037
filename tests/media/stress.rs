//! Real threads, two stores on one folder, and a third that is opened and closed all the time.

use std::{
    fs, panic,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use session_reaper::artifact::media::MediaStore;

use crate::world::{MAX_AGE, World, at, delete};

const NAMES: [&str; 3] = ["a", "b", "sub/c"];
const LONG: Duration = Duration::from_secs(3);

/// Makes a file if it is not there, stores it, uses it, and lets it go in one of four ways.
fn live(world: &World, store: &MediaStore, worker: usize, round: u64) -> u64 {
    let name = NAMES[(worker + usize::try_from(round).unwrap()) % NAMES.len()];
    let path = world.path("media").join(name);
    // A folder that is empty for long goes, with the last file in it.
    let _ = fs::create_dir_all(path.parent().unwrap());
    let _ = fs::OpenOptions::new().write(true).create_new(true).open(&path);
    let now = session_reaper::now();
    let scope = format!("{worker}");
    // Somebody may have let it go between the two.
    let Ok(media) = store.store(&path, delete(), &scope, now) else { return 0 };
    let lease = (round.is_multiple_of(3)).then(|| store.lease(media.reference).unwrap());
    assert!(path.exists(), "{name} went although worker {worker} has it");
    assert!(store.resolve(media.reference, now).is_ok());
    thread::yield_now();
    assert!(path.exists(), "{name} went although worker {worker} has it");
    if round.is_multiple_of(2) {
        store.release_all(&scope).unwrap();
    } else {
        store.release(media.reference).unwrap();
    }
    drop(lease);
    1
}

#[test]
fn i1_nobody_loses_what_he_has_and_nothing_stays() {
    let world = World::new();
    let stores = [world.open(), world.open()];
    fs::create_dir(world.path("media/sub")).unwrap();
    let (stop, lives, sweeps, opened) =
        (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for worker in 0..8 {
            let (world, store, stop, lives) = (&world, &stores[worker % 2], &stop, &lives);
            scope.spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    let outcome =
                        panic::catch_unwind(panic::AssertUnwindSafe(|| live(world, store, worker, round)));
                    stop.fetch_or(outcome.is_err(), Ordering::Relaxed);
                    lives.fetch_add(outcome.unwrap(), Ordering::Relaxed);
                    round += 1;
                }
            });
        }
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(stores[0].clean_expired(session_reaper::now()).failed(), 0);
                sweeps.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(3));
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                drop(MediaStore::open(world.options(), session_reaper::now()).unwrap());
                opened.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(3));
            }
        });
        let begun = Instant::now();
        let told =
            || begun.elapsed() > LONG && lives.load(Ordering::Relaxed) > 200 || begun.elapsed() > 10 * LONG;
        while !stop.load(Ordering::Relaxed) && !told() {
            thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let [lives, sweeps, opened] = [&lives, &sweeps, &opened].map(|count| count.load(Ordering::Relaxed));
    eprintln!("{lives} lives of files, {sweeps} sweeps, opened {opened} times: nothing lost");
    assert!(lives > 200 && sweeps > 10 && opened > 10);
    assert_eq!(stores[1].references().unwrap(), 0);
    // What was made and never stored goes as an orphan.
    stores[1].clean_expired(at(0));
    for name in NAMES {
        assert!(!world.path("media").join(name).exists(), "{name} stays");
    }
}

/// Replaces a file that is too old by a new one, and stores that, over and over: what it has stored is there.
fn replace(world: &World, store: &MediaStore, worker: usize, round: u64) {
    let (path, scope) = (world.path("media").join(format!("w{worker}")), format!("{worker}"));
    let put = |text: &str| fs::rename(world.write(&format!("new-{worker}"), text), &path).unwrap();
    put("old");
    store.store(&path, delete(), &scope, at(0)).unwrap();
    thread::yield_now();
    let text = format!("{worker} {round}");
    put(&text);
    let media = store.store(&path, delete(), &scope, at(100 * MAX_AGE)).unwrap();
    for _ in 0..3 {
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "it was stored, and is gone");
        assert!(store.resolve(media.reference, at(100 * MAX_AGE)).is_ok());
        thread::yield_now();
    }
    store.release_all(&scope).unwrap();
    assert!(!path.exists(), "nobody wants it, and it stays");
}

#[test]
fn i1_what_is_stored_again_while_the_one_before_expires_stays_with_a_trash_and_without() {
    let world = World::new();
    let options = || world.options().with_orphan_grace("false").unwrap();
    let stores = [true, false].map(|trash| MediaStore::open(options().with_trash(trash), at(0)).unwrap());
    let (stop, rounds, expired) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    expired.fetch_add(store.clean_expired(at(MAX_AGE + 1)).swept(), Ordering::Relaxed);
                }
            });
        }
        for worker in 0..4 {
            let (world, store, stop, rounds) = (&world, &stores[worker % 2], &stop, &rounds);
            scope.spawn(move || {
                let begun = Instant::now();
                for round in 0.. {
                    let lived =
                        panic::catch_unwind(panic::AssertUnwindSafe(|| replace(world, store, worker, round)));
                    rounds.fetch_add(1, Ordering::Relaxed);
                    stop.fetch_or(lived.is_err() || begun.elapsed() > LONG, Ordering::Relaxed);
                    lived.unwrap();
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
    });
    let [rounds, expired] = [&rounds, &expired].map(|count| count.load(Ordering::Relaxed));
    eprintln!("{rounds} files replaced, {expired} references expired meanwhile: nothing lost");
    assert!(rounds > 50 && expired > 10);
}
