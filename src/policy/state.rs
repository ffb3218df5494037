//! All that can be said about a row but who it is, when it was updated and where it stands.

use super::{Decision, KeepReason, Rule, standing::Standing, verdict::Ruling};
use crate::model::Age;

/// What is said about a row, before it is judged and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// The rule that speaks of it.
    pub(super) rule: Option<Rule>,
    /// For how long that rule keeps it, where it goes by age.
    pub(super) age: Option<Age>,
    pub(super) standing: Standing,
    pub(super) decision: Decision,
    /// Whether JavaScript sees this occurrence of its key. Nobody knows before the rows are judged.
    pub(super) is_last: bool,
    /// Whether its kind is one that people would miss: see [`crate::model::Kind::is_durable`].
    pub(super) is_durable: bool,
    /// Whether it belongs to one of the newest runs of its job, which stay whatever any rule says.
    pub(super) is_newest: bool,
}

impl State {
    /// A row that no rule can take.
    pub(super) const fn idle(reason: KeepReason, is_durable: bool) -> Self {
        Self {
            rule: None,
            age: None,
            standing: Standing::Protected(reason),
            decision: Decision::Keep(reason),
            is_last: false,
            is_durable,
            is_newest: false,
        }
    }

    /// A row that `rule` may take.
    pub(super) const fn candidate(
        rule: Rule,
        age: Option<Age>,
        standing: Standing,
        is_durable: bool,
    ) -> Self {
        Self { rule: Some(rule), age, standing, ..Self::idle(KeepReason::NotExpired, is_durable) }
    }

    pub(super) const fn is_protected(&self) -> bool {
        matches!(self.standing, Standing::Protected(_))
    }

    pub(super) const fn prunes(&self) -> bool {
        matches!(self.decision, Decision::Prune(_))
    }

    pub(super) fn ruling(&self) -> Ruling {
        Ruling { decision: self.decision, age: self.age.filter(|_| is_timed(self.standing)) }
    }
}

/// Whether the passing of time alone decides about a row; one from the future will be an old one some day.
const fn is_timed(standing: Standing) -> bool {
    matches!(standing, Standing::Expired | Standing::Alive | Standing::Protected(KeepReason::FutureTimestamp))
}
