//! Whole sweeps, plans, and the tick that finds nothing to do, on stores of every size.
//!
//! `cargo bench --bench sweep` measures all but the largest; `SESSION_REAPER_BENCH=all` adds 1,000,000 lean and 20,000
//! heavy rows (about 2 GB below the system's temporary folder). A sweep includes every fsync.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "a bench is a program"
)]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex},
};

use divan::Bencher;
use session_reaper::{
    FileStore, Policy, Reaper, Timestamp,
    policy::Detail,
    specimen::{self, Mix, Recipe, Weight},
    store::{Request, Store},
    sweep::{self, Options},
};

/// No guard has a word here: times and rows are made up.
fn options() -> Options {
    Options { allow_mass_delete: true, allow_clock_jump: true, allow_tightened: true, ..Options::default() }
}

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

fn main() {
    divan::main();
    let _ = fs::remove_dir_all(folder());
}

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("session-reaper-bench-{}", std::process::id()))
}

/// A size of store; shown by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
    Lean(u64),
    Heavy(u64),
}

fn sizes() -> Vec<Size> {
    let mut sizes = vec![Size::Lean(3_000), Size::Lean(100_000), Size::Heavy(4_000)];
    if std::env::var_os("SESSION_REAPER_BENCH").is_some_and(|which| which == "all") {
        sizes.extend([Size::Lean(1_000_000), Size::Heavy(20_000)]);
    }
    sizes
}

/// The store of this size, made once. A quarter of its rows has expired.
fn pristine(size: Size) -> PathBuf {
    static MADE: LazyLock<Mutex<BTreeMap<Size, PathBuf>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    made.entry(size)
        .or_insert_with(|| {
            fs::create_dir_all(folder()).unwrap();
            let path = folder().join(format!("{size:?}.json"));
            make(size, &path);
            path
        })
        .clone()
}

fn make(size: Size, path: &Path) {
    let (rows, weight) = match size {
        Size::Lean(rows) => (rows, Weight::Lean),
        Size::Heavy(rows) => (rows, Weight::Heavy),
    };
    let recipe = Recipe { rows, weight, expired_percent: 25, kinds: Mix::CronRuns, ..Recipe::new(NOW) };
    let mut out = BufWriter::new(File::create(path).unwrap());
    specimen::write(&recipe, &mut out).unwrap();
    out.into_inner().unwrap().sync_all().unwrap();
}

/// A fresh copy of the store, in the page cache and on the disk.
fn copy(size: Size) -> PathBuf {
    let path = folder().join("sessions.json");
    fs::copy(pristine(size), &path).unwrap();
    File::open(&path).unwrap().sync_all().unwrap();
    path
}

/// What goes is made durable in the trash as well.
#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1)]
fn whole_sweep(bencher: Bencher<'_, '_>, size: Size) {
    sweep_of(bencher, size, &options());
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1)]
fn sweep_without_trash(bencher: Bencher<'_, '_>, size: Size) {
    sweep_of(bencher, size, &Options { trash: false, ..options() });
}

fn sweep_of(bencher: Bencher<'_, '_>, size: Size, options: &Options) {
    let bytes = fs::metadata(pristine(size)).unwrap().len();
    bencher
        .counter(divan::counter::BytesCount::new(bytes))
        .with_inputs(|| FileStore::new(copy(size)))
        .bench_values(|store| {
            let report = sweep::prune(&store, &Policy::default(), NOW, options);
            assert!(report.pruned > 0, "{report:?}");
        });
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1)]
fn copy_fsync_rename(bencher: Bencher<'_, '_>, size: Size) {
    let bytes = fs::metadata(pristine(size)).unwrap().len();
    bencher.counter(divan::counter::BytesCount::new(bytes)).with_inputs(|| copy(size)).bench_values(|path| {
        let temp = path.with_extension("tmp");
        fs::copy(&path, &temp).unwrap();
        File::open(&temp).unwrap().sync_all().unwrap();
        fs::rename(&temp, &path).unwrap();
        File::open(path.parent().unwrap()).unwrap().sync_all().unwrap();
    });
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1)]
fn plan(bencher: Bencher<'_, '_>, size: Size) {
    let store = FileStore::new(pristine(size));
    let bytes = fs::metadata(store.path()).unwrap().len();
    bencher.counter(divan::counter::BytesCount::new(bytes)).bench(|| {
        let request = Request { policy: &Policy::default(), now: NOW, detail: Detail::Doomed, digest: false };
        store.plan(&request).unwrap().plan.pruned()
    });
}

/// What a daemon pays for a tick when nothing is due.
#[divan::bench]
fn tick_with_nothing_due_in_process(bencher: Bencher<'_, '_>) {
    let reaper =
        Reaper::new(FileStore::new(copy(Size::Lean(3_000))), Policy::default()).with_allow_clock_jump(true);
    reaper.tick(NOW).unwrap();
    bencher.bench(|| reaper.tick(NOW).unwrap());
}

/// What a new process pays for it, once it is running.
#[divan::bench]
fn tick_with_nothing_due_from_disk(bencher: Bencher<'_, '_>) {
    let store = FileStore::new(copy(Size::Lean(3_000)));
    sweep::prune(&store, &Policy::default(), NOW, &options());
    bencher.bench(|| sweep::tick(&store, &Policy::default(), NOW, &options()));
}
