//! A store with 100,000 media files: stored, opened, swept in vain, and swept empty: `cargo bench --bench media`.
//!
//! Beside each stands what the same calls to the disk take without a store: a line and an fdatasync for each file, a look at
//! every file, every file removed and the folder synced. Each piece of work is a process of its own, so that its memory is
//! known: the most that it ever had. What a store needs before it can be swept, to open it, counts for its memory, and not
//! for its time. `SESSION_REAPER_BENCH=few` takes 1,000 files.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program"
)]

use std::{
    env,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use session_reaper::{
    Age, Timestamp,
    artifact::media::{CleanupPolicy, MediaStore, Meta, Options},
    now,
};

const ROUNDS: usize = 3;

/// Which piece of work a process is for, and in which folder.
const PART: &str = "SESSION_REAPER_BENCH_PART";
const FOLDER: &str = "SESSION_REAPER_BENCH_FOLDER";

/// A piece of work in a folder; tells how long it took.
type Work = fn(&Path) -> Duration;

/// All pieces of work, in this order; each finds what the one before it has left.
const PARTS: [(&str, Work); 7] = [
    ("plain: a line and an fdatasync for each", write_lines),
    ("store each", store_each),
    ("plain: look at each", look_at_each),
    ("open", open),
    ("a sweep that keeps all", keep_all),
    ("a sweep that takes all", take_all),
    ("plain: remove each, and sync the folder", remove_each),
];

fn main() {
    if let Some((part, folder)) = env::var_os(PART).zip(env::var_os(FOLDER)) {
        let (_, work) = PARTS.into_iter().find(|(name, _)| part == *name).unwrap();
        let took = work(Path::new(&folder));
        println!("{} {}", took.as_micros(), peak());
        return;
    }
    let files = count();
    println!("{files} files, medians of {ROUNDS} rounds (least to most)");
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round(files)).collect();
    for (at, (name, _)) in PARTS.iter().enumerate() {
        tell(name, files, rounds.iter().map(|round| round[at]).collect());
    }
}

fn count() -> u64 {
    let few = env::var_os("SESSION_REAPER_BENCH").is_some_and(|which| which == "few");
    if few { 1_000 } else { 100_000 }
}

/// The time of each piece of work in microseconds, and the most memory that it had, in KB.
type Took = (u64, u64);

fn round(files: u64) -> Vec<Took> {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    // The store marks a folder as its own that it has made.
    drop(store(&base));
    for name in ["media", "plain"] {
        fs::create_dir_all(base.join(name)).unwrap();
        (0..files).for_each(|number| fs::write(file(&base.join(name), number), [b'x'; 200]).unwrap());
    }
    PARTS.iter().map(|(name, _)| in_a_process_of_its_own(name, &base)).collect()
}

fn in_a_process_of_its_own(part: &str, base: &Path) -> Took {
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.env(PART, part).env(FOLDER, base).output().unwrap();
    assert!(output.status.success(), "{part}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (took, peak) = text.trim().split_once(' ').unwrap();
    (took.parse().unwrap(), peak.parse().unwrap())
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn tell(name: &str, files: u64, mut rounds: Vec<Took>) {
    rounds.sort_unstable();
    let peak = rounds.iter().map(|(_, peak)| *peak).max().unwrap() as f64 / 1024.0;
    let [least, median, most] = [0, ROUNDS / 2, ROUNDS - 1].map(|at| rounds[at].0 as f64 / 1_000.0);
    let each = median * 1_000.0 / files as f64;
    println!(
        "{name:<42} {median:>9.0} ms ({least:.0} to {most:.0}), {each:>5.0} us a file, {peak:>5.1} MB at most"
    );
}

/// The most memory that this process ever had, in KB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08x}_picture.png"))
}

fn store(base: &Path) -> MediaStore {
    MediaStore::open(Options::new(base.join("media")).unwrap(), now()).unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn write_lines(base: &Path) -> Duration {
    let mut lines = File::create(base.join("lines")).unwrap();
    timed(|| {
        for _ in 0..count() {
            lines.write_all(&[b'x'; 300]).unwrap();
            lines.sync_data().unwrap();
        }
    })
}

fn store_each(base: &Path) -> Duration {
    let (store, folder) = (store(base), base.join("media"));
    timed(|| {
        for number in 0..count() {
            let meta = Meta {
                filename: "picture.png".to_owned(),
                content_type: "image/png".to_owned(),
                policy: CleanupPolicy::DeleteOnCleanup,
                ..Meta::default()
            };
            let scope = format!("chat-{}", number % 1_000);
            store.store(&file(&folder, number), meta, &scope, now()).unwrap();
        }
    })
}

fn look_at_each(base: &Path) -> Duration {
    timed(|| {
        let names = fs::read_dir(base.join("media")).unwrap().map(Result::unwrap);
        let files = names.filter(|name| name.metadata().unwrap().is_file()).count();
        assert_eq!(files as u64, count());
    })
}

fn open(base: &Path) -> Duration {
    timed(|| assert_eq!(store(base).references().unwrap() as u64, count()))
}

fn keep_all(base: &Path) -> Duration {
    sweep(base, now(), |swept, retained| assert_eq!((swept, retained), (0, count())))
}

fn take_all(base: &Path) -> Duration {
    let later = now().plus(Age::from_minutes(31));
    sweep(base, later, |swept, retained| assert_eq!((swept, retained), (count(), 0)))
}

fn sweep(base: &Path, now: Timestamp, check: impl FnOnce(u64, u64)) -> Duration {
    let store = store(base);
    let mut report = None;
    let took = timed(|| report = Some(store.clean_expired(now)));
    let report = report.unwrap();
    check(report.swept(), report.retained());
    took
}

fn remove_each(base: &Path) -> Duration {
    let plain = base.join("plain");
    timed(|| {
        for name in fs::read_dir(&plain).unwrap() {
            fs::remove_file(name.unwrap().path()).unwrap();
        }
        File::open(&plain).unwrap().sync_all().unwrap();
    })
}
