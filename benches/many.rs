//! Many small stores, each in its own folder, in one command: `cargo bench --bench many`.
//!
//! 2,000 stores of 30 KB; `SESSION_REAPER_BENCH=all` makes them 10,000 (about 600 MB below the system's temporary folder).
//! Every sweep includes its fsyncs.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program"
)]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use session_reaper::{
    Timestamp,
    specimen::{self, Mix, Recipe, Weight},
};

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

/// How many rows make 30 KB.
const ROWS: u64 = 21;

const ROUNDS: usize = 5;

/// What is done to all stores.
struct Work<'a> {
    name: &'a str,
    run: &'a dyn Fn(&Path),
    /// Whether the stores are made anew before each round.
    afresh: bool,
}

fn main() {
    let count = if std::env::var_os("SESSION_REAPER_BENCH").is_some_and(|which| which == "all") {
        10_000
    } else {
        2_000
    };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("state");
    let swept = |args: &'static [&str]| move |root: &Path| command(args, root);
    let works = [
        Work {
            name: "copy + fsync + rename + folder fsync, one after the other",
            run: &copy_all,
            afresh: true,
        },
        Work { name: "prune --no-trash", run: &swept(&["prune", "--yes", "--no-trash"]), afresh: true },
        Work { name: "prune", run: &swept(&["prune", "--yes"]), afresh: true },
        Work {
            name: "prune --max-time 1h: one after the other",
            run: &swept(&["prune", "--yes", "--max-time", "1h"]),
            afresh: true,
        },
        Work { name: "tick with nothing due", run: &swept(&["tick"]), afresh: false },
    ];
    let mut times: Vec<Vec<Duration>> = works.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (work, times) in works.iter().zip(&mut times) {
            if work.afresh {
                make(&root, count);
            }
            let begin = Instant::now();
            (work.run)(&root);
            times.push(begin.elapsed());
        }
    }
    println!("{count} stores of 30 KB, {ROUNDS} rounds in turn: median (fastest)");
    for (work, times) in works.iter().zip(&mut times) {
        times.sort();
        println!(
            "{:60} {:>9.1?} ({:.1?})",
            work.name,
            times.get(ROUNDS / 2).unwrap(),
            times.first().unwrap()
        );
    }
}

fn command(args: &[&str], root: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session-reaper"));
    command.args(["-q", "--now"]).arg(NOW.to_string()).args(args).arg(root);
    assert!(command.status().unwrap().success(), "{args:?}");
}

fn store(root: &Path, number: usize) -> PathBuf {
    root.join(format!("agents/a{number}/sessions/sessions.json"))
}

/// All stores as they were, with nothing of ours beside them, and all of that on the disk.
fn make(root: &Path, count: usize) {
    let _ = fs::remove_dir_all(root);
    let mut text = Vec::new();
    let recipe = Recipe {
        rows: ROWS,
        weight: Weight::Lean,
        expired_percent: 25,
        kinds: Mix::CronRuns,
        ..Recipe::new(NOW)
    };
    specimen::write(&recipe, &mut text).unwrap();
    for number in 0..count {
        let path = store(root, number);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &text).unwrap();
    }
    rustix::fs::sync();
}

fn copy_all(root: &Path) {
    for agent in fs::read_dir(root.join("agents")).unwrap() {
        let folder = agent.unwrap().path().join("sessions");
        let (path, temp) = (folder.join("sessions.json"), folder.join("sessions.json.tmp"));
        fs::copy(&path, &temp).unwrap();
        File::open(&temp).unwrap().sync_all().unwrap();
        fs::rename(&temp, &path).unwrap();
        File::open(&folder).unwrap().sync_all().unwrap();
    }
}
