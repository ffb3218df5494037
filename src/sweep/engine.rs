//! One store through one sweep.

use std::{
    cell::{Cell, OnceCell, RefCell},
    io,
    time::{Duration, Instant},
};

use super::{
    Items, Outcome, PlanFile, RunId, StoreReport, Verb, commit::Tried, hint::Looked, log, write_plan,
};
use crate::{
    lock::Stop,
    model::{Age, Error, ErrorKind, Retention, Timestamp},
    policy::{Detail, Policy},
    store::{LastSweep, Planned, Request, State, Store, Tidy, TimeOf},
    trash::Cause,
};

/// How to sweep; what goes is the [`Policy`]'s business.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// The shortest time between two sweeps of one store by [`tick`].
    pub every: Age,
    /// Whether [`tick`] sweeps although it is not due.
    pub force: bool,
    /// How long to wait for a lock that a gateway holds, and in [`prune`] and [`apply`] for our own as well; [`tick`]
    /// leaves a store that another of us is sweeping to it.
    pub lock_timeout: Age,
    /// After how long a call begins no further store; `None` for no limit. See [`super::Budget`].
    pub max_time: Option<Age>,
    /// Sweep beside a live gateway that honours no lock, in a quiet moment.
    pub beside_live_gateway: bool,
    /// Carry out a plan that takes more than half of the durable rows, or every row there is.
    pub allow_mass_delete: bool,
    /// Carry out a plan although the clock is behind what it has seen already, or far ahead of all of it.
    pub allow_clock_jump: bool,
    /// Let [`tick`] carry out a policy at once that takes rows which the last one would have kept.
    pub allow_tightened: bool,
    /// Whether the time to judge at is somebody's wish, and not what a clock said.
    pub what_if: bool,
    /// Whether what is removed is kept in the trash, so that it can be brought back.
    pub trash: bool,
    /// How long it is kept there.
    pub trash_retention: Retention,
    /// Whether it is compressed there.
    pub compress: bool,
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
            max_time: None,
            beside_live_gateway: false,
            allow_mass_delete: false,
            allow_clock_jump: false,
            allow_tightened: false,
            what_if: false,
            trash: true,
            trash_retention: Retention::After(Age::from_hours(7 * 24)),
            compress: false,
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
    let job = Job::new(Verb::Tick, store, policy, now, options);
    job.logged(|| job.tick())
}

/// Sweeps a store now.
pub fn prune<S: Store + 'static>(
    store: &S,
    policy: &Policy,
    now: Timestamp,
    options: &Options,
) -> StoreReport {
    let job = Job::new(Verb::Prune, store, policy, now, options);
    job.logged(|| job.prune())
}

/// Decides, and does nothing. `out` gets the plan as [`apply`] takes it, before the report shows the same plan.
pub fn plan<S: Store + 'static>(
    store: &S,
    policy: &Policy,
    now: Timestamp,
    options: &Options,
    out: Option<&mut dyn io::Write>,
) -> StoreReport {
    let options = Options { dry_run: true, ..options.clone() };
    let job = Job::new(Verb::Plan, store, policy, now, &options);
    job.logged(|| job.plan(out))
}

/// Carries out a plan that was written down, if the store is still the one that it was made for.
pub fn apply<S: Store + 'static>(store: &S, file: &PlanFile, options: &Options) -> StoreReport {
    let job = Job::new(Verb::Apply, store, file.policy(), file.now(), options);
    job.logged(|| job.apply(file).unwrap_or_else(|error| job.failed(error)))
}

/// One store, and all that is said about how to sweep it.
pub(super) struct Job<'a, S> {
    pub(super) verb: Verb,
    pub(super) store: &'a S,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
    pub(super) options: &'a Options,
    /// The digest of the policy, once it was refused for being tighter than the last one.
    pub(super) cooling: OnceCell<String>,
    /// Whether all that is known of the time agrees with `now`.
    pub(super) is_on_time: Cell<bool>,
    /// What was found where nothing had to go.
    pub(super) looked: RefCell<Option<Looked>>,
    /// What was remembered of the store, once that is settled.
    known: OnceCell<State>,
}

