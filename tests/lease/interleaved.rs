//! Whatever two attempts do in whatever order, the transcript has only whole lines by who had the right to write.

use std::{path::Path, time::Duration};

use proptest::prelude::*;
use session_reaper::{
    fs::MemDisk,
    lock::{Ended, Lease, LeaseController, LeaseError, LeaseOptions, LeaseRequest, Paused},
};

const PATH: &str = "/s/one.jsonl";

#[derive(Debug, Clone, Copy)]
enum Step {
    Acquire,
    Enter,
    Append,
    Pause,
    Resume,
    Release,
    Abandon,
    Intrude,
}

/// One attempt, and what is known of it: its rights as of `version` of the transcript.
struct Party {
    controller: LeaseController<MemDisk>,
    leases: Vec<Lease<MemDisk>>,
    paused: Option<(Paused<MemDisk>, u32)>,
}

/// Two attempts, and who may write what.
struct World {
    disk: MemDisk,
    parties: [Party; 2],
    owner: Option<usize>,
    expected: Vec<u8>,
    version: u32,
    seen: u32,
    max_hold: Duration,
}

impl World {
    fn new(max_hold: Duration) -> Self {
        let disk = MemDisk::with_file(Path::new("/s/sessions.json"), b"{}");
        let parties = [0, 1].map(|_| Party::new(&disk, max_hold));
        Self { disk, parties, owner: None, expected: Vec::new(), version: 0, seen: 0, max_hold }
    }

    fn step(&mut self, who: usize, step: Step) {
        match step {
            Step::Acquire => self.acquire(who, false),
            Step::Enter => self.acquire(who, true),
            Step::Append => self.append(who),
            Step::Pause => self.pause(who),
            Step::Resume => self.resume(who),
            Step::Release => self.release(who),
            Step::Abandon => self.abandon(who),
            Step::Intrude => self.intrude(),
        }
        assert_eq!(self.disk.get(Path::new(PATH)).unwrap_or_default(), self.expected);
    }

