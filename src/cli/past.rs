//! What the verbs on the past have in common: their stores, and which run is meant.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use clap::{Args, ValueHint};
use session_reaper::{
    Error, ErrorKind, FileStore, Timestamp,
    artifact::{Folder, Target},
    config::{Effective, Flags},
    store::Store,
    sweep::{Options, Report, RunId},
    trash::Line,
};

use super::{Exit, Failure, Frame, signals, stores, words};

/// So many runs are named for one to be chosen.
const NAMED: usize = 5;

/// Which stores.
#[derive(Debug, Args)]
pub(super) struct PastArgs {
    /// A sessions.json, a folder or a glob, or a folder that was swept (repeatable); all of the config's if none
    #[arg(long = "store", value_name = "STORE", value_hint = ValueHint::AnyPath)]
    stores: Vec<PathBuf>,

    /// Take the stores from an OpenClaw state folder [default folder: ~/.openclaw]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_hint = ValueHint::DirPath)]
    openclaw: Option<String>,
}

/// What runs may have been on.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) config: Effective,
    pub(super) stores: Vec<FileStore>,
    /// Folders of what sessions leave behind.
    pub(super) folders: Vec<Folder>,
}

/// How to change a store.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Say what would happen, and write nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,

    /// How long to wait for a store that another process holds [default: 5s]
    #[arg(long, value_name = "AGE", allow_hyphen_values = true)]
    pub(super) lock_timeout: Option<String>,

    /// Do it although a gateway is live that honours no lock: in a quiet moment
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(super) beside_live_gateway: Option<String>,
}

impl PastArgs {
    /// Other verbs take stores as plain arguments; here those are runs and keys.
    fn explained(&self, failure: Failure) -> Failure {
        if !self.stores.is_empty() {
            return failure;
        }
        failure.with_hint("say which by --store STORE or --openclaw, or set `stores` in the configuration")
    }

    /// The stores as they were named on the command line.
    pub(super) fn named(&self) -> &[PathBuf] {
        &self.stores
    }

    fn configure(
        &self,
        stores: Vec<PathBuf>,
        change: Option<&ChangeArgs>,
        frame: &Frame<'_>,
    ) -> Result<Effective, Failure> {
        frame.configure(self.flags(stores, change))
    }

    fn flags(&self, stores: Vec<PathBuf>, change: Option<&ChangeArgs>) -> Flags {
        let flags = Flags { stores, openclaw: self.openclaw.clone(), ..Flags::default() };
        change.map_or(flags.clone(), |change| change.lay_into(flags))
    }

    /// The configuration, the stores that were found, and the folders of what sessions leave behind: those that were named, or
    /// the configuration's where nothing was. `--openclaw` names no folder, and keeps none out.
    pub(super) fn find_all(&self, change: Option<&ChangeArgs>, frame: &Frame<'_>) -> Result<Found, Failure> {
        // What is wrong with the configuration is told before anything else is looked at.
        let config = self.configure(self.stores.clone(), change, frame)?;
        let named_folders: Vec<Folder> =
            self.stores.iter().flat_map(|path| Folder::at(&stores::identity(path))).collect();
        let is_folder = |path: &PathBuf| !Folder::at(path).is_empty();
        let named: Vec<PathBuf> =
            self.stores.iter().filter(|path| !is_folder(path) || stores::are_in(path)).cloned().collect();
        let config = if named.len() == self.stores.len() {
            config
        } else {
            frame.load(self.flags(named.clone(), change))?
        };
        let (folders, has_stores) = if self.stores.is_empty() {
            let folders: Vec<Folder> = config.targets().iter().map(Target::folder).collect();
            let has_stores = !config.stores.is_empty() || folders.is_empty();
            (folders, has_stores)
        } else {
            (named_folders, !named.is_empty() || self.openclaw.is_some())
        };
        let stores = if has_stores { self.stores_of(&config)? } else { Vec::new() };
        Ok(Found { config, stores, folders })
    }

    /// The configuration, and the stores that were found.
    pub(super) fn find(
        &self,
        change: Option<&ChangeArgs>,
        frame: &Frame<'_>,
    ) -> Result<(Effective, Vec<FileStore>), Failure> {
        let config = self.configure(self.stores.clone(), change, frame)?;
        let stores = self.stores_of(&config)?;
        Ok((config, stores))
    }

    fn stores_of(&self, config: &Effective) -> Result<Vec<FileStore>, Failure> {
        let found = stores::find(config).map_err(|failure| self.explained(failure))?.into_iter();
        let stores = found.map(|found| match found {
            stores::Target::Store(store) => Ok(store),
            stores::Target::None(error) => Err(Failure::of(&error)),
        });
        stores.collect()
    }
}

impl ChangeArgs {
    /// These arguments laid into `flags`.
    pub(super) fn lay_into(&self, flags: Flags) -> Flags {
        Flags {
            lock_timeout: self.lock_timeout.clone(),
            beside_live_gateway: self.beside_live_gateway.clone(),
            ..flags
        }
    }
}

