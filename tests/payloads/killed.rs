//! A process that is killed at each of its system calls from the opening of a spool to the end of a session.
//!
//! However far it came: a file that has a payload's name is whole, the session goes on or goes, and nothing is left of it.

use std::fs;

use session_reaper::Age;

use crate::{
    child::{Living, PART, command},
    folder::names,
    part::{Call, Part, was_killed},
    world::{World, after, put, small, whole_blobs},
};

fn part(world: &World) -> Part<'static> {
    Part { words: &PART, told: command(world, "one", "payload") }
}

fn finish(world: &World, point: &Call) {
    // With a grace the session goes on; without, it goes.
    let grace = small().with_grace(Age::from_millis(9_000_000).unwrap());
    let before = whole_blobs(&world.dir());
    let session = world.spool_with(grace).session("one").unwrap();
    let blob = put(&session, "payload".repeat(100).as_bytes());
    assert!(whole_blobs(&world.dir()) >= before.max(1), "{point:?}");
    assert_eq!(session.get(&blob).unwrap(), "payload".repeat(100).as_bytes());
    let names = world.names("spool/s-one");
    assert_eq!(names.len(), 2, "{point:?}: {names:?}");
    session.end().unwrap();
}

/// What a dead owner left, ready to be laid into any spool.
struct Dead(World);

impl Dead {
    fn new() -> Self {
        let world = World::new();
        Living::start(&world, "dead", "d").kill();
        Self(world)
    }

    /// A spool with that in it.
    fn world(&self) -> World {
        let world = World::new();
        drop(world.spool());
        let (from, to) = (self.0.dir().join("s-dead"), world.dir().join("s-dead"));
        fs::create_dir(&to).unwrap();
        for name in names(&from) {
            fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
        world
    }
}

/// The dead one is whole, or on its way out or gone.
fn dead_is_whole_or_going(world: &World, point: &Call) -> bool {
    let stands = world.dir().join("s-dead").exists();
    assert!(!stands || world.names("spool/s-dead").len() == 2, "{point:?}");
    for going in world.names("spool").into_iter().filter(|name| name.starts_with("x-")) {
        let inside = world.names(&format!("spool/{going}"));
        assert!(inside.is_empty() || inside.contains(&".owner".to_owned()), "{point:?}: {inside:?}");
    }
    stands
}

#[test]
fn i3_killed_as_it_makes_room_it_leaves_the_dead_whole_or_gone_and_nothing_that_stays() {
    let dead = Dead::new();
    let part = |world: &World| {
        let mut part = part(world);
        part.told.push(("SPOOL_MOST", "750".to_owned()));
        part
    };
    let world = dead.world();
    let Some(points) = part(&world).calls(&world.path("trace")) else { return };
    assert!(!world.dir().join("s-dead").exists(), "it has made room");
    let (mut stood, mut missed) = (0, 0);
    for (number, point) in points.iter().enumerate() {
        let world = dead.world();
        if !was_killed(&part(&world).killed_at(point)) {
            missed += 1;
            continue;
        }
        stood += usize::from(dead_is_whole_or_going(&world, point));
        if number % 2 == 0 {
            finish(&world, point);
        }
        let report = world.spool().sweep(after(61_000)).unwrap();
        let mut left = world.names("spool");
        left.retain(|name| name != ".room");
        assert_eq!((report.scanned - report.swept, left.len()), (0, 0), "{point:?}: {report:?}");
    }
    let kills = points.len() - missed;
    eprintln!("{kills} kills, {missed} calls missed, {stood} before the dead one went: 0 wrong");
    assert!(kills > 90 && missed * 20 <= kills && stood > 30 && stood + 20 < kills, "{kills} {stood}");
}

#[test]
fn i3_killed_at_any_system_call_it_leaves_whole_payloads_and_nothing_that_stays() {
    let world = World::new();
    let Some(points) = part(&world).calls(&world.path("trace")) else { return };
    let (mut untouched, mut with_payload, mut missed) = (0, 0, 0);
    for (number, point) in points.iter().enumerate() {
        let world = World::new();
        if !was_killed(&part(&world).killed_at(point)) {
            missed += 1;
            continue;
        }
        if !world.dir().exists() {
            untouched += 1;
            continue;
        }
        with_payload += usize::from(whole_blobs(&world.dir()) > 0);
        if number % 2 == 0 {
            finish(&world, point);
        }
        let report = world.spool().sweep(after(61_000)).unwrap();
        let left = world.names("spool").len();
        assert_eq!((report.scanned - report.swept, left), (0, 0), "{point:?}: {report:?}");
    }
    let kills = points.len() - missed;
    eprintln!(
        "{kills} kills, {missed} calls missed, {untouched} before there was a spool, {with_payload} with a payload: 0 wrong"
    );
    assert!(kills > 60 && missed * 20 <= kills && with_payload > 5 && untouched < kills / 2);
}
