//! A folder with what 10,000 killed jobs have left, swept in one call: `cargo bench --bench workspaces`.
//!
//! Each job has a folder with four files in three folders, a token and a folder with its results: 100,000 names in all. Beside
//! it stands what `rm -rf` by the standard library takes, which looks at nothing and keeps nothing. `SESSION_REAPER_BENCH=few`
//! makes 1,000 jobs. Everything is made anew for each round, and its names are in memory.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program"
)]

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use session_reaper::{
    Timestamp,
    artifact::{
        Options,
        workspaces::{Settings, inspect, past, sweep, undo},
    },
};

/// To make 100,000 files takes longer than all that is measured.
const ROUNDS: usize = 3;

fn main() {
    let few = std::env::var_os("SESSION_REAPER_BENCH").is_some_and(|which| which == "few");
    let jobs = if few { 1_000 } else { 10_000 };
    let settings = Settings::new(vec!["job-*".parse().unwrap()]);
    let swept = |base: &Path, trash| {
        let report = sweep(base, &settings, now(), &Options { trash, ..Options::default() });
        assert_eq!((report.swept, report.failed, report.error.is_none()), (jobs, 0, true));
    };
    let looked = |base: &Path| assert_eq!(inspect(base, &settings, now()).swept, jobs);
    println!("{jobs} jobs, medians of {ROUNDS} rounds");
    measure("remove each with the standard library", jobs, |_| {}, remove_all);
    measure("inspect: what would go, and why", jobs, |_| {}, looked);
    measure("sweep into the trash", jobs, |_| {}, |base| swept(base, true));
    measure("sweep without a trash", jobs, |_| {}, |base| swept(base, false));
    measure("undo", jobs, |base| swept(base, true), |base| bring_back(base, jobs));
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

/// The median time of some work in a folder of its own, made and prepared anew for each round.
fn measure(name: &str, jobs: u64, prepare: impl Fn(&Path), work: impl Fn(&Path)) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let folder = tempfile::tempdir().unwrap();
            let base = folder.path().canonicalize().unwrap().join("jobs");
            make(&base, jobs);
            prepare(&base);
            let begun = Instant::now();
            work(&base);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let (median, least, most) = (times[ROUNDS / 2], times[0], times[ROUNDS - 1]);
    let each = median.as_secs_f64() * 1e6 / u32::try_from(jobs).map_or(1.0, f64::from);
    let millis = |time: Duration| time.as_millis();
    let (median, least, most) = (millis(median), millis(least), millis(most));
    println!("{name:<40} {median:>6} ms ({least} to {most}), {each:.0} us a job");
}

/// What killed jobs have left two days ago.
fn make(base: &Path, jobs: u64) {
    let old = SystemTime::now() - Duration::from_hours(48);
    for job in 0..jobs {
        let main = format!("job-{job:06}");
        let files =
            ["/src/deep/main.rs", "/src/lib.rs", "/notes", "/log", "-artifacts/summary.md", ".cred.sh"];
        let folders = ["/src/deep", "/src", "", "-artifacts"];
        fs::create_dir_all(base.join(format!("{main}/src/deep"))).unwrap();
        fs::create_dir(base.join(format!("{main}-artifacts"))).unwrap();
        for file in files {
            fs::write(base.join(format!("{main}{file}")), [b'x'; 200]).unwrap();
        }
        for name in files.iter().chain(&folders) {
            File::open(base.join(format!("{main}{name}"))).unwrap().set_modified(old).unwrap();
        }
    }
}

fn remove_all(base: &Path) {
    for entry in fs::read_dir(base).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
}

fn bring_back(base: &Path, jobs: u64) {
    let run = past(base).unwrap().lines.last().unwrap().run.clone();
    let undone = undo(base, &run, now(), &Options::default()).unwrap();
    assert_eq!(undone.restored.len() as u64, 2 * jobs);
}
