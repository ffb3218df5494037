//! The contract of the port `Store`, held against every adapter there is.
//!
//! A new adapter is one more [`Fixture`] and one more line in `every_adapter!`.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

mod clauses;
mod file;
mod guards;
mod locks;
mod owners;
mod pins;
mod survivors;

use std::path::PathBuf;

use session_reaper::{
    FileStore, Key, Timestamp,
    fs::MemDisk,
    policy::Stamp,
    store::{MemoryStore, Store},
    sweep::Options,
    trash::{Cause, RunId},
};

/// What a clause of the contract needs of an adapter: a store of rows, and another writer beside us.
pub(crate) trait Fixture {
    type S: Store + 'static;
    /// A store with rows of these keys and times.
    fn with(rows: &[(&str, i64)]) -> Self;
    fn store(&self) -> Self::S;
    /// The keys that the store holds, in order.
    fn keys(&self) -> Vec<String>;
    /// Another writer adds a row.
    fn add(&self, key: &str, updated: i64);
}

struct InMemory(MemoryStore);

impl Fixture for InMemory {
    type S = MemoryStore;

    fn with(rows: &[(&str, i64)]) -> Self {
        Self(MemoryStore::new(rows.iter().map(|(key, at)| (Key::from(*key), stamp(*at)))))
    }

    fn store(&self) -> MemoryStore {
        self.0.clone()
    }

    fn keys(&self) -> Vec<String> {
        self.0.rows().iter().map(|(key, _)| key.to_text().into_owned()).collect()
    }

    fn add(&self, key: &str, updated: i64) {
        self.0.write(|rows| rows.push((Key::from(key), stamp(updated))));
    }
}

/// Why a store is changed here.
pub(crate) fn cause() -> Cause {
    let now = Timestamp::from_millis(1_795_248_000_000);
    Cause::new(RunId::new(now), "prune", now)
}

fn stamp(at: i64) -> Stamp {
    Stamp::At(Timestamp::from_millis(at))
}

/// How these tests sweep: they tell a time of their own, which no file's times agree with, and make up rows of which
/// all may go. What guards do is in `guards.rs`.
pub(crate) fn options() -> Options {
    Options { allow_clock_jump: true, allow_mass_delete: true, ..Options::default() }
}

const PATH: &str = "/sessions/sessions.json";

struct OnMemDisk(MemDisk);

impl Fixture for OnMemDisk {
    type S = FileStore<MemDisk>;

    fn with(rows: &[(&str, i64)]) -> Self {
        Self(MemDisk::with_file(PATH.as_ref(), &text(rows)))
    }

    fn store(&self) -> FileStore<MemDisk> {
        FileStore::on(self.0.clone(), PATH)
    }

    fn keys(&self) -> Vec<String> {
        keys_in(&self.0.get(PATH.as_ref()).unwrap())
    }

    fn add(&self, key: &str, updated: i64) {
        let old = self.0.get(PATH.as_ref()).unwrap();
        self.0.put(PATH.as_ref(), &with_row(&old, key, updated));
    }
}

struct OnRealDisk(tempfile::TempDir);

impl OnRealDisk {
    fn path(&self) -> PathBuf {
        self.0.path().join("sessions.json")
    }
}

impl Fixture for OnRealDisk {
    type S = FileStore;

    fn with(rows: &[(&str, i64)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("sessions.json"), text(rows)).unwrap();
        Self(dir)
    }

    fn store(&self) -> FileStore {
        FileStore::new(self.path())
    }

    fn keys(&self) -> Vec<String> {
        keys_in(&std::fs::read(self.path()).unwrap())
    }

    fn add(&self, key: &str, updated: i64) {
        let new = with_row(&std::fs::read(self.path()).unwrap(), key, updated);
        let temp = self.0.path().join("theirs.tmp");
        std::fs::write(&temp, new).unwrap();
        std::fs::rename(temp, self.path()).unwrap();
    }
}

fn text(rows: &[(&str, i64)]) -> Vec<u8> {
    let rows: serde_json::Map<_, _> =
        rows.iter().map(|(key, at)| ((*key).to_owned(), serde_json::json!({ "updatedAt": at }))).collect();
    serde_json::to_vec_pretty(&rows).unwrap()
}

fn with_row(old: &[u8], key: &str, updated: i64) -> Vec<u8> {
    let mut rows: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(old).unwrap();
    rows.insert(key.to_owned(), serde_json::json!({ "updatedAt": updated }));
    serde_json::to_vec_pretty(&rows).unwrap()
}

fn keys_in(text: &[u8]) -> Vec<String> {
    let rows: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text).unwrap();
    rows.keys().cloned().collect()
}

macro_rules! clauses_for {
    ($name:ident, $adapter:ident; $($clause:ident),* $(,)?) => {
        mod $name {
            $(#[test]
            fn $clause() {
                crate::clauses::$clause::<crate::$adapter>();
            })*
        }
    };
}

macro_rules! every_adapter {
    ($clauses:tt) => {
        every_adapter!(@one memory, InMemory, $clauses);
        every_adapter!(@one file_on_a_disk_in_memory, OnMemDisk, $clauses);
        every_adapter!(@one file_on_a_real_disk, OnRealDisk, $clauses);
    };
    (@one $name:ident, $adapter:ident, [$($clause:ident),* $(,)?]) => { clauses_for!($name, $adapter; $($clause),*); };
}

every_adapter!([
    planning_changes_nothing,
    i1_a_commit_removes_exactly_the_doomed_rows,
    i7_a_commit_does_nothing_to_a_store_that_changed,
    i7_a_sweep_keeps_what_another_writer_added_in_between,
    the_lock_keeps_out_a_second_holder_until_it_is_dropped,
    a_state_is_remembered_until_the_next_one,
    i9_what_is_visited_is_what_the_plan_counts,
    a_visit_ends_when_enough_was_seen,
    i9_a_snapshot_shows_its_rows_after_the_commit_too,
    a_digest_tells_whether_the_store_changed,
    the_second_sweep_finds_nothing,
    ticks_are_throttled_and_the_first_sweeps_at_once,
    a_tick_beside_another_holder_is_busy_and_does_nothing,
    i9_a_dry_run_reports_what_the_run_then_does,
    disabled_looks_at_nothing,
    a_plan_file_is_applied_exactly_or_not_at_all,
]);
