//! What `tick`, `prune` and `plan` have in common: from arguments to a report, and from a report to the exit code.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use session_reaper::{
    Error, ErrorKind, FileStore, Policy, Timestamp, artifact,
    config::Effective,
    lock::Stop,
    policy::Detail,
    sweep::{Budget, Options, Outcome, Report, RunId, StoreReport, Verb, is_sweep_logged, log_sweep, many},
};

use super::{
    Exit, Failure, Frame,
    flags::SweepArgs,
    output,
    progress::Progress,
    report::{self, List},
    signals,
    stores::{self, Target},
    upkeep::{Leave, Upkeep},
    words,
};

/// A report keeps its store's file open to show rows from. Of more stores than this the rows are held in memory.
const MANY: usize = 16;

/// A sweep that is ready to go; nothing has been opened yet.
#[derive(Debug)]
pub(super) struct Sweeping<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) options: Options,
    policy: Policy,
    targets: Vec<Target>,
    upkeep: Upkeep,
    /// How many rows of each store will be printed.
    shown: usize,
}

/// What is done to one store: [`session_reaper::sweep::tick`] and its like.
pub(super) trait Sweep: Fn(&FileStore, &Policy, Timestamp, &Options) -> StoreReport + Sync {}

impl<F: Fn(&FileStore, &Policy, Timestamp, &Options) -> StoreReport + Sync> Sweep for F {}

impl<'a> Sweeping<'a> {
    /// Reads the configuration and finds the stores.
    pub(super) fn prepare(args: &SweepArgs, frame: &'a Frame<'a>) -> Result<Self, Failure> {
        let config = frame.configure(args.flags())?;
        let upkeep = Upkeep::of(&config, &args.settings.stores);
        let targets = stores::find_beside(&config, upkeep.folders())?;
        let options = options(args, frame, &config, signals::watch()?);
        let list = if frame.globals.json { List::All } else { List::of(args) };
        let shown = usize::try_from(list.rows_of_each(targets.len())).unwrap_or(usize::MAX);
        Ok(Self { frame, options, policy: config.policy, targets, upkeep, shown })
    }

    /// Refuses where there is no store: a plan speaks of rows alone.
    pub(super) fn must_have_stores(self) -> Result<Self, Failure> {
        if self.targets.is_empty() {
            return Err(Failure::usage("no store is named, and the configuration names none".to_owned())
                .with_hint(
                    "a plan speaks of rows alone; `prune -n` shows what would go from folders of jobs",
                ));
        }
        Ok(self)
    }

    /// The same without any effect, and with a list of rows.
    pub(super) fn dry(mut self) -> Self {
        self.options.dry_run = true;
        self.options.items = self.options.items.or(Some(Detail::Doomed));
        self.shown = usize::MAX;
        self
    }

    /// The store, where there is exactly one.
    pub(super) fn only_store(&self) -> Result<&FileStore, Failure> {
        stores::only(&self.targets)
    }

    /// What the sweep would do, store by store. The rows are held: what was shown is what was shown, whatever becomes
    /// of the store.
    pub(super) fn preview(&self, verb: Verb, sweep: impl Sweep) -> Report {
        let items = self.options.items.or(Some(Detail::Doomed));
        let options = Options { dry_run: true, items, ..self.options.clone() };
        self.each(verb, &options, None, |target| {
            let mut store = self.one(verb, target, &options, &sweep);
            match store.items.hold() {
                Ok(()) => store,
                Err(error) => StoreReport::of_error(store.store, error),
            }
        })
    }

    /// Sweeps every store.
    pub(super) fn sweep(&self, verb: Verb, sweep: impl Sweep) -> Report {
        self.each(verb, &self.options, None, |target| self.thrifty(verb, target, &sweep))
    }

    /// Sweeps the stores that rows would go from; on the others, what was found is the report.
    pub(super) fn sweep_what_goes(&self, found: Report, sweep: impl Sweep) -> Report {
        let verb = found.verb;
        let shown = Some(&*found.targets);
        // By their names: where a preview was stopped, stores in its midst may be missing.
        let stores = found.stores.into_iter().map(|store| (store.store.clone(), store));
        let found: Mutex<HashMap<String, StoreReport>> = Mutex::new(stores.collect());
        self.each(verb, &self.options, shown, |target| match locked(&found).remove(&target.name()) {
            Some(store) if store.pruned > 0 => self.thrifty(verb, target, &sweep),
            // To be looked at puts nothing off.
            Some(store) => StoreReport { next_due: None, ..store },
            None => StoreReport::idle(target.name(), Outcome::Nothing),
        })
    }

