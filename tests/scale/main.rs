//! What a sweep takes of the memory: at its peak, the whole process, 16 MB and 24 bytes a row, however large the store, and
//! whatever share of its rows goes.
//!
//! `SESSION_REAPER_SCALE=all cargo test --release --test scale -- --nocapture` adds a store of 1,000,000 rows and more than 1.2 GB,
//! below the system's temporary folder. Where runs or rows are counted (`--keep-last`, `--max-entries`) times and jobs are
//! remembered as well, which makes 32 bytes a row.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

use std::{
    fs,
    io::BufWriter,
    path::{Path, PathBuf},
    process::Command,
};

use session_reaper::{
    Timestamp,
    specimen::{self, Mix, Recipe, Weight},
};

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

/// What a process may take whatever the store.
const BASE: u64 = 16 << 20;

/// What threads have in hand differs by less from one run to the next.
const CHANCE: u64 = 3 << 20;

const TASKSET: &str = "/usr/bin/taskset";

const FEW: u64 = 20_000;
const MANY: u64 = 640_000;

/// The sweeps, and how many bytes a row each of them may take beyond that. A store of which every row goes needs a second
/// word.
const SWEEPS: [(&[&str], u64); 7] = [
    (&["prune", "-n"], 24),
    (&["prune", "--yes"], 24),
    (&["prune", "--yes", "--no-trash"], 24),
    (&["tick"], 24),
    (&["prune", "--yes", "--keep-last", "2"], 32),
    (&["prune", "--yes", "--max-entries", "1000"], 32),
    (&["prune", "--yes", "--keep-last", "2", "--max-entries", "1000"], 32),
];

/// Where a command may run. What its threads have in hand at the worst moment is chance, a megabyte or two; so what a row takes
/// can only be told of one processor, where there is one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Processors {
    All,
    One,
}

impl Processors {
    /// A command that runs what follows there.
    fn command(self, program: &str) -> Command {
        match self {
            Self::All => Command::new(program),
            Self::One => {
                let mut command = Command::new(TASKSET);
                command.args(["--cpu-list", &a_processor_of_ours(), program]);
                command
            }
        }
    }
}

/// Not every process may run on the first one.
fn a_processor_of_ours() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim();
    list.split([',', '-']).next().unwrap().to_owned()
}

/// The peak memory in bytes of a command, whole process, as GNU time tells it; `None` where a program for that is missing.
fn peak(store: &Path, args: &[&str], processors: Processors) -> Option<u64> {
    for program in ["/usr/bin/time", TASKSET] {
        if !Path::new(program).exists() {
            assert!(std::env::var_os("CI").is_none(), "CI must have {program}: tests/setup.sh installs it");
            eprintln!("SKIPPED: {program} is missing; tests/setup.sh installs it");
            return None;
        }
    }
    let mut command = processors.command("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_session-reaper"), "-q", "--now"]).arg(NOW.to_string());
    let output = command.args(args).arg("--allow-mass-delete").arg(store).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    Some(said.lines().last().unwrap().trim().parse::<u64>().unwrap() * 1024)
}

/// A store of cron runs, so many of a hundred expired, in a folder of its own.
fn store(folder: &Path, rows: u64, weight: Weight, expired_percent: u8) -> PathBuf {
    let path = folder.join(format!("{rows}-{expired_percent}.json"));
    let recipe = Recipe { rows, weight, expired_percent, kinds: Mix::CronRuns, ..Recipe::new(NOW) };
    specimen::write(&recipe, &mut BufWriter::new(fs::File::create(&path).unwrap())).unwrap();
    path
}

/// Sweeps a store in every way, each time as if nobody had ever done so, and tells the peaks.
fn peaks(rows: u64, weight: Weight, expired_percent: u8, processors: Processors) -> Option<Vec<u64>> {
    let folder = tempfile::tempdir().unwrap();
    let pristine = store(folder.path(), rows, weight, expired_percent);
    let sweep = |(at, (args, per_row)): (usize, (&[&str], u64))| {
        let fresh = folder.path().join(at.to_string());
        fs::create_dir(&fresh).unwrap();
        let swept = fresh.join("sessions.json");
        fs::copy(&pristine, &swept).unwrap();
        let peak = peak(&swept, args, processors)?;
        fs::remove_dir_all(&fresh).unwrap();
        let most = BASE + per_row * rows;
        let what = format!("{rows} rows, {expired_percent} % expired, {processors:?}, {args:?}");
        eprintln!("{what}: {peak} bytes, at most {most}");
        assert!(peak <= most, "{what}: {peak} bytes, not {most}");
        Some(peak)
    };
    SWEEPS.into_iter().enumerate().map(sweep).collect()
}

/// What a row more takes is no more than its bytes: what a small store leaves of [`BASE`] does not count for a large one.
fn a_row_takes_no_more_than_its_bytes(processors: Processors, chance: u64) {
    for expired_percent in [0, 25, 50, 100] {
        let small = peaks(FEW, Weight::Bare, expired_percent, processors);
        let Some((small, large)) = small.zip(peaks(MANY, Weight::Bare, expired_percent, processors)) else {
            return;
        };
        for ((args, most), (small, large)) in SWEEPS.into_iter().zip(small.into_iter().zip(large)) {
            let per_row = large.saturating_sub(small + chance) / (MANY - FEW);
            let what = format!("{expired_percent} % expired, {processors:?}, {args:?}");
            eprintln!("{what}: {per_row} bytes a row, at most {most}");
            assert!(per_row <= most, "{what}: {per_row} bytes a row");
        }
    }
}

#[test]
fn a_sweep_by_one_thread_takes_16_mb_and_24_bytes_a_row_and_32_where_rows_are_counted() {
    a_row_takes_no_more_than_its_bytes(Processors::One, 0);
}

#[test]
fn a_sweep_by_several_threads_takes_no_more() {
    a_row_takes_no_more_than_its_bytes(Processors::All, CHANCE);
}

#[test]
fn a_store_of_more_than_a_gigabyte_takes_no_more() {
    if std::env::var_os("SESSION_REAPER_SCALE").is_none_or(|which| which != "all") {
        eprintln!("SKIPPED: SESSION_REAPER_SCALE=all sweeps 1.2 GB as well");
        return;
    }
    for expired_percent in [0, 25, 100] {
        peaks(1_000_000, Weight::Lean, expired_percent, Processors::All);
    }
}
