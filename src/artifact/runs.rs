//! The runs on a folder that is swept, of whatever kind: what there are, and taking one back or out of the trash.

use std::{ffi::OsStr, io, path::Path, time::Duration};

use super::{
    Options, Past, Undone,
    nook::{Kind, Nook},
    past::{Way, plan_undo, undo},
    workspaces,
};
use crate::{
    fs::{Disk, OUR_FOLDER},
    model::{Error, ErrorKind, Timestamp},
    trash::{Cause, RunId},
};

/// A folder that is swept, as somebody has opened it.
#[derive(Debug)]
pub(super) struct Site<'s, D: Disk> {
    pub(super) disk: &'s D,
    pub(super) folder: &'s D::Folder,
    pub(super) path: &'s Path,
    /// What is swept in it.
    pub(super) kind: Kind,
}

impl<'s, D: Disk> Site<'s, D> {
    fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| Error::io(step, self.path, error)
    }

    /// The runs on it.
    ///
    /// # Errors
    /// The journal or the trash cannot be read.
    pub(super) fn past(&self) -> Result<Past, Error> {
        Past::of(self.disk, self.folder, self.kind).map_err(self.fail("read the journal of"))
    }

    /// Finishes what a killed sweep has left: before that, nobody knows which run is the newest.
    ///
    /// # Errors
    /// As for [`Site::undo`].
    pub(super) fn finish_killed(&self, options: &Options) -> Result<(), Error> {
        const STEP: &str = "look at the runs on";
        let past = Past::of(self.disk, self.folder, self.kind).map_err(self.fail(STEP))?;
        if past.on_the_way == 0 {
            return Ok(());
        }
        if options.dry_run {
            let message = "a run on it was killed, or is still at work: it has to be finished first";
            let error = Error::new(ErrorKind::Refused, STEP, self.path, message);
            return Err(
                error.with_hint("any verb that writes finishes it, such as prune, or undo without -n")
            );
        }
        let _stake = options.stop.enter();
        self.enter(STEP, options.lock_timeout.as_duration())?.settle().map_err(self.fail(STEP))
    }

    /// Takes back a run: what it moved into the trash returns, unless something else has its place by now. In a dry run
    /// nothing is done.
    ///
    /// # Errors
    /// [`ErrorKind::Gone`] when nothing of the run is in the trash; [`ErrorKind::Busy`] when somebody else is at work there; as
    /// the operating system says.
    pub(super) fn undo(
        &self,
        run: &RunId,
        now: Timestamp,
        options: &Options,
        way: &impl Way<D>,
    ) -> Result<Undone, Error> {
        const STEP: &str = "undo a run on";
        let undone = if options.dry_run {
            let ours = self.disk.subfolder(self.folder, OsStr::new(OUR_FOLDER)).map_err(self.fail(STEP))?;
            plan_undo(self.disk, &ours, self.kind, run, way).map_err(self.fail(STEP))?
        } else {
            let _stake = options.stop.enter();
            let nook = self.enter(STEP, options.lock_timeout.as_duration())?;
            nook.settle().map_err(self.fail(STEP))?;
            let own = options.run.clone().unwrap_or_else(|| RunId::new(now));
            let cause = Cause { keep: false, undoes: Some(run.clone()), ..Cause::new(own, "undo", now) };
            let line = cause.line(self.kind.told, Timestamp::from_nanos(self.disk.now_ns()));
            undo(&nook, run, line, way).map_err(self.fail(STEP))?
        };
        undone.ok_or_else(|| gone(self.kind.told, self.path, run))
    }

    /// Takes runs out of the trash for ever: those that `goes` says, told oldest first. Returns what went, and what went wrong.
    pub(super) fn empty_trash(
        &self,
        options: &Options,
        goes: impl FnMut(&RunId) -> bool,
    ) -> (Vec<RunId>, Option<Error>) {
        const STEP: &str = "empty the trash of";
        let nook = match self.enter(STEP, options.lock_timeout.as_duration()) {
            Ok(nook) => nook,
            Err(error) => return (Vec::new(), Some(error)),
        };
        let (gone, emptied) = match nook.settle() {
            Err(error) => (Vec::new(), Err(error)),
            Ok(()) => nook.empty(goes),
        };
        let error = emptied.err().map(self.fail(STEP));
        let error = error.map(|error| if gone.is_empty() { error } else { error.half_way() });
        (gone, error)
    }

    fn enter(&self, step: &'static str, wait: Duration) -> Result<Nook<'s, D>, Error> {
        let nook = Nook::enter(self.disk, self.folder, self.kind, wait).map_err(self.fail(step))?;
        let busy = "another session-reaper is at work in it";
        nook.ok_or_else(|| Error::new(ErrorKind::Busy, step, self.path, busy))
    }
}

/// The error of a run of which nothing is left.
pub(super) fn gone(kind: &str, path: &Path, run: &RunId) -> Error {
    let message = format!("nothing of run {run} is in its trash");
    let secrets = if kind == workspaces::KIND { "; secrets never can" } else { "" };
    let hint = format!("`session-reaper history` shows which runs can be taken back{secrets}");
    Error::new(ErrorKind::Gone, "undo a run on", path, message).with_hint(hint)
}
