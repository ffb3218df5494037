//! Rows that no rule can take: eight bytes each, so that a key that stands twice counts once.

use super::{Decision, KeepReason, Verdict};
use crate::model::Timestamp;

/// The hash of a key, its lowest bits replaced by whether its row is durable and by the number of the reason why it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Idle(u64);

impl Idle {
    const REASONS: [KeepReason; 5] = [
        KeepReason::NoRule,
        KeepReason::RuleOff,
        KeepReason::UnknownKind,
        KeepReason::RunIdNotUuid,
        KeepReason::Pinned,
    ];
    const REASON: u64 = 0b0111;
    const DURABLE: u64 = 0b1000;

    pub(super) fn new(hash: u64, reason: KeepReason, is_durable: bool) -> Self {
        let number = Self::REASONS.iter().position(|known| *known == reason).unwrap_or(0);
        let durable = if is_durable { Self::DURABLE } else { 0 };
        Self(hash & !(Self::REASON | Self::DURABLE) | durable | number as u64)
    }

    pub(super) const fn is_durable(self) -> bool {
        self.0 & Self::DURABLE != 0
    }

    pub(super) fn reason(self) -> KeepReason {
        let number = usize::from((self.0 & Self::REASON) as u8);
        Self::REASONS.get(number).copied().unwrap_or(KeepReason::NoRule)
    }

    pub(super) fn verdict(self, updated: Option<Timestamp>) -> Verdict {
        Verdict { decision: Decision::Keep(self.reason()), updated, expires: None }
    }
}
