//! One sweep of one folder, of whatever kind: whether it is due, who else is at it, and what is remembered of it.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    time::{Duration, Instant},
};

use super::{
    Options, Report,
    nook::{self, Nook},
};
use crate::{
    fs::Disk,
    model::{Age, Error, ErrorKind, Outcome, Timestamp},
    store::State,
    trash::{Cause, Line, RunId},
};

/// So far a time that somebody has chosen may be ahead of the clock: not all that goes can be brought back.
const AHEAD: Age = Age::from_hours(7 * 24);

/// A sweep of one folder.
#[derive(Debug)]
pub(super) struct Round<'r> {
    pub(super) kind: &'static str,
    pub(super) path: &'r Path,
    pub(super) now: Timestamp,
    pub(super) options: &'r Options,
    run: RunId,
    begun: Instant,
}

impl<'r> Round<'r> {
    pub(super) fn new(kind: &'static str, path: &'r Path, now: Timestamp, options: &'r Options) -> Self {
        let run = options.run.clone().unwrap_or_else(|| RunId::new(now));
        Self { kind, path, now, options, run, begun: Instant::now() }
    }

    /// Says in the log what came of it.
    pub(super) fn told(&self, swept: Result<Report, Error>) -> Report {
        let report = swept.unwrap_or_else(|error| self.failed(error));
        report.log(self.options, self.begun.elapsed());
        report
    }

    pub(super) fn idle(&self, outcome: Outcome) -> Report {
        Report::idle(self.kind, self.path.to_string_lossy().into_owned(), outcome)
    }

    pub(super) fn failed(&self, error: Error) -> Report {
        Report::of_error(self.kind, self.path.to_string_lossy().into_owned(), error)
    }

    pub(super) fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| Error::io(step, self.path, error)
    }

    /// What to say where the next sweep is not due yet.
    pub(super) fn throttled<D: Disk>(&self, disk: &D, folder: &D::Folder) -> Option<Report> {
        let every = self.options.every?;
        let state = nook::state(disk, folder, self.kind);
        let due = state.last().rests_until(self.now, every)?;
        Some(Report { next_due: Some(due), ..self.idle(Outcome::Throttled) })
    }

    /// Who is not the owner of the folder would leave there what keeps its owner out. Where somebody has chosen the time, it is
    /// none that anything could be judged by that cannot be brought back.
    pub(super) fn may_sweep<D: Disk>(&self, disk: &D, folder: &D::Folder) -> Result<(), Error> {
        const STEP: &str = "sweep";
        let refused = |why: String, hint: &str| {
            Err(Error::new(ErrorKind::Refused, STEP, self.path, why).with_hint(hint))
        };
        let owner = disk.stat(folder, OsStr::new(".")).map_err(self.fail(STEP))?.owner;
        if !disk.acts_for(owner) {
            let why = format!("it belongs to another user, of the number {}", owner.uid);
            return refused(why, "run it as that user, or give the folder to the user whose it should be");
        }
        let clock = Timestamp::from_nanos(disk.now_ns());
        if self.now > clock.plus(AHEAD) && !self.options.dry_run && !self.options.allow_clock_jump {
            let why = format!("{} is more than 7 days ahead of the clock", self.now);
            return refused(why, "if the clock is wrong and the time is right: --allow-clock-jump");
        }
        Ok(())
    }

    /// Does the work when it is its turn and it is due, and remembers when that was. A sweep that failed counts too, or a broken
    /// folder would be tried at every tick.
    pub(super) fn work<D: Disk>(
        &self,
        disk: &D,
        folder: &D::Folder,
        work: impl FnOnce(&Nook<'_, D>) -> Result<Report, Error>,
    ) -> Result<Report, Error> {
        let nook = self.enter(disk, folder)?;
        // Whoever had the lock a moment ago may have done the work.
        if let Some(throttled) = self.throttled(disk, folder) {
            return Ok(throttled);
        }
        let before = nook::state(disk, folder, self.kind);
        let worked = nook.settle().map_err(self.fail("look through the trash of")).and_then(|()| work(&nook));
        let state = match &worked {
            Ok(_) => State::swept_at(self.now),
            Err(_) => before.after_failure(self.now),
        };
        let mut report = worked.unwrap_or_else(|error| self.failed(error));
        match nook.remember(&state) {
            Ok(()) => report.next_due = self.options.every.and_then(|every| state.next_due(every)),
            Err(error) => {
                tracing::warn!(target: "session_reaper", %error, "the time of this sweep is not remembered");
            }
        }
        Ok(report)
    }

    /// A scheduler leaves the work to whoever is at it.
    fn enter<'n, D: Disk>(&self, disk: &'n D, folder: &'n D::Folder) -> Result<Nook<'n, D>, Error> {
        let wait = self.options.every.map_or(self.options.lock_timeout.as_duration(), |_| Duration::ZERO);
        let nook = Nook::enter(disk, folder, self.kind, wait);
        nook.map_err(self.fail("open the folder .session-reaper in"))?.ok_or_else(|| {
            let why = "another session-reaper is sweeping it";
            Error::new(ErrorKind::Busy, "sweep", self.path, why)
        })
    }

    /// The line of this sweep in the journal, before anything is counted.
    pub(super) fn line<D: Disk>(&self, disk: &D) -> Line {
        let cause = Cause::new(self.run.clone(), self.options.verb, self.now);
        let cause = Cause { keep: self.options.trash, ..cause };
        cause.line(self.kind, Timestamp::from_nanos(disk.now_ns()))
    }
}
