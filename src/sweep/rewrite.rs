//! A change of a store's text that no rule asked for, made as a sweep is: read, admitted, committed, and again when the store
//! changed meanwhile.

use std::time::Instant;

use super::{
    Options,
    commit::{self, Attempt, MAX_ATTEMPTS},
};
use crate::{
    fs::Disk,
    model::{Error, ErrorKind},
    store::{Access, Commit, Compacting, FileStore, Others, Rewrite, Store, Undoing},
    trash::Cause,
};

/// A change, and what it would be to make it again.
pub(super) trait Change<D: Disk>: AsRef<Rewrite<D>> {
    /// What has become of the same change made before, if this one has something to do.
    fn undone(&self) -> String;
}

impl<D: Disk> Change<D> for Undoing<D> {
    fn undone(&self) -> String {
        let Rewrite { pruned, restored, .. } = self.rewrite;
        match (pruned, restored) {
            (0, gone) => format!("{} went again", rows(gone)),
            (back, 0) => format!("{} came back", rows(back)),
            (back, gone) => format!("{} came back and {} went again", rows(back), rows(gone)),
        }
    }
}

impl<D: Disk> Change<D> for Compacting<D> {
    fn undone(&self) -> String {
        let count = self.rows.len() as u64;
        format!("{} got {} fields back", rows(count), if count == 1 { "its" } else { "their" })
    }
}

fn rows(count: u64) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}

/// One store, and how it is changed.
pub(super) struct Rewriting<'a, D: Disk> {
    pub(super) store: &'a FileStore<D>,
    /// What is done to it, as a verb phrase.
    pub(super) step: &'static str,
    pub(super) cause: &'a Cause,
    pub(super) options: &'a Options,
}

impl<D: Disk> Rewriting<'_, D> {
    /// Makes the change that `plan` finds, or in a dry run only finds it. An error that came after the change stands beside
    /// what was changed.
    pub(super) fn carry_out<P: Change<D>>(
        &self,
        plan: impl Fn() -> Result<P, Error>,
    ) -> Result<(P, Option<Error>), Error> {
        if self.options.dry_run {
            let planned = plan()?;
            self.admit(planned.as_ref())?;
            return Ok((planned, None));
        }
        let guard = self.store.lock(self.options.lock_timeout.as_duration(), &self.options.stop)?;
        let done = commit::until_done(self.store, &guard, self.options, |hold, left| {
            let begin = Instant::now();
            let planned = plan()?;
            let reading = begin.elapsed();
            let others = self.admit(planned.as_ref())?;
            if !planned.as_ref().changes() {
                return Ok(Attempt::Done((planned, None)));
            }
            let failed = match self.commit(&guard, planned.as_ref(), commit::access(others, hold, left)) {
                Ok(Commit::Done) => None,
                Ok(Commit::Moved) => return Ok(Attempt::Moved { others, reading }),
                Err(error) if error.is_too_late() => Some(error),
                Err(error) => return Err(error),
            };
            let undone = self.look_again(&guard, others, &plan);
            Ok(Attempt::Done((planned, failed.or(undone))))
        })?;
        done.ok_or_else(|| {
            self.error(
                ErrorKind::Unsettled,
                format!("somebody else changed it {MAX_ATTEMPTS} times meanwhile"),
            )
        })
    }

    /// A gateway that honours no lock may write back what it holds in memory. So the store is looked at once more: where
    /// the same change would have something to do, it was undone.
    fn look_again<P: Change<D>>(
        &self,
        guard: &<FileStore<D> as Store>::Guard,
        others: Others,
        plan: impl Fn() -> Result<P, Error>,
    ) -> Option<Error> {
        if others != Others::HonourNone {
            return None;
        }
        let stop = &self.options.stop;
        let _stake = stop.enter();
        match commit::wait_for_writing_back(self.store, guard, stop).and_then(|()| plan()) {
            Err(error) => Some(error.too_late()),
            Ok(again) if !again.as_ref().changes() => None,
            Ok(again) => {
                let message = format!("{}: the gateway wrote back what it held in memory", again.undone());
                let hint = "stop the gateway, then do it again";
                Some(self.error(ErrorKind::Unsettled, message).with_hint(hint).too_late())
            }
        }
    }

    fn admit(&self, rewrite: &Rewrite<D>) -> Result<Others, Error> {
        if !rewrite.changes() {
            return Ok(Others::HonourLocks);
        }
        self.store.admit(self.options.beside_live_gateway)
    }

    fn commit(
        &self,
        guard: &<FileStore<D> as Store>::Guard,
        rewrite: &Rewrite<D>,
        access: Access<FileStore<D>>,
    ) -> Result<Commit, Error> {
        let stop = &self.options.stop;
        let _stake = stop.enter();
        if stop.signal().is_some() {
            return Err(self.error(ErrorKind::Interrupted, "a signal asked to stop"));
        }
        self.store.rewrite(guard, rewrite, access, self.cause, stop)
    }

    fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, self.step, self.store.path(), message)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, path::Path, thread, time::Duration};

    use super::*;
    use crate::{
        fs::MemDisk,
        model::{Age, Timestamp},
        policy::Policy,
        store::Slimming,
        trash::RunId,
    };

    const PATH: &str = "/s/sessions.json";
    const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

    /// Beside a gateway that writes the store whenever it may: for each attempt whether gateways were kept out while the
    /// store was read.
    fn kept_out(reading: Duration) -> Vec<bool> {
        let text = |n: usize| {
            format!("{{\"n\":{{\"n\":{n}}},\"a\":{{\"updatedAt\":1700000000000,\"skillsSnapshot\":1}}}}")
        };
        let disk = MemDisk::with_file(Path::new(PATH), text(0).as_bytes());
        let store = FileStore::on(disk.clone(), PATH);
        let slimming = Slimming {
            fields: vec!["skillsSnapshot".to_owned()],
            inactive: Age::from_hours(1),
            now: NOW,
            policy: Policy::default(),
        };
        let kept_out = RefCell::new(Vec::new());
        let plan = || {
            let planned = store.plan_compact(&slimming)?;
            let is_kept_out = disk.names(Path::new("/s")).contains(&"sessions.json.lock".to_owned());
            kept_out.borrow_mut().push(is_kept_out);
            thread::sleep(reading);
            if !is_kept_out {
                disk.put(Path::new(PATH), text(kept_out.borrow().len()).as_bytes());
            }
            Ok(planned)
        };
        let cause = Cause::new(RunId::new(NOW), "compact", NOW);
        let options = Options { lock_timeout: Age::from_minutes(1), ..Options::default() };
        let rewriting = Rewriting { store: &store, step: "slim", cause: &cause, options: &options };
        let (_, error) = rewriting.carry_out(plan).unwrap();
        assert!(error.is_none(), "{error:?}");
        kept_out.into_inner()
    }

    #[test]
    fn gateways_are_kept_out_of_a_store_that_is_read_quickly_and_of_a_slow_one_only_at_the_very_end() {
        assert_eq!(kept_out(Duration::ZERO), [false, true]);
        let slow = kept_out(Duration::from_millis(100));
        assert_eq!((slow.len(), slow.iter().position(|held| *held)), (10, Some(9)), "{slow:?}");
    }
}
