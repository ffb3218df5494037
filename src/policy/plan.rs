//! The plan: the verdicts on one store at one time, as a value.

use std::collections::BTreeMap;

use super::{Decision, Detail, KeepReason, Place, Places, Rule, Ruling, docket::Docket, state::State};
use crate::model::Timestamp;

/// A row that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doomed<P> {
    /// Where it stands.
    pub place: P,
    /// How many rows stand before it, every occurrence of a key counted.
    pub order: u32,
    /// The rule that takes it.
    pub rule: Rule,
    /// Whether this is the occurrence of its key that JavaScript sees; the others go with it.
    pub is_last: bool,
}

/// What a sweep would do to one store at one time. Nothing has been done when you hold one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<P: Place> {
    pub(super) now: Timestamp,
    pub(super) detail: Detail,
    pub(super) scanned: u64,
    pub(super) by_rule: BTreeMap<Rule, u64>,
    pub(super) kept_by: BTreeMap<KeepReason, u64>,
    pub(super) places: P::List,
    pub(super) docket: Docket,
    pub(super) next_expiry: Option<Timestamp>,
    pub(super) durable: u64,
    pub(super) durable_pruned: u64,
    pub(super) newest: Option<Timestamp>,
}

impl<P: Place> Plan<P> {
    /// The time at which it was made.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// How many rows the store has, a key that stands twice counted once, as JavaScript sees it.
    #[must_use]
    pub const fn scanned(&self) -> u64 {
        self.scanned
    }

    /// How many rows go.
    #[must_use]
    pub fn pruned(&self) -> u64 {
        self.by_rule.values().sum()
    }

    /// How many rows stay.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.kept_by.values().sum()
    }

    /// How many of the rows are durable: see [`crate::Kind::is_durable`].
    #[must_use]
    pub const fn durable(&self) -> u64 {
        self.durable
    }

    /// How many of these go.
    #[must_use]
    pub const fn durable_pruned(&self) -> u64 {
        self.durable_pruned
    }

    /// The newest time in any row that is a plausible one: proof of what the time was at the latest. See
    /// [`super::Planner::believing_until`].
    #[must_use]
    pub const fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// How many rows go by each rule.
    #[must_use]
    pub const fn by_rule(&self) -> &BTreeMap<Rule, u64> {
        &self.by_rule
    }

    /// How many rows stay for each reason.
    #[must_use]
    pub const fn kept_by(&self) -> &BTreeMap<KeepReason, u64> {
        &self.kept_by
    }

    /// The rows that go, every occurrence of their keys, in the order of the store.
    pub fn doomed(&self) -> impl Iterator<Item = Doomed<P>> {
        let fate = |state: State| match state.decision {
            Decision::Prune(rule) => Some((rule, state.is_last)),
            Decision::Keep(_) => None,
        };
        let rows = (0..=u32::MAX).zip(self.places.iter()).zip(self.docket.told(fate));
        rows.filter_map(|((order, place), fate)| {
            fate.map(|(rule, is_last)| Doomed { place, order, rule, is_last })
        })
    }

    /// What is ruled on rows that JavaScript sees, in the order of the store: on as many as the [`Detail`] asked for.
    pub fn rulings(&self) -> impl Iterator<Item = (P, Ruling)> {
        let shown = |state: &State| match self.detail {
            Detail::Counts => false,
            Detail::Doomed => state.prunes(),
            Detail::Everything => true,
        };
        let ruling = move |state: State| (state.is_last && shown(&state)).then(|| state.ruling());
        let rows = self.places.iter().zip(self.docket.told(ruling));
        rows.filter_map(|(place, ruling)| Some((place, ruling?)))
    }

    /// The first moment after which a row that stays now may have to go.
    #[must_use]
    pub const fn next_expiry(&self) -> Option<Timestamp> {
        self.next_expiry
    }
}
