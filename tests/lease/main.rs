//! Leases on transcripts, on a real file system and between real processes.
//!
//! A rig that cannot run says so loudly; where `CI` is set, it fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test fails loudly, and touches the files it is about as any program would"
)]

mod child;
mod fences;
mod interleaved;
mod lifetime;
mod log;
mod openclaw;
mod processes;
mod signals;
mod stopped;
mod story;
mod stuck;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use session_reaper::lock::{Ended, LeaseError, LeaseRequest};
use tempfile::TempDir;

/// More than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a part cannot run, on the terminal; a failure where it must run.
fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

/// A folder with a transcript of one line.
struct World(TempDir);

const FIRST: &str = "{\"type\":\"session\"}\n";

impl World {
    fn new() -> Self {
        let world = Self::empty();
        fs::write(world.transcript(), FIRST).unwrap();
        world
    }

    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn transcript(&self) -> PathBuf {
        self.0.path().join("one.jsonl")
    }

    fn lock(&self) -> PathBuf {
        self.0.path().join("one.jsonl.lock")
    }

    fn text(&self) -> String {
        text_of(&self.transcript())
    }
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Waits no longer than so.
fn within(timeout: Duration) -> LeaseRequest {
    LeaseRequest { timeout: Some(timeout), ..LeaseRequest::default() }
}

/// Held no longer than so.
fn held_for(max_hold: Duration) -> LeaseRequest {
    LeaseRequest { max_hold: Some(max_hold), ..LeaseRequest::default() }
}

/// Why a lease was taken over, or a panic.
fn takeover<T: std::fmt::Debug>(result: Result<T, LeaseError>) -> Ended {
    match result {
        Err(LeaseError::Takeover { reason, .. }) => reason,
        other => panic!("no takeover: {other:?}"),
    }
}
