//! What the log says of a spool: one line for each sweep, and one for each payload that had to stay.

use std::{path::Path, time::Duration};

use tracing::{info, warn};

use super::Report;
use crate::model::Error;

/// Says what came of a sweep, of one that ended early as well.
pub(super) fn swept(path: &Path, report: &Report, error: Option<&Error>, took: Duration) {
    let error = error.or(report.error.as_ref()).map(ToString::to_string);
    info!(
        target: "session_reaper",
        path = %path.display(),
        scanned = report.scanned,
        swept = report.swept,
        retained = report.retained,
        unknown = report.unknown,
        skipped = report.skipped,
        failed = report.failed,
        bytes_freed = report.bytes_freed,
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        error,
        "payloads swept"
    );
}

/// Says that a payload could not be written.
pub(super) fn inline(error: &Error, bytes: usize) {
    let error = format!("cannot {} {}: {}", error.step(), error.path().display(), error.message());
    warn!(target: "session_reaper", error, bytes, "a payload stays inline");
}

/// Says that there is no room for a payload.
pub(super) fn full(path: &Path, bytes: usize) {
    let error = "the spool is as large as it may be, with what living sessions have";
    warn!(target: "session_reaper", path = %path.display(), error, bytes, "a payload stays inline");
}

/// Says that a spool could not be marked as one.
pub(super) fn unmarked(error: &Error) {
    let error = error.to_string();
    warn!(target: "session_reaper", error, "what is empty in the spool stays until it is marked");
}