    /// Stores of one folder that stand side by side take turns: they share a journal. Who has only so much time does one store after the other.
    /// Of the folders, only those that were `shown` are swept, where somebody was asked.
    fn each(
        &self,
        verb: Verb,
        options: &Options,
        shown: Option<&[artifact::Report]>,
        report: impl Fn(&Target) -> StoreReport + Sync,
    ) -> Report {
        let (now, progress) = (self.frame.now, Progress::start(self.frame, self.targets.len()));
        let budget = Mutex::new(Budget::start(options));
        let groups: Vec<&[Target]> = self.targets.chunk_by(Target::is_beside).collect();
        let hands = if options.max_time.is_some() { 1 } else { many::hands(self.awake(verb, &groups)) };
        let goes_on = || options.stop.signal().is_none() && !locked(&budget).is_spent();
        let reached = many::each(&groups, hands, goes_on, |target| {
            let store = progress.over(|| report(target));
            locked(&budget).count(&store);
            store
        });
        drop(progress);
        let stores = reached;
        let done = self.are_all(stores.len(), &locked(&budget));
        let (targets, is_kept_up) = if verb == Verb::Plan {
            (Vec::new(), true)
        } else {
            self.keep_up(verb, options, &locked(&budget), shown)
        };
        let (applied, done) = (!options.dry_run, done && is_kept_up);
        let has_run = stores.iter().any(has_removed) || targets.iter().any(artifact::Report::has_removed);
        let run = options.run.clone().filter(|_| applied && has_run);
        Report { verb, applied, done, run, now, policy: self.policy.clone(), stores, targets }
    }

    /// Sweeps what is configured beside the stores, if there is time; whether there was is told.
    fn keep_up(
        &self,
        verb: Verb,
        options: &Options,
        budget: &Budget,
        shown: Option<&[artifact::Report]>,
    ) -> (Vec<artifact::Report>, bool) {
        if self.upkeep.folders().is_empty() {
            return (Vec::new(), true);
        }
        let goes_on = || options.stop.signal().is_none() && !budget.is_spent();
        let stores = self.targets.iter().filter_map(Target::path).collect();
        let leave = Leave { stores, shown, goes_on: &goes_on };
        let (reports, are_all) = self.upkeep.sweep(verb, self.frame.now, options, &leave);
        if !are_all && self.frame.speaks() {
            self.frame.note("not all folders beside the stores were reached; the next tick goes on there");
        }
        (reports, are_all)
    }

    /// Whether nothing is due in a tick, and nobody is told of what is not due: then nothing is made up to be told, which for
    /// thousands of stores would take as long as to look at them.
    pub(super) fn rests_in_silence(&self) -> bool {
        let is_unheard = !self.frame.globals.json && !is_sweep_logged();
        let is_asked = self.options.stop.signal().is_some() || self.options.force;
        is_unheard
            && !is_asked
            && self.all_rest(Verb::Tick, &self.targets)
            && self.upkeep.rests(self.frame.now, &self.options)
    }

    /// How many groups may have something to do: to say that the others have nothing needs no hand.
    fn awake(&self, verb: Verb, groups: &[&[Target]]) -> usize {
        groups.iter().filter(|group| !self.all_rest(verb, group)).count()
    }

    fn all_rest(&self, verb: Verb, targets: &[Target]) -> bool {
        let rests = |target: &Target| target.rests(self.frame.now, self.options.every);
        verb == Verb::Tick && !self.options.force && targets.iter().all(rests)
    }

    /// Whether so many stores are all of them; that some were left is told.
    fn are_all(&self, reached: usize, budget: &Budget) -> bool {
        let left = self.targets.len().saturating_sub(reached);
        if left > 0 && self.frame.speaks() {
            let why = if budget.is_spent() { "the time was over" } else { "a signal asked to stop" };
            let (left, all) = (words::count(left as u64, "store"), self.targets.len());
            self.frame.note(&format!("{why}: {left} of {all} not reached; the next tick goes on there"));
        }
        left == 0
    }

    /// One store, its file let go of where there are many.
    fn thrifty(&self, verb: Verb, target: &Target, sweep: &impl Sweep) -> StoreReport {
        let mut report = self.one(verb, target, &self.options, sweep);
        if self.targets.len() > MANY {
            // Rows that cannot be read now are told of when they are to be shown.
            let _ = report.items.hold_first(self.shown);
        }
        report
    }

