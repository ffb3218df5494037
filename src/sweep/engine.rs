//! One store through one sweep.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{Items, Outcome, PlanFile, RunId, StoreReport, Verb, commit::Tried, log, write_plan};
use crate::{
    lock::Stop,
    model::{Age, Error, ErrorKind, Timestamp},
    policy::{Detail, Policy},
    store::{Planned, Request, State, Store},
};

/// How to sweep; what goes is the [`Policy`]'s business.
#[derive(Debug, Clone)]
pub struct Options {
    /// The shortest time between two sweeps of one store by [`tick`].
    pub every: Age,
    /// Whether [`tick`] sweeps although it is not due.
    pub force: bool,
    /// How long to wait for a lock that a gateway holds, and in [`prune`] and [`apply`] for our own as well; [`tick`]
    /// leaves a store that another of us is sweeping to it.
    pub lock_timeout: Age,
    /// Sweep beside a live gateway that honours no lock, in a quiet moment.
    pub beside_live_gateway: bool,
    /// How the sweep is asked to end.
    pub stop: Stop,
    /// Decide, but do nothing.
    pub dry_run: bool,
    /// Which rows the report can show; `None` for none, which is cheapest.
    pub items: Option<Detail>,
    /// The run that changes belong to.
    pub run: Option<RunId>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            every: Age::from_minutes(5),
            force: false,
            lock_timeout: Age::from_seconds(5),
            beside_live_gateway: false,
            stop: Stop::default(),
            dry_run: false,
            items: None,
            run: None,
        }
    }
}

/// Sweeps a store if it is due, and not when somebody else is just doing so.
pub fn tick<S: Store + 'static>(
    store: &S,
    policy: &Policy,
    now: Timestamp,
    options: &Options,
) -> StoreReport {
    let job = Job { store, policy, now, options };
    job.logged(Verb::Tick, || job.tick())
}

/// Sweeps a store now.
pub fn prune<S: Store + 'static>(
    store: &S,
    policy: &Policy,
    now: Timestamp,
    options: &Options,
) -> StoreReport {
    let job = Job { store, policy, now, options };
    job.logged(Verb::Prune, || job.prune())
}

/// Decides, and does nothing. `out` gets the plan as [`apply`] takes it, before the report shows the same plan.
pub fn plan<S: Store + 'static>(
    store: &S,
    policy: &Policy,
    now: Timestamp,
    options: &Options,
    out: Option<&mut dyn io::Write>,
) -> StoreReport {
    let job = Job { store, policy, now, options: &Options { dry_run: true, ..options.clone() } };
    job.logged(Verb::Plan, || job.plan(out))
}

/// Carries out a plan that was written down, if the store is still the one that it was made for.
pub fn apply<S: Store + 'static>(store: &S, file: &PlanFile, options: &Options) -> StoreReport {
    let job = Job { store, policy: file.policy(), now: file.now(), options };
    job.logged(Verb::Apply, || job.apply(file).unwrap_or_else(|error| job.failed(error)))
}

/// One store, and all that is said about how to sweep it.
pub(super) struct Job<'a, S> {
    pub(super) store: &'a S,
    policy: &'a Policy,
    now: Timestamp,
    pub(super) options: &'a Options,
}

impl<S: Store + 'static> Job<'_, S> {
    fn tick(&self) -> StoreReport {
        if self.policy.is_off() {
            return self.idle(Outcome::Disabled);
        }
        if let Some(throttled) = self.throttled() {
            return throttled;
        }
        if self.options.dry_run {
            return self.preview();
        }
        match self.store.lock(Duration::ZERO, &self.options.stop) {
            // Whoever had the lock a moment ago may have done the work.
            Ok(guard) => self.throttled().unwrap_or_else(|| self.sweep_and_remember(&guard)),
            Err(error) => self.failed(error),
        }
    }

    fn prune(&self) -> StoreReport {
        if self.policy.is_off() {
            return self.idle(Outcome::Disabled);
        }
        if self.options.dry_run {
            return self.preview();
        }
        match self.store.lock(self.options.lock_timeout.as_duration(), &self.options.stop) {
            Ok(guard) => self.sweep_and_remember(&guard),
            Err(error) => self.failed(error),
        }
    }

    fn plan(&self, out: Option<&mut dyn io::Write>) -> StoreReport {
        if self.policy.is_off() && out.is_none() {
            return self.idle(Outcome::Disabled);
        }
        self.write_plan(out).unwrap_or_else(|error| self.failed(error))
    }

