//! How leases begin and end: release, drop, re-entrancy, the watchdog.

use std::{
    thread,
    time::{Duration, Instant},
};

use session_reaper::{
    Timestamp,
    lock::{Ended, Lease, LeaseController, LeaseError, LeaseRequest, Note, Paused, SignalWatch},
};

use crate::{FIRST, PATIENCE, World, child::Child, held_for, takeover, within};

const SHORT: Duration = Duration::from_millis(30);

fn reentrant() -> LeaseRequest {
    LeaseRequest { reentrant: true, ..within(SHORT) }
}

#[test]
fn the_lock_on_disk_says_who_has_it_and_for_how_long() {
    let world = World::new();
    let lease = LeaseController::default().acquire_with(world.transcript(), held_for(SHORT * 1000)).unwrap();
    let note = Note::read(&std::fs::read(world.lock()).unwrap()).unwrap();
    assert_eq!((note.pid, note.max_hold), (Some(std::process::id()), Some(SHORT * 1000)));
    assert!(lease.is_held() && lease.path().ends_with("one.jsonl"));
}

#[test]
fn a_lease_ends_when_it_is_dropped_or_released_and_to_release_twice_does_nothing() {
    let world = World::new();
    let controller = LeaseController::default();
    drop(controller.acquire(world.transcript()).unwrap());
    assert!(!world.lock().exists());
    let lease = controller.acquire(world.transcript()).unwrap();
    lease.release().unwrap();
    let next = controller.acquire_with(world.transcript(), within(SHORT)).unwrap();
    lease.release().unwrap();
    assert!(matches!(lease.append(b"late\n"), Err(LeaseError::Released { .. })));
    drop(lease);
    assert!(next.is_held() && world.lock().exists(), "a second release must not take the next one's lock");
    assert_eq!(world.text(), FIRST);
    assert!(!world.0.path().join(".session-reaper").read_dir().unwrap().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().ends_with(".tmp")
    }));
}

#[test]
fn a_lease_is_shared_only_on_request_and_only_within_its_controller() {
    let world = World::new();
    let controller = LeaseController::default();
    let first = controller.acquire(world.transcript()).unwrap();
    for refused in [
        controller.acquire_with(world.transcript(), within(SHORT)),
        LeaseController::default().acquire_with(world.transcript(), reentrant()),
    ] {
        assert!(matches!(refused, Err(LeaseError::Timeout { .. })), "{refused:?}");
    }
    let second = controller.clone().acquire_with(world.transcript(), reentrant()).unwrap();
    second.append(b"2\n").unwrap();
    first.append(b"1\n").unwrap();
    first.release().unwrap();
    first.release().unwrap();
    assert!(matches!(first.append(b"late\n"), Err(LeaseError::Released { .. })));
    second.append(b"2\n").unwrap();
    let third = controller.acquire_with(world.transcript(), reentrant()).unwrap();
    assert!(matches!(third.pause(), Err(LeaseError::Shared { .. })));
    second.append(b"2\n").unwrap();
    drop(second);
    assert!(!world.lock().exists());
    assert_eq!(world.text(), format!("{FIRST}2\n1\n2\n2\n"));
    // Where nothing is held, a request that may share takes the lock.
    assert!(controller.acquire_with(world.transcript(), reentrant()).unwrap().is_held());
}

#[test]
fn the_watchdog_ends_a_hog() {
    let world = World::new();
    let controller = LeaseController::default();
    let hog = controller.acquire_with(world.transcript(), held_for(Duration::from_millis(150))).unwrap();
    hog.append(b"1\n").unwrap();
    let begin = Instant::now();
    let next = LeaseController::default().acquire_with(world.transcript(), within(PATIENCE)).unwrap();
    println!("a hog of 150 ms was ended after {:?}", begin.elapsed());
    // It did not wait for the lock to be too old for other processes, which is a second later.
    assert!(begin.elapsed() < Duration::from_millis(1_100), "{:?}", begin.elapsed());
    assert_eq!(takeover(hog.append(b"late\n")), Ended::Overheld(Duration::from_millis(150)));
    next.append(b"2\n").unwrap();
    drop(hog);
    assert!(next.is_held());
    // The same controller goes on: it was one lease that ended, not the attempt.
    next.release().unwrap();
    controller.acquire(world.transcript()).unwrap().append(b"3\n").unwrap();
    assert_eq!(world.text(), format!("{FIRST}1\n2\n3\n"));
}

