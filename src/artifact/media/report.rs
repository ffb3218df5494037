//! What came of a sweep: a value that adds up, and its one line of the log.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{artifact::Action, model::Error};

/// What became of one thing that a sweep looked at: a reference, a file that was let go before, or one that no reference
/// names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Swept: the file is gone, and the reference if it had one.
    Removed,
    /// Swept: the reference is gone; the file is not ours to remove, or has other references.
    Forgotten,
    /// Swept: the file was gone already.
    Absent,
    /// Retained: not old enough.
    Young,
    /// Retained: somebody uses it.
    Leased,
    /// Skipped: one of its times is in the future, or the clock went back.
    FutureTime,
    /// Skipped: it cannot be looked at.
    Unreadable,
    /// Skipped: another file has taken its place, which stays. The reference is gone.
    Replaced,
    /// Skipped: a damaged line of the ledger may have been about it, so the file stays. The reference is gone.
    Doubted,
    /// Skipped: no reference names it, in a folder that is not the store's alone.
    Unmarked,
    /// Skipped: no reference names it, and it is no regular file, or something is mounted there, or it lies too deep.
    Odd,
    /// Skipped: it was used or let go meanwhile, or somebody asked to stop.
    Passed,
    /// Failed: it could not be removed. The next sweep tries again.
    NotRemoved,
}

/// The four ways in which it can end for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Swept,
    Retained,
    Skipped,
    Failed,
}

impl Outcome {
    const fn class(self) -> Class {
        match self {
            Self::Removed | Self::Forgotten | Self::Absent => Class::Swept,
            Self::Young | Self::Leased => Class::Retained,
            Self::FutureTime
            | Self::Unreadable
            | Self::Replaced
            | Self::Doubted
            | Self::Unmarked
            | Self::Odd
            | Self::Passed => Class::Skipped,
            Self::NotRemoved => Class::Failed,
        }
    }

    /// The same for a report on any folder.
    pub(super) const fn action(self) -> Action {
        match self.class() {
            Class::Swept => Action::Sweep,
            Class::Retained => Action::Retain,
            Class::Skipped => Action::Skip,
            Class::Failed => Action::Fail,
        }
    }

    /// The outcome's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Forgotten => "forgotten",
            Self::Absent => "absent",
            Self::Young => "young",
            Self::Leased => "leased",
            Self::FutureTime => "future",
            Self::Unreadable => "unreadable",
            Self::Replaced => "replaced",
            Self::Doubted => "doubted",
            Self::Unmarked => "unmarked",
            Self::Odd => "odd",
            Self::Passed => "passed",
            Self::NotRemoved => "not-removed",
        }
    }
}

/// How a sweep ended.
#[derive(Debug, Clone, Default)]
pub enum End {
    /// It looked at everything.
    #[default]
    Whole,
    /// It was asked to stop.
    Stopped,
    /// The net is not there.
    Disabled,
    /// Something went wrong; what the report counts was done.
    Failed(Error),
}

/// What came of a sweep.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many things it looked at.
    pub scanned: u64,
    /// How much room the files had that are gone.
    pub bytes_freed: u64,
    /// How many lines of the ledger are damaged.
    pub damaged_lines: u64,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub end: End,
    outcomes: BTreeMap<Outcome, u64>,
}

impl Report {
    /// How many references and files went.
    #[must_use]
    pub fn swept(&self) -> u64 {
        self.of_class(Class::Swept)
    }

    /// How many stay because they are young or in use.
    #[must_use]
    pub fn retained(&self) -> u64 {
        self.of_class(Class::Retained)
    }

    /// How many were left alone for a reason.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.of_class(Class::Skipped)
    }

    /// How many could not be removed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.of_class(Class::Failed)
    }

    /// How often something ended in this way.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    /// Each way in which something ended, and how often.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> {
        self.outcomes.iter().map(|(outcome, count)| (*outcome, *count))
    }

    fn of_class(&self, class: Class) -> u64 {
        self.outcomes().filter(|(outcome, _)| outcome.class() == class).map(|(_, count)| count).sum()
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    pub(super) fn log(&self) {
        let duration_ms = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX);
        let (end, error) = match &self.end {
            End::Whole => ("whole", None),
            End::Stopped => ("stopped", None),
            End::Disabled => ("disabled", None),
            End::Failed(error) => ("failed", Some(error.to_string())),
        };
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "session_reaper",
                    swept = self.swept(),
                    retained = self.retained(),
                    skipped = self.skipped(),
                    failed = self.failed(),
                    bytes_freed = self.bytes_freed,
                    duration_ms,
                    end,
                    reasons = %self,
                    damaged_lines = self.damaged_lines,
                    error,
                    "media sweep"
                )
            };
        }
        // Whoever reads warnings alone is to know that nothing goes any more.
        if error.is_some() { line!(warn) } else { line!(info) }
    }
}

impl fmt::Display for Report {
    /// Each outcome and how often, such as `removed=2 young=5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (outcome, count)) in self.outcomes().enumerate() {
            let space = if number == 0 { "" } else { " " };
            write!(f, "{space}{}={count}", outcome.name())?;
        }
        Ok(())
    }
}
