//! `trash empty`: what is in it goes for ever.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use session_reaper::{
    Age, Bytes, Error, FileStore, Timestamp,
    artifact::{self, Folder},
    lock::Stop,
    store::{Store, Trashed},
    sweep::{RunId, SCHEMA},
};

use crate::cli::{
    Exit, Failure, Frame,
    ask::{self, Answer},
    output,
    past::{self, Found, PastArgs, Place},
    signals, words,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper trash empty --store sessions.json
  session-reaper trash empty --yes --older-than 1d";

/// Empty the trash: what is in it cannot be brought back any more
///
/// On a terminal it asks; elsewhere it needs --yes, or -n. The journal stays.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    past: PastArgs,

    /// Only runs that are older than this
    #[arg(long, value_name = "AGE", value_parser = |text: &str| text.parse::<Age>())]
    older_than: Option<Age>,

    /// Say what would go, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// What goes from the trash of one store or folder.
#[derive(Debug)]
struct Going {
    place: Place,
    /// What each takes on the disk; of damaged ones nobody knows.
    runs: BTreeMap<RunId, u64>,
    damaged: BTreeSet<RunId>,
    /// Whether a killed command has left something that only needs to be cleared.
    is_untidy: bool,
}

impl Args {
    fn is_old(&self, at: Timestamp, now: Timestamp) -> bool {
        self.older_than.is_none_or(|age| at < now.minus(age))
    }
}

impl Going {
    fn has(&self, run: &RunId) -> bool {
        self.runs.contains_key(run) || self.damaged.contains(run)
    }
}

/// What went, or would go, over all stores.
#[derive(Debug, Serialize)]
struct Shown {
    schema: &'static str,
    verb: &'static str,
    applied: bool,
    runs: Vec<RunId>,
    /// Those of them that could not be read.
    damaged: Vec<RunId>,
    bytes: u64,
    errors: Vec<Error>,
}

impl Shown {
    const fn new(applied: bool) -> Self {
        Self {
            schema: SCHEMA,
            verb: "trash empty",
            applied,
            runs: Vec::new(),
            damaged: Vec::new(),
            bytes: 0,
            errors: Vec::new(),
        }
    }

    fn add(&mut self, going: &Going, runs: Vec<RunId>) {
        self.bytes += runs.iter().filter_map(|run| going.runs.get(run)).sum::<u64>();
        self.damaged.extend(runs.iter().filter(|run| going.damaged.contains(run)).cloned());
        self.runs.extend(runs);
    }

    /// `2 runs, 1 of them damaged`.
    fn words(&self, goes: &str) -> String {
        let runs = words::count(self.runs.len() as u64, "run");
        let damaged = match self.damaged.len() {
            0 => String::new(),
            damaged => format!(", {damaged} of them damaged"),
        };
        format!("{runs}{goes}{damaged}")
    }
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let Found { config, stores, folders } = args.past.find_all(None, frame)?;
    if !args.yes && !args.dry_run {
        ask::must_be_possible_for("trash empty")?;
    }
    let stores = stores.into_iter().map(|store| look(store, args, frame.now));
    let folders = folders.into_iter().map(|folder| look_at_folder(folder, args, frame.now));
    let going = stores.chain(folders).collect::<Result<Vec<_>, _>>()?;
    let mut would = Shown::new(false);
    for going in &going {
        would.add(going, all(going));
    }
    let question = format!("remove {} ({}) for ever?", would.words(""), Bytes(would.bytes));
    let is_asked = !would.runs.is_empty() && !args.yes && !args.dry_run;
    if is_asked && ask::whether(&question)? == Answer::No {
        frame.note("nothing was removed");
        return Ok(Exit::Failed);
    }
    if args.dry_run {
        tell(&would, frame)?;
        return Ok(Exit::Done);
    }
    let stop = signals::watch()?;
    let (emptied, exit) = empty(&going, config.lock_timeout, &stop);
    let gone = emptied.words("");
    past::printed(
        tell(&emptied, frame),
        !emptied.runs.is_empty(),
        format_args!("but it was done: {gone} went"),
    )?;
    Ok(exit.unless_stopped(&stop))
}

fn look(store: FileStore, args: &Args, now: Timestamp) -> Result<Going, Failure> {
    let is_old = |at: Timestamp| args.is_old(at, now);
    let Trashed { mut bundles, damaged, on_the_way } = store.trashed()?;
    bundles.retain(|bundle| is_old(bundle.manifest.line.at));
    let runs = bundles.into_iter().map(|bundle| (bundle.manifest.line.run, bundle.bytes)).collect();
    // What cannot be read is as old as its name says.
    let damaged = damaged.into_iter().map(|(run, _)| run);
    let damaged = damaged.filter(|run| args.older_than.is_none() || run.time().is_some_and(is_old)).collect();
    Ok(Going { place: Place::Store(store), runs, damaged, is_untidy: on_the_way > 0 })
}

fn look_at_folder(folder: Folder, args: &Args, now: Timestamp) -> Result<Going, Failure> {
    let past = folder.past()?;
    let old = past.in_trash.into_iter().filter(|kept| args.is_old(kept.line.at, now));
    let runs = old.map(|kept| (kept.line.run.clone(), folder.weight(&kept.line.run))).collect();
    let damaged = past.damaged.into_iter();
    let damaged = damaged.filter(|run| run.time().is_none_or(|at| args.is_old(at, now))).collect();
    Ok(Going { place: Place::Folder(folder), runs, damaged, is_untidy: past.on_the_way > 0 })
}

fn all(going: &Going) -> Vec<RunId> {
    going.runs.keys().chain(&going.damaged).cloned().collect()
}

/// What cannot go from one store keeps nothing from going from the next.
fn empty(going: &[Going], wait: Age, stop: &Stop) -> (Shown, Exit) {
    let mut shown = Shown::new(true);
    let mut exits = Vec::new();
    for going in going {
        let (purged, error) = purge(going, wait, stop);
        let exit = error.as_ref().map_or(Exit::Done, Exit::of_error);
        exits.push(exit);
        shown.add(going, purged);
        shown.errors.extend(error);
    }
    (shown, exits.into_iter().reduce(Exit::and).unwrap_or(Exit::Done))
}

fn purge(going: &Going, wait: Age, stop: &Stop) -> (Vec<RunId>, Option<Error>) {
    if going.runs.is_empty() && going.damaged.is_empty() && !going.is_untidy {
        return (Vec::new(), None);
    }
    let goes = |run: &RunId| going.has(run) && stop.signal().is_none();
    let store = match &going.place {
        Place::Store(store) => store,
        Place::Folder(folder) => {
            let options = artifact::Options { lock_timeout: wait, ..artifact::Options::default() };
            let _stake = stop.enter();
            return folder.empty_trash(&options, goes);
        }
    };
    let guard = match store.lock(wait.as_duration(), stop) {
        Ok(guard) => guard,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let _stake = stop.enter();
    store.purge(&guard, goes)
}

fn tell(shown: &Shown, frame: &Frame<'_>) -> Result<(), Failure> {
    if frame.globals.json {
        return output::json(shown);
    }
    shown.errors.iter().for_each(|error| output::error(&error.to_string(), error.hint()));
    if frame.speaks() {
        let goes = if shown.applied { " gone for ever" } else { " would go" };
        output::line(&format!("{}, {} freed", shown.words(goes), Bytes(shown.bytes)))?;
    }
    Ok(())
}
