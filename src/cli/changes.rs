//! What a verb tells that changes rows though no rule asks for it: one value over all stores, as data or for people, and the
//! exit code.

use std::{fmt, path::PathBuf};

use serde::Serialize;
use session_reaper::{
    Error, Timestamp,
    sweep::{Options, Outcome, RunId, SCHEMA},
};

use super::{Exit, Failure, Frame, output, past};

/// What was done to one store.
pub(super) trait Change: Serialize + Sized {
    /// All stores together.
    type Totals: Serialize;
    /// How it ended where rows were changed.
    const DONE: Outcome;

    fn store(&self) -> &str;
    fn outcome(&self) -> Outcome;
    fn error(&self) -> Option<&Error>;
    fn totals(stores: &[Self]) -> Self::Totals;

    /// Whether the store was changed, and not only would be.
    fn has_changed(&self) -> bool {
        self.outcome() == Self::DONE || self.error().is_some_and(Error::is_too_late)
    }

    /// The run that changed this one alone, where each has its own.
    fn own_run(&self) -> Option<&RunId> {
        None
    }

    /// Whether this is a run that can be taken back itself.
    fn can_be_taken_back(&self) -> bool {
        true
    }

    fn exit(&self) -> Exit {
        self.error().map_or(Exit::Done, Exit::of_error)
    }
}

/// What was done to all of them.
#[derive(Debug, Serialize)]
pub(super) struct Changes<C: Change> {
    schema: &'static str,
    verb: &'static str,
    pub(super) applied: bool,
    /// The run that did it, if something was changed; where each has its own, the first.
    pub(super) run: Option<RunId>,
    /// The run that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<RunId>,
    now: Timestamp,
    pub(super) stores: Vec<C>,
    pub(super) totals: C::Totals,
}

impl<C: Change> Changes<C> {
    pub(super) fn of(verb: &'static str, now: Timestamp, stores: Vec<C>, options: &Options) -> Self {
        let applied = !options.dry_run;
        let run = options.run.clone().filter(|_| applied && stores.iter().any(C::has_changed));
        let run = stores.iter().find_map(C::own_run).cloned().or(run);
        let totals = C::totals(&stores);
        Self { schema: SCHEMA, verb, applied, run, undoes: None, now, stores, totals }
    }

    pub(super) fn undoing(self, run: RunId) -> Self {
        Self { undoes: Some(run), ..self }
    }

    /// Shows it: as JSON, or with `print` for people. `done` is said where that fails though rows were changed.
    pub(super) fn tell(
        &self,
        frame: &Frame<'_>,
        options: &Options,
        print: impl FnOnce() -> Result<(), Failure>,
        done: fmt::Arguments<'_>,
    ) -> Result<Exit, Failure> {
        // What was changed is told to the end, whoever asks to stop.
        let _stake = self.run.as_ref().map(|_| options.stop.enter());
        let printed = if frame.globals.json {
            output::json(self)
        } else {
            let errors = self.stores.iter().filter_map(C::error);
            errors.for_each(|error| output::error(&error.to_string(), error.hint()));
            if frame.speaks() { print() } else { Ok(()) }
        };
        past::printed(printed, self.run.is_some(), done)?;
        let exits = self.stores.iter().map(C::exit);
        Ok(exits.reduce(Exit::and).unwrap_or(Exit::Done).unless_stopped(&options.stop))
    }

    /// How this is taken back, if something was changed. `named` are the stores as they were named.
    pub(super) fn how_to_take_back(&self, named: &[PathBuf]) -> Option<String> {
        let changed = self.stores.iter().filter(|store| store.has_changed() && store.can_be_taken_back());
        let mut paths = changed.map(|store| store.store().to_owned()).peekable();
        paths.peek()?;
        self.run.as_ref().map(|run| past::how_to_take_back(run, paths, named))
    }
}
