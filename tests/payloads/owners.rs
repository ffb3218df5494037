//! Whose a session is: of processes that live, that were killed, and of nobody who can be told.

use std::fs;

use session_reaper::{Age, ErrorKind, artifact::payloads::Options};

use crate::{
    child::Living,
    world::{World, after, put, small, whole_blobs},
};

fn grace(hours: i64) -> Options {
    small().with_grace(Age::from_millis(hours * 3_600_000).unwrap())
}

#[test]
fn what_a_killed_process_left_goes_with_the_next_sweep_and_what_a_living_one_has_stays() {
    let world = World::new();
    let (killed, living) = (Living::start(&world, "killed", "x"), Living::start(&world, "living", "y"));
    let spool = world.spool();
    let report = spool.sweep(after(0)).unwrap();
    assert_eq!((report.scanned, report.retained, report.swept), (2, 2, 0));
    for id in ["killed", "living"] {
        assert_eq!(spool.session(id).unwrap_err().kind(), ErrorKind::Busy);
    }
    killed.kill();
    let report = spool.sweep(after(0)).unwrap();
    assert_eq!((report.scanned, report.retained, report.swept, report.bytes_freed), (2, 1, 1, 100));
    assert_eq!(world.names("spool"), ["s-living"]);
    living.kill();
    // Opening it is enough.
    drop(world.spool());
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn a_session_goes_on_after_its_process_was_killed() {
    let world = World::new();
    Living::start(&world, "one", "x").kill();
    let spool = world.spool_with(grace(1));
    assert_eq!(whole_blobs(&world.dir()), 1);
    let session = spool.session("one").unwrap();
    // Nobody knows how often it is needed: giving it back removes nothing that a transcript may name.
    let blob = put(&session, "x".repeat(100).as_bytes());
    session.release(&blob).unwrap();
    session.release(&blob).unwrap();
    assert_eq!(session.get(&blob).unwrap(), "x".repeat(100).as_bytes());
    session.end().unwrap();
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn i8_what_the_dead_left_stays_for_its_grace_and_no_longer() {
    let world = World::new();
    let spool = world.spool_with(grace(1));
    Living::start(&world, "one", "x").kill();
    assert_eq!(spool.sweep(after(-7_200_000)).unwrap().retained, 1);
    assert_eq!(spool.sweep(after(3_500_000)).unwrap().retained, 1);
    assert_eq!(spool.sweep(after(3_600_001)).unwrap().swept, 1);
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn what_was_left_without_an_end_is_taken_up_again_by_its_own_process() {
    let world = World::new();
    let spool = world.spool();
    let blob = put(&spool.session("one").unwrap(), b"a payload of one");
    assert_eq!(spool.sweep(after(0)).unwrap().retained, 1);
    let session = spool.session("one").unwrap();
    assert_eq!(session.get(&blob).unwrap(), b"a payload of one");
    session.end().unwrap();
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn i5_what_nobody_can_say_anything_about_stays_and_is_counted() {
    let world = World::new();
    let spool = world.spool();
    Living::start(&world, "one", "x").kill();
    let mark = world.path("spool/s-one/.owner");
    let text = fs::read_to_string(&mark).unwrap();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    let elsewhere = text.replace(line["namespace"].as_str().unwrap(), "pid:[1]");
    assert_ne!(elsewhere, text);
    for odd in [&elsewhere, "", text.get(..20).unwrap(), "{}\n"] {
        fs::write(&mark, odd).unwrap();
        let report = spool.sweep(after(0)).unwrap();
        assert_eq!((report.scanned, report.retained, report.unknown), (1, 1, 1), "{odd}");
        assert_eq!(spool.session("one").unwrap_err().kind(), ErrorKind::Busy);
    }
    fs::write(&mark, text).unwrap();
    assert_eq!(spool.sweep(after(0)).unwrap().swept, 1);
}
