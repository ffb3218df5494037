//! A spool that may not become larger than it is told.

use std::fs;

use session_reaper::{
    Age,
    artifact::payloads::{Options, Stored, Why},
};

use crate::{
    child::Living,
    world::{World, put, small, whole_blobs},
};

fn most(bytes: i64) -> Options {
    small().with_max_bytes(bytes).unwrap().with_grace(Age::from_millis(9_000_000).unwrap())
}

#[test]
fn what_does_not_fit_beside_the_living_stays_inline_until_there_is_room() {
    let world = World::new();
    let spool = world.spool_with(most(250));
    let (one, two) = (spool.session("one").unwrap(), spool.session("two").unwrap());
    let full = |payload: &[u8]| assert_eq!(two.put(payload, "text/plain"), Stored::Inline(Why::Full));
    let first = put(&one, &[b'a'; 100]);
    put(&two, &[b'b'; 150]);
    full(&[b'c'; 11]);
    full(&[b'd'; 251]);
    // What is there already takes no room.
    put(&two, &[b'b'; 150]);
    one.release(&first).unwrap();
    put(&two, &[b'c'; 100]);
    full(&[b'e'; 11]);
    one.end().unwrap();
    assert_eq!(whole_blobs(&world.dir()), 2);
}

#[test]
fn the_oldest_of_the_dead_makes_room_first_and_no_more_than_is_needed() {
    let world = World::new();
    let spool = world.spool_with(most(350));
    let living = Living::start(&world, "living", "l");
    let dead = [("first", "f"), ("second", "s")].map(|(id, payload)| Living::start(&world, id, payload));
    for child in dead {
        child.kill();
    }
    for (name, seconds) in [("s-first", 100), ("s-second", 50), ("s-living", 200)] {
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        fs::File::open(world.dir().join(name)).unwrap().set_modified(time).unwrap();
    }
    let session = spool.session("one").unwrap();
    put(&session, &[b'x'; 50]);
    assert_eq!(world.names("spool"), [".room", "s-first", "s-living", "s-one", "s-second"]);
    put(&session, &[b'y'; 20]);
    assert_eq!(world.names("spool"), [".room", "s-living", "s-one", "s-second"]);
    put(&session, &[b'z'; 80]);
    assert_eq!(world.names("spool"), [".room", "s-living", "s-one", "s-second"]);
    put(&session, &[b'w'; 11]);
    assert_eq!(world.names("spool"), [".room", "s-living", "s-one"]);
    assert_eq!(session.put(&[b'v'; 90], "text/plain"), Stored::Inline(Why::Full));
    drop(living);
    put(&session, &[b'v'; 90]);
    assert_eq!(world.names("spool"), [".room", "s-one"]);
}
