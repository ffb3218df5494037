//! Schedulers that really call the reaper: the examples, run as their users would run them.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

use std::{fs, path::PathBuf, process::Command};

const OLD: &str =
    r#"{"cron:a:run:0f6a2b1c-1111-4222-8333-444455556666":{"updatedAt":1700000000000},"agent:main:main":{}}"#;
const NEW: &str = r#"{"agent:main:main":{}}"#;

/// Builds an example and runs it on a store; its output, and the store afterwards.
fn run(example: &str, args: &[&str]) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("sessions.json");
    fs::write(&store, OLD).unwrap();
    let output = Command::new(build(example)).arg(&store).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8(output.stdout).unwrap(), fs::read_to_string(&store).unwrap())
}

/// Cargo builds a package's examples before its integration tests; they stand beside the tests' own folder.
fn build(example: &str) -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let path = deps.parent().unwrap().parent().unwrap().join("examples").join(example);
    assert!(path.exists(), "{} is not built: run the tests with `cargo test`", path.display());
    path
}

#[test]
fn a_plain_thread_sweeps_once_and_is_throttled_afterwards() {
    let (output, store) = run("embed-in-a-thread", &["3", "10"]);
    assert_eq!(output, "swept: 1 pruned\nthrottled: 0 pruned\nthrottled: 0 pruned\n");
    assert_eq!(store, NEW);
}

#[test]
fn a_job_of_tokio_cron_scheduler_sweeps_once_and_is_throttled_afterwards() {
    let (output, store) = run("embed-in-a-scheduler", &["4"]);
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.first(), Some(&"swept: 1 pruned"), "{output}");
    assert!(lines.len() >= 3 && lines[1..].iter().all(|line| *line == "throttled: 0 pruned"), "{output}");
    assert_eq!(store, NEW);
}
