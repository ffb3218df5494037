//! The key grammar: every string has a kind, and only the contract's sentence makes a cron run.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use regex::bytes::Regex;
use session_reaper::model::{Kind, Shape};

/// The contract's sentence, as one anchored expression.
static RUN: LazyLock<Regex> = LazyLock::new(|| {
    let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    Regex::new(&format!("(?is-u)^(?:agent:[^:]+:)?cron:[^:]+:run:{uuid}(?::[^:]+)*$")).unwrap()
});

fuzz_target!(|key: &[u8]| {
    let shape = Shape::of(key);
    assert_eq!(shape.cron_run.is_some_and(|run| run.has_uuid), RUN.is_match(key));
    assert_eq!(shape.kind == Kind::CronRun, shape.cron_run.is_some());
    if let Some(run) = shape.cron_run {
        assert!(key.starts_with(run.family) && run.family.starts_with(run.job));
        assert_eq!(run.is_descendant, run.family.len() < key.len());
    }
});
