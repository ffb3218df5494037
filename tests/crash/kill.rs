//! Killed at every system call: the store is old or new, and the next sweep finishes the work.

use std::{path::PathBuf, time::Instant};

use crate::{
    rig::{self, Point, Subject},
    world::{Found, Scenario, World},
};

/// How the store was found, over all points.
#[derive(Debug, Default)]
struct Tally {
    old: usize,
    new: usize,
    torn: Vec<String>,
}

/// Kills a subject at each point, each time on a fresh copy.
fn kill_at(scenario: Scenario, subject: Subject, points: &[Point], then: impl Fn(&World, &str)) -> Tally {
    let mut tally = Tally::default();
    for point in points {
        let world = World::new(scenario);
        let inject = format!("{}:signal=KILL:when={}", point.name, point.number);
        let output = rig::run(&world, subject, Some(&inject));
        let what = format!("{}: killed at {} #{}, {}", scenario.name, point.name, point.number, point.line);
        assert!(rig::was_killed(&output), "{what}: it went on, {:?}", output.status);
        match world.found() {
            Found::Old => tally.old += 1,
            Found::New => tally.new += 1,
            Found::Torn(text) => tally.torn.push(format!("{what}: {text:?}")),
        }
        then(&world, &what);
    }
    tally
}

fn i3_killed_everywhere(scenario: Scenario) {
    let begin = Instant::now();
    let Some(points) = rig::points(scenario, rig::ours) else { return };
    let tally = kill_at(scenario, rig::ours, &points, World::must_heal);
    eprintln!(
        "{}: killed at {} points in {:?}: {} times the old store, {} times the new one",
        scenario.name,
        points.len(),
        begin.elapsed(),
        tally.old,
        tally.new
    );
    assert!(tally.torn.is_empty(), "{:#?}", tally.torn);
    // A sweep makes some 85 calls once it has named its store; far fewer, and the rig looks at something else.
    assert!(points.len() >= 80, "only {} points", points.len());
    assert!(tally.old >= 50 && tally.new >= 20, "{tally:?}");
}

#[test]
fn i3_killed_anywhere_while_the_first_row_goes() {
    i3_killed_everywhere(Scenario {
        name: "first row",
        expired: &[true, false, false],
        leftover: false,
        foreign: false,
    });
}

#[test]
fn i3_killed_anywhere_while_the_last_row_goes_and_a_leftover_is_cleared() {
    i3_killed_everywhere(Scenario {
        name: "last row",
        expired: &[false, false, true],
        leftover: true,
        foreign: false,
    });
}

#[test]
fn i3_killed_anywhere_while_every_row_of_another_user_goes() {
    i3_killed_everywhere(Scenario {
        name: "all rows",
        expired: &[true, true],
        leftover: false,
        foreign: true,
    });
}

/// A sweeper as one should not write it: in place.
fn in_place(world: &World) -> (PathBuf, Vec<String>) {
    let text =
        "{\n  \"agent:main:telegram:group:1\": {\n    \"updatedAt\": 1700000000000,\n    \"x\": 1e2\n  }\n}";
    let script = format!("printf %s \"$0\" > {}", world.store().display());
    ("sh".into(), vec!["-c".to_owned(), script, text.to_owned()])
}

#[test]
fn the_rig_finds_a_sweeper_that_writes_in_place() {
    let scenario = Scenario { name: "in place", expired: &[true, false], leftover: false, foreign: false };
    let Some(points) = rig::points(scenario, in_place) else { return };
    let tally = kill_at(scenario, in_place, &points, |_, _| {});
    eprintln!("in place: {} of {} points leave a torn store", tally.torn.len(), points.len());
    assert!(!tally.torn.is_empty(), "{points:#?}");
    let world = World::new(scenario);
    assert!(rig::run(&world, in_place, None).status.success());
    assert_eq!(world.found(), Found::New, "left alone it does what a sweep does");
}