/// Rows outlive their store in its trash, and need one to come back into.
fn with_a_way_back(store: &FileStore, error: Error) -> Error {
    let left = if error.kind() == ErrorKind::Missing { store.left_in_trash() } else { 0 };
    if left == 0 {
        return error;
    }
    let (path, runs) = (words::quoted(&error.path().to_string_lossy()), words::count(left, "run"));
    error.with_hint(format!(
        "{runs} on it can still be taken back: stop the gateway, put an empty store there with `echo {{}} > {path}`, and \
         do this again"
    ))
}

/// How a store is changed by a verb that no rule speaks of.
pub(super) fn options(
    config: &Effective,
    change: &ChangeArgs,
    frame: &Frame<'_>,
) -> Result<Options, Failure> {
    Ok(Options {
        lock_timeout: config.lock_timeout,
        beside_live_gateway: config.beside_live_gateway,
        compress: config.trash_compress,
        stop: signals::watch()?,
        dry_run: change.dry_run,
        run: Some(RunId::new(frame.now)),
        ..Options::default()
    })
}

/// Finishes what killed runs have left: before that, nobody knows which run is the newest. A dry run cannot, and guesses
/// nothing.
pub(super) fn finish_killed(stores: &[FileStore], options: &Options) -> Result<(), Failure> {
    for store in stores {
        if store.trashed().map_err(|error| with_a_way_back(store, error))?.on_the_way == 0 {
            continue;
        }
        if options.dry_run {
            let message = "a run on it was killed, or is still at work: it has to be finished first";
            let error = Error::new(ErrorKind::Refused, "look at the runs on", store.path(), message);
            return Err(error
                .with_hint("any verb that writes finishes it, such as prune, or undo without -n")
                .into());
        }
        drop(store.lock(options.lock_timeout.as_duration(), &options.stop)?);
    }
    Ok(())
}

/// What runs were on.
#[derive(Debug)]
pub(super) enum Place {
    Store(FileStore),
    /// A folder of what sessions leave behind.
    Folder(Folder),
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Store(store) => store.path(),
            Self::Folder(folder) => &folder.path,
        }
    }
}

/// The runs on a store, or on a folder.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) place: Place,
    /// Oldest first.
    pub(super) lines: Vec<Line>,
    /// The runs whose rows are in the trash.
    pub(super) in_trash: Vec<RunId>,
}

impl Past {
    /// Reads the journals of some stores and folders.
    pub(super) fn of_all(
        stores: Vec<FileStore>,
        folders: Vec<Folder>,
        frame: &Frame<'_>,
    ) -> Result<Vec<Self>, Failure> {
        let of_stores = stores.into_iter().map(|store| Self::of(store, frame));
        of_stores.chain(folders.into_iter().map(|folder| Self::of_folder(folder, frame))).collect()
    }

    fn of_folder(folder: Folder, frame: &Frame<'_>) -> Result<Self, Failure> {
        let past = folder.past()?;
        note_unreadable(past.unreadable, &folder.path, frame);
        let in_trash = past.in_trash.iter().filter(|kept| !kept.things.is_empty());
        let in_trash = in_trash.map(|kept| kept.line.run.clone()).collect();
        Ok(Self { place: Place::Folder(folder), lines: past.lines, in_trash })
    }

    fn of(store: FileStore, frame: &Frame<'_>) -> Result<Self, Failure> {
        let (lines, unreadable) = store.history()?;
        note_unreadable(unreadable, store.path(), frame);
        let trashed = store.trashed()?;
        for (_, error) in &trashed.damaged {
            super::output::error(&error.to_string(), error.hint());
        }
        let kept: Vec<Line> = trashed.bundles.into_iter().map(|bundle| bundle.manifest.line).collect();
        let in_trash = kept.iter().map(|line| line.run.clone()).collect();
        Ok(Self { place: Place::Store(store), lines: with_lost(lines, kept), in_trash })
    }

    /// The newest run that can be taken back; of a store the newest, for it says itself why it cannot.
    fn newest(&self) -> Option<&Line> {
        let mut can = self.lines.iter().rev().filter(|line| self.can_take_back(&line.run));
        // One that came to nothing has kept what somebody may miss, and there is nothing to take back.
        let has_done =
            |line: &&Line| matches!(self.place, Place::Store(_)) || line.pruned + line.restored > 0;
        can.find(has_done)
    }

    /// Whether this run can be taken back here, as far as is known.
    fn can_take_back(&self, run: &RunId) -> bool {
        match self.place {
            Place::Store(_) => self.has(run),
            Place::Folder(_) => self.in_trash.contains(run),
        }
    }

    fn runs(&self) -> impl Iterator<Item = &RunId> {
        self.lines.iter().map(|line| &line.run).chain(&self.in_trash)
    }

