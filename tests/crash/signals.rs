//! Asked to stop at every system call: the store is old or new, and no lock and no half file is left behind.

use std::{collections::BTreeSet, time::Instant};

use crate::{
    check::{self, after_the_end, left_behind, must_heal},
    rig::{self, Point},
    scenario::{Scenario, Step},
    scenarios,
    world::{Found, World},
};

const SCENARIO: Scenario =
    Scenario { name: "asked to stop", before: &[Step::Store("GSS"), Step::Leftover], ..Scenario::PRUNE };

/// A signal, by its name and its number.
type Signal = (&'static str, i32);

const TERM: Signal = ("TERM", 15);
const INT: Signal = ("INT", 2);
const HUP: Signal = ("HUP", 1);
const PIPE: Signal = ("PIPE", 13);

/// At every how many-th point other commands are asked, by each signal in turn.
const SAMPLED: usize = 3;

/// What came of a signal: the store, and whether the command ended by it.
type Came = (Found, bool);

/// Ended by a signal, or with the code that says so, and with nothing half done. Nobody hears the one about pipes until it
/// is listened for: then the command goes on to its end.
fn asked(scenario: &Scenario, (signal, number): Signal, point: &Point) -> Result<Came, String> {
    let world = World::new(scenario);
    let ended = rig::run(&world, scenario.line, Some(&point.inject(&format!("signal={signal}"))));
    let found = after_the_end(&world)?;
    let is_done = found == Found::New || scenario.old == scenario.new;
    let is_deaf = signal == "PIPE" && ended.code == 0 && is_done;
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

/// How often what came of it.
struct Tally {
    old: usize,
    new: usize,
    deaf: usize,
    wrong: Vec<String>,
}

/// Asks at each of these points, each time in a fresh world.
fn ask(scenario: &Scenario, asks: &[(&Point, Signal)]) -> Tally {
    let begin = Instant::now();
    let results = rig::each(asks, |(point, signal)| {
        asked(scenario, *signal, point).map_err(|wrong| format!("{} at {}: {wrong}", signal.0, point.told()))
    });
    let of = |is: fn(&Came) -> bool| results.iter().filter(|came| came.as_ref().is_ok_and(is)).count();
    let tally = Tally {
        old: of(|came| *came == (Found::Old, true)),
        new: of(|came| *came == (Found::New, true)),
        deaf: of(|(_, is_heard)| !is_heard),
        wrong: results.iter().filter_map(|result| result.as_ref().err().cloned()).collect(),
    };
    let Tally { old, new, deaf, wrong } = &tally;
    let (name, signals) = (scenario.name, asks.iter().map(|(_, signal)| signal.0).collect::<BTreeSet<_>>());
    eprintln!(
        "{name}: {signals:?} at {} points in {:.1?}: {old} times the old store, {new} the new one, {deaf} times not heard, \
         {} wrong",
        asks.len(),
        begin.elapsed(),
        wrong.len()
    );
    tally
}

fn none_is_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

fn asked_everywhere(signal: Signal, every: usize) {
    let Some(all) = rig::points(&SCENARIO) else { return };
    let asks: Vec<_> = all.iter().step_by(every).map(|point| (point, signal)).collect();
    let Tally { old, new, deaf, wrong } = ask(&SCENARIO, &asks);
    none_is_wrong(&wrong);
    assert!(
        asks.len() >= 60 && old > 30 && new > 5 && deaf < asks.len() / 4,
        "{} points, {old} old, {new} new",
        asks.len()
    );
}

#[test]
fn i3_asked_to_terminate_anywhere() {
    asked_everywhere(TERM, 1);
}

#[test]
fn i3_interrupted_at_every_fourth_call() {
    asked_everywhere(INT, 4);
}

#[test]
fn i3_hung_up_at_every_fourth_call() {
    asked_everywhere(HUP, 4);
}

#[test]
fn i3_nobody_listening_at_every_fourth_call() {
    asked_everywhere(PIPE, 4);
}

#[test]
fn i3_other_commands_asked_to_stop() {
    let mut wrong = Vec::new();
    for (at, scenario) in scenarios::ASKED.iter().enumerate() {
        let Some(all) = rig::points(scenario) else { return };
        assert!(all.len() >= scenario.least, "{}: only {} points", scenario.name, all.len());
        // Not the same places in each.
        let places = all.iter().skip(at).step_by(SAMPLED);
        let asks: Vec<_> = places.zip([TERM, INT, HUP, PIPE].into_iter().cycle()).collect();
        let tally = ask(scenario, &asks);
        let changes = scenario.old != scenario.new;
        if tally.wrong.is_empty() && (tally.old == 0 || changes && tally.new == 0) {
            wrong.push(format!("{}: {} old, {} new: too few", scenario.name, tally.old, tally.new));
        }
        wrong.extend(tally.wrong);
    }
    none_is_wrong(&wrong);
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