    fn write_plan(&self, out: Option<&mut dyn io::Write>) -> Result<StoreReport, Error> {
        let Some(out) = out else { return Ok(self.decided(self.read(self.detail(), false)?)) };
        let planned = self.read(self.detail_with_keys(), true)?;
        write_plan(self.store, &planned, self.policy, out)?;
        Ok(self.decided(planned))
    }

    fn apply(&self, file: &PlanFile) -> Result<StoreReport, Error> {
        let guard = self.store.lock(self.options.lock_timeout.as_duration(), &self.options.stop)?;
        let planned = self.read(self.detail_with_keys(), true)?;
        file.must_fit(self.store, &planned)?;
        if self.options.dry_run {
            self.may_go(&planned)?;
            return Ok(self.decided(planned));
        }
        let left = self.options.lock_timeout.as_duration();
        match self.commit(&guard, planned, None, left)? {
            Tried::Done(report) => Ok(*report),
            Tried::Moved(_) => Err(file.moved()),
        }
    }

    /// What a sweep would do; it would also put off the next one.
    fn preview(&self) -> StoreReport {
        let report = self.read(self.detail(), false).and_then(|planned| {
            self.may_go(&planned)?;
            Ok(self.decided(planned))
        });
        let mut report = report.unwrap_or_else(|error| self.failed(error));
        if report.error.is_none() {
            report.next_due = State::swept_at(self.now).next_due(self.options.every);
        }
        report
    }

    fn throttled(&self) -> Option<StoreReport> {
        let state = self.store.state();
        if self.options.force || state.is_due(self.now, self.options.every) {
            return None;
        }
        let next_due = state.next_due(self.options.every);
        Some(StoreReport { next_due, ..self.idle(Outcome::Throttled) })
    }

    /// Sweeps and remembers when. A sweep that failed counts too, or a broken store would be tried at every tick.
    fn sweep_and_remember(&self, guard: &S::Guard) -> StoreReport {
        let swept = self.sweep(guard);
        let state = match &swept {
            Ok(_) => State::swept_at(self.now),
            Err(error) if error.kind() == ErrorKind::Interrupted => self.store.state(),
            Err(_) => self.store.state().after_failure(self.now),
        };
        let mut report = swept.unwrap_or_else(|error| self.failed(error));
        let _stake = self.options.stop.enter();
        // The rows are gone whether or not this is remembered: a state that cannot be written costs one early sweep.
        match self.store.remember(guard, &state) {
            Ok(()) => report.next_due = state.next_due(self.options.every),
            Err(error) => log::forgotten(&error),
        }
        report
    }

    pub(super) fn read(&self, detail: Detail, digest: bool) -> Result<Planned<S>, Error> {
        self.store.plan(&Request { policy: self.policy, now: self.now, detail, digest })
    }

    pub(super) fn detail(&self) -> Detail {
        self.options.items.unwrap_or_default()
    }

    /// A plan file holds the keys of the rows that go, whatever else is asked for.
    fn detail_with_keys(&self) -> Detail {
        if self.options.items == Some(Detail::Everything) { Detail::Everything } else { Detail::Doomed }
    }

    fn idle(&self, outcome: Outcome) -> StoreReport {
        StoreReport::idle(self.store.name(), outcome)
    }

    fn failed(&self, error: Error) -> StoreReport {
        StoreReport::of_error(self.store.name(), error)
    }

    /// The report on a plan, carried out or not.
    pub(super) fn decided(&self, planned: Planned<S>) -> StoreReport {
        let plan = &planned.plan;
        let outcome = if plan.pruned() == 0 { Outcome::Nothing } else { Outcome::Swept };
        let mut report = StoreReport {
            scanned: plan.scanned(),
            pruned: plan.pruned(),
            kept: plan.kept(),
            by_rule: plan.by_rule().clone(),
            kept_by: plan.kept_by().clone(),
            bytes_before: planned.bytes_before,
            bytes_after: planned.bytes_after,
            ..self.idle(outcome)
        };
        if self.options.items.is_some() {
            report.items = Items::of(self.store, planned);
        }
        report
    }

    /// Whatever happens to a store, one line of the log tells it.
    fn logged(&self, verb: Verb, sweep: impl FnOnce() -> StoreReport) -> StoreReport {
        let begin = Instant::now();
        let report = sweep();
        log::swept(verb, &report, self.options, begin.elapsed());
        report
    }
}
