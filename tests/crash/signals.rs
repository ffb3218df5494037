//! Asked to stop at every system call: the store is old or new, and no lock and no half file is left behind.

use std::time::Instant;

use crate::{
    check::{self, after_the_end, left_behind, must_heal},
    rig::{self, Point},
    scenario::{Scenario, Step},
    world::{Found, World},
};

const SCENARIO: Scenario =
    Scenario { name: "asked to stop", before: &[Step::Store("GSS"), Step::Leftover], ..Scenario::PRUNE };

/// What came of a signal: the store, and whether the sweep ended by it.
type Came = (Found, bool);

/// Ended by a signal, or with the code that says so, and with nothing half done. Nobody hears the one about pipes until it
/// is listened for: then the sweep goes on to its end.
fn asked(signal: &str, number: i32, point: &Point) -> Result<Came, String> {
    let world = World::new(&SCENARIO);
    let ended = rig::run(&world, SCENARIO.line, Some(&point.inject(&format!("signal={signal}"))));
    let found = after_the_end(&world)?;
    let is_deaf = signal == "PIPE" && ended.code == 0 && found == Found::New;
    if ended.code != 128 + number && !is_deaf {
        return Err(format!("{ended:?}"));
    }
    // Killed by the default action before anything was begun, there is the leftover that was there already.
    let left: Vec<_> = left_behind(&world).into_iter().filter(|name| !name.contains(".77.0.")).collect();
    if !left.is_empty() {
        return Err(format!("{left:?} is left; {ended:?}"));
    }
    must_heal(&world).map(|()| (found, !is_deaf))
}

fn asked_everywhere(signal: &str, number: i32, every: usize) {
    let begin = Instant::now();
    let Some(all) = rig::points(&SCENARIO) else { return };
    let points: Vec<_> = all.iter().step_by(every).collect();
    let results = rig::each(&points, |point| {
        asked(signal, number, point).map_err(|wrong| format!("{signal} at {}: {wrong}", point.told()))
    });
    let wrong: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    let of = |what: Came| results.iter().filter(|result| result.as_ref() == Ok(&what)).count();
    let [old, new, deaf] = [(Found::Old, true), (Found::New, true), (Found::New, false)].map(of);
    eprintln!(
        "{signal} at {} of {} points in {:.1?}: {old} times the old store, {new} the new one, {deaf} times not heard, {} wrong",
        points.len(),
        all.len(),
        begin.elapsed(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {}: {:#?}", wrong.len(), points.len(), &wrong[..wrong.len().min(5)]);
    assert!(
        points.len() >= 60 && old > 30 && new > 5 && deaf < points.len() / 4,
        "{} points, {old} old, {new} new",
        points.len()
    );
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
fn i3_nobody_listening_at_every_fourth_call() {
    asked_everywhere("PIPE", 13, 4);
}

#[test]
fn the_rig_sees_what_a_killed_sweep_leaves() {
    let Some(points) = rig::points(&SCENARIO) else { return };
    let at_the_exchange = points.iter().position(|point| point.line.contains("RENAME_EXCHANGE")).unwrap();
    let world = World::new(&SCENARIO);
    let point = &points[at_the_exchange];
    check::at(&world, "killed", point, rig::kill(&world, SCENARIO.line, point)).unwrap();
    let left = left_behind(&world);
    for ending in ["sessions.json.lock", ".swap", ".unfinished"] {
        assert!(left.iter().any(|name| name.ends_with(ending)), "{ending}: {left:?}");
    }
}
