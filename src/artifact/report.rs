//! What happened to one folder of what sessions leave behind, as one value that adds up.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use tracing::info;

use super::Options;
use crate::{
    model::{Error, Outcome, Timestamp},
    policy::Detail,
    trash::RunId,
};

/// Why something stays that should have gone; what is wrong with it is told of each.
const FAILED: &str = "failed";

/// What is said about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It goes.
    Sweep,
    /// It stays, and was understood.
    Retain,
    /// It stays, for nobody can tell what it is or how old.
    Skip,
    /// It should have gone and could not.
    Fail,
}

/// One thing and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its name in the folder.
    pub name: String,
    /// What becomes of it.
    pub action: Action,
    /// The rule by which it goes, or the reason for which it stays.
    pub why: &'static str,
    /// The newest time in it, where that is known.
    pub newest: Option<Timestamp>,
    /// How old that is in milliseconds, negative when it comes from the future.
    pub age_ms: Option<i64>,
    /// When it goes, where a rule speaks of it.
    pub expires_at: Option<Timestamp>,
    /// What it weighs, as far as that was looked at.
    pub bytes: u64,
    /// What went wrong.
    pub error: Option<String>,
}

/// What happened to one folder. `scanned` is always `swept + retained + skipped + failed`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What is swept there, such as `workspaces`.
    pub kind: &'static str,
    /// The folder.
    pub path: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Things looked at.
    pub scanned: u64,
    /// Things that went (or would go, in a dry run).
    pub swept: u64,
    /// Things that stay, and were understood.
    pub retained: u64,
    /// Things that stay, for nobody can tell what they are or how old.
    pub skipped: u64,
    /// Things that should have gone and could not.
    pub failed: u64,
    /// Bytes that left the folder (or would, in a dry run).
    pub bytes_freed: u64,
    /// When the next tick will sweep; `None` when that is the very next one.
    pub next_due: Option<Timestamp>,
    /// Things that went, by rule.
    pub by_rule: BTreeMap<&'static str, u64>,
    /// Things that stay, by reason.
    pub kept_by: BTreeMap<&'static str, u64>,
    /// What went or could not go; everything when that was asked for; none when nobody asked.
    pub items: Vec<Item>,
    /// What went wrong.
    pub error: Option<Error>,
    /// Whether anything is gone, be it a part of what failed.
    #[serde(skip)]
    pub changed: bool,
    /// Whether something of it can be brought back.
    #[serde(skip)]
    pub can_be_undone: bool,
}

impl Report {
    /// A report on a folder that was not looked at.
    #[must_use]
    pub fn idle(kind: &'static str, path: String, outcome: Outcome) -> Self {
        Self {
            kind,
            path,
            outcome,
            scanned: 0,
            swept: 0,
            retained: 0,
            skipped: 0,
            failed: 0,
            bytes_freed: 0,
            next_due: None,
            by_rule: BTreeMap::new(),
            kept_by: BTreeMap::new(),
            items: Vec::new(),
            error: None,
            changed: false,
            can_be_undone: false,
        }
    }

    /// A report on a folder where something went wrong.
    #[must_use]
    pub fn of_error(kind: &'static str, path: String, error: Error) -> Self {
        let outcome = Outcome::of_error(&error);
        Self { error: Some(error), ..Self::idle(kind, path, outcome) }
    }

    /// Whether something is gone.
    #[must_use]
    pub fn has_removed(&self) -> bool {
        self.changed || self.error.as_ref().is_some_and(Error::is_too_late)
    }

    /// Counts one thing, and shows it if that was asked for.
    pub(super) fn count(&mut self, item: Item, detail: Option<Detail>) {
        self.scanned += 1;
        let by = match item.action {
            Action::Sweep => {
                self.swept += 1;
                self.bytes_freed += item.bytes;
                &mut self.by_rule
            }
            Action::Retain => {
                self.retained += 1;
                &mut self.kept_by
            }
            Action::Skip => {
                self.skipped += 1;
                &mut self.kept_by
            }
            Action::Fail => {
                self.failed += 1;
                self.bytes_freed += item.bytes;
                &mut self.kept_by
            }
        };
        let why = if item.action == Action::Fail { FAILED } else { item.why };
        *by.entry(why).or_default() += 1;
        let goes = matches!(item.action, Action::Sweep | Action::Fail);
        match detail {
            Some(Detail::Everything) => self.items.push(item),
            Some(Detail::Doomed) if goes => self.items.push(item),
            // What could not go is told, whoever asked.
            _ if item.action == Action::Fail => self.items.push(item),
            _ => {}
        }
    }

    /// How a sweep that went through has ended.
    pub(super) fn settle(mut self) -> Self {
        self.outcome = match self {
            Self { swept: 1.., .. } => Outcome::Swept,
            Self { failed: 1.., .. } => Outcome::Failed,
            _ => Outcome::Nothing,
        };
        self
    }

    /// One line of the log for each sweep, early exits included.
    pub(super) fn log(&self, options: &Options, took: Duration) {
        let run = options.run.as_ref().filter(|_| self.changed);
        let error = self.error.as_ref().map(ToString::to_string);
        info!(
            target: "session_reaper",
            verb = options.verb,
            kind = self.kind,
            path = %self.path,
            outcome = self.outcome.name(),
            applied = !options.dry_run,
            run = run.map(RunId::as_str),
            scanned = self.scanned,
            swept = self.swept,
            retained = self.retained,
            skipped = self.skipped,
            failed = self.failed,
            bytes_freed = self.bytes_freed,
            next_due = self.next_due.map(tracing::field::display),
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            error,
            "sweep"
        );
    }
}
