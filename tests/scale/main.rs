//! The memory of a sweep hardly grows with the store.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

use std::{fs, io::BufWriter, path::Path, process::Command};

use session_reaper::{
    Timestamp,
    specimen::{self, Mix, Recipe, Weight},
};

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

/// The peak memory in bytes of a command, whole process, as GNU time tells it; `None` without GNU time.
fn peak(store: &Path, args: &[&str]) -> Option<u64> {
    if !Path::new("/usr/bin/time").exists() {
        assert!(std::env::var_os("CI").is_none(), "CI must have GNU time: tests/setup.sh installs it");
        eprintln!("SKIPPED: GNU time is missing; tests/setup.sh installs it");
        return None;
    }
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_session-reaper"), "-q", "--now"]).arg(NOW.to_string());
    let output = command.args(args).arg(store).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    Some(said.lines().last().unwrap().trim().parse::<u64>().unwrap() * 1024)
}

fn store(folder: &Path, rows: u64) -> std::path::PathBuf {
    let path = folder.join(format!("{rows}.json"));
    let recipe =
        Recipe { rows, weight: Weight::Bare, expired_percent: 25, kinds: Mix::CronRuns, ..Recipe::new(NOW) };
    specimen::write(&recipe, &mut BufWriter::new(fs::File::create(&path).unwrap())).unwrap();
    path
}

#[test]
fn a_sweep_costs_at_most_64_bytes_a_row_and_twice_that_where_runs_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (few, many) = (20_000, 320_000);
    let (small, large) = (store(folder.path(), few), store(folder.path(), many));
    for (args, most) in
        [(&["prune", "-n"][..], 64), (&["prune", "-n", "--keep-last", "2"], 128), (&["prune", "--yes"], 64)]
    {
        let (Some(a), Some(b)) = (peak(&small, args), peak(&large, args)) else { return };
        let per_row = b.saturating_sub(a) / (many - few);
        eprintln!("{args:?}: {a} bytes for {few} rows, {b} for {many}: {per_row} bytes a row");
        assert!(per_row <= most, "{args:?}: {per_row} bytes a row");
        assert!(a < 24 << 20, "{args:?}: {a} bytes for {few} rows");
    }
}
