//! What is said about one thing that the net has looked at: the same for the store's own report and for that on any folder.

use super::{MediaRef, report::Outcome, spot::Spot};
use crate::{
    artifact::Item,
    model::{Retention, Timestamp},
};

/// By which rule something goes.
pub(super) mod rule {
    /// Nobody used it for too long.
    pub(in super::super) const MAX_AGE: &str = "max-age";
    /// No reference names it.
    pub(in super::super) const ORPHAN: &str = "orphan";
    /// Its owner has let it go, and it was still there.
    pub(in super::super) const RELEASED: &str = "released";
    /// Its reference named nothing any more.
    pub(in super::super) const ABSENT: &str = "absent";
}

/// What is said about one thing.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) outcome: Outcome,
    pub(super) rule: &'static str,
    /// When somebody last had to do with it.
    pub(super) last: Option<Timestamp>,
    /// What left the folder with it.
    pub(super) bytes: u64,
    pub(super) error: Option<String>,
}

impl Told {
    pub(super) const fn new(name: String, outcome: Outcome, rule: &'static str) -> Self {
        Self { name, outcome, rule, last: None, bytes: 0, error: None }
    }

    pub(super) fn of_ref(reference: MediaRef, spot: &Spot, outcome: Outcome) -> Self {
        Self::new(name_of(spot, Some(reference)), outcome, rule::MAX_AGE)
    }

    pub(super) fn of_spot(spot: &Spot, outcome: Outcome, rule: &'static str) -> Self {
        Self::new(name_of(spot, None), outcome, rule)
    }

    pub(super) fn with_last(self, last: Timestamp) -> Self {
        Self { last: Some(last), ..self }
    }

    pub(super) fn with_bytes(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    pub(super) fn with_error(self, error: &str) -> Self {
        Self { error: Some(error.to_owned()), ..self }
    }

    /// The same for a report on any folder.
    pub(super) fn item(self, now: Timestamp, max_age: Retention, grace: Retention) -> Item {
        let action = self.outcome.action();
        let goes = matches!(action, crate::artifact::Action::Sweep | crate::artifact::Action::Fail);
        let retention = match self.rule {
            rule::MAX_AGE => max_age,
            rule::ORPHAN => grace,
            _ => Retention::Off,
        };
        Item {
            name: self.name,
            action,
            why: if goes { self.rule } else { self.outcome.name() },
            newest: self.last,
            age_ms: self.last.map(|last| now.millis_since(last)),
            expires_at: self.last.and_then(|last| Some(last.plus(retention.age()?))),
            bytes: self.bytes,
            error: self.error,
        }
    }
}

/// A file's path in the store's folder. One elsewhere is called by its reference: there it is only known.
pub(super) fn name_of(spot: &Spot, reference: Option<MediaRef>) -> String {
    match reference {
        Some(reference) if !spot.is_ours() => reference.to_string(),
        _ => spot.path().to_string_lossy().into_owned(),
    }
}