/// A lock as OpenClaw writes it, of this very process, which lives.
fn put_foreign(world: &World, age_s: i64, max_hold_ms: Option<u64>) -> String {
    let created = Timestamp::from_millis(session_reaper::now().as_millis() - age_s * 1000);
    let mut note = serde_json::json!({ "pid": std::process::id(), "createdAt": created });
    note["maxHoldMs"] = serde_json::json!(max_hold_ms);
    let text = format!("{note:#}\n");
    std::fs::write(world.lock(), &text).unwrap();
    text
}

#[test]
fn a_lock_of_another_program_is_never_taken_for_being_held_too_long() {
    let world = World::new();
    for (age_s, max_hold_ms) in [(1, Some(300_000)), (600, Some(300_000)), (600, None)] {
        let text = put_foreign(&world, age_s, max_hold_ms);
        let refused = LeaseController::default().acquire_with(world.transcript(), within(SHORT));
        match refused {
            Err(LeaseError::Timeout { pid, age: Some(age), verdict: Some(_), .. }) => {
                assert!(pid == Some(std::process::id()) && age.as_secs() >= age_s.unsigned_abs());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(std::fs::read_to_string(world.lock()).unwrap(), text);
    }
    put_foreign(&world, 1_801, None);
    LeaseController::default()
        .acquire_with(world.transcript(), within(SHORT))
        .unwrap()
        .append(b"1\n")
        .unwrap();
}

#[test]
fn all_of_it_can_be_handed_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<LeaseController>();
    check::<Lease>();
    check::<Paused>();
    check::<SignalWatch>();
    check::<LeaseError>();
}

#[test]
fn leases_outlive_their_controllers_handles() {
    let world = World::new();
    let lease = LeaseController::default().acquire(world.transcript()).unwrap();
    lease.append(b"1\n").unwrap();
    assert!(lease.is_held());
}

#[test]
fn who_waits_is_given_up_too() {
    let world = World::new();
    let _holder = LeaseController::default().acquire(world.transcript()).unwrap();
    let attempt = LeaseController::default();
    let waiting = {
        let (attempt, path) = (attempt.clone(), world.transcript());
        thread::spawn(move || attempt.acquire_with(path, within(PATIENCE)))
    };
    thread::sleep(SHORT);
    let begin = Instant::now();
    assert_eq!(attempt.abandon_in_flight("enough").released, 0);
    assert_eq!(takeover(waiting.join().unwrap()), Ended::Abandoned("enough".to_owned()));
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(attempt.is_abandoned() && world.lock().exists());
}

#[test]
fn all_leases_of_an_attempt_are_abandoned_and_no_others() {
    let worlds = [World::new(), World::new(), World::new()];
    let (attempt, other) = (LeaseController::default(), LeaseController::default());
    let ours: Vec<_> = worlds[..2].iter().map(|world| attempt.acquire(world.transcript()).unwrap()).collect();
    let theirs = other.acquire(worlds[2].transcript()).unwrap();
    // One is in nobody's hands any more, and will never be dropped.
    let (kept, leaked) = (&ours[0], attempt.acquire_with(worlds[1].transcript(), reentrant()).unwrap());
    std::mem::forget(leaked);
    let abandoned = attempt.abandon_in_flight("done");
    assert_eq!((abandoned.released, abandoned.files.len()), (2, 2));
    assert!(!worlds[0].lock().exists() && !worlds[1].lock().exists() && theirs.is_held());
    assert_eq!(takeover(kept.append(b"late\n")), Ended::Abandoned("done".to_owned()));
    assert_eq!(attempt.abandon_in_flight("again").released, 0);
    assert_eq!(takeover(kept.append(b"late\n")), Ended::Abandoned("done".to_owned()));
    theirs.append(b"1\n").unwrap();
}

#[test]
fn no_thread_is_left_behind() {
    let world = World::new();
    let mut child = Child::start("threads", &world, &[]);
    assert_eq!(child.says("threads:"), "before 0, during 1, after 0");
}
