//! What a scheduler keeps: stores, policy and options, and one call for each tick.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use super::{Budget, Options, Outcome, Report, RunId, StoreReport, Verb, engine, log};
use crate::{
    lock::Stop,
    model::{Age, Error, Timestamp},
    policy::{Detail, Policy},
    store::{FileStore, Store},
};

/// Sweeps its stores whenever a scheduler's tick finds one due.
///
/// It may be shared between threads. A call never panics, waits for a lock no longer than its timeout, leaves no thread
/// behind and needs no async runtime; inside one, call it where blocking is allowed.
///
/// ```
/// use session_reaper::{FileStore, Policy, Reaper};
/// # let dir = std::env::temp_dir();
/// let reaper = Reaper::new(FileStore::new(dir.join("no-such/sessions.json")), Policy::default());
/// // In the scheduler's own timer:
/// match reaper.tick(session_reaper::now()) {
///     Ok(report) => println!("{} rows went", report.totals().pruned),
///     Err(error) => println!("{:?}: {error}", error.class()),
/// }
/// ```
#[derive(Debug)]
pub struct Reaper<S: Store = FileStore> {
    stores: Vec<Target<S>>,
    policy: Policy,
    options: Options,
}

/// A store and when it was swept last and is due next, as far as this process knows.
#[derive(Debug)]
struct Target<S> {
    store: S,
    swept: AtomicI64,
    due: AtomicI64,
}

impl<S> Target<S> {
    const fn new(store: S) -> Self {
        Self { store, swept: AtomicI64::new(i64::MAX), due: AtomicI64::new(i64::MIN) }
    }

    /// Whether what this process remembers is enough to say that nothing is due. Another process can only have made it
    /// later; a stamp from the future is ignored here as on the disk.
    fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        let (swept, due) = (self.swept.load(Ordering::Acquire), self.due.load(Ordering::Acquire));
        (swept <= now.as_millis() && now.as_millis() < due).then(|| Timestamp::from_millis(due))
    }

    fn remember(&self, now: Timestamp, report: &StoreReport) {
        let Some(due) = report.next_due else { return };
        self.due.store(due.as_millis(), Ordering::Release);
        self.swept.store(now.as_millis(), Ordering::Release);
    }
}

impl<S: Store + 'static> Reaper<S> {
    /// A reaper for one store.
    pub fn new(store: S, policy: Policy) -> Self {
        Self { stores: vec![Target::new(store)], policy, options: Options::default() }
    }

    /// The same with one more store.
    #[must_use]
    pub fn with_store(mut self, store: S) -> Self {
        self.stores.push(Target::new(store));
        self
    }

    /// The same with another shortest time between two sweeps of a store.
    #[must_use]
    pub fn with_every(mut self, every: Age) -> Self {
        self.options.every = every;
        self
    }

    /// The same with another patience for locks.
    #[must_use]
    pub fn with_lock_timeout(mut self, timeout: Age) -> Self {
        self.options.lock_timeout = timeout;
        self
    }

    /// The same with a time after which a call begins no further store. The next call goes on with the others.
    #[must_use]
    pub fn with_max_time(mut self, time: Age) -> Self {
        self.options.max_time = Some(time);
        self
    }

    /// The same, sweeping beside a live gateway that honours no lock: in a quiet moment, and telling rows that come back.
    #[must_use]
    pub fn with_beside_live_gateway(mut self, beside: bool) -> Self {
        self.options.beside_live_gateway = beside;
        self
    }

    /// The same, carrying out plans that take more than half of the durable rows, or every row there is.
    #[must_use]
    pub fn with_allow_mass_delete(mut self, allow: bool) -> Self {
        self.options.allow_mass_delete = allow;
        self
    }

    /// The same, believing whatever time it is told: behind what has happened already, or far ahead of all of it.
    #[must_use]
    pub fn with_allow_clock_jump(mut self, allow: bool) -> Self {
        self.options.allow_clock_jump = allow;
        self
    }

    /// The same, carrying out at once a policy that takes rows which the last one kept.
    #[must_use]
    pub fn with_allow_tightened(mut self, allow: bool) -> Self {
        self.options.allow_tightened = allow;
        self
    }

    /// The same, asked to end by `stop`.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.options.stop = stop;
        self
    }

    /// The same, with these rows in its reports.
    #[must_use]
    pub fn with_items(mut self, detail: Detail) -> Self {
        self.options.items = Some(detail);
        self
    }

    /// Sweeps every store that is due at `now`.
    ///
    /// # Errors
    /// The first error, when no store could be swept or left alone in peace; otherwise errors stand in the report.
    pub fn tick(&self, now: Timestamp) -> Result<Report, Error> {
        let mut options = self.options.clone();
        options.run = Some(RunId::new(now));
        let stores = self.tick_all(now, &options);
        finish(Report {
            verb: Verb::Tick,
            applied: true,
            done: stores.len() == self.stores.len(),
            run: options.run,
            now,
            policy: self.policy.clone(),
            stores,
            targets: Vec::new(),
        })
    }

    /// Every store, as long as there is time and nobody asks to stop.
    fn tick_all(&self, now: Timestamp, options: &Options) -> Vec<StoreReport> {
        let (mut budget, mut reports) = (Budget::start(options), Vec::new());
        for target in &self.stores {
            if options.stop.signal().is_some() || budget.is_spent() {
                break;
            }
            let report = self.tick_one(target, now, options);
            budget.count(&report);
            reports.push(report);
        }
        reports
    }

    fn tick_one(&self, target: &Target<S>, now: Timestamp, options: &Options) -> StoreReport {
        if let Some(due) = target.rests_until(now) {
            let idle = StoreReport::idle(target.store.name(), Outcome::Throttled);
            let report = StoreReport { next_due: Some(due), ..idle };
            log::swept(Verb::Tick, &report, options, Duration::ZERO);
            return report;
        }
        let report = engine::tick(&target.store, &self.policy, now, options);
        target.remember(now, &report);
        report
    }
}

