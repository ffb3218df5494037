//! From a plan to its end: who may be beside us, how often a store that changes is tried, and with which locks.
//!
//! Locks that gateways wait for are held for a moment: all that takes time comes before. Where a store changes too often
//! for that, and reading and writing it is short, it is done under the lock once.

use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    thread,
    time::{Duration, Instant},
};

use super::{Options, Outcome, StoreReport, engine::Job, hint::Looked};
use crate::{
    lock::{self, Stop},
    model::{Error, ErrorKind, Key},
    policy::{Decision, Detail, Rule},
    store::{Access, Commit, Others, Planned, Store},
};

/// How often a store that keeps changing is planned anew before the sweep gives up.
pub(super) const MAX_ATTEMPTS: u32 = 10;

/// What takes no longer than this may be done under a gateway's lock whenever the store changed once.
const SHORT: Duration = Duration::from_millis(250);

/// What takes no longer than this may be done so at the very end. Gateways wait for ten seconds.
const LONG: Duration = Duration::from_secs(2);

/// To read, judge and write a store takes so many times as long as to read and judge it.
const WRITING: u32 = 3;

/// How often somebody who waits looks whether he is asked to stop.
const STEP: Duration = Duration::from_millis(20);

/// After so long a gateway that was at work on the store has written it.
const UNTIL_WRITTEN_BACK: Duration = Duration::from_secs(1);

/// How one attempt ended.
pub(super) enum Tried {
    /// It is done, or there was nothing to do.
    Done(Box<StoreReport>),
    /// The store is no longer the one that the plan was made for.
    Moved(Others),
}

/// How one attempt at a change ended.
pub(super) enum Attempt<T> {
    /// It is done, or there was nothing to do.
    Done(T),
    /// The store is no longer the one that was read.
    Moved {
        /// Who else writes the store.
        others: Others,
        /// How long it took to read and judge it.
        reading: Duration,
    },
}

/// Attempts a change until it is done, again when the store changed in between; `None` when it never comes to rest. Each
/// attempt is told what keeps gateways out, if anything does, and how long it may wait for them: all of that together takes
/// no longer than the timeout for locks.
pub(super) fn until_done<S: Store, T>(
    store: &S,
    guard: &S::Guard,
    options: &Options,
    mut attempt: impl FnMut(Option<S::Hold>, Duration) -> Result<Attempt<T>, Error>,
) -> Result<Option<T>, Error> {
    let begin = Instant::now();
    let left = || options.lock_timeout.as_duration().saturating_sub(begin.elapsed());
    let mut hold = None;
    for number in 1..=MAX_ATTEMPTS {
        let (others, reading) = match attempt(hold.take(), left())? {
            Attempt::Done(done) => return Ok(Some(done)),
            Attempt::Moved { others, reading } => (others, reading),
        };
        // Whoever waits for the lock has his turn before the next attempt.
        lock::pause(number);
        let longest = if number + 1 < MAX_ATTEMPTS { SHORT } else { LONG };
        if others == Others::HonourLocks && reading * WRITING <= longest {
            hold = Some(store.keep_out(guard, left(), &options.stop)?);
        }
    }
    Ok(None)
}

/// What a change needs of the store beside such others.
pub(super) fn access<S: Store>(others: Others, hold: Option<S::Hold>, wait: Duration) -> Access<S> {
    match (others, hold) {
        (Others::HonourNone, _) => Access::Quiet(wait),
        (Others::HonourLocks, Some(hold)) => Access::Kept(hold),
        (Others::HonourLocks, None) => Access::Brief(wait),
    }
}

/// Waits until a gateway that honours no lock has written back what it holds in memory, if it does.
pub(super) fn wait_for_writing_back<S: Store>(store: &S, guard: &S::Guard, stop: &Stop) -> Result<(), Error> {
    let begin = Instant::now();
    while begin.elapsed() < UNTIL_WRITTEN_BACK && stop.signal().is_none() {
        thread::sleep(STEP);
    }
    // One that changed nothing takes the new file for what it holds in memory, until the file's time moves.
    store.nudge(guard)
}

impl<S: Store + 'static> Job<'_, S> {
    /// Plans and commits, again when the store changed in between.
    pub(super) fn sweep(&self, guard: &S::Guard) -> Result<StoreReport, Error> {
        let swept = until_done(self.store, guard, self.options, |hold, left| {
            let begin = Instant::now();
            let mark = self.mark_before();
            let planned = self.read(self.detail(), false)?;
            self.looked.replace(Looked::at(mark, &planned.plan));
            let reading = begin.elapsed();
            Ok(match self.commit(guard, planned, hold, left)? {
                Tried::Done(report) => Attempt::Done(report),
                Tried::Moved(others) => Attempt::Moved { others, reading },
            })
        })?;
        swept.map(|report| *report).ok_or_else(|| {
            let message = format!("somebody else changed it {MAX_ATTEMPTS} times while it was being swept");
            self.error(ErrorKind::Unsettled, message)
                .with_hint("the next tick tries again; if it stays so, stop the gateway for a moment")
        })
    }