    fn one(&self, verb: Verb, target: &Target, options: &Options, sweep: &impl Sweep) -> StoreReport {
        match target {
            Target::Store(store) => sweep(store, &self.policy, self.frame.now, options),
            Target::None(error) => not_found(verb, error, options),
        }
    }
}

/// What a panic of another thread has left is as good as what it found.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The report on a STORE that came to no store. It is a sweep that ended early, and has its line in the log.
fn not_found(verb: Verb, error: &Error, options: &Options) -> StoreReport {
    let report = StoreReport::of_error(error.path().to_string_lossy().into_owned(), error.clone());
    log_sweep(verb, &report, options, Duration::ZERO);
    report
}

fn options(args: &SweepArgs, frame: &Frame<'_>, config: &Effective, stop: Stop) -> Options {
    let items = match (args.show_kept, args.dry_run || frame.globals.json) {
        (true, _) => Some(Detail::Everything),
        (_, true) => Some(Detail::Doomed),
        _ => None,
    };
    Options { force: args.force, stop, dry_run: args.dry_run, items, ..configured(config, frame) }
}

/// The options that the configuration and the time decide.
pub(super) fn configured(config: &Effective, frame: &Frame<'_>) -> Options {
    Options {
        every: config.every,
        lock_timeout: config.lock_timeout,
        max_time: config.max_time,
        beside_live_gateway: config.beside_live_gateway,
        allow_mass_delete: config.allow_mass_delete,
        allow_clock_jump: config.allow_clock_jump,
        allow_tightened: config.allow_tightened,
        what_if: frame.globals.now.is_some(),
        trash: config.trash,
        trash_retention: config.trash_retention,
        compress: config.trash_compress,
        run: Some(RunId::new(frame.now)),
        ..Options::default()
    }
}

/// Whether rows of this store are gone.
pub(super) fn has_removed(store: &StoreReport) -> bool {
    store.pruned > 0 || store.error.as_ref().is_some_and(Error::is_too_late)
}

/// Prints a report, as data or for people, and gives its exit code: that of a signal, if one asked to stop.
pub(super) fn tell(frame: &Frame<'_>, report: &Report, list: List, stop: &Stop) -> Result<Exit, Failure> {
    // Rows are gone: that is told to the end, whoever asks to stop.
    let has_removed =
        report.stores.iter().any(has_removed) || report.targets.iter().any(artifact::Report::has_removed);
    let _stake = has_removed.then(|| stop.enter());
    let decided = Exit::of_report(report).unless_stopped(stop);
    let printed = if frame.globals.json {
        output::json(report)
    } else {
        report.stores.iter().for_each(|store| complain(frame, report.verb, store));
        report.targets.iter().for_each(|target| complain_of(frame, report.verb, target));
        if frame.speaks() { report::text(report, list) } else { Ok(()) }
    };
    match printed {
        Err(failure) if report.run.is_some() => {
            let removed = report::removed(report);
            Err(failure
                .with_exit(Exit::Partly)
                .after(format_args!("but the sweep was done: removed {removed}")))
        }
        // A reader who goes away while we print is no signal to us.
        printed => {
            printed.map(|()| if signals::is_pipe(stop) { decided } else { decided.unless_stopped(stop) })
        }
    }
}

/// Says on stderr what went wrong with a store.
fn complain(frame: &Frame<'_>, verb: Verb, store: &StoreReport) {
    if let Some(refusal) = &store.would_refuse {
        let hint = refusal.hint().unwrap_or_default();
        frame.note(&format!("a sweep would refuse this: {}; {hint}", refusal.message()));
    }
    let Some(error) = &store.error else { return };
    complain_about(frame, verb, &store.store, error);
}

/// The same of a folder, and of what could not go there.
fn complain_of(frame: &Frame<'_>, verb: Verb, target: &artifact::Report) {
    for (item, why) in target.items.iter().filter_map(|item| Some((item, item.error.as_ref()?))) {
        let (name, path) = (words::plain(&item.name), words::plain(&target.path));
        output::error(&format!("cannot sweep {name} in {path}: {}", words::plain(why)), None);
    }
    if let Some(error) = &target.error {
        complain_about(frame, verb, &target.path, error);
    }
}

fn complain_about(frame: &Frame<'_>, verb: Verb, path: &str, error: &Error) {
    if verb == Verb::Tick && error.kind() == ErrorKind::Busy {
        frame.note(&format!("{path} is busy: {}", error.message()));
    } else {
        output::error(&error.to_string(), error.hint());
    }
}
