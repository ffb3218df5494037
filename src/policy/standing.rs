//! One row by itself: what its key and its `updatedAt` say, before its family is asked.

use super::{KeepReason, Policy, Rule, RunId};
use crate::model::{Kind, Retention, Shape, Timestamp};

/// What a policy may see of a row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a, P> {
    /// The key's bytes in WTF-8, escapes resolved.
    pub key: &'a [u8],
    /// The row's `updatedAt`.
    pub stamp: Stamp,
    /// Where the row stands: whatever its store needs to find it again.
    pub place: P,
}

/// What stands in a row's `updatedAt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// A number that is a whole time in milliseconds, or was after its fraction was cut off.
    At(Timestamp),
    /// Nothing, or `null`.
    Absent,
    /// Something that is no number.
    Unreadable,
    /// A number that is no time: not finite, or far outside the calendar.
    Implausible,
    /// The row itself is no object.
    NotAnObject,
}

impl Stamp {
    /// The time that it is: any number that is one, plausible or not.
    #[must_use]
    pub const fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            _ => None,
        }
    }

    /// The stamp of a JSON number. Its fraction is cut off, which never makes a row older than it is by a whole
    /// millisecond: `t < cutoff` holds for a whole `cutoff` exactly when it holds for the next whole number below `t`.
    #[must_use]
    pub fn of_number(text: &str) -> Self {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number.abs() <= MAX_EXACT => Self::At(floor(number)),
            _ => Self::Implausible,
        }
    }
}

/// Up to here a double counts every whole number.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::cast_possible_truncation, reason = "the caller has checked the range")]
fn floor(number: f64) -> Timestamp {
    Timestamp::from_millis(number.floor() as i64)
}

/// How one row stands by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Older than its retention.
    Expired,
    /// A time that can be trusted, and no rule that takes it.
    Alive,
    /// Something protects the row, and with it its family.
    Protected(KeepReason),
}

/// The rule that could take a row of this shape, or why none can.
pub(super) fn rule_for(policy: &Policy, shape: &Shape<'_>) -> Result<Rule, KeepReason> {
    if shape.cron_run.is_some_and(|run| !run.has_uuid) && policy.run_id() == RunId::Uuid {
        return Err(KeepReason::RunIdNotUuid);
    }
    match policy.retention_of(shape.kind) {
        Some(Retention::After(_)) => Ok(Rule::Retention(shape.kind)),
        _ if policy.max_entries().is_some() && shape.kind.counts_for_cap() => Ok(Rule::MaxEntries),
        Some(Retention::Off) => Err(KeepReason::RuleOff),
        None if shape.kind == Kind::Unknown => Err(KeepReason::UnknownKind),
        None => Err(KeepReason::NoRule),
    }
}

/// How a row with this stamp stands under `retention` at `now`.
pub(super) fn stand(stamp: Stamp, retention: Option<Retention>, now: Timestamp) -> Standing {
    let at = match stamp {
        Stamp::At(at) => at,
        Stamp::Absent => return Standing::Protected(KeepReason::NoTimestamp),
        Stamp::Unreadable => return Standing::Protected(KeepReason::UnreadableTimestamp),
        Stamp::Implausible => return Standing::Protected(KeepReason::ImplausibleTimestamp),
        Stamp::NotAnObject => return Standing::Protected(KeepReason::NotAnObject),
    };
    if !is_plausible(at) {
        return Standing::Protected(KeepReason::ImplausibleTimestamp);
    }
    if at > now {
        return Standing::Protected(KeepReason::FutureTimestamp);
    }
    match retention.and_then(Retention::age) {
        Some(age) if at < now.minus(age) => Standing::Expired,
        _ => Standing::Alive,
    }
}

/// Whether a number can be a time in milliseconds at all.
pub(super) fn is_plausible(at: Timestamp) -> bool {
    (Timestamp::FIRST_PLAUSIBLE..=Timestamp::LAST_PLAUSIBLE).contains(&at)
}
