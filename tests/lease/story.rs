//! The lease story of a hung compaction: a holder that never settles, and a runtime that gives it up.

use std::{
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use session_reaper::lock::{Ended, Lease, LeaseController, LeaseError, Verdict};

use crate::{FIRST, World, takeover, within};

const ROUNDS: usize = 50;

/// A compaction in a thread of its own: it writes until it is told to hang, and writes once more when it wakes.
struct Compaction {
    hang: Sender<()>,
    wake: Sender<()>,
    thread: JoinHandle<(usize, Result<(), LeaseError>)>,
}

impl Compaction {
    fn start(attempt: LeaseController, path: PathBuf) -> Self {
        let (hang, told_to_hang) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let thread = thread::spawn(move || {
            let lease = attempt.acquire(path).unwrap();
            let written = write(&lease, &begun, &told_to_hang);
            // It hangs here, with the lease in its hands.
            woken.recv().unwrap();
            (written, lease.append(b"{\"type\":\"late\"}\n"))
        });
        has_begun.recv().unwrap();
        Self { hang, wake, thread }
    }

    fn wake(self) -> (usize, Result<(), LeaseError>) {
        self.wake.send(()).unwrap();
        self.thread.join().unwrap()
    }
}

/// Writes lines until it is told to hang, or may not write any more. Tells how many.
fn write(lease: &Lease, begun: &Sender<()>, hang: &Receiver<()>) -> usize {
    let mut written = 0;
    while hang.try_recv().is_err() && lease.append(b"{\"type\":\"compaction\"}\n").is_ok() {
        written += 1;
        let _ = begun.send(());
    }
    written
}

/// One round; tells how long the next attempt waited for the lease.
fn round(hangs_first: bool) -> Duration {
    let world = World::new();
    let attempt = LeaseController::default();
    let compaction = Compaction::start(attempt.clone(), world.transcript());

    let competing =
        LeaseController::default().acquire_with(world.transcript(), within(Duration::from_millis(20)));
    match competing {
        Err(LeaseError::Timeout { pid: Some(pid), age: Some(_), verdict: Some(Verdict::Alive), .. }) => {
            assert_eq!(pid, std::process::id());
        }
        other => panic!("{other:?}"),
    }

    if hangs_first {
        compaction.hang.send(()).unwrap();
    }
    let abandoned = attempt.abandon_in_flight("compaction timed out");
    assert_eq!((abandoned.released, abandoned.failed.len()), (1, 0));
    assert!(!world.lock().exists());
    let next = LeaseController::default();
    let begin = Instant::now();
    let lease = next.acquire(world.transcript()).unwrap();
    let took = begin.elapsed();
    lease.append(b"{\"type\":\"next\"}\n").unwrap();

    let (written, late) = compaction.wake();
    assert_eq!(takeover(late), Ended::Abandoned("compaction timed out".to_owned()));
    assert_eq!(
        takeover(attempt.acquire(world.transcript())),
        Ended::Abandoned("compaction timed out".to_owned())
    );
    assert!(lease.is_held(), "the late holder's release must not touch the lock of the next one");
    let expected = format!("{FIRST}{}{{\"type\":\"next\"}}\n", "{\"type\":\"compaction\"}\n".repeat(written));
    assert_eq!(world.text(), expected);
    took
}

#[test]
fn a_hung_compaction_is_given_up_and_the_next_attempt_goes_on_within_5_ms() {
    let mut waits: Vec<Duration> = (0..ROUNDS).map(|number| round(number % 2 == 0)).collect();
    waits.sort();
    let (median, longest) = (waits[ROUNDS / 2], waits[ROUNDS - 1]);
    println!("acquire after abandon_in_flight, {ROUNDS} rounds: p50 {median:?}, max {longest:?}");
    assert!(median <= Duration::from_millis(5), "{waits:?}");
}
