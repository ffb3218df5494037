//! What happened, as one value that adds up. The library prints nothing; the command line shows this as text or JSON.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Items, RunId};
use crate::{
    artifact,
    model::{Error, Key, Outcome, Timestamp},
    policy::{Decision, KeepReason, Policy, Rule, Verdict},
};

/// The name of the JSON shape, in every object that is printed.
pub const SCHEMA: &str = "session-reaper/1";

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// The scheduler's call.
    Tick,
    /// A sweep now.
    Prune,
    /// A plan, nothing done.
    Plan,
    /// A plan that was written down, carried out.
    Apply,
}

impl Verb {
    /// The verb's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Prune => "prune",
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

/// One row and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The row's key.
    pub key: Key,
    /// Keep or prune, and why.
    pub verdict: Verdict,
    /// The time that its age is counted to.
    pub now: Timestamp,
}

impl Item {
    /// The row's age in milliseconds, negative when it comes from the future; `None` without a time.
    #[must_use]
    pub fn age_millis(&self) -> Option<i64> {
        self.verdict.updated.map(|updated| self.now.millis_since(updated))
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = serializer.serialize_struct("Item", 6)?;
        item.serialize_field("key", &self.key)?;
        match self.verdict.decision {
            Decision::Prune(rule) => {
                item.serialize_field("action", "prune")?;
                item.serialize_field("rule", &rule)?;
            }
            Decision::Keep(reason) => {
                item.serialize_field("action", "keep")?;
                item.serialize_field("reason", &reason)?;
            }
        }
        item.serialize_field("updatedAt", &self.verdict.updated)?;
        item.serialize_field("ageMs", &self.age_millis())?;
        item.serialize_field("expiresAt", &self.verdict.expires)?;
        item.end()
    }
}

/// What happened to one store. `scanned` is always `kept + pruned + failed`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreReport {
    /// The store's name: its path.
    pub store: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows looked at.
    pub scanned: u64,
    /// Rows that went (or would go, in a dry run).
    pub pruned: u64,
    /// Rows that stay.
    pub kept: u64,
    /// Rows that should have gone and could not.
    pub failed: u64,
    /// Size before.
    pub bytes_before: u64,
    /// Size after (or what it would be, in a dry run).
    pub bytes_after: u64,
    /// When the next tick will sweep; `None` when that is the very next one.
    pub next_due: Option<Timestamp>,
    /// Rows that went, by rule.
    pub by_rule: BTreeMap<Rule, u64>,
    /// Rows that stay, by reason.
    pub kept_by: BTreeMap<KeepReason, u64>,
    /// The rows that went; every row when that was asked for; none when nobody asked.
    pub items: Items,
    /// The guard that would refuse a plan that is only shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_refuse: Option<Error>,
    /// What went wrong.
    pub error: Option<Error>,
}

impl StoreReport {
    /// A report on a store that was not looked at.
    #[must_use]
    pub fn idle(store: String, outcome: Outcome) -> Self {
        Self {
            store,
            outcome,
            scanned: 0,
            pruned: 0,
            kept: 0,
            failed: 0,
            bytes_before: 0,
            bytes_after: 0,
            next_due: None,
            by_rule: BTreeMap::new(),
            kept_by: BTreeMap::new(),
            items: Items::default(),
            would_refuse: None,
            error: None,
        }
    }

    /// A report on a store where something went wrong and nothing was removed.
    #[must_use]
    pub fn of_error(store: String, error: Error) -> Self {
        let outcome = Outcome::of_error(&error);
        Self { error: Some(error), ..Self::idle(store, outcome) }
    }

    /// Bytes that the store got smaller by.
    #[must_use]
    pub const fn bytes_freed(&self) -> u64 {
        self.bytes_before.saturating_sub(self.bytes_after)
    }
}

/// The sums over all stores, and over the folders of what sessions leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Stores.
    pub stores: u64,
    /// Rows and things looked at.
    pub scanned: u64,
    /// Rows and things that went.
    pub pruned: u64,
    /// Rows and things that stay.
    pub kept: u64,
    /// Rows and things that should have gone and could not.
    pub failed: u64,
    /// Bytes that stores and folders got smaller by.
    pub bytes_freed: u64,
}

impl std::ops::AddAssign<&StoreReport> for Totals {
    fn add_assign(&mut self, store: &StoreReport) {
        self.stores += 1;
        self.scanned += store.scanned;
        self.pruned += store.pruned;
        self.kept += store.kept;
        self.failed += store.failed;
        self.bytes_freed += store.bytes_freed();
    }
}

impl std::ops::AddAssign<&artifact::Report> for Totals {
    fn add_assign(&mut self, target: &artifact::Report) {
        self.scanned += target.scanned;
        self.pruned += target.swept;
        self.kept += target.retained + target.skipped;
        self.failed += target.failed;
        self.bytes_freed += target.bytes_freed;
    }
}

/// What one call did, over all its stores.
#[derive(Debug)]
pub struct Report {
    /// What was asked for.
    pub verb: Verb,
    /// Whether this was for real; `false` for a plan and a dry run.
    pub applied: bool,
    /// Whether every store had its turn; `false` when some were left for lack of time or at a signal, which are not in
    /// [`Report::stores`].
    pub done: bool,
    /// The run, when something was changed.
    pub run: Option<RunId>,
    /// The time that rows were judged at.
    pub now: Timestamp,
    /// The policy in force.
    pub policy: Policy,
    /// One report for each store that had its turn.
    pub stores: Vec<StoreReport>,
    /// One report for each folder of what sessions leave behind, where any is configured.
    pub targets: Vec<artifact::Report>,
}

impl Report {
    /// The sums over all stores and folders.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.stores.iter().for_each(|store| totals += store);
        self.targets.iter().for_each(|target| totals += target);
        totals
    }

    /// The earliest time at which a store or folder is due again.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let stores = self.stores.iter().filter_map(|store| store.next_due);
        stores.chain(self.targets.iter().filter_map(|target| target.next_due)).min()
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 10)?;
        report.serialize_field("schema", SCHEMA)?;
        report.serialize_field("verb", &self.verb)?;
        report.serialize_field("applied", &self.applied)?;
        report.serialize_field("done", &self.done)?;
        report.serialize_field("run", &self.run)?;
        report.serialize_field("now", &self.now)?;
        report.serialize_field("policy", &self.policy)?;
        report.serialize_field("stores", &self.stores)?;
        if self.targets.is_empty() {
            report.skip_field("targets")?;
        } else {
            report.serialize_field("targets", &self.targets)?;
        }
        report.serialize_field("totals", &self.totals())?;
        report.end()
    }
}
