//! Asked to stop at every system call: the store is old or new, and no lock and no half file is left behind.

use std::{fs, os::unix::process::ExitStatusExt, path::Path, process::Output, time::Instant};

use crate::{
    rig,
    world::{Found, Scenario, World},
};

const SCENARIO: Scenario =
    Scenario { name: "asked to stop", expired: &[true, false], leftover: true, foreign: false };

/// Ended by signal `number`, or with the code that says so.
fn was_stopped(output: &Output, number: i32) -> bool {
    output.status.signal() == Some(number) || output.status.code() == Some(128 + number)
}

/// What must not be there once the process has ended by itself.
fn left_behind(world: &World) -> Vec<String> {
    let names = |folder| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    let ours = world.folder().join(".session-reaper");
    let all = names(world.folder()).chain(names(ours)).map(|name| name.into_string().unwrap());
    let is_lock = |name: &str| name == "sessions.json.lock";
    let mut left: Vec<_> = all.collect();
    // Our own mutex has the same name, in our own folder; it is an empty file that stays.
    let locks = left.iter().filter(|name| is_lock(name)).count();
    let has_ending =
        |name: &str, ending: &str| Path::new(name).extension().is_some_and(|found| found == ending);
    left.retain(|name| has_ending(name, "tmp") || has_ending(name, "swap") || is_lock(name) && locks > 1);
    left
}

fn asked_everywhere(name: &str, number: i32, every: usize) {
    let begin = Instant::now();
    let Some(points) = rig::points(SCENARIO, rig::ours) else { return };
    let (mut old, mut new, mut tried) = (0, 0, 0);
    for point in points.iter().step_by(every) {
        let world = World::new(SCENARIO);
        let inject = format!("{}:signal={name}:when={}", point.name, point.number);
        let output = rig::run(&world, rig::ours, Some(&inject));
        let what = format!("{name} at {} #{}, {}", point.name, point.number, point.line);
        assert!(was_stopped(&output, number), "{what}: {:?}", output.status);
        match world.found() {
            Found::Old => old += 1,
            Found::New => new += 1,
            Found::Torn(text) => panic!("{what}: {text:?}"),
        }
        // Killed by the default action before anything was begun, there is the leftover that was there already.
        let left: Vec<_> = left_behind(&world).into_iter().filter(|name| !name.contains(".77.0.")).collect();
        assert!(left.is_empty(), "{what}: {left:?}");
        world.must_heal(&what);
        tried += 1;
    }
    let took = begin.elapsed();
    eprintln!(
        "{name} at {tried} of {} points in {took:?}: {old} times the old store, {new} the new one",
        points.len()
    );
    assert!(tried >= 20 && old > 10 && new > 2, "{tried} points, {old} old, {new} new");
}

#[test]
fn i3_asked_to_terminate_anywhere() {
    asked_everywhere("TERM", 15, 1);
}

#[test]
fn i3_interrupted_at_every_fourth_call() {
    asked_everywhere("INT", 2, 4);
}

#[test]
fn i3_hung_up_at_every_fourth_call() {
    asked_everywhere("HUP", 1, 4);
}

#[test]
fn the_rig_sees_what_a_killed_sweep_leaves() {
    let Some(points) = rig::points(SCENARIO, rig::ours) else { return };
    let leaves = |point: &rig::Point| {
        let world = World::new(SCENARIO);
        rig::run(&world, rig::ours, Some(&format!("{}:signal=KILL:when={}", point.name, point.number)));
        left_behind(&world)
    };
    let left: Vec<_> =
        points.iter().filter(|point| point.line.contains("RENAME_EXCHANGE")).flat_map(leaves).collect();
    assert!(left.iter().any(|name| name == "sessions.json.lock"), "{left:?}");
    assert!(left.iter().any(|name| name.contains(".swap")), "{left:?}");
}
