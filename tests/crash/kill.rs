//! Killed at every system call: the store is old or new, a row that is gone is in the trash, and the next run finishes the
//! work.

use std::time::Instant;

use crate::{
    careless::{FOR_EVER, IN_PLACE},
    check::{self, after_the_end, is_told, must_heal},
    rig::{self, Point},
    scenario::{PRUNE, Scenario, Step},
    scenarios,
    world::{Found, World},
};

/// So many must be tried, all scenarios together.
const LEAST: usize = 2_000;

/// At every how many-th point the verbs are asked.
const TOLD: usize = 8;

/// How the store was found, over all points of a scenario.
#[derive(Debug, Default)]
struct Tally {
    old: usize,
    new: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn of(results: Vec<Result<Found, String>>) -> Self {
        let mut tally = Self::default();
        for result in results {
            match result {
                Ok(Found::Old) => tally.old += 1,
                Ok(_) => tally.new += 1,
                Err(wrong) => tally.wrong.push(wrong),
            }
        }
        tally
    }
}

/// Kills a scenario's line at each point, each time in a fresh world.
fn kill_at_each(
    scenario: &Scenario,
    points: &[Point],
    then: fn(&World, usize) -> Result<(), String>,
) -> Tally {
    let numbered: Vec<_> = points.iter().enumerate().collect();
    let results = rig::each(&numbered, |(at, point)| {
        let world = World::new(scenario);
        let found = rig::kill(&world, scenario.line, point).and_then(|()| after_the_end(&world));
        let healed = found.and_then(|found| then(&world, *at).map(|()| found));
        check::at(&world, "killed", point, healed)
    });
    Tally::of(results)
}

/// Kills at every call of a scenario; tells how many there were.
fn killed_everywhere(scenario: &Scenario) -> Option<Result<usize, String>> {
    let begin = Instant::now();
    let points = rig::points(scenario)?;
    let tally = kill_at_each(scenario, &points, |world, at| {
        must_heal(world)?;
        // What the files say is looked at every time; what the verbs say about them is the same thing again.
        if at % TOLD == 0 { is_told(world) } else { Ok(()) }
    });
    let (count, took) = (points.len(), begin.elapsed());
    eprintln!(
        "{}: killed at {count} points in {took:.1?}: {} times the old store, {} times the new one, {} wrong",
        scenario.name,
        tally.old,
        tally.new,
        tally.wrong.len()
    );
    let changes = scenario.old != scenario.new;
    Some(if !tally.wrong.is_empty() {
        Err(format!(
            "{} of {count}, such as {:#?}",
            tally.wrong.len(),
            &tally.wrong[..tally.wrong.len().min(5)]
        ))
    } else if count < scenario.least || changes && (tally.old < 20 || tally.new < 20) {
        Err(format!("{}: {count} points, {} old, {} new: too few", scenario.name, tally.old, tally.new))
    } else {
        Ok(count)
    })
}

#[test]
fn i3_i4_killed_at_every_call_of_every_scenario() {
    let begin = Instant::now();
    let mut wrong = Vec::new();
    let (mut points, mut told) = (0, 0);
    for scenario in scenarios::ALL {
        match killed_everywhere(scenario) {
            None => return,
            Some(Ok(count)) => (points, told) = (points + count, told + 1),
            Some(Err(complaint)) => wrong.push(complaint),
        }
    }
    eprintln!("killed at {points} points of {told} scenarios in {:.1?}", begin.elapsed());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(told >= 12 && points >= LEAST, "only {points} points of {told} scenarios");
}

/// What is wrong at the points of a pruner that is not ours, and how many points there are.
fn wrong_with(scenario: &Scenario) -> Option<(Vec<String>, usize)> {
    let points = rig::points(scenario)?;
    let tally = kill_at_each(scenario, &points, |_, _| Ok(()));
    let world = World::new(scenario);
    assert_eq!(rig::run(&world, scenario.line, None).code, 0, "{}", scenario.name);
    assert_eq!(world.found(), Found::New, "left alone it does what a sweep does");
    eprintln!("{}: {} of {} points are wrong", scenario.name, tally.wrong.len(), points.len());
    Some((tally.wrong, points.len()))
}

#[test]
fn the_rig_finds_a_pruner_that_writes_in_place() {
    let Some((wrong, points)) = wrong_with(&IN_PLACE) else { return };
    let torn = wrong.iter().filter(|wrong| wrong.contains("neither old nor new")).count();
    assert!(torn > 0 && torn < points, "{wrong:#?}");
}

#[test]
fn the_rig_finds_a_pruner_that_keeps_nothing() {
    let Some((wrong, points)) = wrong_with(&FOR_EVER) else { return };
    let lost = wrong.iter().filter(|wrong| wrong.contains("nor in the trash")).count();
    assert!(lost > 0 && lost < points && lost == wrong.len(), "{wrong:#?}");
}

#[test]
fn the_rig_finds_what_the_next_run_does_not_heal() {
    if rig::points(&Scenario::PRUNE).is_none() {
        return;
    }
    let prune = Scenario::PRUNE;
    for (broken, complaint) in [
        (Scenario { next: &["prune", "-n", "{store}"], ..prune }, "the store is the old one"),
        (Scenario { new: "-S-", ..prune }, "neither old nor new"),
        (Scenario { runs: 2, ..prune }, "1 lines in the journal"),
        (Scenario { bundles: 2, ..prune }, "1 bundles"),
        (Scenario { next: &["prune", "--yes", "{store}.gone"], ..prune }, "the next run"),
        (Scenario { next: &["prune", "--yes", "--no-trash", "{store}"], ..prune }, "nor in the trash"),
        (
            Scenario {
                before: &[Step::Store("-SS"), Step::Leftover],
                old: "-SS",
                next: &["prune", "-n", "{store}"],
                runs: 0,
                bundles: 0,
                ..prune
            },
            "is left",
        ),
    ] {
        let world = World::new(&broken);
        let wrong = must_heal(&world).expect_err(complaint);
        assert!(wrong.contains(complaint), "{complaint}: {wrong}");
    }
    assert_eq!(must_heal(&World::new(&Scenario { line: PRUNE, ..prune })), Ok(()));
}
