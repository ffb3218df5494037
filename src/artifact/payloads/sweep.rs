//! Removing what dead owners have left.

use std::{
    ffi::{OsStr, OsString},
    io,
    time::Instant,
};

use serde::Serialize;

use super::{
    log, name,
    removal::{Failure, Unmarked},
    spool::{Inner, MARK, failed},
};
use crate::{
    fs::Disk,
    lock::Ownership,
    model::{Error, Timestamp},
};

/// What came of a sweep. `scanned == swept + retained + skipped + failed`.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What was found in the spool.
    pub scanned: u64,
    /// Folders that are gone.
    pub swept: u64,
    /// Folders that stay: their owners live, or may live, or have died only now.
    pub retained: u64,
    /// How many of these stay because nobody can say whether their owners live.
    pub unknown: u64,
    /// What is none of ours.
    pub skipped: u64,
    /// Folders that could not be looked at, or not be removed.
    pub failed: u64,
    /// How much is gone.
    pub bytes_freed: u64,
    /// The first failure.
    pub error: Option<Error>,
}

/// What came of one name.
enum Found {
    Swept,
    Retained,
    Unknown,
    Skipped,
    /// Somebody else has removed it.
    Gone,
}

impl Found {
    /// What came of a removal that went well.
    const fn of(was_there: bool) -> Self {
        if was_there { Self::Swept } else { Self::Gone }
    }
}

/// Longer than it takes to mark a folder as one's own, in milliseconds.
pub(super) const BEGINNING: i64 = 60_000;

pub(super) const STEP: &str = "sweep the spool";

impl<D: Disk> Inner<D> {
    pub(super) fn sweep(&self, now: Timestamp) -> Result<Report, Error> {
        let begun = Instant::now();
        let mut report = Report::default();
        let swept = self.sweep_into(now, &mut report);
        log::swept(&self.path, &report, swept.as_ref().err(), begun.elapsed());
        swept.map(|()| report)
    }

    fn sweep_into(&self, now: Timestamp, report: &mut Report) -> Result<(), Error> {
        let left = self.retry(report);
        let names = self.names().map_err(|error| failed(STEP, &self.path, error))?;
        for name in names.iter().filter(|name| !left.contains(name)) {
            let found = self.look(name, now, &mut report.bytes_freed);
            self.count(report, name, found);
        }
        Ok(())
    }

    /// Tries once more to remove the sessions that have ended: nobody else can, and they take room. Tells whether there were
    /// any.
    pub(super) fn retry_ended(&self) -> bool {
        let had_some = !self.pending().is_empty();
        if had_some {
            self.retry(&mut Report::default());
        }
        had_some
    }

    /// Tries once more to remove the sessions that have ended; the names of those that are still there.
    fn retry(&self, report: &mut Report) -> Vec<OsString> {
        // Nobody waits for a removal to be told that another session could not be removed.
        let mut pending = std::mem::take(&mut *self.pending());
        pending.retain_mut(|ended| {
            let removal = self.remove(&mut ended.name, &ended.folder);
            report.bytes_freed += removal.bytes_freed;
            let is_left = removal.result.is_err();
            self.count(report, &ended.name, removal.result.map(Found::of));
            is_left
        });
        let names = pending.iter().map(|ended| ended.name.clone()).collect();
        self.pending().append(&mut pending);
        names
    }

    fn count(&self, report: &mut Report, name: &OsStr, found: Result<Found, Failure>) {
        report.scanned += u64::from(!matches!(found, Ok(Found::Gone)));
        match found {
            Ok(Found::Swept) => report.swept += 1,
            Ok(Found::Retained) => report.retained += 1,
            Ok(Found::Unknown) => {
                (report.retained, report.unknown) = (report.retained + 1, report.unknown + 1);
            }
            Ok(Found::Skipped) => report.skipped += 1,
            Ok(Found::Gone) => {}
            Err(error) => {
                report.failed += 1;
                report.error.get_or_insert_with(|| error.told(STEP, &self.path.join(name)));
            }
        }
    }

