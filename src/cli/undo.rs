//! `undo`: take a run back.

use std::path::PathBuf;

use serde::{Serialize, Serializer, ser::SerializeStruct};
use session_reaper::{
    Error, FileStore, Key, Timestamp, json,
    store::{Force, Wish},
    sweep::{self, Options, RunId, SCHEMA, UndoReport},
};

use super::{
    Exit, Failure, Frame, output,
    past::{self, ChangeArgs, Past, PastArgs},
    text,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper undo                               the newest run of the config's stores
  session-reaper undo --store sessions.json 1f2e3d4c  a run of `history`; the end of its name is enough
  session-reaper undo -n                            what would come back";

/// Take a run back: its rows return in their old bytes
///
/// Without RUN the newest one. A row whose key lives again is left alone and told. An undo is a run itself, and can be
/// undone.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The run, as `history` shows it
    run: Option<String>,

    #[command(flatten)]
    past: PastArgs,

    #[command(flatten)]
    force: ForceArgs,

    #[command(flatten)]
    change: ChangeArgs,
}

/// Which living rows may be overwritten.
#[derive(Debug, clap::Args)]
pub(super) struct ForceArgs {
    /// Overwrite rows whose keys live again: the one with this KEY (repeatable), or every one
    #[arg(long, value_name = "KEY", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    force_key: Vec<String>,
}

impl ForceArgs {
    pub(super) fn force(&self) -> Force {
        if self.force_key.iter().any(String::is_empty) {
            return Force::All;
        }
        if self.force_key.is_empty() {
            return Force::None;
        }
        Force::Keys(self.force_key.iter().map(|text| key(text)).collect())
    }
}

/// A key as somebody types it: JSON's escapes are understood.
pub(super) fn key(text: &str) -> Key {
    Key::from_wtf8(&json::decode(text.as_bytes()))
}

/// What was brought back, over all stores of a run.
#[derive(Debug)]
pub(super) struct Undone {
    pub(super) verb: &'static str,
    pub(super) applied: bool,
    /// The run that did it, if something was changed.
    pub(super) run: Option<RunId>,
    pub(super) undoes: RunId,
    pub(super) now: Timestamp,
    pub(super) stores: Vec<UndoReport>,
}

impl Undone {
    pub(super) fn sum(&self, of: impl Fn(&UndoReport) -> u64) -> u64 {
        self.stores.iter().map(of).sum()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    stores: usize,
    scanned: u64,
    pruned: u64,
    kept: u64,
    failed: u64,
    restored: u64,
    held_up: u64,
}

impl Serialize for Undone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let totals = Totals {
            stores: self.stores.len(),
            scanned: self.sum(|store| store.scanned),
            pruned: self.sum(|store| store.pruned),
            kept: self.sum(|store| store.kept),
            failed: self.sum(|store| store.failed),
            restored: self.sum(|store| store.restored),
            held_up: self.sum(|store| store.held_up),
        };
        let mut object = serializer.serialize_struct("Undone", 8)?;
        object.serialize_field("schema", SCHEMA)?;
        object.serialize_field("verb", self.verb)?;
        object.serialize_field("applied", &self.applied)?;
        object.serialize_field("run", &self.run)?;
        object.serialize_field("undoes", &self.undoes)?;
        object.serialize_field("now", &self.now)?;
        object.serialize_field("stores", &self.stores)?;
        object.serialize_field("totals", &totals)?;
        object.end()
    }
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let (config, stores) = args.past.find(Some(&args.change), frame)?;
    let options = past::options(&config, &args.change, frame)?;
    past::finish_killed(&stores, &options)?;
    let (run, pasts) = past::meant(Past::of_all(stores, frame)?, args.run.as_deref())?;
    let wish = Wish { force: args.force.force(), ..Wish::default() };
    let stores = pasts.into_iter().map(|past| past.store);
    let undone = bring_back("undo", stores, &run, &wish, frame, &options);
    tell(&undone, args.past.named(), frame, &options)
}

/// Brings rows of a run back into some stores.
pub(super) fn bring_back(
    verb: &'static str,
    stores: impl Iterator<Item = FileStore>,
    run: &RunId,
    wish: &Wish,
    frame: &Frame<'_>,
    options: &Options,
) -> Undone {
    let each = |store: FileStore| sweep::undo(&store, run, wish, verb, frame.now, options);
    let stores: Vec<_> = stores.take_while(|_| options.stop.signal().is_none()).map(each).collect();
    let applied = !options.dry_run;
    let id = options.run.clone().filter(|_| applied && stores.iter().any(has_changed));
    Undone { verb, applied, run: id, undoes: run.clone(), now: frame.now, stores }
}

/// Whether an undo has changed a store, and not only would.
pub(super) fn has_changed(store: &UndoReport) -> bool {
    store.outcome == sweep::Outcome::Restored || store.error.as_ref().is_some_and(Error::is_too_late)
}

/// Prints what was brought back, and gives the exit code. `named` are the stores as they were named.
pub(super) fn tell(
    undone: &Undone,
    named: &[PathBuf],
    frame: &Frame<'_>,
    options: &Options,
) -> Result<Exit, Failure> {
    // Rows are back: that is told to the end, whoever asks to stop.
    let _stake = undone.run.as_ref().map(|_| options.stop.enter());
    let printed = if frame.globals.json {
        output::json(undone)
    } else {
        let errors = undone.stores.iter().filter_map(|store| store.error.as_ref());
        errors.for_each(|error| output::error(&error.to_string(), error.hint()));
        if frame.speaks() { text::undone(undone, named) } else { Ok(()) }
    };
    let restored: u64 = undone.stores.iter().map(|store| store.restored).sum();
    let done = format_args!("but it was done: rows came back: {restored}");
    past::printed(printed, undone.run.is_some(), done)?;
    let exits = undone.stores.iter().map(exit);
    Ok(exits.reduce(Exit::and).unwrap_or(Exit::Done).unless_stopped(&options.stop))
}

fn exit(store: &UndoReport) -> Exit {
    match &store.error {
        Some(error) => Exit::of_error(error),
        None if store.outcome == sweep::Outcome::Refused => Exit::Refused,
        None if store.held_up > 0 => Exit::Partly,
        None => Exit::Done,
    }
}
