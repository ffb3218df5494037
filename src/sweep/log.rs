//! One line of the log for each sweep, early exits included.

use std::time::Duration;

use tracing::{info, warn};

use super::{Options, StoreReport, Verb};
use crate::model::Error;

/// Whether anybody reads what is said of sweeps.
#[must_use]
pub fn is_read() -> bool {
    tracing::enabled!(target: "session_reaper", tracing::Level::INFO)
}

/// Says how a sweep of one store ended. The engine does so for its own; a caller whose sweep ends before there is a store
/// to hand to the engine does it here, so that every sweep has the same line.
pub fn swept(verb: Verb, report: &StoreReport, options: &Options, took: Duration) {
    let run = options.run.as_ref().filter(|_| report.pruned > 0 && !options.dry_run);
    let error = report.error.as_ref().map(ToString::to_string);
    info!(
        target: "session_reaper",
        verb = verb.name(),
        store = %report.store,
        outcome = report.outcome.name(),
        applied = !options.dry_run,
        run = run.map(tracing::field::display),
        scanned = report.scanned,
        pruned = report.pruned,
        kept = report.kept,
        failed = report.failed,
        bytes_freed = report.bytes_freed(),
        next_due = report.next_due.map(tracing::field::display),
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        error,
        "sweep"
    );
}

/// Says that what is old could not leave the trash.
pub(super) fn untidy(error: &Error) {
    let error = format!("cannot {} {}: {}", error.step(), error.path().display(), error.message());
    warn!(target: "session_reaper", error, "what is old stays in the trash for now");
}

/// Says that the time of a sweep could not be remembered.
pub(super) fn forgotten(error: &Error) {
    let error = format!("cannot {} {}: {}", error.step(), error.path().display(), error.message());
    warn!(target: "session_reaper", error, "the time of this sweep is not remembered, the next tick will sweep again");
}