/// A report in which every store failed is an error.
fn finish(mut report: Report) -> Result<Report, Error> {
    let has_done_nothing = |error: &Error| !error.is_too_late();
    if report.stores.iter().all(|store| store.error.as_ref().is_some_and(has_done_nothing))
        && let Some(error) = report.stores.first_mut().and_then(|store| store.error.take())
    {
        return Err(error);
    }
    if report.totals().pruned == 0 {
        report.run = None;
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Key, policy::Stamp, store::MemoryStore};

    const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
    const STORES: usize = 4;

    /// Four stores, each more than a millisecond's work.
    fn reaper() -> Reaper<MemoryStore> {
        let store = || {
            let run = |number| Key::from(format!("cron:j:run:00000000-0000-4000-8000-{number:012}").as_str());
            let old = Stamp::At(Timestamp::from_millis(NOW.as_millis() - 90_000_000));
            MemoryStore::new((0..100_000).map(|number| (run(number), old)))
        };
        let first = Reaper::new(store(), Policy::default()).with_allow_mass_delete(true);
        (1..STORES).fold(first, |reaper, _| reaper.with_store(store()))
    }

    fn outcomes(report: &Report) -> Vec<Outcome> {
        report.stores.iter().map(|store| store.outcome).collect()
    }

    #[test]
    fn without_time_each_call_sweeps_one_store_and_the_last_one_is_done() {
        let reaper = reaper().with_max_time(Age::from_millis(1).unwrap());
        for call in 1..=STORES {
            let report = reaper.tick(NOW).unwrap();
            let mut expected = vec![Outcome::Throttled; call - 1];
            expected.push(Outcome::Swept);
            assert_eq!((outcomes(&report), report.done), (expected, call == STORES), "call {call}");
            assert!(report.run.is_some());
        }
        let report = reaper.tick(NOW).unwrap();
        assert_eq!((outcomes(&report), report.done), (vec![Outcome::Throttled; STORES], true));
    }

    #[test]
    fn with_time_enough_one_call_sweeps_them_all() {
        let report = reaper().with_max_time(Age::from_hours(1)).tick(NOW).unwrap();
        assert_eq!((outcomes(&report), report.done), (vec![Outcome::Swept; STORES], true));
    }

    #[test]
    fn asked_to_stop_it_begins_with_no_store() {
        let stop = Stop::default();
        let reaper = reaper().with_stop(stop.clone());
        stop.asked().store(15, Ordering::SeqCst);
        let report = reaper.tick(NOW).unwrap();
        assert_eq!((report.stores.len(), report.done, report.run), (0, false, None));
    }
}
