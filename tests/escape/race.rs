//! The race itself: the binary against the swapper, at its own pace and slowed down by strace right where it matters.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    swapper::{PAUSES, Swapper},
    world::{LEVELS, World, said},
};

/// What a command is to do to the right store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Sweep,
    BringBack,
    Empty,
    /// Nothing that can be seen in the store or its trash.
    Other,
}

/// All that changes stores below a folder, by each way to name one. The names that a pattern begins with are named, links and
/// all: none of them is exchanged.
const COMMANDS: [(Work, &[&str]); 9] = [
    (Work::Sweep, &["prune", "--yes", "state"]),
    (Work::BringBack, &["undo", "--store", "state"]),
    (Work::Sweep, &["prune", "--yes", "state/*/*/sessions/sessions.json"]),
    (Work::Empty, &["trash", "empty", "--yes", "--store", "state"]),
    (Work::Sweep, &["tick", "--force", "state/**/main"]),
    (Work::BringBack, &["undo", "--store", "state/*/main"]),
    (Work::Sweep, &["prune", "--yes", "--no-trash", "state"]),
    (Work::Other, &["pin", "state", "agent:main:main", "--reason", "it stays anyhow"]),
    (Work::Other, &["doctor", "--fix", "state"]),
];

impl Work {
    /// Whether it was done to the right store, which was swept with its rows in the trash, and filled again for a sweep.
    fn is_done(self, world: &World) -> bool {
        match self {
            Self::Sweep => world.is_swept(),
            Self::BringBack => !world.is_swept(),
            Self::Empty => world.bundles() == 0,
            Self::Other => false,
        }
    }
}

/// How long the swapper is at work in all.
fn time() -> Duration {
    let seconds = std::env::var("SESSION_REAPER_ESCAPE_SECONDS");
    Duration::from_secs(seconds.map_or(20, |text| text.parse().expect("a number of seconds")))
}

/// What came of it.
#[derive(Debug, Default)]
struct Count {
    swaps: u64,
    runs: u64,
    swept: u64,
    brought_back: u64,
    emptied: u64,
    refused: u64,
    told: BTreeMap<String, u64>,
}

impl Count {
    fn add(&mut self, work: Work) {
        match work {
            Work::Sweep => self.swept += 1,
            Work::BringBack => self.brought_back += 1,
            Work::Empty => self.emptied += 1,
            Work::Other => {}
        }
    }

    /// Whether the right store was swept, and at another time a swap came between: where folders are opened by their path,
    /// in the very moment between the look and the opening.
    fn shows_something(&self, level: &str) -> bool {
        let between = if level.contains(".session-reaper") { "error: " } else { "became a link meanwhile" };
        self.swaps > 0 && self.swept > 0 && self.told.keys().any(|why| why.contains(between))
    }

    fn print(&self, level: &str) {
        let Self { swaps, runs, swept, brought_back, emptied, refused, .. } = self;
        eprintln!(
            "{level}: {swaps} swaps, {runs} runs: {swept} swept the right store, {brought_back} brought back its rows, \
             {emptied} emptied its trash, {refused} refused, 0 escapes"
        );
        for (why, times) in &self.told {
            eprintln!("    {times:6} {why}");
        }
    }
}

fn race(level: &str, time: Duration) -> Count {
    let world = World::new();
    let mut count = Count::default();
    let mut at_work = Duration::ZERO;
    for round in 0.. {
        // A machine with much else to do gets more time to show something.
        if at_work >= if count.shows_something(level) { time } else { time * 5 } {
            break;
        }
        let (work, command) = COMMANDS[round % COMMANDS.len()];
        let pause = PAUSES[round % PAUSES.len()];
        let link = world.link(level);
        world.sweep();
        if work == Work::Sweep {
            world.fill();
        }
        let begin = Instant::now();
        let swapper =
            Swapper::start(&world.folder("state", level), &link, pause, u32::try_from(round).unwrap());
        let output = if round % 2 == 0 { world.run(command) } else { world.run_slowly(command) };
        count.swaps += swapper.stop();
        at_work += begin.elapsed();
        count.runs += 1;
        assert_eq!(world.escapes(), Vec::<PathBuf>::new(), "{level}: {command:?}: {}", said(&output));
        if work.is_done(&world) {
            count.add(work);
        }
        count.refused += u64::from(output.status.code() == Some(4));
        for line in said(&output).lines().filter(|line| line.starts_with("error: ")) {
            *count.told.entry(line.to_owned()).or_default() += 1;
        }
    }
    world.must_be_whole();
    count
}

#[test]
fn i10_nothing_is_led_out_of_the_folder_that_was_named() {
    let each = time() / u32::try_from(LEVELS.len()).unwrap();
    let mut done = [0; 3];
    for level in LEVELS {
        let count = race(level, each);
        count.print(level);
        assert!(
            count.shows_something(level),
            "{level}: nothing was swept, or nothing came between: {count:?}"
        );
        done = [done[0] + count.swept, done[1] + count.brought_back, done[2] + count.emptied];
    }
    assert!(done.iter().all(|done| *done > 0), "swept, brought back, emptied: {done:?}");
}
