//! `undo`: take a run back.

use std::path::PathBuf;

use serde::Serialize;
use session_reaper::{
    Error, Key,
    artifact::Kind,
    json,
    store::{Force, Wish},
    sweep::{self, Options, Outcome, ROW, RunId, UndoReport},
};

use super::{
    Exit, Failure, Frame,
    changes::{Change, Changes},
    past::{self, ChangeArgs, Found, Past, PastArgs, Place},
    text, upkeep,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper undo                               the newest run of the config's stores
  session-reaper undo --store sessions.json 1f2e3d4c  a run of `history`; the end of its name is enough
  session-reaper undo -n                            what would come back";

/// Take a run back: rows return in their old bytes, and what went from folders with them
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

impl Args {
    /// `--force-key KEY` reads like an option with a value, and is one for every key and a RUN. No RUN has a colon.
    fn explained(&self, failure: Failure) -> Failure {
        let is_a_key = self.run.as_deref().is_some_and(|run| run.contains(':'));
        if !is_a_key || !matches!(self.force.force(), Force::All) {
            return failure;
        }
        failure.with_hint(
            "a key is given with an equals sign: --force-key=KEY; without one, every key is forced",
        )
    }
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

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Totals {
    stores: usize,
    scanned: u64,
    pub(super) pruned: u64,
    pub(super) kept: u64,
    pub(super) failed: u64,
    pub(super) restored: u64,
    pub(super) held_up: u64,
}

impl Change for UndoReport {
    type Totals = Totals;
    const DONE: Outcome = Outcome::Restored;

    fn store(&self) -> &str {
        &self.store
    }

    fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    fn totals(stores: &[Self]) -> Totals {
        let sum = |of: fn(&Self) -> u64| stores.iter().map(of).sum();
        Totals {
            stores: stores.len(),
            scanned: sum(|store| store.scanned),
            pruned: sum(|store| store.pruned),
            kept: sum(|store| store.kept),
            failed: sum(|store| store.failed),
            restored: sum(|store| store.restored),
            held_up: sum(|store| store.held_up),
        }
    }

    /// What came back of a folder is there, and its bundle is empty.
    fn can_be_taken_back(&self) -> bool {
        [ROW, Kind::Transcripts.unit()].contains(&self.unit)
    }

    fn exit(&self) -> Exit {
        match &self.error {
            Some(error) => Exit::of_error(error),
            None if self.outcome == Outcome::Refused => Exit::Refused,
            None if self.held_up + self.failed > 0 => Exit::Partly,
            None => Exit::Done,
        }
    }
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let Found { config, stores, folders } = args.past.find_all(Some(&args.change), frame)?;
    let options = past::options(&config, &args.change, frame)?;
    past::finish_killed(&stores, &options)?;
    upkeep::finish_killed(&folders, &options)?;
    let pasts = Past::of_all(stores, folders, frame)?;
    let meant = past::meant(pasts, args.run.as_deref());
    let (run, pasts) = meant.map_err(|failure| args.explained(failure))?;
    let wish = Wish { force: args.force.force(), ..Wish::default() };
    let places = pasts.into_iter().map(|past| past.place);
    let undone = bring_back("undo", places, &run, &wish, frame, &options);
    tell(&undone, args.past.named(), frame, &options)
}

/// Brings rows of a run back into some stores.
pub(super) fn bring_back(
    verb: &'static str,
    places: impl Iterator<Item = Place>,
    run: &RunId,
    wish: &Wish,
    frame: &Frame<'_>,
    options: &Options,
) -> Changes<UndoReport> {
    let each = |place: Place| match place {
        Place::Store(store) => sweep::undo(&store, run, wish, verb, frame.now, options),
        Place::Folder(folder) => upkeep::undo(&folder, run, frame.now, options),
    };
    let stores: Vec<_> = places.take_while(|_| options.stop.signal().is_none()).map(each).collect();
    Changes::of(verb, frame.now, stores, options).undoing(run.clone())
}

/// Prints what was brought back, and gives the exit code. `named` are the stores as they were named.
pub(super) fn tell(
    undone: &Changes<UndoReport>,
    named: &[PathBuf],
    frame: &Frame<'_>,
    options: &Options,
) -> Result<Exit, Failure> {
    let done = format_args!("but it was done: rows came back: {}", undone.totals.restored);
    undone.tell(frame, options, || text::undone(undone, named), done)
}