impl<'a, S: Store + 'static> Job<'a, S> {
    fn new(verb: Verb, store: &'a S, policy: &'a Policy, now: Timestamp, options: &'a Options) -> Self {
        let (cooling, is_on_time, looked) = (OnceCell::new(), Cell::new(false), RefCell::new(None));
        Self { verb, store, policy, now, options, cooling, is_on_time, looked, known: OnceCell::new() }
    }

    /// What is remembered of the store, read once. Only to be asked under the lock, where nobody else can change it, or
    /// where nothing is changed at all.
    pub(super) fn state(&self) -> &State {
        self.known.get_or_init(|| self.store.state())
    }

    fn tick(&self) -> StoreReport {
        if self.policy.is_off() {
            return self.idle(Outcome::Disabled);
        }
        if let Some(throttled) =
            self.throttled_already().or_else(|| self.throttled(|| self.store.state().last()))
        {
            return throttled;
        }
        if self.options.dry_run {
            return self.preview();
        }
        match self.store.lock(Duration::ZERO, &self.options.stop) {
            // Whoever had the lock a moment ago may have done the work.
            Ok(guard) => {
                let throttled = self.throttled(|| self.state().last());
                throttled.unwrap_or_else(|| self.sweep_and_remember(&guard))
            }
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
        let Some(out) = out else { return Ok(self.shown(self.read(self.detail(), false)?)) };
        let planned = self.read(self.detail_with_keys(), true)?;
        write_plan(self.store, &planned, self.policy, out)?;
        Ok(self.shown(planned))
    }

    /// A plan is shown whole, and with it the guard that would refuse it.
    fn shown(&self, planned: Planned<S>) -> StoreReport {
        let would_refuse = self.ask_guards(&planned).err();
        StoreReport { would_refuse, ..self.decided(planned) }
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
            Tried::Done(report) => {
                self.remember_policy(&guard, &report);
                Ok(*report)
            }
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

    /// The answer of a store that is not due, as far as was known a moment ago: by now it can only be less so.
    fn throttled_already(&self) -> Option<StoreReport> {
        if self.options.force {
            return None;
        }
        let due = self.store.last_sweep_at_least()?.rests_until(self.now, self.options.every)?;
        Some(StoreReport { next_due: Some(due), ..self.idle(Outcome::Throttled) })
    }

    fn throttled(&self, last: impl FnOnce() -> LastSweep) -> Option<StoreReport> {
        if self.options.force {
            return None;
        }
        let due = last().rests_until(self.now, self.options.every)?;
        Some(StoreReport { next_due: Some(due), ..self.idle(Outcome::Throttled) })
    }

    /// Sweeps and remembers when. A sweep that failed counts too, or a broken store would be tried at every tick.
    fn sweep_and_remember(&self, guard: &S::Guard) -> StoreReport {
        let swept = self.nothing_can_be_due().map_or_else(|| self.sweep(guard), Ok);
        let state = self.state_after(&swept);
        let _stake = self.options.stop.enter();
        if swept.is_ok() {
            self.tidy(guard);
        }
        let mut report = swept.unwrap_or_else(|error| self.failed(error));
        // The rows are gone whether or not this is remembered: a state that cannot be written costs one early sweep.
        match self.store.remember(guard, &state) {
            Ok(()) => report.next_due = state.next_due(self.options.every),
            Err(error) => log::forgotten(&error),
        }
        report
    }

    /// What is old leaves the trash, if the time can be believed.
    fn tidy(&self, guard: &S::Guard) {
        if !self.is_on_time.get() && !self.options.allow_clock_jump {
            return;
        }
        let time = match () {
            () if self.options.allow_clock_jump => TimeOf::Vouched,
            () if self.options.what_if => TimeOf::Chosen,
            () => TimeOf::Clock,
        };
        let tidy = Tidy { now: self.now, retention: self.options.trash_retention, time };
        if let Err(error) = self.store.tidy(guard, &tidy) {
            log::untidy(&error);
        }
    }

    /// What is to be remembered of a sweep.
    fn state_after(&self, swept: &Result<StoreReport, Error>) -> State {
        let before = self.state();
        match (swept, self.cooling.get()) {
            (Ok(report), _) => self.state_of(report, before),
            (Err(error), _) if error.kind() == ErrorKind::Interrupted => before.clone(),
            // What a person asked for and a guard refused says nothing about the scheduler's next sweep.
            (Err(error), _) if self.verb != Verb::Tick && error.kind() == ErrorKind::Refused => {
                before.clone()
            }
            (Err(_), Some(digest)) => before.after_cooling(self.now, digest),
            (Err(_), None) => before.after_failure(self.now),
        }
    }

    pub(super) fn read(&self, detail: Detail, digest: bool) -> Result<Planned<S>, Error> {
        self.store.plan(&Request { policy: self.policy, now: self.now, detail, digest })
    }

    /// Beside a gateway that honours no lock the keys of the rows that go are needed, to see whether they come back.
    pub(super) fn detail(&self) -> Detail {
        match self.options.items {
            None | Some(Detail::Counts) if self.options.beside_live_gateway => Detail::Doomed,
            items => items.unwrap_or_default(),
        }
    }

    /// A plan file holds the keys of the rows that go, whatever else is asked for.
    fn detail_with_keys(&self) -> Detail {
        if self.options.items == Some(Detail::Everything) { Detail::Everything } else { Detail::Doomed }
    }

    /// Why the store changes, for the trash and the journal.
    pub(super) fn cause(&self) -> Cause {
        let run = self.options.run.clone().unwrap_or_else(|| RunId::new(self.now));
        Cause {
            policy: Some(self.policy.clone()),
            keep: self.options.trash,
            compress: self.options.compress,
            ..Cause::new(run, self.verb.name(), self.now)
        }
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
    fn logged(&self, sweep: impl FnOnce() -> StoreReport) -> StoreReport {
        let begin = Instant::now();
        let report = sweep();
        log::swept(self.verb, &report, self.options, begin.elapsed());
        report
    }
}
