//! The runs on a folder of groups, and taking one back. Secrets do not come back: they were never kept.

use std::{io, path::Path, time::Duration};

use super::{base, home::Home, look::Base, sweep::KIND};
use crate::{
    artifact::{
        Options, Past, Undone,
        nook::Nook,
        past::{plan_undo, undo as undo_run},
    },
    fs::{self, Disk, RealDisk},
    model::{Error, ErrorKind, Timestamp},
    trash::{Cause, RunId},
};

const STEP: &str = "bring back the workspaces of";

/// Whether a folder was swept for groups before.
#[must_use]
pub fn is_base(path: &Path) -> bool {
    fs::is_file(&path.join(fs::OUR_FOLDER).join(format!("{KIND}.state")))
}

/// The runs on a folder of groups.
///
/// # Errors
/// As for [`super::sweep()`], and when the journal or the trash cannot be read.
pub fn past(path: &Path) -> Result<Past, Error> {
    let home = Home::of_this_process();
    let Some(base) = base::open(path, &home)? else { return Ok(Past::default()) };
    Past::of(&RealDisk, &base.folder, KIND).map_err(|error| Error::io("read the journal of", path, error))
}

/// Finishes what a killed sweep has left: before that, nobody knows which run is the newest.
///
/// # Errors
/// As for [`undo`].
pub fn finish_killed(path: &Path, options: &Options) -> Result<(), Error> {
    let home = Home::of_this_process();
    let Some(base) = base::open(path, &home)? else { return Ok(()) };
    let fail = |error: io::Error| Error::io("look at the runs on", path, error);
    if Past::of(&RealDisk, &base.folder, KIND).map_err(fail)?.on_the_way == 0 {
        return Ok(());
    }
    if options.dry_run {
        let message = "a run on it was killed, or is still at work: it has to be finished first";
        let error = Error::new(ErrorKind::Refused, "look at the runs on", path, message);
        return Err(error.with_hint("any verb that writes finishes it, such as prune, or undo without -n"));
    }
    let _stake = options.stop.enter();
    enter(&base, options.lock_timeout.as_duration())?.settle().map_err(fail)
}

/// Takes back a run: what it moved into the trash returns, unless something else has its place by now. In a dry run nothing
/// is done.
///
/// # Errors
/// [`ErrorKind::Gone`] when nothing of the run is in the trash; [`ErrorKind::Busy`] when somebody else is at work there; as for
/// [`super::sweep()`].
pub fn undo(path: &Path, run: &RunId, now: Timestamp, options: &Options) -> Result<Undone, Error> {
    let home = Home::of_this_process();
    let base = base::open(path, &home)?.ok_or_else(|| gone(path, run))?;
    let fail = |error: io::Error| Error::io(STEP, path, error);
    let undone = if options.dry_run {
        plan_undo(&RealDisk, &base.folder, KIND, run).map_err(fail)?
    } else {
        let _stake = options.stop.enter();
        let nook = enter(&base, options.lock_timeout.as_duration())?;
        nook.settle().map_err(fail)?;
        let own = options.run.clone().unwrap_or_else(|| RunId::new(now));
        let cause = Cause { keep: false, undoes: Some(run.clone()), ..Cause::new(own, "undo", now) };
        let line = cause.line(KIND, Timestamp::from_nanos(RealDisk.now_ns()));
        undo_run(&RealDisk, &base.folder, &nook, run, line).map_err(fail)?
    };
    undone.ok_or_else(|| gone(path, run))
}

/// Takes runs out of the trash for ever: those that `goes` says, told oldest first. Returns what went, and what went wrong.
pub fn empty_trash(
    path: &Path,
    options: &Options,
    goes: impl FnMut(&RunId) -> bool,
) -> (Vec<RunId>, Option<Error>) {
    const STEP: &str = "empty the trash of";
    let home = Home::of_this_process();
    let (gone, emptied) = match base::open(path, &home) {
        Err(error) => return (Vec::new(), Some(error)),
        Ok(None) => return (Vec::new(), None),
        Ok(Some(base)) => match enter(&base, options.lock_timeout.as_duration()) {
            Err(error) => return (Vec::new(), Some(error)),
            Ok(nook) => match nook.settle() {
                Err(error) => (Vec::new(), Err(error)),
                Ok(()) => nook.empty(goes),
            },
        },
    };
    let error = emptied.err().map(|error| Error::io(STEP, path, error));
    let error = error.map(|error| if gone.is_empty() { error } else { error.half_way() });
    (gone, error)
}

fn enter<'b>(base: &'b Base<'_>, wait: Duration) -> Result<Nook<'b, RealDisk>, Error> {
    let nook = Nook::enter(&RealDisk, &base.folder, KIND, wait);
    let nook = nook.map_err(|error| Error::io(STEP, base.path, error))?;
    nook.ok_or_else(|| {
        Error::new(ErrorKind::Busy, STEP, base.path, "another session-reaper is at work in it")
    })
}

fn gone(path: &Path, run: &RunId) -> Error {
    let message = format!("nothing of run {run} is in its trash");
    Error::new(ErrorKind::Gone, STEP, path, message)
        .with_hint("`session-reaper history` shows which runs can be taken back; secrets never can")
}