    /// Carries a plan out, waiting at most `wait` for gateways. An error that came after the rows were gone stands in a
    /// report that counts them.
    pub(super) fn commit(
        &self,
        guard: &S::Guard,
        planned: Planned<S>,
        hold: Option<S::Hold>,
        wait: Duration,
    ) -> Result<Tried, Error> {
        let others = self.may_go(&planned)?;
        let done = |report| Ok(Tried::Done(Box::new(report)));
        if planned.plan.pruned() == 0 {
            return done(self.decided(planned));
        }
        let access = access(others, hold, wait);
        let gone = if others == Others::HonourNone { Some(self.doomed(&planned)?) } else { None };
        let failed = match self.commit_now(guard, &planned, access) {
            Ok(Commit::Done) => None,
            Ok(Commit::Moved) => return Ok(Tried::Moved(others)),
            Err(error) if error.is_too_late() => Some(error),
            Err(error) => return Err(error),
        };
        let report = self.decided(planned);
        let report = match gone {
            Some(gone) => self.look_again(guard, report, &gone),
            None => report,
        };
        done(match failed {
            Some(error) => StoreReport { outcome: Outcome::Failed, error: Some(error), ..report },
            None => report,
        })
    }

    /// While a new file is on its way and a lock is held, a signal has to wait.
    fn commit_now(&self, guard: &S::Guard, planned: &Planned<S>, access: Access<S>) -> Result<Commit, Error> {
        let stop = &self.options.stop;
        let _stake = stop.enter();
        if stop.signal().is_some() {
            return Err(self.error(ErrorKind::Interrupted, "a signal asked to stop"));
        }
        self.store.commit(guard, planned, access, &self.cause(), stop)
    }

    /// Whether a plan that takes rows away may be carried out beside those who write the store just now.
    pub(super) fn may_go(&self, planned: &Planned<S>) -> Result<Others, Error> {
        self.ask_guards(planned)?;
        if planned.plan.pruned() == 0 {
            return Ok(Others::HonourLocks);
        }
        self.store.admit(self.options.beside_live_gateway)
    }

    /// A gateway that honours no lock may write back what it holds in memory. So the store is looked at once more, and
    /// rows that came back are told.
    fn look_again(&self, guard: &S::Guard, report: StoreReport, gone: &HashMap<Key, Rule>) -> StoreReport {
        let _stake = self.options.stop.enter();
        let waited = wait_for_writing_back(self.store, guard, &self.options.stop);
        let returned = waited.and_then(|()| self.returned(gone));
        match returned {
            Ok((returned, _)) if returned.is_empty() => report,
            Ok((returned, bytes)) => self.without(report, &returned, bytes),
            Err(error) => StoreReport { outcome: Outcome::Failed, error: Some(error.too_late()), ..report },
        }
    }

    fn doomed(&self, planned: &Planned<S>) -> Result<HashMap<Key, Rule>, Error> {
        let mut gone = HashMap::new();
        self.store.visit(planned, &mut |key, verdict| {
            if let Decision::Prune(rule) = &verdict.decision {
                gone.insert(key, *rule);
            }
            ControlFlow::Continue(())
        })?;
        Ok(gone)
    }

    /// Those of the rows that are in the store again, by rule, and the size of the store.
    fn returned(&self, gone: &HashMap<Key, Rule>) -> Result<(BTreeMap<Rule, u64>, u64), Error> {
        let planned = self.read(Detail::Doomed, false)?;
        let mut returned = BTreeMap::new();
        self.store.visit(&planned, &mut |key, _| {
            if let Some(rule) = gone.get(&key) {
                *returned.entry(*rule).or_insert(0) += 1;
            }
            ControlFlow::Continue(())
        })?;
        Ok((returned, planned.bytes_before))
    }

    /// The report, with rows that came back counted as failed.
    fn without(&self, report: StoreReport, returned: &BTreeMap<Rule, u64>, bytes: u64) -> StoreReport {
        let count: u64 = returned.values().sum();
        let mut by_rule = report.by_rule.clone();
        for (rule, count) in returned {
            by_rule.entry(*rule).and_modify(|rows| *rows = rows.saturating_sub(*count));
        }
        by_rule.retain(|_, rows| *rows > 0);
        let message = format!("{count} rows came back: the gateway wrote back what it held in memory");
        let error = self
            .error(ErrorKind::Unsettled, message)
            .with_hint("stop the gateway for the sweep, or let the next tick try again");
        let error = if report.pruned > count { error.about_some() } else { error };
        StoreReport {
            outcome: Outcome::Failed,
            pruned: report.pruned.saturating_sub(count),
            failed: count,
            by_rule,
            bytes_after: bytes,
            error: Some(error),
            ..report
        }
    }

    fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, "sweep", self.store.name().as_ref(), message)
    }
}
