//! What the log says of a transcript: one line for each compaction, however it ended.

use std::{path::Path, time::Duration};

use tracing::info;

use super::Compacted;
use crate::model::Error;

/// Says what came of a compaction.
pub(super) fn compacted(path: &Path, done: &Result<Compacted, Error>, dry_run: bool, took: Duration) {
    let nothing = Compacted::default();
    let (report, error) = match done {
        Ok(report) => (report, None),
        Err(error) => (&nothing, Some(error.to_string())),
    };
    info!(
        target: "session_reaper",
        path = %path.display(),
        run = report.run.as_ref().map(tracing::field::display),
        lines = report.lines,
        touched = report.touched,
        kept = report.kept,
        unreadable = report.unreadable,
        torn = report.torn,
        torn_at = report.torn_at.as_ref().map(|path| tracing::field::display(path.display())),
        payloads = report.payloads,
        bytes_before = report.bytes_before,
        bytes_after = report.bytes_after,
        dry_run,
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        error,
        "transcript compacted"
    );
}
