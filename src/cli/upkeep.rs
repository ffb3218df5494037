//! What is swept beside the stores: the folders of what sessions leave behind that the configuration names.

use std::path::{Path, PathBuf};

use session_reaper::{
    Error, Timestamp,
    artifact::{self, workspaces},
    config::Effective,
    sweep::{Options, RunId, UndoReport, Verb},
};

use super::flags::StoreArgs;

/// What comes back of a job, in the singular.
const MEMBER: &str = "path";

/// The folders to sweep, and how.
#[derive(Debug)]
pub(super) struct Upkeep {
    base: Option<PathBuf>,
    settings: workspaces::Settings,
}

impl Upkeep {
    /// What the configuration names; nothing where somebody has named stores: then those are meant.
    pub(super) fn of(config: &Effective, args: &StoreArgs) -> Self {
        let is_named = !args.stores.is_empty() || args.openclaw.is_some();
        let base = config.workspaces_base.clone().filter(|_| !is_named);
        Self { base, settings: config.workspaces.clone() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.base.is_none()
    }

    /// Whether a tick at `now` is known to find nothing due.
    pub(super) fn rests(&self, now: Timestamp, options: &Options) -> bool {
        let options = options_for(Verb::Tick, options);
        self.base.iter().all(|base| workspaces::rests(base, now, &options))
    }

    /// Sweeps every folder.
    pub(super) fn sweep(&self, verb: Verb, now: Timestamp, options: &Options) -> Vec<artifact::Report> {
        let options = options_for(verb, options);
        self.base.iter().map(|base| workspaces::sweep(base, &self.settings, now, &options)).collect()
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

/// Finishes what killed sweeps have left in folders of jobs.
pub(super) fn finish_killed(bases: &[PathBuf], options: &Options) -> Result<(), Error> {
    let options = options_for(Verb::Prune, options);
    bases.iter().try_for_each(|base| workspaces::finish_killed(base, &options))
}

/// Takes back what a run took from a folder of jobs.
pub(super) fn undo(base: &Path, run: &RunId, now: Timestamp, options: &Options) -> UndoReport {
    let path = base.to_string_lossy().into_owned();
    match workspaces::undo(base, run, now, &options_for(Verb::Prune, options)) {
        Ok(undone) => UndoReport::of_things(path, MEMBER, run, &undone),
        Err(error) => UndoReport::of_error(path, run, error),
    }
}
