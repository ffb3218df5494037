//! What is swept beside the stores: the folders of what sessions leave behind that the configuration names.

use std::path::Path;

use session_reaper::{
    Error, Timestamp,
    artifact::{self, Folder, Target},
    config::Effective,
    sweep::{Options, RunId, UndoReport, Verb},
};

use super::flags::StoreArgs;

/// The folders to sweep, and how.
#[derive(Debug)]
pub(super) struct Upkeep(Vec<Target>);

/// What may be swept.
pub(super) struct Leave<'l> {
    /// The stores of sessions of the same call.
    pub(super) stores: Vec<&'l Path>,
    /// What was shown, where somebody was asked: nothing else is swept.
    pub(super) shown: Option<&'l [artifact::Report]>,
    /// Whether there is time, and nobody has asked to stop.
    pub(super) goes_on: &'l dyn Fn() -> bool,
}

impl Leave<'_> {
    fn was_shown(&self, target: &Target) -> bool {
        let path = target.path().to_string_lossy();
        let is_it =
            |report: &artifact::Report| (report.kind, &*report.path) == (target.kind().name(), &*path);
        self.shown.is_none_or(|shown| shown.iter().any(is_it))
    }
}

impl Upkeep {
    /// What the configuration names, unless stores alone are meant.
    pub(super) fn of(config: &Effective, args: &StoreArgs) -> Self {
        Self(args.folders(config))
    }

    /// The folders.
    pub(super) fn folders(&self) -> &[Target] {
        &self.0
    }

    /// Whether a tick at `now` is known to find nothing due.
    pub(super) fn rests(&self, now: Timestamp, options: &Options) -> bool {
        let options = options_for(Verb::Tick, options);
        self.0.iter().all(|target| target.rests(now, &options))
    }

    /// Sweeps every folder that may be swept until it is said to stop; whether all were reached. Before the first is swept it is
    /// known which must not be: those that overlap, and those that a store is in.
    pub(super) fn sweep(
        &self,
        verb: Verb,
        now: Timestamp,
        options: &Options,
        leave: &Leave<'_>,
    ) -> (Vec<artifact::Report>, bool) {
        let options = options_for(verb, options);
        let clashes = artifact::clashes(&self.0, leave.stores.iter().copied());
        let reached = self.0.iter().zip(clashes).take_while(|_| (leave.goes_on)());
        let sweep = |(target, clash): (&Target, Option<Error>)| match clash {
            Some(why) => target.refuse(why, now, &options),
            None => target.sweep(now, &options),
        };
        let reports: Vec<_> = reached.filter(|(target, _)| leave.was_shown(target)).map(sweep).collect();
        let are_all = reports.len() == self.0.len();
        (reports, are_all)
    }
}

fn options_for(verb: Verb, options: &Options) -> artifact::Options {
    artifact::Options {
        verb: verb.name(),
        every: Some(options.every).filter(|_| verb == Verb::Tick && !options.force),
        lock_timeout: options.lock_timeout,
        dry_run: options.dry_run,
        items: options.items,
        trash: options.trash,
        trash_retention: options.trash_retention,
        allow_clock_jump: options.allow_clock_jump,
        run: options.run.clone(),
        stop: options.stop.clone(),
    }
}

/// Finishes what killed sweeps have left in folders.
pub(super) fn finish_killed(folders: &[Folder], options: &Options) -> Result<(), Error> {
    let options = options_for(Verb::Prune, options);
    folders.iter().try_for_each(|folder| folder.finish_killed(&options))
}

/// Takes back what a run took from a folder.
pub(super) fn undo(folder: &Folder, run: &RunId, now: Timestamp, options: &Options) -> UndoReport {
    let path = folder.path.to_string_lossy().into_owned();
    match folder.undo(run, now, &options_for(Verb::Prune, options)) {
        Ok(undone) => UndoReport::of_things(path, folder.kind.unit(), run, &undone),
        Err(error) => UndoReport::of_error(path, run, error),
    }
}