    fn acquire(&mut self, who: usize, reentrant: bool) {
        let request = LeaseRequest { timeout: Some(Duration::ZERO), max_hold: None, reentrant };
        match self.parties[who].controller.acquire_with(PATH, request) {
            Ok(lease) => {
                if !(reentrant && self.owner == Some(who)) {
                    self.begin(who);
                }
                self.parties[who].leases.push(lease);
            }
            Err(LeaseError::Timeout { .. }) => assert!(self.owner.is_some(), "a free lock was not given"),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// `who` has the lock anew: what it had before, and what the other had, has ended.
    fn begin(&mut self, who: usize) {
        assert!(self.owner.is_none() || self.max_hold < Duration::from_secs(1_000), "a lock was stolen");
        self.parties[who].leases.clear();
        (self.owner, self.seen) = (Some(who), self.version);
    }

    fn append(&mut self, who: usize) {
        let line = format!("{who} {}\n", self.version);
        let Some(lease) = self.parties[who].leases.last() else { return };
        let is_right = self.owner == Some(who) && self.seen == self.version;
        match lease.append(line.as_bytes()) {
            Ok(()) => {
                assert!(is_right, "written without a right");
                self.expected.extend_from_slice(line.as_bytes());
                self.version += 1;
                self.seen = self.version;
            }
            Err(LeaseError::Takeover { .. }) => {
                assert!(!is_right, "the right was denied");
                if self.owner == Some(who) {
                    self.owner = None;
                }
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn pause(&mut self, who: usize) {
        let Some(lease) = self.parties[who].leases.pop() else { return };
        let (is_owner, is_last) = (self.owner == Some(who), self.parties[who].leases.is_empty());
        match lease.pause() {
            Ok(paused) => {
                assert!(is_owner && is_last);
                self.owner = None;
                self.parties[who].paused = Some((paused, self.seen));
            }
            Err(LeaseError::Shared { .. }) => assert!(!is_last),
            Err(LeaseError::Takeover { .. }) => assert!(!is_owner),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn resume(&mut self, who: usize) {
        let Some((paused, version)) = &self.parties[who].paused else { return };
        match paused.resume(Duration::ZERO) {
            Ok(lease) => {
                assert_eq!(*version, self.version, "it came back to another transcript");
                self.begin(who);
                self.parties[who].leases.push(lease);
                self.parties[who].paused = None;
            }
            Err(LeaseError::Takeover { reason: Ended::ChangedWhilePaused(_), .. }) => {
                assert_ne!(*version, self.version);
                // It had the lock for a moment, which is enough to have taken one that was too old.
                self.owner = None;
            }
            Err(LeaseError::Timeout { .. }) => assert!(self.owner.is_some()),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn release(&mut self, who: usize) {
        let Some(lease) = self.parties[who].leases.pop() else { return };
        lease.release().unwrap();
        lease.release().unwrap();
        if self.owner == Some(who) && self.parties[who].leases.is_empty() {
            self.owner = None;
        }
    }

    /// The attempt is given up. Its leases stay in the hands of those who had them, and a new attempt begins.
    fn abandon(&mut self, who: usize) {
        let abandoned = self.parties[who].controller.abandon_in_flight("given up");
        let is_owner = self.owner == Some(who);
        assert!(!is_owner || abandoned.released == 1);
        if is_owner {
            self.owner = None;
        }
        for lease in &self.parties[who].leases {
            assert!(matches!(lease.append(b"late\n"), Err(LeaseError::Takeover { .. })));
        }
        self.parties[who] = Party::new(&self.disk, self.max_hold);
    }

    /// Another program, which knows no lock, replaces the transcript.
    fn intrude(&mut self) {
        self.version += 1;
        self.expected = format!("intruder {}\n", self.version).into_bytes();
        self.disk.put(Path::new(PATH), &self.expected);
    }
}

impl Party {
    fn new(disk: &MemDisk, max_hold: Duration) -> Self {
        let options = LeaseOptions { max_hold, ..LeaseOptions::default() };
        Self { controller: LeaseController::on(disk.clone(), options), leases: Vec::new(), paused: None }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Acquire),
        1 => Just(Step::Enter),
        5 => Just(Step::Append),
        2 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => Just(Step::Release),
        1 => Just(Step::Abandon),
        1 => Just(Step::Intrude),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    proptest::collection::vec((0..2_usize, step()), 1..60)
}

proptest! {
    #[test]
    fn i7_only_who_has_the_lock_writes_and_only_whole_lines(steps in steps()) {
        let mut world = World::new(Duration::from_secs(1_000_000));
        for (who, step) in steps {
            world.step(who, step);
        }
    }

    /// A second passes in this world with every look at the clock, so that these locks become too old all the time.
    #[test]
    fn i7_whose_lock_was_too_old_writes_nothing_any_more(steps in steps()) {
        let mut world = World::new(Duration::from_secs(15));
        for (who, step) in steps {
            world.step(who, step);
        }
    }
}

#[test]
fn i6_a_write_that_fails_at_any_call_is_done_whole_or_not_at_all() {
    let mut failures = 0;
    for at in 0.. {
        let disk = MemDisk::with_file(Path::new(PATH), b"first\n");
        let controller = LeaseController::on(disk.clone(), LeaseOptions::default());
        let lease = controller.acquire(PATH).unwrap();
        lease.append(b"second line\n").unwrap();
        disk.fail_at(at, false);
        let result = lease.append(b"third line, a longer one\n");
        if disk.heal() <= at {
            break;
        }
        let text = disk.get(Path::new(PATH)).unwrap();
        let expected: &[u8] = if result.is_ok() {
            b"first\nsecond line\nthird line, a longer one\n"
        } else {
            b"first\nsecond line\n"
        };
        assert_eq!(
            String::from_utf8_lossy(&text),
            String::from_utf8_lossy(expected),
            "call {at}: {result:?}"
        );
        failures += usize::from(result.is_err());
        let next = LeaseController::on(disk.clone(), LeaseOptions::default());
        drop(lease);
        next.acquire(PATH).unwrap().append(b"next\n").unwrap();
    }
    assert!(failures >= 8, "only {failures} calls could fail");
}

#[test]
fn i6_the_newline_that_was_missing_comes_with_the_first_line_or_not_at_all() {
    let mut failures = 0;
    for at in 0.. {
        let disk = MemDisk::with_file(Path::new(PATH), b"torn");
        let lease = LeaseController::on(disk.clone(), LeaseOptions::default()).acquire(PATH).unwrap();
        lease.append(b"").unwrap();
        disk.fail_at(at, false);
        let result = lease.append(b"a line of some length\n");
        if disk.heal() <= at {
            break;
        }
        let text = disk.get(Path::new(PATH)).unwrap();
        let expected: &[u8] = if result.is_ok() { b"torn\na line of some length\n" } else { b"torn" };
        assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(expected), "call {at}");
        failures += usize::from(result.is_err());
        drop(lease);
        LeaseController::on(disk.clone(), LeaseOptions::default())
            .acquire(PATH)
            .unwrap()
            .append(b"next\n")
            .unwrap();
        let (text, before) = (disk.get(Path::new(PATH)).unwrap(), String::from_utf8_lossy(expected));
        assert_eq!(String::from_utf8_lossy(&text), format!("{}\nnext\n", before.trim_end()));
    }
    assert!(failures >= 8, "only {failures} calls could fail");
}
