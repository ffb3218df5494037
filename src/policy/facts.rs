//! Times and places of the rows that need them, found again by the order in which rows were seen.

use crate::model::Timestamp;

/// Stands for no time: rows without one count as new.
const NONE: i64 = i64::MAX;

/// The time and the place of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact<P> {
    order: u32,
    updated: i64,
    pub(super) place: P,
}

impl<P> Fact<P> {
    pub(super) fn new(order: u32, updated: Option<Timestamp>, place: P) -> Self {
        Self { order, updated: updated.map_or(NONE, Timestamp::as_millis), place }
    }

    /// The row's `updatedAt`, where it is a time.
    pub(super) fn updated(&self) -> Option<Timestamp> {
        (self.updated != NONE).then(|| Timestamp::from_millis(self.updated))
    }
}

/// Facts in the order of their rows.
#[derive(Debug)]
pub(super) struct Facts<P>(Vec<Fact<P>>);

impl<P> Facts<P> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds the fact of a row that was seen after all the others.
    pub(super) fn push(&mut self, fact: Fact<P>) {
        self.0.push(fact);
    }

    pub(super) fn get(&self, order: u32) -> Option<&Fact<P>> {
        let at = self.0.binary_search_by_key(&order, |fact| fact.order).ok()?;
        self.0.get(at)
    }

    /// The time by which a row is new or old.
    pub(super) fn time_of(&self, order: u32) -> i64 {
        self.get(order).map_or(NONE, |fact| fact.updated)
    }
}