    fn look(&self, name: &OsStr, now: Timestamp, bytes_freed: &mut u64) -> Result<Found, Failure> {
        if !name::is_ours(name) {
            return Ok(Found::Skipped);
        }
        match self.look_inside(name, now, bytes_freed) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Gone),
            found => found,
        }
    }

    fn look_inside(&self, name: &OsStr, now: Timestamp, bytes_freed: &mut u64) -> Result<Found, Failure> {
        let stat = self.disk.stat(&self.dir, name)?;
        if !stat.is_folder {
            return Ok(Found::Skipped);
        }
        let folder = self.disk.subfolder(&self.dir, name)?;
        let last = Timestamp::from_nanos(stat.modified_ns);
        match self.owner_of(&folder) {
            Ownership::None => {
                let is_young = now.millis_since(last) < BEGINNING;
                Ok(match self.remove_unmarked(name, &folder, is_young)? {
                    Unmarked::Left => Found::Swept,
                    Unmarked::Taken => Found::Retained,
                    Unmarked::Foreign => Found::Skipped,
                })
            }
            Ownership::Alive(_) => Ok(Found::Retained),
            Ownership::Unknown(_) => Ok(Found::Unknown),
            Ownership::Dead(_) if self.may_come_back((name, &folder), last, now) => Ok(Found::Retained),
            Ownership::Dead(_) => {
                let stays = || self.may_come_back_now((name, &folder), now);
                self.reclaim((name, &folder), stays, bytes_freed)
            }
        }
    }

    /// The same, by what its folder says at this moment.
    fn may_come_back_now(&self, (name, folder): (&OsStr, &D::Folder), now: Timestamp) -> io::Result<bool> {
        let last = Timestamp::from_nanos(self.disk.stat(folder, OsStr::new("."))?.modified_ns);
        Ok(self.may_come_back((name, folder), last, now))
    }

    /// A session goes on for a while after the death of its owner, and after it came back from the trash; one on its way out
    /// never comes back.
    fn may_come_back(&self, (name, folder): (&OsStr, &D::Folder), last: Timestamp, now: Timestamp) -> bool {
        let has_grace = self.options.grace.holds(last, now);
        !name::is_going(name) && (has_grace || self.has_respite(folder, now))
    }

    /// Removes what a dead owner left for ever, unless it `stays`: that is asked under the claim, since until then somebody
    /// may have had it, and died too, or brought it back.
    fn reclaim(
        &self,
        (name, folder): (&OsStr, &D::Folder),
        stays: impl FnOnce() -> io::Result<bool>,
        bytes_freed: &mut u64,
    ) -> Result<Found, Failure> {
        match self.options.proof.try_claim(&self.disk, folder, OsStr::new(MARK)) {
            Err(Ownership::Unknown(_)) => Ok(Found::Unknown),
            // Somebody was quicker: he goes on with it, or removes it.
            Err(_) => Ok(Found::Retained),
            Ok(_claim) if stays()? => Ok(Found::Retained),
            Ok(_claim) => {
                let removal = self.remove(&mut name.to_owned(), folder);
                *bytes_freed += removal.bytes_freed;
                removal.result.map(Found::of)
            }
        }
    }

    /// Removes the session that has this name if its owner is dead, whatever its grace, and if it is as old as it was then;
    /// tells whether it is gone.
    pub(super) fn evict(&self, name: &OsStr, modified_ns: i128) -> Result<bool, Failure> {
        let folder = self.disk.subfolder(&self.dir, name)?;
        let stays = || {
            let is_newer = self.disk.stat(&folder, OsStr::new("."))?.modified_ns != modified_ns;
            Ok(is_newer || self.has_respite(&folder, Timestamp::from_nanos(self.disk.now_ns())))
        };
        self.reclaim((name, &folder), stays, &mut 0).map(|found| matches!(found, Found::Swept | Found::Gone))
    }
}
