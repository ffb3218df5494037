//! strace: which system calls a command makes, and the same command with something done to one of them.
//!
//! strace counts per name, so that a point is a pair of a name and a number. It kills and fails at the entry of a call,
//! before the call has any effect.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    jail::hands,
    scenario::{Line, Scenario, Step},
    strace::{NOT_FILES, call_of, skip},
    world::{Ended, World},
};

/// One system call of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) name: String,
    /// The how many-th of its name it is.
    pub(crate) number: usize,
    /// Its line in the trace, for messages.
    pub(crate) line: String,
}

impl Point {
    /// What strace is told to do something to this call.
    pub(crate) fn inject(&self, what: &str) -> String {
        format!("{}:{what}:when={}", self.name, self.number)
    }

    /// For messages.
    pub(crate) fn told(&self) -> String {
        format!("#{} {}", self.number, self.line)
    }
}

/// What strace is called with. Where something is done to a call it writes down no other: that takes time, too.
pub(crate) fn strace(trace: &str, inject: Option<&str>, words: Vec<String>) -> Vec<String> {
    let calls = inject.and_then(|inject| inject.split(':').next()).map(|name| format!("trace={name}"));
    strace_of(calls.iter().flat_map(|calls| ["-e", calls]), trace, inject, words)
}

/// The same for a command that stops at these calls alone, by a filter in the kernel: each stop costs as much as many
/// calls. For errors only: at such a stop strace delivers no signal.
pub(crate) fn strace_at(calls: &str, trace: &str, inject: &str, words: Vec<String>) -> Vec<String> {
    strace_of(["--seccomp-bpf", "-e", &format!("trace={calls}")].into_iter(), trace, Some(inject), words)
}

fn strace_of<'a>(
    options: impl Iterator<Item = &'a str>,
    trace: &'a str,
    inject: Option<&str>,
    words: Vec<String>,
) -> Vec<String> {
    let mut strace: Vec<_> =
        ["strace", "-f", "-qq", "-o", trace].into_iter().chain(options).map(str::to_owned).collect();
    strace.extend(inject.map(|inject| ["-e".to_owned(), format!("inject={inject}")]).into_iter().flatten());
    strace.push("--".to_owned());
    strace.extend(words);
    strace
}

/// Runs a line under strace, with `inject` done to it.
pub(crate) fn run(world: &World, line: Line, inject: Option<&str>) -> Ended {
    let words = world.words(world.scenario.program, line);
    world.run_words(&strace(&world.trace().display().to_string(), inject, words))
}

/// Kills a line at a point.
pub(crate) fn kill(world: &World, line: Line, point: &Point) -> Result<(), String> {
    let ended = run(world, line, Some(&point.inject("signal=KILL")));
    if ended.code == 128 + 9 { Ok(()) } else { Err(format!("it went on: {ended:?}")) }
}

/// Whether there is strace, and it may trace here. Looked for once.
fn can_trace() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let world = World::new(&Scenario { before: &[], ..Scenario::PRUNE });
        let words = ["strace", "-qq", "-o", "/dev/null", "true"].map(str::to_owned);
        let ended = world.run_words(&words);
        if ended.code != 0 {
            skip(&format!("strace, which tests/setup.sh installs, cannot trace here: {}", ended.stderr));
        }
        ended.code == 0
    })
}

/// The points of a scenario's line that come once it knows of the store; `None` where there is no strace.
pub(crate) fn points(scenario: &Scenario) -> Option<Vec<Point>> {
    if !can_trace() {
        return None;
    }
    let world = World::new(scenario);
    let (points, ended) = traced(&world, scenario.line);
    assert_eq!(ended.code, 0, "{}: {ended:?}", scenario.name);
    Some(points)
}

/// The points of a line in a world where it is left alone.
pub(crate) fn traced(world: &World, line: Line) -> (Vec<Point>, Ended) {
    let ended = run(world, line, None);
    (points_of(&fs::read_to_string(world.trace()).unwrap()), ended)
}

fn points_of(trace: &str) -> Vec<Point> {
    let mut numbers = BTreeMap::<&str, usize>::new();
    let mut points = Vec::new();
    let mut knows = false;
    for (name, line) in trace.lines().filter_map(|line| Some((call_of(line)?.1, line))) {
        let number = numbers.entry(name).or_default();
        *number += 1;
        knows |= name != "execve" && line.contains("sessions.json\"");
        if knows && !NOT_FILES.contains(&name) {
            points.push(Point { name: name.to_owned(), number: *number, line: line.to_owned() });
        }
    }
    points
}

/// Kills a line when the new text has just taken the store's place, and nothing more is done.
pub(crate) fn kill_after_the_exchange(world: &World, line: Line) {
    /// Where that is, for the command lines that were asked for.
    static KNOWN: Mutex<Vec<(Line, Point)>> = Mutex::new(Vec::new());
    let known = || KNOWN.lock().unwrap().iter().find(|known| known.0 == line).map(|known| known.1.clone());
    let point = known().unwrap_or_else(|| {
        let point = after_the_exchange(world, line);
        KNOWN.lock().unwrap().push((line, point.clone()));
        point
    });
    kill(world, line, &point).unwrap();
}

/// Looks for the place in another world, which has all that came before the kill.
fn after_the_exchange(world: &World, line: Line) -> Point {
    let steps = world.scenario.before;
    let kill = steps.iter().position(|step| matches!(step, Step::KilledAfterTheExchange(_))).unwrap();
    let twin = World::apart(&Scenario { before: &steps[..kill], ..world.scenario });
    let (points, ended) = traced(&twin, line);
    let exchange = points.iter().position(|point| point.line.contains("RENAME_EXCHANGE"));
    points[exchange.unwrap_or_else(|| panic!("it exchanges nothing: {ended:?}")) + 1].clone()
}

/// Does the work on every item, on as many threads as there are hands, and keeps the order.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    each_by(hands(), items, work)
}

/// The same on so many threads.
pub(crate) fn each_by<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let hand = || {
        let turns = std::iter::from_fn(|| {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, work(item)))
        });
        turns.collect::<Vec<_>>()
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let hands: Vec<_> = (0..threads).map(|_| scope.spawn(hand)).collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn a_trace_is_read_as_pairs_of_name_and_number_from_where_the_store_is_known() {
    let trace = "7 execve(\"x\", [\"sessions.json\"]) = 0\n7 openat(1, \"/etc\") = 3\n7  openat(1, \"sessions.json\") = 3\n\
                 7 mmap(0) = 0\n7 <... openat resumed>) = 3\n7 --- SIGX {a(b)} ---\n7 fsync(3) = 0\n";
    let points: Vec<_> = points_of(trace).into_iter().map(|point| (point.name, point.number)).collect();
    assert_eq!(points, [("openat".to_owned(), 2), ("fsync".to_owned(), 1)]);
}

#[test]
fn each_item_is_worked_on_once_and_in_its_order() {
    let items: Vec<_> = (0..100).collect();
    assert_eq!(each(&items, |item| item * 2), (0..100).map(|item| item * 2).collect::<Vec<_>>());
}
