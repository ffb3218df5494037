//! loom: the real protocol once more, in every schedule that gives way to the other contender unasked at most three times.

use std::{
    ffi::OsStr,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use loom::{model::Builder, sync::atomic::AtomicUsize as Point, thread};
use session_reaper::{
    fs::{Disk, MemDisk, Owner},
    lock::Kind,
};

use crate::{
    contend::{DAY, OURS, Protocol, Room, Scene, contend},
    naive::{Naive, Wrong},
    random::words_of,
};

/// In units of eight bytes.
const STACK: usize = 64 * 1024;

/// How often a contender may be stopped where it does not wait for anything.
const PREEMPTIONS: usize = 3;

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.max_branches = 10_000;
    builder
}

/// Every call touches one place that all threads share, so that the order of any two calls counts.
fn hooked(scene: &Scene, point: &Arc<Point>) -> MemDisk {
    let point = Arc::clone(point);
    scene.0.clone().with_hook(move || touch(&point))
}

fn touch(point: &Point) {
    point.fetch_add(1, Ordering::SeqCst);
}

/// Two contenders, each on a thread of its own.
fn two<P: Protocol>(protocol: &Arc<P>, point: &Arc<Point>) -> usize {
    let room = Arc::new(Room::default());
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (protocol, room, point) = (Arc::clone(protocol), Arc::clone(&room), Arc::clone(point));
            let run = move || contend(&*protocol, &room, (1, 2), || rest(&point)).unwrap();
            thread::Builder::new().stack_size(STACK).spawn(run).unwrap()
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).sum()
}

/// A point, and the other's turn: who cannot go on lets the other.
fn rest(point: &Point) {
    touch(point);
    thread::yield_now();
}

#[test]
fn i7_never_two_holders_in_every_schedule_of_two() {
    let (begin, ran, held) = (Instant::now(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (schedules, count) = (Arc::clone(&ran), Arc::clone(&held));
    builder().check(move || {
        let (scene, point) = (Scene::new(), Arc::new(Point::new(0)));
        let real = Arc::new(Scene::real(hooked(&scene, &point), DAY, Duration::ZERO));
        count.fetch_add(two(&real, &point), Ordering::SeqCst);
        scene.must_be_clean_after_one_more();
        schedules.fetch_add(1, Ordering::SeqCst);
    });
    let (ran, held) = (ran.load(Ordering::SeqCst), held.load(Ordering::SeqCst));
    eprintln!("{ran} schedules, all there are, in {:?}; the lock was held {held} times", begin.elapsed());
    assert!(ran >= 1_000 && held >= ran, "{ran} schedules, held {held} times");
}

/// The schedule in which a wrong protocol was caught.
fn caught(wrong: Wrong) -> (usize, String) {
    let ran = Arc::new(AtomicUsize::new(0));
    let schedules = Arc::clone(&ran);
    let found = catch_unwind(AssertUnwindSafe(|| {
        builder().check(move || {
            schedules.fetch_add(1, Ordering::SeqCst);
            let (scene, point) = (Scene::new(), Arc::new(Point::new(0)));
            let disk = hooked(&scene, &point);
            let folder = disk.folder(Path::new("/store")).unwrap();
            let private = disk.private_folder(&folder, OsStr::new(OURS), Owner::default()).unwrap();
            let naive = Naive::new(disk, folder, Arc::new(private), Kind::Transcript, wrong);
            // With two there is no third who comes while a lock is away; but its holder can see that it is.
            let naive = if wrong == Wrong::ClaimsOutOfTurn { naive.looking() } else { naive };
            two(&Arc::new(naive), &point);
        });
    }));
    let words = found.err().map(|panic| words_of(&*panic)).expect("nobody saw that it is wrong");
    (ran.load(Ordering::SeqCst), words)
}

fn must_be_caught(wrong: Wrong, sign: &str) {
    let begin = Instant::now();
    let (schedules, words) = caught(wrong);
    eprintln!("{wrong:?}: caught in schedule {schedules}, {:?}: {words}", begin.elapsed());
    assert!(words.contains(sign), "{words}");
}

#[test]
fn loom_catches_who_unlinks_by_name() {
    must_be_caught(Wrong::UnlinksByName, "two holders");
}

#[test]
fn loom_catches_who_claims_blindly() {
    must_be_caught(Wrong::ClaimsBlindly, "two holders");
}

#[test]
fn loom_catches_who_claims_out_of_turn() {
    must_be_caught(Wrong::ClaimsOutOfTurn, "the lock was lost");
}
