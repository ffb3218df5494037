//! Killed, and the run that comes to heal it killed as well: the one after that brings all to its end.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use crate::{
    careless::ONE_BUNDLE,
    check::{after_the_end, must_heal},
    rig::{self, Point},
    scenario::Scenario,
    scenarios,
    world::{Found, World},
};

/// So many pairs are tried. They are random, and the same in every run.
const PAIRS: usize = 500;
const SEED: u64 = 0x5e55_1014_ea9e_2026;

/// A file that was written to less than this ago is read twice: calls that not every run would make.
const YOUNG: Duration = Duration::from_millis(15);

/// Numbers that look random: splitmix64.
struct Dice(u64);

impl Dice {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }
}

/// A scenario, where its line is killed, and a number that tells where the next run is.
struct Pair<'a> {
    scenario: &'a Scenario,
    first: &'a Point,
    draw: usize,
}

/// What has to hold after the second kill.
type Then = fn(&World) -> Result<(), String>;

/// A world where a line was killed a moment ago.
fn killed(pair: &Pair<'_>) -> Result<World, String> {
    let world = World::new(pair.scenario);
    rig::kill(&world, pair.scenario.line, pair.first)?;
    thread::sleep(YOUNG);
    Ok(world)
}

/// Where the next run is killed: at one of the calls that it makes after just this kill.
fn second(pair: &Pair<'_>) -> Result<Point, String> {
    let twin = killed(pair)?;
    let (mut points, ended) = rig::traced(&twin, pair.scenario.next);
    if ended.code != 0 || points.is_empty() {
        return Err(format!("the next run: {ended:?}"));
    }
    let at = pair.draw % points.len();
    Ok(points.swap_remove(at))
}

fn killed_twice(pair: &Pair<'_>, then: Then) -> Result<(Point, Found), String> {
    let second = second(pair)?;
    let at = |wrong| format!("and then at {}: {wrong}", second.told());
    let world = killed(pair)?;
    rig::kill(&world, pair.scenario.next, &second).map_err(at)?;
    let found = after_the_end(&world).map_err(at)?;
    then(&world).map_err(at)?;
    Ok((second, found))
}

/// Each pair in worlds of its own.
fn each_killed_twice(pairs: &[Pair<'_>], then: Then) -> Vec<Result<(Point, Found), String>> {
    rig::each(pairs, |pair| {
        killed_twice(pair, then)
            .map_err(|wrong| format!("{}: killed at {}, {wrong}", pair.scenario.name, pair.first.told()))
    })
}

#[test]
fn i3_i4_killed_and_killed_again_while_it_heals() {
    let begin = Instant::now();
    let mut dice = Dice(SEED);
    let mut points = Vec::new();
    for scenario in scenarios::KILLED_TWICE {
        let Some(found) = rig::points(scenario) else { return };
        points.push((scenario, found));
    }
    let draw = |_| {
        let (scenario, points) = &points[dice.below(points.len())];
        Pair { scenario, first: &points[dice.below(points.len())], draw: dice.below(1 << 20) }
    };
    let pairs: Vec<_> = (0..PAIRS).map(draw).collect();
    let results = each_killed_twice(&pairs, must_heal);
    let wrong: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    let done: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    let new = done.iter().filter(|(_, found)| *found == Found::New).count();
    let places = pairs.iter().zip(&results).filter_map(|(pair, result)| {
        let (second, _) = result.as_ref().ok()?;
        Some((pair.scenario.name, &pair.first.name, pair.first.number, &second.name, second.number))
    });
    let distinct = places.collect::<BTreeSet<_>>().len();
    eprintln!(
        "killed twice at {} pairs (seed {SEED:#x}, {distinct} distinct, {} scenarios) in {:.1?}: {new} times the new store, \
         {} wrong",
        pairs.len(),
        points.len(),
        begin.elapsed(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {PAIRS}, such as {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert!(
        done.len() == PAIRS && distinct > PAIRS / 2 && new > PAIRS / 10 && new < PAIRS,
        "{distinct}, {new}"
    );
}

/// Nothing is wrong with the careless one wherever it is killed once: what it does to a bundle that is needed takes two.
#[test]
fn the_rig_finds_a_pruner_that_two_kills_undo() {
    let Some(points) = rig::points(&ONE_BUNDLE) else { return };
    let once = rig::each(&points, |point| {
        let world = World::new(&ONE_BUNDLE);
        rig::kill(&world, ONE_BUNDLE.line, point).and_then(|()| after_the_end(&world))
    });
    let once: Vec<_> = once.into_iter().filter_map(Result::err).collect();
    let first = points.last().expect("it makes calls");
    let pairs: Vec<_> = (0..points.len()).map(|draw| Pair { scenario: &ONE_BUNDLE, first, draw }).collect();
    let results = each_killed_twice(&pairs, |_| Ok(()));
    let twice: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    eprintln!(
        "{}: killed once {} of {} points are wrong, killed twice {} of {} pairs",
        ONE_BUNDLE.name,
        once.len(),
        points.len(),
        twice.len(),
        pairs.len()
    );
    assert!(once.is_empty(), "{once:#?}");
    assert!(!twice.is_empty() && twice.len() < pairs.len(), "{twice:#?}");
    assert!(twice.iter().all(|wrong| wrong.contains("nor in the trash")), "{twice:#?}");
}
