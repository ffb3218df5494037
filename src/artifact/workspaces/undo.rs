//! The runs on a folder of groups, and taking one back. Secrets do not come back: they were never kept.

use std::path::Path;

use super::{base, home::Home, look::Base, sweep::KIND};
use crate::{
    artifact::{
        Options, Past, Undone,
        nook::was_here,
        past::Plain,
        runs::{self, Site},
    },
    fs::RealDisk,
    model::{Error, Timestamp},
    trash::RunId,
};

/// Whether a folder was swept for groups before, be it that the sweep was killed.
#[must_use]
pub fn is_base(path: &Path) -> bool {
    was_here(path, KIND.into())
}

/// The runs on a folder of groups.
///
/// # Errors
/// As for [`super::sweep()`], and when the journal or the trash cannot be read.
pub fn past(path: &Path) -> Result<Past, Error> {
    let home = Home::of_this_process();
    base::open(path, &home)?.map_or_else(|| Ok(Past::default()), |base| site(&base).past())
}

/// Finishes what a killed sweep has left: before that, nobody knows which run is the newest.
///
/// # Errors
/// As for [`undo`].
pub fn finish_killed(path: &Path, options: &Options) -> Result<(), Error> {
    let home = Home::of_this_process();
    base::open(path, &home)?.map_or(Ok(()), |base| site(&base).finish_killed(options))
}

/// Takes back a run: what it moved into the trash returns, unless something else has its place by now. In a dry run nothing
/// is done.
///
/// # Errors
/// [`crate::ErrorKind::Gone`] when nothing of the run is in the trash; [`crate::ErrorKind::Busy`] when somebody else is at work
/// there; as for [`super::sweep()`].
pub fn undo(path: &Path, run: &RunId, now: Timestamp, options: &Options) -> Result<Undone, Error> {
    let home = Home::of_this_process();
    let base = base::open(path, &home)?.ok_or_else(|| runs::gone(KIND, path, run))?;
    let way = Plain { disk: &RealDisk, base: &base.folder };
    site(&base).undo(run, now, options, &way)
}

/// Takes runs out of the trash for ever: those that `goes` says, told oldest first. Returns what went, and what went wrong.
pub fn empty_trash(
    path: &Path,
    options: &Options,
    goes: impl FnMut(&RunId) -> bool,
) -> (Vec<RunId>, Option<Error>) {
    let home = Home::of_this_process();
    match base::open(path, &home) {
        Err(error) => (Vec::new(), Some(error)),
        Ok(None) => (Vec::new(), None),
        Ok(Some(base)) => site(&base).empty_trash(options, goes),
    }
}

fn site<'s>(base: &'s Base<'_>) -> Site<'s, RealDisk> {
    Site { disk: &RealDisk, folder: &base.folder, path: base.path, kind: KIND.into() }
}
