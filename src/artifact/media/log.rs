//! What the log says beside the line of each sweep.

use std::{ffi::OsStr, path::Path};

use super::Options;
use crate::artifact;

/// With what a store works: so that somebody who misses a file can find out why.
pub(super) fn opened(options: &Options, dir: &Path, references: usize, is_marked: bool) {
    tracing::info!(
        target: "session_reaper",
        dir = %dir.display(),
        enabled = options.is_enabled(),
        max_age = %options.max_age(),
        interval = %options.interval(),
        orphan_grace = %options.orphan_grace(),
        trash = options.has_trash(),
        trash_retention = %options.trash_retention(),
        references,
        takes_orphans = is_marked,
        "media store open"
    );
}

/// The same for a net that is thrown without a store that is open: the trash is what is left of two who have a say in it.
pub(super) fn thrown(options: &Options, trash: &artifact::Options) {
    tracing::info!(
        target: "session_reaper",
        dir = %options.dir().display(),
        enabled = options.is_enabled(),
        max_age = %options.max_age(),
        interval = %options.interval(),
        orphan_grace = %options.orphan_grace(),
        trash = trash.trash,
        trash_retention = %trash.trash_retention,
        "media net thrown"
    );
}

/// A store without a net was asked to start one.
pub(super) fn disabled(dir: &Path) {
    tracing::info!(target: "session_reaper", dir = %dir.display(), "media store sweeps nothing: it is disabled");
}

/// A file lies in our folder, and stays there.
pub(super) fn aside(dir: &Path, name: &OsStr, why: &str) {
    let path = dir.join(crate::fs::OUR_FOLDER).join(name);
    tracing::warn!(target: "session_reaper", path = %path.display(), why, "a file was moved aside to be removed, and is kept here");
}

/// Something went wrong where nobody can be told.
pub(super) fn failed(what: &'static str, error: &dyn std::fmt::Display) {
    tracing::warn!(target: "session_reaper", %error, "media store: {what}");
}
