//! Leases between processes: they exclude each other, and who is killed or stopped is taken over from.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use session_reaper::lock::{Ended, LeaseController, LeaseError, Verdict};

use crate::{FIRST, PATIENCE, World, child::Child, skip, within};

#[test]
fn processes_exclude_each_other() {
    const ROUNDS: usize = 40;
    let world = World::empty();
    fs::write(world.transcript(), "").unwrap();
    let mut children: Vec<_> = (0..3).map(|_| Child::start("count", &world, &[])).collect();
    for child in &mut children {
        child.tell(&ROUNDS.to_string());
    }
    for child in &mut children {
        child.says("counted");
    }
    let numbers: Vec<usize> = world.text().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=3 * ROUNDS).collect::<Vec<_>>());
    assert!(!world.lock().exists());
}

#[test]
fn who_is_alive_is_waited_for_and_who_was_killed_is_taken_over_from_at_once() {
    if !fs::exists("/proc/self/stat").unwrap() {
        return skip("without /proc nobody is known to be dead");
    }
    let world = World::new();
    let mut child = Child::start("hold", &world, &[]);
    child.says("held");
    match LeaseController::default().acquire_with(world.transcript(), within(Duration::from_millis(60))) {
        Err(LeaseError::Timeout { pid, verdict, waited, .. }) => {
            assert_eq!((pid, verdict), (Some(child.id()), Some(Verdict::Alive)));
            assert!(waited >= Duration::from_millis(60));
        }
        other => panic!("{other:?}"),
    }
    child.signal(Signal::KILL);
    child.wait();
    assert!(world.lock().exists());
    let begin = Instant::now();
    let lease = LeaseController::default().acquire_with(world.transcript(), within(PATIENCE)).unwrap();
    println!("taken over from a killed process within {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    lease.append(b"next\n").unwrap();
    assert_eq!(world.text(), format!("{FIRST}held\nnext\n"));
}

#[test]
fn a_stopped_holder_is_taken_over_from_when_its_time_is_past_and_writes_nothing_when_it_comes_back() {
    let world = World::new();
    let mut child = Child::start("stop", &world, &[]);
    child.says("held");
    child.signal(Signal::STOP);
    let begin = Instant::now();
    let controller = LeaseController::default();
    let early = controller.acquire_with(world.transcript(), within(Duration::from_millis(100)));
    assert!(matches!(early, Err(LeaseError::Timeout { .. })), "{early:?}");
    let lease = controller.acquire_with(world.transcript(), within(PATIENCE)).unwrap();
    println!("taken over from a stopped process after {:?}", begin.elapsed());
    lease.append(b"next\n").unwrap();

    child.signal(Signal::CONT);
    child.tell("write");
    let said = child.says("wrote:");
    let expected = [Ended::Overheld(Duration::from_secs(1)), Ended::Lost];
    assert!(
        said.starts_with("Err(Takeover")
            && expected.iter().any(|reason| said.contains(&format!("{reason:?}"))),
        "{said}"
    );
    child.says("dropped");
    assert!(child.wait().success());
    assert!(lease.is_held(), "the old holder removed the new owner's lock");
    lease.append(b"and more\n").unwrap();
    assert_eq!(world.text(), format!("{FIRST}before\nnext\nand more\n"));
}
