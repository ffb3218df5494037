//! Beside those who write to the transcript.

use std::{
    fs::OpenOptions,
    io::Write,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use session_reaper::{
    ErrorKind,
    lock::{LeaseController, LeaseOptions},
};

use crate::world::{World, transcript};

#[test]
fn i7_whoever_has_the_lock_is_not_disturbed() {
    let world = World::new(&transcript());
    let lease = LeaseController::default().acquire(world.path()).unwrap();
    let error = world.compact().unwrap_err();
    assert_eq!((error.kind(), error.is_too_late()), (ErrorKind::Held, false));
    assert_eq!(world.text(), transcript());
    assert!(world.names("one.jsonl.payloads").is_empty());
    lease.append(b"{}\n").unwrap();
    lease.release().unwrap();
    assert_eq!(world.compact().unwrap().payloads, 2);
}

#[test]
fn i7_a_lease_that_was_paused_finds_out() {
    let world = World::new(&transcript());
    let paused = LeaseController::default().acquire(world.path()).unwrap().pause().unwrap();
    world.compact().unwrap();
    assert!(
        paused
            .resume(Duration::from_secs(1))
            .unwrap_err()
            .to_string()
            .contains("another file stands in its place")
    );
}

/// So many compactions, each with an undo.
const TURNS: u64 = 12;

/// Some write under a lease, one knows no lock: he opens, adds a line and closes, as appenders do, once in each compaction and each
/// undo, a bit later every time. He pauses in between: who writes all the time lets nobody through, by rights.
#[test]
fn i7_no_line_that_is_added_meanwhile_is_lost() {
    let world = World::new(&transcript());
    let done = AtomicBool::new(false);
    let (begun, begins) = mpsc::channel::<u64>();
    let (mut added, mut moved, mut compactions) = ((0, 0), 0, 0);
    thread::scope(|scope| {
        let to_add = |(line, turn)| add_carelessly(&world, line, turn);
        let careless = scope.spawn(move || begins.iter().enumerate().map(to_add).count());
        let careful = scope.spawn(|| add_carefully(&world, &done));
        for turn in 0..TURNS {
            begun.send(2 * turn).unwrap();
            match world.compact() {
                Ok(compacted) => {
                    compactions += 1;
                    begun.send(2 * turn + 1).unwrap();
                    let _ = compacted.run.map(|run| world.undo(&run));
                }
                Err(error) => {
                    assert!(!error.is_too_late(), "{error}");
                    assert!([ErrorKind::Unsettled, ErrorKind::Held].contains(&error.kind()), "{error}");
                    moved += 1;
                }
            }
        }
        drop(begun);
        done.store(true, Ordering::SeqCst);
        added = (careless.join().unwrap(), careful.join().unwrap());
    });
    let (text, mut in_trash) = (world.text(), 0);
    for (who, count) in [("careless", added.0), ("careful", added.1)] {
        for line in
            (0..count).map(|number| format!("{{\"{who}\":{number}}}\n")).filter(|line| !text.contains(line))
        {
            // He had the old file open, and wrote behind the switch.
            assert!(who == "careless" && trash(&world).contains(&line), "{line}");
            in_trash += 1;
        }
    }
    eprintln!("{added:?} lines, {in_trash} in the trash, {compactions} compactions, {moved} given up");
    assert!(compactions > 0 && added.0 >= usize::try_from(TURNS).unwrap());
}

/// Adds one line, somewhen in what has begun now.
fn add_carelessly(world: &World, line: usize, turn: u64) {
    thread::sleep(Duration::from_millis(turn * 7 % 60));
    let mut file = OpenOptions::new().append(true).open(world.path()).unwrap();
    file.write_all(format!("{{\"careless\":{line}}}\n").as_bytes()).unwrap();
}

/// Adds lines under a lease, and tells how many.
fn add_carefully(world: &World, done: &AtomicBool) -> usize {
    let mut count = 0;
    while !done.load(Ordering::SeqCst) {
        let options = LeaseOptions { acquire_timeout: Duration::from_secs(30), ..LeaseOptions::default() };
        let lease = LeaseController::new(options).acquire(world.path()).unwrap();
        // Another may have added a line, who knows no lock: then this one was not written.
        count += usize::from(lease.append(format!("{{\"careful\":{count}}}\n").as_bytes()).is_ok());
        drop(lease);
        thread::sleep(Duration::from_millis(5));
    }
    count
}

/// All old texts in the trash.
fn trash(world: &World) -> String {
    let texts = world.names(".session-reaper/trash").into_iter().map(|run| {
        let path = world.root.join(".session-reaper/trash").join(run).join("0");
        std::fs::read_to_string(path).unwrap_or_default()
    });
    texts.collect()
}