    fn has(&self, run: &RunId) -> bool {
        self.runs().any(|known| known == run)
    }
}

fn note_unreadable(lines: u64, path: &Path, frame: &Frame<'_>) {
    if lines > 0 {
        let lines = words::count(lines, "line");
        frame.note(&format!("{lines} of the journal of {} cannot be read", path.display()));
    }
}

/// The lines of a journal, and those that it has lost of runs that are in the trash: a bundle has its line as well.
fn with_lost(mut lines: Vec<Line>, kept: Vec<Line>) -> Vec<Line> {
    let lost: Vec<Line> =
        kept.into_iter().filter(|line| lines.iter().all(|known| known.run != line.run)).collect();
    if !lost.is_empty() {
        lines.extend(lost);
        lines.sort_by_key(|line| line.at);
    }
    lines
}

/// The run that is meant, and the stores that it changed.
pub(super) fn meant(pasts: Vec<Past>, run: Option<&str>) -> Result<(RunId, Vec<Past>), Failure> {
    let run = match run {
        None => newest(&pasts)?,
        Some(text) => named(&pasts, text)?,
    };
    // A folder from which the run took nothing that was kept has no part in it, unless there is no other.
    let can = pasts.iter().any(|past| past.can_take_back(&run));
    let is_meant = |past: &Past| if can { past.can_take_back(&run) } else { past.has(&run) };
    Ok((run.clone(), pasts.into_iter().filter(is_meant).collect()))
}

fn newest(pasts: &[Past]) -> Result<RunId, Failure> {
    let newest = pasts.iter().filter_map(Past::newest).max_by_key(|line| line.at);
    let last = || pasts.iter().filter_map(|past| past.lines.last()).max_by_key(|line| line.at);
    newest
        .or_else(last)
        .map(|line| line.run.clone())
        .ok_or_else(|| no_run(pasts, "no run has changed it yet"))
}

fn named(pasts: &[Past], text: &str) -> Result<RunId, Failure> {
    let mut meant: Vec<&RunId> =
        pasts.iter().flat_map(Past::runs).filter(|run| run.is_meant_by(text)).collect();
    meant.sort();
    meant.dedup();
    match &*meant {
        [] => Err(no_run(pasts, &format!("no run {text:?} has changed it"))),
        [run] => Ok((*run).clone()),
        several => {
            let names: Vec<String> = several.iter().take(NAMED).map(ToString::to_string).collect();
            let hint = format!("name one of them:\n{}", names.join("\n"));
            Err(Failure::usage(format!("{text:?} may mean {} runs", several.len())).with_hint(hint))
        }
    }
}

fn no_run(pasts: &[Past], why: &str) -> Failure {
    let path = pasts.first().map(|past| past.place.path().to_owned()).unwrap_or_default();
    let error = Error::new(ErrorKind::Gone, "find a run on", &path, why);
    Failure::of(&error.with_hint("`session-reaper history` lists the runs"))
}

/// When a bundle may be taken out of the trash; never while it is of the newest run.
pub(super) fn leaves(line: &Line, config: &Effective) -> Option<Timestamp> {
    config.trash_retention.age().map(|age| line.at.max(line.run.time().unwrap_or(line.at)).plus(age))
}

/// Says how a run is taken back, to who has just made it.
pub(super) fn note_how_to_take_back(frame: &Frame<'_>, report: &Report, named: &[PathBuf]) {
    let Some(run) = report.run.as_ref().filter(|_| !frame.globals.json) else { return };
    let swept = report.stores.iter().filter(|store| store.pruned > 0).map(|store| store.store.clone());
    let targets = report.targets.iter().filter(|target| target.can_be_undone);
    let mut swept = swept.chain(targets.map(|target| target.path.clone())).peekable();
    if swept.peek().is_none() {
        return;
    }
    frame.note(&how_to_take_back(run, swept, named));
}

/// The words for it. Where many stores were changed, they are named as somebody named them.
pub(super) fn how_to_take_back(
    run: &RunId,
    changed: impl Iterator<Item = String>,
    named: &[PathBuf],
) -> String {
    let mut stores: Vec<String> = changed.take(NAMED).collect();
    if stores.len() == NAMED {
        stores = named.iter().map(|store| store.to_string_lossy().into_owned()).collect();
    }
    let stores: Vec<String> =
        stores.iter().map(|store| format!("--store {} ", words::quoted(store))).collect();
    format!("to take this back: {} undo {}{run}", words::program(), stores.concat())
}

/// What could not be printed was done all the same: code and message say so.
pub(super) fn printed(
    result: Result<(), Failure>,
    is_done: bool,
    what: fmt::Arguments<'_>,
) -> Result<(), Failure> {
    match result {
        Err(failure) if is_done => Err(failure.with_exit(Exit::Partly).after(what)),
        result => result,
    }
}
