//! Rows that no rule speaks of: eight bytes each, so that a key that stands twice counts once.

use super::{Decision, KeepReason, Verdict};
use crate::model::Timestamp;

/// The hash of a key, its lowest bits replaced by the number of the reason why the row stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Idle(u64);

impl Idle {
    const REASONS: [KeepReason; 4] =
        [KeepReason::NoRule, KeepReason::RuleOff, KeepReason::UnknownKind, KeepReason::RunIdNotUuid];

    pub(super) fn new(hash: u64, reason: KeepReason) -> Self {
        let number = Self::REASONS.iter().position(|known| *known == reason).unwrap_or(0);
        Self(hash & !3 | number as u64)
    }

    pub(super) fn reason(self) -> KeepReason {
        let number = usize::from((self.0 & 3) as u8);
        Self::REASONS.get(number).copied().unwrap_or(KeepReason::NoRule)
    }

    pub(super) fn verdict(self, updated: Option<Timestamp>) -> Verdict {
        Verdict { decision: Decision::Keep(self.reason()), updated, expires: None }
    }
}
