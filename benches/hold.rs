//! For how long a sweep keeps gateways out of a store, by the size of the store.
//!
//! `cargo bench --bench hold` measures stores of 3 KB, 10 MB and 120 MB; `SESSION_REAPER_BENCH=all` adds 1 GB (twice that
//! below the system's temporary folder, and some minutes). Each sweep removes one row. The time is the one between taking
//! the store's lock and releasing it, as the sweep itself logs it.

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
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use session_reaper::{
    FileStore, Policy, Timestamp,
    sweep::{self, Options},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// No guard has a word here: times and rows are made up.
fn options() -> Options {
    Options { allow_mass_delete: true, allow_clock_jump: true, allow_tightened: true, ..Options::default() }
}

const T0: i64 = 1_795_248_000_000;
const DAY: i64 = 86_400_000;
const FILLER: usize = 50_000;

/// How large, and how many sweeps.
const SIZES: [(&str, usize, u32); 4] =
    [("3 KB", 3 << 10, 1_000), ("10 MB", 10 << 20, 200), ("120 MB", 120 << 20, 50), ("1 GB", 1 << 30, 20)];

/// Takes the time of every hold out of the log.
#[derive(Debug, Clone, Default)]
struct Holds(Arc<Mutex<Vec<u128>>>);

impl Visit for &Holds {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "held_us" {
            self.0.lock().unwrap().push(value);
        }
    }
}

impl Subscriber for Holds {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut &*self);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// A store of about `size` bytes: one run for each sweep, a second apart, and rows that stay.
fn make(path: &Path, size: usize, sweeps: u32) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let filler = "x".repeat(FILLER.min(size / 2));
    write!(out, "{{").unwrap();
    for n in 0..sweeps {
        let updated = T0 + i64::from(n) * 1_000;
        writeln!(
            out,
            "\"agent:main:cron:j:run:0f6a2b1c-1111-4222-8333-{n:012}\":{{\"updatedAt\":{updated}}},"
        )
        .unwrap();
    }
    for n in 0..size / filler.len() {
        writeln!(out, "\"agent:main:telegram:group:{n}\":{{\"x\":\"{filler}\"}},").unwrap();
    }
    write!(out, "\"agent:main:main\":{{}}}}").unwrap();
    out.into_inner().unwrap().sync_all().unwrap();
}

fn measure(folder: &Path, size: usize, sweeps: u32, holds: &Holds) -> Vec<u128> {
    let path = folder.join("sessions.json");
    make(&path, size, sweeps);
    let store = FileStore::new(&path);
    holds.0.lock().unwrap().clear();
    for n in 0..sweeps {
        let now = Timestamp::from_millis(T0 + DAY + i64::from(n) * 1_000 + 1);
        let report = sweep::prune(&store, &Policy::default(), now, &options());
        assert_eq!(report.pruned, 1, "{report:?}");
    }
    let mut held = std::mem::take(&mut *holds.0.lock().unwrap());
    assert_eq!(held.len(), usize::try_from(sweeps).unwrap(), "one hold a sweep");
    held.sort_unstable();
    held
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn tell(name: &str, held: &[u128]) {
    let at = |percent: usize| held[(held.len() - 1) * percent / 100] as f64 / 1_000.0;
    println!("{name:>8} {:>7} {:>9.3} {:>9.3} {:>9.3}", held.len(), at(50), at(99), at(100));
}

fn main() {
    let all = std::env::var_os("SESSION_REAPER_BENCH").is_some_and(|which| which == "all");
    let folder: PathBuf = std::env::temp_dir().join(format!("session-reaper-hold-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let holds = Holds::default();
    tracing::subscriber::set_global_default(holds.clone()).unwrap();
    println!("{:>8} {:>7} {:>9} {:>9} {:>9}", "store", "sweeps", "p50 ms", "p99 ms", "max ms");
    for (name, size, sweeps) in SIZES.iter().take(if all { 4 } else { 3 }) {
        tell(name, &measure(&folder, *size, *sweeps, &holds));
    }
    let _ = fs::remove_dir_all(folder);
}
