//! Pieces of work whose instructions callgrind counts; benches/instructions.sh starts each, and compares with what is
//! written down in benches/instructions.txt.
//!
//! `instructions CASE FOLDER` does one of them and prints how many units of work that was, and of what;
//! `instructions features` prints what the processor says it can do, since code may choose by it.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program"
)]

use std::{
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
};

use session_reaper::{
    FileStore, Policy, Reaper, Timestamp,
    json::{scan, testing::Ages},
    policy::Detail,
    specimen::{self, Mix, Recipe, Weight},
    store::{Request, Store},
    sweep::{self, Options, Outcome},
};

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

/// Rows of a plan, and of the store that ticks find at rest: so few that one thread reads them, as only that one is counted.
const ROWS: u64 = 1_200;

/// What is counted is what happens in here: callgrind knows it by its name.
///
/// Rounds are many where hash seeds and buffers could make one differ from the next.
#[inline(never)]
fn here_instructions_are_counted(rounds: u64, work: &mut dyn FnMut()) {
    for _ in 0..rounds {
        work();
    }
    black_box(rounds);
}

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (units, of) = match args[..] {
        ["features"] => return println!("{}", features()),
        ["scan-lean", _] => (scanned(Weight::Lean, 1_500), "byte"),
        ["scan-heavy", _] => (scanned(Weight::Heavy, 80), "byte"),
        ["plan-lean", folder] => (planned(Path::new(folder), 4), "row"),
        ["tick-in-memory", folder] => (ticked_in_memory(Path::new(folder), 1_000), "tick"),
        ["tick-from-disk", folder] => (ticked_from_disk(Path::new(folder), 100), "tick"),
        _ => panic!("what is {args:?}?"),
    };
    println!("{units} {of}");
}

fn features() -> String {
    let mut features = vec![env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        let has = [
            ("sse4.2", is_x86_feature_detected!("sse4.2")),
            ("popcnt", is_x86_feature_detected!("popcnt")),
            ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
            ("avx2", is_x86_feature_detected!("avx2")),
            ("bmi1", is_x86_feature_detected!("bmi1")),
            ("bmi2", is_x86_feature_detected!("bmi2")),
            ("sha", is_x86_feature_detected!("sha")),
            ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ];
        features.extend(has.into_iter().filter(|(_, has)| *has).map(|(name, _)| name));
    }
    features.join(" ")
}

fn text(rows: u64, weight: Weight) -> Vec<u8> {
    let recipe = Recipe { rows, weight, expired_percent: 25, kinds: Mix::CronRuns, ..Recipe::new(NOW) };
    let mut text = Vec::new();
    specimen::write(&recipe, &mut text).unwrap();
    text
}

fn scanned(weight: Weight, rows: u64) -> u64 {
    let text = text(rows, weight);
    let mut ages = Ages::default();
    here_instructions_are_counted(1, &mut || {
        black_box(scan(black_box(&text), &mut ages).is_ok());
    });
    assert_ne!(ages.sum, 0, "it has seen no row");
    text.len() as u64
}

fn store(folder: &Path) -> FileStore {
    let path: PathBuf = folder.join("sessions.json");
    fs::write(&path, text(ROWS, Weight::Lean)).unwrap();
    FileStore::new(path)
}

fn planned(folder: &Path, rounds: u64) -> u64 {
    let store = store(folder);
    let policy = Policy::default();
    let mut pruned = 0;
    here_instructions_are_counted(rounds, &mut || {
        let request = Request { policy: &policy, now: NOW, detail: Detail::Doomed, digest: false };
        pruned += store.plan(&request).unwrap().plan.pruned();
    });
    assert!(pruned > rounds, "it found nothing to prune");
    rounds * ROWS
}

fn ticked_in_memory(folder: &Path, rounds: u64) -> u64 {
    let reaper = Reaper::new(store(folder), Policy::default()).with_allow_clock_jump(true);
    let first = reaper.tick(NOW).unwrap();
    assert!(first.totals().pruned > 0, "{first:?}");
    here_instructions_are_counted(rounds, &mut || {
        assert_eq!(reaper.tick(NOW).unwrap().totals().pruned, 0);
    });
    rounds
}

fn ticked_from_disk(folder: &Path, rounds: u64) -> u64 {
    let (store, policy) = (store(folder), Policy::default());
    let options = Options { allow_clock_jump: true, ..Options::default() };
    let first = sweep::tick(&store, &policy, NOW, &options);
    assert!(first.pruned > 0, "{first:?}");
    here_instructions_are_counted(rounds, &mut || {
        assert_eq!(sweep::tick(&store, &policy, NOW, &options).outcome, Outcome::Throttled);
    });
    rounds
}
