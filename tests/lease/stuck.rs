//! A holder whose call to the system never comes back, or only when it is too late.

use std::{
    path::Path,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use session_reaper::{
    fs::MemDisk,
    lock::{Ended, Lease, LeaseController, LeaseError, LeaseOptions},
};

use crate::{PATIENCE, held_for, takeover};

const STUCK: &str = "/s/stuck.jsonl";
const OTHER: &str = "/s/other.jsonl";
const LINE: &[u8] = b"\n";

/// Where the call `at` of the thread called `writer` gets stuck until the gate is opened.
#[derive(Debug)]
struct Gate {
    at: u64,
    calls: AtomicU64,
    /// Whether somebody is stuck, and whether the gate is open.
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    fn new(at: u64) -> Arc<Self> {
        let (calls, state) = (AtomicU64::new(0), Mutex::new((false, false)));
        Arc::new(Self { at, calls, state, changed: Condvar::new() })
    }

    fn pass(&self) {
        if thread::current().name() != Some("writer") || self.calls.fetch_add(1, Ordering::SeqCst) != self.at
        {
            return;
        }
        let mut state = self.state.lock().unwrap();
        state.0 = true;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.1).unwrap());
    }

    /// Whether the writer is stuck; `false` when it has ended instead.
    fn is_reached<T>(&self, writer: &JoinHandle<T>) -> bool {
        let mut state = self.state.lock().unwrap();
        while !state.0 && !writer.is_finished() {
            state = self.changed.wait_timeout(state, Duration::from_millis(5)).unwrap().0;
        }
        state.0
    }

    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// A disk with two transcripts, which is stuck where the gate is.
fn disk(gate: &Arc<Gate>) -> MemDisk {
    let disk = MemDisk::with_file(Path::new("/s/sessions.json"), b"{}");
    disk.put(Path::new(STUCK), LINE);
    disk.put(Path::new(OTHER), LINE);
    let gate = Arc::clone(gate);
    disk.with_hook(move || gate.pass())
}

fn has_lock(disk: &MemDisk, path: &str) -> bool {
    disk.get(Path::new(&format!("{path}.lock"))).is_some()
}

type Writer = JoinHandle<(Result<(), LeaseError>, Lease<MemDisk>)>;

fn write(lease: Lease<MemDisk>) -> Writer {
    let write = move || (lease.append(LINE), lease);
    thread::Builder::new().name("writer".to_owned()).spawn(write).unwrap()
}

/// A write that is stuck before its call `at` while its attempt is given up; `None` when it makes fewer calls.
fn give_up_at(at: u64) -> Option<bool> {
    let gate = Gate::new(at);
    let disk = disk(&gate);
    let attempt = LeaseController::on(disk.clone(), LeaseOptions::default());
    let (stuck, other) = (attempt.acquire(STUCK).unwrap(), attempt.acquire(OTHER).unwrap());
    let writer = write(stuck);
    if !gate.is_reached(&writer) {
        return None;
    }
    let begin = Instant::now();
    let abandoned = attempt.abandon_in_flight("stuck");
    assert!(begin.elapsed() < PATIENCE / 2, "{:?}", begin.elapsed());
    assert_eq!((abandoned.released, abandoned.failed.len()), (1, 1), "{abandoned:?}");
    assert_eq!(abandoned.failed[0].0, Path::new(STUCK));
    assert!(has_lock(&disk, STUCK) && !has_lock(&disk, OTHER));
    assert_eq!(takeover(other.append(LINE)), Ended::Abandoned("stuck".to_owned()));
    gate.open();
    let (written, _lease) = writer.join().unwrap();
    assert!(!has_lock(&disk, STUCK), "the lock goes when the call comes back");
    let expected = LINE.repeat(1 + usize::from(written.is_ok()));
    assert_eq!(disk.get(Path::new(STUCK)).unwrap(), expected, "{written:?}");
    Some(written.is_ok())
}

#[test]
fn a_write_that_is_stuck_anywhere_holds_up_no_other_lease() {
    let rounds: Vec<_> = (0..40).map(|at| thread::spawn(move || give_up_at(at))).collect();
    let results: Vec<_> = rounds.into_iter().filter_map(|round| round.join().unwrap()).collect();
    let written = results.iter().filter(|is_written| **is_written).count();
    println!("stuck at {} calls, at {written} of them too late to be stopped", results.len());
    assert!(written > 0 && results.len() - written > 8);
    // From one call on it is too late, and before it never: the writer looks right before it writes.
    assert!(results.is_sorted());
}

#[test]
fn the_watchdog_goes_on_when_a_hog_is_stuck() {
    let gate = Gate::new(0);
    let disk = disk(&gate);
    let attempt = LeaseController::on(disk.clone(), LeaseOptions::default());
    let short = held_for(Duration::from_millis(100));
    let writer = write(attempt.acquire_with(STUCK, short).unwrap());
    assert!(gate.is_reached(&writer));
    let _hog = attempt.acquire_with(OTHER, short).unwrap();
    let begin = Instant::now();
    while has_lock(&disk, OTHER) {
        assert!(begin.elapsed() < PATIENCE, "one that is stuck keeps the watchdog from all others");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(has_lock(&disk, STUCK));
    gate.open();
    let (written, _lease) = writer.join().unwrap();
    assert_eq!(takeover(written), Ended::Overheld(Duration::from_millis(100)));
    assert!(!has_lock(&disk, STUCK));
}
