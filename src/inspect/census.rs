//! Who lives in a store: rows by kind and by age, and how many of them would go.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ages::{Ages, plausible};
use crate::{
    model::{Kind, Timestamp},
    policy::{Decision, KeepReason, Verdict},
    store::Seen,
};

/// The rows of a store, counted. A key that stands more than once is one row, as JavaScript sees it; the bytes of its
/// other occurrences are counted all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Census {
    /// All rows together.
    #[serde(flatten)]
    pub total: KindCount,
    /// How many rows are there that JavaScript does not see, since their keys stand again further on.
    pub shadowed: u64,
    /// The rows by age.
    pub ages: Ages,
    /// The rows by kind.
    pub kinds: BTreeMap<Kind, KindCount>,
}

/// Rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindCount {
    /// How many.
    pub rows: u64,
    /// What they weigh: keys with their quotes, and values.
    pub bytes: u64,
    /// The earliest `updatedAt` that is a plausible time.
    pub oldest: Option<Timestamp>,
    /// The latest `updatedAt` that is a plausible time.
    pub newest: Option<Timestamp>,
    /// How many would go now.
    pub prunable: u64,
    /// What those weigh, every occurrence of their keys that JavaScript sees.
    pub prunable_bytes: u64,
    /// The first moment after which one more may have to go.
    pub next_expiry: Option<Timestamp>,
}

impl Census {
    pub(super) fn add(&mut self, kind: Kind, row: &Seen<'_>, now: Timestamp) {
        let of_kind = self.kinds.entry(kind).or_default();
        self.total.add(row);
        of_kind.add(row);
        match row.verdict {
            Some(_) => self.ages.add(row.stamp, now, bytes(row)),
            None => self.shadowed += 1,
        }
    }
}

impl KindCount {
    fn add(&mut self, row: &Seen<'_>) {
        self.bytes += bytes(row);
        let Some(verdict) = row.verdict else { return };
        self.rows += 1;
        let at = plausible(row.stamp);
        self.oldest = [self.oldest, at].into_iter().flatten().min();
        self.newest = self.newest.max(at);
        self.next_expiry = [self.next_expiry, next_expiry(verdict)].into_iter().flatten().min();
        if verdict.prunes() {
            self.prunable += 1;
            self.prunable_bytes += bytes(row);
        }
    }
}

const fn bytes(row: &Seen<'_>) -> u64 {
    row.key_bytes() + row.value_bytes()
}

/// The time of a row that stays merely because it is young. What its family keeps goes no earlier than the family's
/// youngest, which is counted itself.
const fn next_expiry(verdict: &Verdict) -> Option<Timestamp> {
    match verdict.decision {
        Decision::Keep(KeepReason::NotExpired | KeepReason::FutureTimestamp) => verdict.expires,
        _ => None,
    }
}
