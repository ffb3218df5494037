//! Making a store slimmer without pruning: a run like any other, which an undo takes back.

use serde::Serialize;

use super::{Options, Outcome, guards, rewrite::Rewriting};
use crate::{
    fs::Disk,
    model::{Error, ErrorKind},
    policy::{self, Detail, Evidence, Jump},
    store::{Compacting, FileStore, Request, Slimmed, Slimming, Store},
    trash::{Cause, RunId},
};

/// What was done to one store. `scanned` is always `kept + pruned + failed`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompactReport {
    /// The store's name: its path.
    pub store: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows in the store.
    pub scanned: u64,
    /// Always none.
    pub pruned: u64,
    /// Rows that stayed: all of them.
    pub kept: u64,
    /// Always none: a store is slimmed whole or not at all.
    pub failed: u64,
    /// Rows that got slimmer.
    pub slimmed: u64,
    /// Size before.
    pub bytes_before: u64,
    /// Size after.
    pub bytes_after: u64,
    /// The rows that got slimmer.
    pub items: Vec<Slimmed>,
    /// What went wrong.
    pub error: Option<Error>,
}

impl CompactReport {
    fn of<D: Disk>(store: &FileStore<D>, compacting: Compacting<D>, error: Option<Error>) -> Self {
        let Compacting { rewrite, rows } = compacting;
        let outcome = match &error {
            Some(_) => Outcome::Failed,
            None if rows.is_empty() => Outcome::Nothing,
            None => Outcome::Swept,
        };
        Self {
            outcome,
            scanned: rewrite.scanned,
            kept: rewrite.scanned,
            slimmed: rows.len() as u64,
            bytes_before: rewrite.bytes_before,
            bytes_after: rewrite.bytes_after,
            items: rows,
            error,
            ..Self::empty(store.name())
        }
    }

    /// A report on a store where something went wrong and nothing was done.
    #[must_use]
    pub fn of_error(store: String, error: Error) -> Self {
        Self { outcome: Outcome::of_error(&error), error: Some(error), ..Self::empty(store) }
    }

    const fn empty(store: String) -> Self {
        Self {
            store,
            outcome: Outcome::Nothing,
            scanned: 0,
            pruned: 0,
            kept: 0,
            failed: 0,
            slimmed: 0,
            bytes_before: 0,
            bytes_after: 0,
            items: Vec::new(),
            error: None,
        }
    }
}

/// Takes fields that a gateway makes anew from rows that nobody has used for a while.
pub fn compact<D: Disk>(store: &FileStore<D>, slimming: &Slimming, options: &Options) -> CompactReport {
    let id = options.run.clone().unwrap_or_else(|| RunId::new(slimming.now));
    let cause =
        Cause { keep: options.trash, compress: options.compress, ..Cause::new(id, "compact", slimming.now) };
    let rewriting = Rewriting { store, step: "slim the rows of", cause: &cause, options };
    let plan = || {
        let compacting = store.plan_compact(slimming)?;
        if compacting.rewrite.changes() {
            ask_the_clock(&rewriting, slimming)?;
        }
        Ok(compacting)
    };
    match rewriting.carry_out(plan) {
        Ok((compacting, error)) => CompactReport::of(store, compacting, error),
        Err(error) => CompactReport::of_error(store.name(), error),
    }
}

/// By a clock that has jumped every row is inactive, those that are in use too. A time that somebody chose may lie in the
/// past: then less goes.
fn ask_the_clock<D: Disk>(rewriting: &Rewriting<'_, D>, slimming: &Slimming) -> Result<(), Error> {
    let Rewriting { store, step, options, .. } = *rewriting;
    if options.allow_clock_jump {
        return Ok(());
    }
    let (now, policy) = (slimming.now, &slimming.policy);
    let planned = store.plan(&Request { policy, now, detail: Detail::Counts, digest: false })?;
    let evidence =
        Evidence { row: planned.plan.newest(), written: planned.written, swept: store.state().clock() };
    let jump = policy::clock(now, &evidence).filter(|jump| *jump != Jump::Behind || !options.what_if);
    match jump.and_then(|jump| guards::against_the_clock(jump, now, &evidence, options)) {
        None => Ok(()),
        Some((message, hint)) => {
            Err(Error::new(ErrorKind::Refused, step, store.path(), message).with_hint(hint))
        }
    }
}
