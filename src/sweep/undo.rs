//! Taking back what a run did to a store: a run itself, with its own bundle, so that it can be taken back as well.

use std::path::Path;

use serde::Serialize;

use super::{Options, Outcome, rewrite::Rewriting};
use crate::{
    artifact::Undone,
    fs::Disk,
    model::{Error, ErrorKind, Timestamp},
    store::{FileStore, Returning, Store, Undoing, Wish},
    trash::{Cause, RunId},
};

/// What a store holds, in the singular.
pub const ROW: &str = "row";

/// What was done to one store. `scanned` is always `kept + pruned + failed`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoReport {
    /// The store's name: its path.
    pub store: String,
    /// What it holds, in the singular.
    #[serde(skip)]
    pub unit: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The run that was taken back.
    pub undoes: RunId,
    /// Rows that came back.
    pub restored: u64,
    /// Rows that could not, because a newer row has their key.
    pub held_up: u64,
    /// Rows in the store before.
    pub scanned: u64,
    /// Rows that went: the run had put them in.
    pub pruned: u64,
    /// Rows that stayed.
    pub kept: u64,
    /// Things that could not come back. Of rows always none: their undo is done whole or not at all.
    pub failed: u64,
    /// Size before.
    pub bytes_before: u64,
    /// Size after.
    pub bytes_after: u64,
    /// Every row of the run.
    pub items: Vec<Returning>,
    /// Of a folder, what something else has the place of by now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_the_way: Vec<String>,
    /// What went wrong.
    pub error: Option<Error>,
}

impl UndoReport {
    /// A report on a folder of what sessions leave behind, whose things came back, or would.
    #[must_use]
    pub fn of_things(path: String, unit: &'static str, run: &RunId, undone: &Undone) -> Self {
        let [restored, held_up, failed] =
            [undone.restored.len(), undone.held_up.len(), undone.failed.len()].map(|number| number as u64);
        let outcome = match (restored, held_up, failed) {
            (1.., _, _) => Outcome::Restored,
            (_, _, 1..) => Outcome::Failed,
            (_, 1.., _) => Outcome::Refused,
            _ => Outcome::Nothing,
        };
        let scanned = restored + held_up + failed;
        let unwritten = undone.record.as_ref().map(|why| (String::new(), why.clone()));
        let error = undone.failed.first().or(unwritten.as_ref()).map(|(name, why)| {
            let step = if name.is_empty() { "write the journal of" } else { "bring back" };
            let error = Error::new(ErrorKind::Io, step, &Path::new(&path).join(name), why.clone());
            if restored > 0 { error.after_the_change() } else { error }
        });
        Self {
            store: path,
            unit,
            outcome,
            restored,
            held_up,
            scanned,
            kept: restored + held_up,
            failed,
            in_the_way: undone.held_up.clone(),
            error,
            ..Self::empty(run)
        }
    }

    fn empty(run: &RunId) -> Self {
        Self {
            store: String::new(),
            unit: ROW,
            outcome: Outcome::Nothing,
            undoes: run.clone(),
            restored: 0,
            held_up: 0,
            scanned: 0,
            pruned: 0,
            kept: 0,
            failed: 0,
            bytes_before: 0,
            bytes_after: 0,
            items: Vec::new(),
            in_the_way: Vec::new(),
            error: None,
        }
    }

    fn of<D: Disk>(store: &FileStore<D>, run: &RunId, undoing: Undoing<D>) -> Self {
        let Undoing { rewrite, rows } = undoing;
        let held_up = rows.iter().filter(|row| row.what.is_held_up()).count() as u64;
        let outcome = match rewrite.changes() {
            true => Outcome::Restored,
            false if held_up > 0 => Outcome::Refused,
            false => Outcome::Nothing,
        };
        Self {
            store: store.name(),
            unit: ROW,
            outcome,
            undoes: run.clone(),
            restored: rewrite.restored,
            held_up,
            scanned: rewrite.scanned,
            pruned: rewrite.pruned,
            kept: rewrite.scanned - rewrite.pruned,
            failed: 0,
            bytes_before: rewrite.bytes_before,
            bytes_after: rewrite.bytes_after,
            items: rows,
            in_the_way: Vec::new(),
            error: None,
        }
    }

    fn with_error(self, error: Option<Error>) -> Self {
        let outcome = if error.is_some() { Outcome::Failed } else { self.outcome };
        Self { outcome, error, ..self }
    }

    /// A report on a store where something went wrong and nothing was done.
    #[must_use]
    pub fn of_error(store: String, run: &RunId, error: Error) -> Self {
        let outcome = Outcome::of_error(&error);
        Self { store, outcome, error: Some(error), ..Self::empty(run) }
    }
}

/// Takes back what `run` did to the store, or those rows of it that are wished for. `verb` is what the journal calls it.
pub fn undo<D: Disk>(
    store: &FileStore<D>,
    run: &RunId,
    wish: &Wish,
    verb: &'static str,
    now: Timestamp,
    options: &Options,
) -> UndoReport {
    let id = options.run.clone().unwrap_or_else(|| RunId::new(now));
    let cause = Cause {
        undoes: Some(run.clone()),
        keep: true,
        compress: options.compress,
        ..Cause::new(id, verb, now)
    };
    let (step, wish) = ("bring rows back into", &Wish { now: Some(now), ..wish.clone() });
    let undone = Rewriting { store, step, cause: &cause, options }.carry_out(|| store.plan_undo(run, wish));
    match undone {
        Ok((undoing, error)) => UndoReport::of(store, run, undoing).with_error(error),
        Err(error) => UndoReport::of_error(store.name(), run, error),
    }
}
