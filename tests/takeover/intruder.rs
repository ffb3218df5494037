//! Another process's lock takes the name right before each call of an attempt: it stands whole, or we have the lock.

use std::{
    ffi::OsStr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use session_reaper::{
    fs::{Disk, MemDisk, Owner, is_temp_of},
    lock::{Held, Note},
    model::Timestamp,
};

use crate::contend::{DAY, LOCK, OURS, Protocol, Scene, TURN, me, text};

/// A process that lives, and that we know nothing else of.
fn intruder() -> Vec<u8> {
    let mut bytes = text(me().pid, me().start.unwrap(), Timestamp::from_millis(1), DAY);
    bytes.extend([b' '; 40]);
    bytes
}

/// A handle that lets the intruder come before call `at`, and what counts the calls.
fn watched(scene: &Scene, at: usize, bytes: &[u8]) -> (MemDisk, Arc<AtomicUsize>) {
    let (disk, bytes, calls) = (scene.0.clone(), bytes.to_vec(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    let hook = move || {
        if counted.fetch_add(1, Ordering::SeqCst) == at {
            disk.put(&Path::new("/store").join(LOCK), &bytes);
        }
    };
    (scene.0.clone().with_hook(hook), calls)
}

/// How an attempt ended that an intruder met.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum End {
    /// The intruder came first, and stands.
    Left,
    /// The intruder came after we had the lock, took it, and stands; we know.
    Lost,
    /// The intruder came too late.
    Had,
}

/// A dead lock as long as the intruder's, so that the size tells nothing.
fn as_long_as(bytes: &[u8]) -> Scene {
    let scene = Scene::new();
    let mut dead = scene.lock().unwrap();
    assert!(dead.len() <= bytes.len(), "the dead lock is the longer one");
    dead.resize(bytes.len(), b' ');
    scene.put(&dead);
    scene
}

fn meet(at: usize) -> End {
    let bytes = intruder();
    let scene = as_long_as(&bytes);
    // Opening the folders is no part of the attempt.
    let (disk, calls) = watched(&scene, at + 2, &bytes);
    let real = Scene::real(disk, DAY, Duration::ZERO);
    let held = real.attempt().unwrap();
    let came = calls.load(Ordering::SeqCst) > at + 2;
    let end = match held {
        None => End::Left,
        Some(held) if came => lost(&real, held),
        Some(_) => return End::Had,
    };
    assert_eq!(scene.lock().as_deref(), Some(&*bytes), "before call {at}: {end:?}");
    assert_eq!(scene.temps(), Vec::<String>::new(), "before call {at}: {end:?}");
    end
}

fn lost<P: Protocol<Held = Held<MemDisk>>>(real: &P, held: Held<MemDisk>) -> End {
    assert!(!held.is_ours(), "the intruder's lock is taken for ours");
    real.release(held).unwrap();
    End::Lost
}

#[test]
fn i7_an_intruder_before_any_call_of_an_attempt_keeps_its_lock() {
    let ends: Vec<End> = (0..100).map(meet).scan(false, take_up_to_had).collect();
    let count = |end| ends.iter().filter(|other| **other == end).count();
    let (left, lost) = (count(End::Left), count(End::Lost));
    eprintln!(
        "an intruder before each of {} calls: {left} times we left, {lost} times we knew",
        ends.len() - 1
    );
    assert!(left >= 10 && lost >= 1 && ends.len() >= 15, "{ends:?}");
}

/// All ends, the first that no intruder could spoil included.
fn take_up_to_had(is_over: &mut bool, end: End) -> Option<End> {
    let was_over = std::mem::replace(is_over, end == End::Had);
    (!was_over).then_some(end)
}

/// Likewise before each call of a release, which must leave what is not ours.
#[test]
fn i7_an_intruder_before_any_call_of_a_release_keeps_its_lock() {
    let mut met = 0;
    for at in 0.. {
        let (scene, bytes) = (Scene::new(), intruder());
        let calls = calls_of_an_attempt();
        let (disk, counted) = watched(&scene, calls + at, &bytes);
        let real = Scene::real(disk, DAY, Duration::ZERO);
        let held = real.attempt().unwrap().unwrap();
        real.release(held).unwrap();
        assert_eq!(scene.temps(), Vec::<String>::new(), "before call {at} of a release");
        if counted.load(Ordering::SeqCst) <= calls + at {
            assert_eq!(scene.lock(), None);
            break;
        }
        assert_eq!(scene.lock().as_deref(), Some(&*bytes), "before call {at} of a release");
        met += 1;
    }
    eprintln!("an intruder before each of {met} calls of a release keeps its lock");
    assert!(met >= 7, "only {met} calls");
}

/// Who has the turn clears what lies about, so also what a release has that could not wait for its turn.
#[test]
fn a_release_out_of_turn_that_is_tidied_away_is_a_release() {
    let (scene, armed) = (Scene::new(), Arc::new(AtomicBool::new(false)));
    let (plain, is_armed) = (scene.0.clone(), Arc::clone(&armed));
    let disk = scene.0.clone().with_hook(move || {
        if is_armed.load(Ordering::SeqCst) {
            tidy(&plain);
        }
    });
    let held = Scene::real(disk, DAY, Duration::ZERO).attempt().unwrap().unwrap();
    let turn = scene.0.try_lock(&ours(&scene.0), OsStr::new(TURN), Owner::default()).unwrap();
    assert!(turn.is_some());
    armed.store(true, Ordering::SeqCst);
    held.release().unwrap();
    assert_eq!((scene.lock(), scene.temps()), (None, Vec::new()));
}

fn ours(disk: &MemDisk) -> <MemDisk as Disk>::Folder {
    let folder = disk.folder(Path::new("/store")).unwrap();
    disk.private_folder(&folder, OsStr::new(OURS), Owner::default()).unwrap()
}

/// As an attempt does in its turn.
fn tidy(disk: &MemDisk) {
    let ours = ours(disk);
    for name in disk.list(&ours).unwrap().iter().filter(|name| is_temp_of(name, OsStr::new(LOCK))) {
        disk.remove(&ours, name).unwrap();
    }
}

/// With the opening of the folders.
fn calls_of_an_attempt() -> usize {
    let scene = Scene::new();
    let (disk, calls) = watched(&scene, usize::MAX, b"");
    let real = Scene::real(disk, DAY, Duration::ZERO);
    let held = real.attempt().unwrap();
    let count = calls.load(Ordering::SeqCst);
    assert!(held.is_some() && Note::read(&scene.lock().unwrap()).is_some());
    count
}
