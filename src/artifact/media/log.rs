//! What the log says beside the line of each sweep.

use std::path::Path;

use super::Options;

/// With what a store works: so that somebody who misses a file can find out why.
pub(super) fn opened(options: &Options, dir: &Path, references: usize, is_marked: bool) {
    tracing::info!(
        target: "session_reaper",
        dir = %dir.display(),
        enabled = options.is_enabled(),
        max_age = %options.max_age(),
        interval = %options.interval(),
        orphan_grace = %options.orphan_grace(),
        references,
        takes_orphans = is_marked,
        "media store open"
    );
}

/// A store without a net was asked to start one.
pub(super) fn disabled(dir: &Path) {
    tracing::info!(target: "session_reaper", dir = %dir.display(), "media store sweeps nothing: it is disabled");
}

/// Something went wrong where nobody can be told.
pub(super) fn failed(what: &'static str, error: &dyn std::fmt::Display) {
    tracing::warn!(target: "session_reaper", %error, "media store: {what}");
}
