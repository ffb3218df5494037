//! A writer that is stopped anywhere in a write, for longer than its lease lasts, and comes back.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::process::Signal;
use session_reaper::{
    fs::{Disk, MemDisk, RealDisk},
    lock::{Lease, LeaseController, LeaseError, LeaseOptions},
};

use crate::{FIRST, World, child::Child, within};

const PATH: &str = "/s/one.jsonl";

fn controller(disk: MemDisk) -> LeaseController<MemDisk> {
    LeaseController::on(disk, LeaseOptions { max_hold: Duration::from_secs(30), ..LeaseOptions::default() })
}

/// What comes to pass while the writer stands still: its lock becomes too old, and another takes it.
fn meanwhile(disk: &MemDisk) -> Result<Lease<MemDisk>, LeaseError> {
    for _ in 0..100 {
        disk.now_ns();
    }
    controller(disk.clone()).acquire_with(PATH, within(Duration::ZERO))
}

/// A writer that is stopped before its call `at`, if it makes so many. Another takes its lock then, and writes at once or
/// when the first has come back. Tells what became of both.
fn stop_before(at: u64, disk: &MemDisk, at_once: bool) -> Option<(bool, Option<Lease<MemDisk>>)> {
    let calls = Arc::new(AtomicU64::new(u64::MAX / 2));
    let other = Arc::new(Mutex::new(None));
    let hooked = disk.clone().with_hook({
        let (disk, calls, other) = (disk.clone(), Arc::clone(&calls), Arc::clone(&other));
        move || {
            if calls.fetch_add(1, Ordering::SeqCst) == at {
                let lease = meanwhile(&disk);
                let written = lease.as_ref().map(|lease| at_once.then(|| lease.append(b"other\n").unwrap()));
                assert!(matches!(written, Ok(_) | Err(LeaseError::Timeout { .. })), "{written:?}");
                *other.lock().unwrap() = lease.ok();
            }
        }
    });
    let lease = controller(hooked).acquire(PATH).unwrap();
    calls.store(0, Ordering::SeqCst);
    let ours = lease.append(b"ours, stopped\n");
    assert!(matches!(ours, Ok(()) | Err(LeaseError::Takeover { .. })), "{ours:?}");
    let other = other.lock().unwrap().take();
    (calls.load(Ordering::SeqCst) > at).then(|| (ours.is_ok(), other))
}

#[test]
fn i7_wherever_a_writer_is_stopped_it_writes_before_the_next_owner_or_not_at_all() {
    for (start, at_once) in [(Some(FIRST), true), (Some(FIRST), false), (None, true), (None, false)] {
        let (mut taken, mut kept_out) = (0, 0);
        for at in 0.. {
            let disk = MemDisk::with_file(Path::new("/s/sessions.json"), b"{}");
            if let Some(text) = start {
                disk.put(Path::new(PATH), text.as_bytes());
            }
            let Some((is_ours, other)) = stop_before(at, &disk, at_once) else { break };
            let mut expected = start.unwrap_or_default().to_owned();
            expected.push_str(if is_ours { "ours, stopped\n" } else { "" });
            if let Some(other) = other {
                if !at_once {
                    other.append(b"other\n").unwrap();
                }
                expected.push_str("other\n");
                taken += 1;
            } else {
                kept_out += 1;
            }
            let text = String::from_utf8(disk.get(Path::new(PATH)).unwrap()).unwrap();
            assert_eq!(text, expected, "stopped before call {at}, {start:?}, {at_once}");
        }
        println!(
            "stopped at {} calls: taken over {taken} times, kept out {kept_out} times",
            taken + kept_out
        );
        assert!(taken >= 4 && kept_out >= 4);
    }
}

#[test]
fn who_has_the_lock_waits_for_a_write_that_is_still_going_on() {
    let world = World::new();
    let folder = RealDisk.folder(world.0.path()).unwrap();
    let writing = RealDisk.open_to_append(&folder, "one.jsonl".as_ref()).unwrap().unwrap();
    let early =
        LeaseController::default().acquire_with(world.transcript(), within(Duration::from_millis(60)));
    assert!(matches!(early, Err(LeaseError::Timeout { pid: None, verdict: None, .. })), "{early:?}");
    assert!(!world.lock().exists());
    drop(writing);
    LeaseController::default().acquire(world.transcript()).unwrap().append(b"{}\n").unwrap();
}

/// A process that writes all the time is stopped at some moment.
fn stop_somewhere(number: u32) -> bool {
    let world = World::new();
    let mut child = Child::start("write", &world, &[]);
    child.says("held");
    thread::sleep(Duration::from_micros(u64::from(number) * 777));
    child.signal(Signal::STOP);
    let lease = LeaseController::default().acquire_with(world.transcript(), within(Duration::from_secs(4)));
    let is_taken = lease.is_ok();
    if let Ok(lease) = &lease {
        lease.append(b"next\n").unwrap();
    }
    child.signal(Signal::CONT);
    child.says("ended");
    assert_eq!(lease.is_ok_and(|lease| lease.is_held()), is_taken);
    let text = world.text();
    let lines = text.strip_prefix(FIRST).unwrap().trim_start_matches("one of many\n");
    assert_eq!(lines, if is_taken { "next\n" } else { "" });
    is_taken
}

#[test]
fn a_process_that_is_stopped_while_it_writes_adds_no_line_after_the_next_owners() {
    let rounds: Vec<_> = (0..12).map(|number| thread::spawn(move || stop_somewhere(number))).collect();
    let taken = rounds.into_iter().map(|round| round.join().unwrap()).filter(|is_taken| *is_taken).count();
    println!(
        "stopped 12 times while writing: taken over {taken} times, otherwise stopped in the middle of a write"
    );
    assert!(taken > 0);
}
