//! Threads that share a session, and processes and threads that share a spool.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use session_reaper::artifact::payloads::Released;

use crate::{
    child::Living,
    world::{World, after, put, small, whole_blobs},
};

#[test]
fn i9_counts_add_up_whoever_stores_and_gives_back_meanwhile() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    thread::scope(|scope| {
        for thread in 0..6_u8 {
            let session = &session;
            scope.spawn(move || {
                for round in 0..40_u8 {
                    let payload = [b'a' + (thread + round) % 5; 64];
                    let blob = put(session, &payload);
                    assert_eq!(session.get(&blob).unwrap(), payload);
                    assert_ne!(session.release(&blob).unwrap(), Released::Kept);
                }
            });
        }
    });
    assert_eq!(whole_blobs(&world.dir()), 0);
    assert_eq!(world.names("spool/s-one"), [".owner"]);
}

/// Ends those who go on until they are told, however the test ends.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn sessions_come_and_go_beside_sweeps_and_killed_processes_and_lose_nothing() {
    let world = World::new();
    let (stop, options) = (AtomicBool::new(false), small().with_max_bytes(100_000).unwrap());
    let swept = thread::scope(|scope| {
        let stops = Stops(&stop);
        let sweepers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (spool, mut swept) = (world.spool(), 0);
                    while !stop.load(Ordering::Relaxed) {
                        let report = spool.sweep(after(0)).unwrap();
                        assert_eq!(report.unknown + report.skipped, 0, "{report:?}");
                        swept += report.swept;
                    }
                    swept
                })
            })
            .collect();
        let workers: Vec<_> = (0..3)
            .map(|worker| {
                let (world, options) = (&world, options.clone());
                scope.spawn(move || {
                    let spool = world.spool_with(options);
                    for round in 0..30 {
                        let session = spool.session(&format!("{worker}-{}", round % 3)).unwrap();
                        let payload = format!("the payload of {worker} in round {round}");
                        let blob = put(&session, payload.as_bytes());
                        assert_eq!(session.get(&blob).unwrap(), payload.as_bytes());
                        // A sweeper may be at the remains of the last one, not at this.
                        session.end().unwrap();
                    }
                })
            })
            .collect();
        for round in 0..10 {
            Living::start(&world, &format!("child-{}", round % 2), "x").kill();
        }
        for worker in workers {
            worker.join().unwrap();
        }
        drop(stops);
        sweepers.into_iter().map(|sweeper| sweeper.join().unwrap()).sum::<u64>()
    });
    drop(world.spool());
    assert!(world.names("spool").iter().all(|name| name == ".room"), "{:?}", world.names("spool"));
    eprintln!("{swept} of 10 killed children's sessions swept meanwhile");
}
