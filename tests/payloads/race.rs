//! Sweeps of a spool beside runtimes that work in it.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use session_reaper::{
    Age,
    artifact::payloads::{Session, past, undo},
    now,
};

use crate::{
    child::Living,
    dead::{all, kill, payload, swept, swept_with},
    world::{World, put, small, whole_blobs},
};

#[test]
fn i7_runtimes_work_on_undisturbed_while_the_spool_is_swept() {
    let world = World::new();
    let stop = AtomicBool::new(false);
    let _living = Living::start(&world, "living", "l");
    let swept = thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            let (tight, mut swept) = (small().with_max_bytes(1).unwrap(), 0);
            while !stop.load(Ordering::Relaxed) {
                let report = swept_with(&world, &tight, 0, &all());
                assert!(report.failed == 0 && report.error.is_none(), "{report:?}");
                assert_eq!(report.kept_by.get("foreign"), None, "{report:?}");
                swept += report.swept;
            }
            swept
        });
        let workers: Vec<_> = (0..3)
            .map(|worker| {
                let world = &world;
                scope.spawn(move || {
                    let spool = world.spool();
                    for round in 0..40 {
                        let session = spool.session(&format!("{worker}-{}", round % 3)).unwrap();
                        let payload = format!("the payload of {worker} in round {round}");
                        let blob = put(&session, payload.as_bytes());
                        thread::yield_now();
                        assert_eq!(session.get(&blob).unwrap(), payload.as_bytes());
                        session.end().unwrap();
                    }
                })
            })
            .collect();
        for round in 0..6 {
            Living::start(&world, &format!("child-{}", round % 2), "x").kill();
        }
        let worked: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        stop.store(true, Ordering::Relaxed);
        worked.into_iter().for_each(Result::unwrap);
        sweeper.join().unwrap()
    });
    assert!(world.names("spool").contains(&"s-living".to_owned()));
    eprintln!("{swept} of 6 killed children's sessions swept meanwhile");
}

/// Whether a session has what was in it before its process was killed; nothing is the other way.
fn is_whole(session: &Session, world: &World) -> bool {
    let whole = world.names("spool/s-one").len() == 2;
    assert_eq!(session.get(&crate::back::blob("one")).is_ok(), whole);
    whole
}

#[test]
fn i7_a_session_that_is_taken_up_as_it_is_to_go_is_the_runtimes_or_in_the_trash() {
    let (mut taken_up, mut in_trash) = (0, 0);
    for round in 0..24 {
        let world = World::new();
        kill(&world, &["one"]);
        let spool = world.spool_with(small().with_grace(Age::from_hours(1)));
        let begin = Barrier::new(2);
        let (report, session) = thread::scope(|scope| {
            let sweeper = scope.spawn(|| {
                begin.wait();
                swept(&world)
            });
            begin.wait();
            // Some come while it looks at the spool, some as it opens the trash, some right after it went.
            let (trash, one) = (world.path("spool/.session-reaper/trash"), world.path("spool/s-one"));
            (0..1_000_000).find(|_| match round % 3 {
                0 => true,
                1 => trash.exists(),
                _ => !one.exists(),
            });
            thread::sleep(std::time::Duration::from_micros(round * 30));
            (0..9)
                .find_map(|_| spool.session("one").ok())
                .map(|session| (sweeper.join().unwrap(), session))
                .unwrap()
        });
        assert_eq!(whole_blobs(&world.dir()), usize::from(report.swept == 0), "round {round}: {report:?}");
        assert_eq!(is_whole(&session, &world), report.swept == 0, "round {round}: {report:?}");
        session.end().unwrap();
        if report.swept == 0 {
            taken_up += 1;
            continue;
        }
        in_trash += 1;
        let run = past(&world.dir()).unwrap().lines[0].run.clone();
        assert_eq!(undo(&world.dir(), &run, now(), &all()).unwrap().restored, ["s-one"]);
        let session = spool.session("one").unwrap();
        assert_eq!(session.get(&crate::back::blob("one")).unwrap(), payload("one"));
    }
    eprintln!("{taken_up} taken up, {in_trash} in the trash");
    assert!(in_trash > 0);
}
