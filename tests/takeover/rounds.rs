//! Eight processes want the lock that a dead one has left, and one or two of them are delayed or killed at one system call.
//!
//! `SESSION_REAPER_TAKEOVER_ROUNDS=20000` makes more than the 1,000 rounds that CI makes.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    contender::NAIVE,
    rig::{Contender, Ground, Point, left_in},
};

const CONTENDERS: usize = 8;
const ROUNDS: usize = 1_000;

/// The others take over, hold and release while one of them stands still.
const DELAY: &str = "delay_enter=10000";
const KILL: &str = "signal=KILL";

/// The wrong protocol must be caught in so many rounds.
const ENOUGH: usize = 200;

/// So much earlier than the others do those under strace begin, in turn: they are slower.
const HEAD_STARTS_US: [u64; 5] = [3_000, 1_500, 5_000, 0, 800];

/// What came out of all rounds.
#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    held: usize,
    /// How often something was done to a call.
    struck: usize,
    wrong: Vec<String>,
}

/// Processes that serve round after round.
struct Servers<'a> {
    ground: &'a Ground,
    all: Vec<Contender>,
    tally: Tally,
}

impl<'a> Servers<'a> {
    fn new(ground: &'a Ground) -> Self {
        let all = (1..CONTENDERS).map(|_| ground.server()).collect();
        Self { ground, all, tally: Tally::default() }
    }

    /// One round, with something done to one contender at each of `points`.
    fn round(&mut self, points: &[&Point], inject: &str) {
        self.tally.rounds += 1;
        let round = self.tally.rounds;
        let folder = self.ground.folder(round);
        let mut slow: Vec<_> = points.iter().map(|point| self.ground.traced(point, inject)).collect();
        slow.iter_mut().for_each(Contender::is_up);
        let others = CONTENDERS - slow.len();
        for contender in &mut slow {
            contender.go(&folder);
        }
        thread::sleep(Duration::from_micros(HEAD_STARTS_US[round / 3 % HEAD_STARTS_US.len()]));
        for contender in self.all.iter_mut().take(others) {
            contender.go(&folder).expect("a server has ended");
        }
        let answers: Vec<_> = self.all.iter_mut().take(others).map(Contender::answer).collect();
        let slow_answers: Vec<_> = slow.iter_mut().map(Contender::answer).collect();
        self.tally.struck += slow.into_iter().filter_map(Contender::end).filter(|was| *was).count();
        self.count(&format!("round {round}, {inject} at {points:?}"), &folder, answers, slow_answers);
    }

    /// Rounds until a contender was killed at this very call: who finds the lock taken makes other calls.
    fn strike(&mut self, point: &Point) {
        let before = self.tally.struck;
        for _ in 0..10 {
            self.round(&[point], KILL);
            if self.tally.struck > before {
                break;
            }
        }
    }

    fn count(&mut self, what: &str, folder: &Path, answers: Vec<Option<String>>, slow: Vec<Option<String>>) {
        if slow.iter().any(Option::is_none) {
            self.one_more(what, folder);
        }
        let mut wrong: Vec<_> =
            answers.into_iter().map(Option::unwrap_or_default).chain(slow.into_iter().flatten()).collect();
        self.tally.held += wrong.iter().filter(|answer| *answer == "held").count();
        wrong.retain(|answer| answer != "held");
        let left = left_in(folder);
        if !wrong.is_empty() || !left.is_empty() {
            self.tally.wrong.push(format!("{what}: {wrong:?}, left: {left:?}"));
        }
    }

    /// After a kill: what is left may be a dead lock and a temp; who comes next gets it, and clears up.
    fn one_more(&mut self, what: &str, folder: &Path) {
        self.all[0].go(folder).expect("a server has ended");
        let answer = self.all[0].answer();
        if answer.as_deref() != Some("held") {
            self.tally.wrong.push(format!("{what}: then one more: {answer:?}"));
        }
    }

    fn end(self) -> Tally {
        for contender in self.all {
            contender.end();
        }
        self.tally
    }
}

fn rounds() -> usize {
    let told = std::env::var("SESSION_REAPER_TAKEOVER_ROUNDS").ok();
    told.map_or(ROUNDS, |told| told.parse().expect("a number of rounds"))
}

#[test]
fn i7_one_holder_at_a_time_whoever_is_delayed_at_whatever_call() {
    let ground = Ground::new("real");
    let Some(points) = ground.points() else { return };
    let begin = Instant::now();
    let mut servers = Servers::new(&ground);
    for round in 0..rounds() {
        let first = &points[round % points.len()];
        let second = &points[(round * 7 + 3) % points.len()];
        let both = [first, second];
        servers.round(if round % 4 == 3 { &both } else { &both[..1] }, DELAY);
    }
    let tally = servers.end();
    eprintln!(
        "{} rounds of {CONTENDERS} processes in {:?}, {} delays, at each of {} calls in turn: held {} times, never by two",
        tally.rounds,
        begin.elapsed(),
        tally.struck,
        points.len(),
        tally.held
    );
    assert!(tally.wrong.is_empty(), "{} rounds: {:#?}", tally.wrong.len(), tally.wrong);
    assert_eq!(tally.held, tally.rounds * CONTENDERS);
    assert!(points.len() >= 40 && tally.struck * 5 >= tally.rounds * 4, "{} points, {tally:?}", points.len());
}

#[test]
fn i7_one_holder_at_a_time_whoever_is_killed_at_whatever_call() {
    let ground = Ground::new("real");
    let Some(points) = ground.points() else { return };
    let begin = Instant::now();
    let mut servers = Servers::new(&ground);
    for point in &points {
        servers.strike(point);
    }
    let tally = servers.end();
    eprintln!(
        "{} rounds of {CONTENDERS} processes in {:?}, {} were killed, each at another call: held {} times, never by two",
        tally.rounds,
        begin.elapsed(),
        tally.struck,
        tally.held
    );
    assert!(tally.wrong.is_empty(), "{} rounds: {:#?}", tally.wrong.len(), tally.wrong);
    assert!(points.len() >= 40 && tally.struck * 5 >= points.len() * 4, "{} points, {tally:?}", points.len());
}

#[test]
fn strace_catches_who_unlinks_by_name() {
    let ground = Ground::new(NAIVE);
    let Some(points) = ground.points() else { return };
    let begin = Instant::now();
    let mut servers = Servers::new(&ground);
    let is_caught = |tally: &Tally| tally.wrong.iter().any(|wrong| wrong.contains("two holders"));
    while servers.tally.rounds < ENOUGH && !is_caught(&servers.tally) {
        let round = servers.tally.rounds;
        servers.round(&[&points[round % points.len()]], DELAY);
    }
    let tally = servers.end();
    eprintln!("the wrong protocol: two holders in round {}, {:?}", tally.rounds, begin.elapsed());
    assert!(is_caught(&tally), "nobody saw in {} rounds that it is wrong: {:#?}", tally.rounds, tally.wrong);
}
