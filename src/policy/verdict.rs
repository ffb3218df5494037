//! What is said about one row, and why.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Stamp;
use crate::model::{Age, Kind, Timestamp};

/// The rule that condemned a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The row is older than the retention of its kind.
    Retention(Kind),
    /// More rows than the cap allows are newer.
    MaxEntries,
}

impl Rule {
    /// The rule's name in reports: its kind's name, or `max-entries`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Retention(kind) => kind.name(),
            Self::MaxEntries => "max-entries",
        }
    }
}

/// What protects a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeepReason {
    /// It is not older than its retention.
    NotExpired,
    /// No rule but the cap speaks of rows of its kind, and the cap has room for it.
    WithinCap,
    /// No rule speaks of rows of its kind.
    NoRule,
    /// The rule for its kind is off.
    RuleOff,
    /// Nobody knows what its key says.
    UnknownKind,
    /// The id of its cron run is no UUID.
    RunIdNotUuid,
    /// Its value is no object.
    NotAnObject,
    /// It has no `updatedAt`, or `null`.
    NoTimestamp,
    /// Its `updatedAt` is no number.
    UnreadableTimestamp,
    /// Its `updatedAt` is a number that is no time in milliseconds.
    ImplausibleTimestamp,
    /// Its `updatedAt` lies in the future.
    FutureTimestamp,
    /// Another row of its cron run is kept.
    Family,
    /// It is among the newest runs of its job.
    KeepLast,
    /// A pattern given by the user protects its key.
    KeepPattern,
    /// Somebody has pinned it.
    Pinned,
}

impl KeepReason {
    /// Every reason there is, in the order of a report.
    pub const ALL: [Self; 15] = [
        Self::NotExpired,
        Self::WithinCap,
        Self::NoRule,
        Self::RuleOff,
        Self::UnknownKind,
        Self::RunIdNotUuid,
        Self::NotAnObject,
        Self::NoTimestamp,
        Self::UnreadableTimestamp,
        Self::ImplausibleTimestamp,
        Self::FutureTimestamp,
        Self::Family,
        Self::KeepLast,
        Self::KeepPattern,
        Self::Pinned,
    ];

    /// The reason's name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotExpired => "not-expired",
            Self::WithinCap => "within-cap",
            Self::NoRule => "no-rule",
            Self::RuleOff => "rule-off",
            Self::UnknownKind => "unknown-kind",
            Self::RunIdNotUuid => "run-id-not-uuid",
            Self::NotAnObject => "not-an-object",
            Self::NoTimestamp => "no-timestamp",
            Self::UnreadableTimestamp => "unreadable-timestamp",
            Self::ImplausibleTimestamp => "implausible-timestamp",
            Self::FutureTimestamp => "future-timestamp",
            Self::Family => "family",
            Self::KeepLast => "keep-last",
            Self::KeepPattern => "keep-pattern",
            Self::Pinned => "pinned",
        }
    }
}

macro_rules! speaks_its_name {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

speaks_its_name!(Rule);
speaks_its_name!(KeepReason);

/// Keep or prune, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The row stays.
    Keep(KeepReason),
    /// The row goes.
    Prune(Rule),
}

/// The decision about one row, with the times it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Keep or prune, and why.
    pub decision: Decision,
    /// The row's `updatedAt`, where it is a time.
    pub updated: Option<Timestamp>,
    /// The last moment at which the retention of its kind keeps the row; any later and it goes.
    pub expires: Option<Timestamp>,
}

impl Verdict {
    /// Whether the row goes.
    #[must_use]
    pub const fn prunes(&self) -> bool {
        matches!(self.decision, Decision::Prune(_))
    }
}

/// What a plan remembers of a verdict: all but the row's time, which its store still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    /// Keep or prune, and why.
    pub decision: Decision,
    /// How long the retention of its kind keeps the row, where time decides about it.
    pub age: Option<Age>,
}

impl Ruling {
    /// Whether the row goes.
    #[must_use]
    pub const fn prunes(&self) -> bool {
        matches!(self.decision, Decision::Prune(_))
    }

    /// The verdict on the row, which has this stamp.
    #[must_use]
    pub fn on(self, stamp: Stamp) -> Verdict {
        let updated = stamp.time();
        let expires = updated.zip(self.age).map(|(updated, age)| updated.plus(age));
        Verdict { decision: self.decision, updated, expires }
    }
}
