//! Why there is no lease, or none any more.

use std::{fmt, io, path::PathBuf, time::Duration};

use crate::{lock::Verdict, model::Class};

/// Why a lease was not given, or a write not done. Nothing was written, unless it says that a part may have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Somebody else had the lock all the time.
    #[error("cannot lock {}: {}, waited {waited:?}", .path.display(), words(*.pid, *.age, *.verdict))]
    Timeout {
        /// The transcript.
        path: PathBuf,
        /// The process that has the lock, if it says so.
        pid: Option<u32>,
        /// For how long it has had it.
        age: Option<Duration>,
        /// Why the lock stands. [`Verdict::Overdue`]: it should have been released, but its owner may live, and is no
        /// process of ours that would notice that it was taken over.
        verdict: Option<Verdict>,
        /// For how long we waited.
        waited: Duration,
    },
    /// The lease has ended, or the attempt was given up: what its holder wants to write must not be written any more.
    #[error("takeover of {}: {reason}", .path.display())]
    Takeover {
        /// The transcript.
        path: PathBuf,
        /// Why.
        reason: Ended,
    },
    /// This handle was released by its own holder.
    #[error("cannot use the lease on {}: it was released", .path.display())]
    Released {
        /// The transcript.
        path: PathBuf,
    },
    /// A lease that was entered more than once cannot be paused: the others believe that they have it.
    #[error("cannot pause the lease on {}: it is held more than once", .path.display())]
    Shared {
        /// The transcript.
        path: PathBuf,
    },
    /// OpenClaw would remove our locks at once.
    #[error(
        "cannot lock {} for OpenClaw: it removes the locks of processes that are not called like itself; start this one \
         with an argument `openclaw`",
        .path.display()
    )]
    NotOpenclaw {
        /// The transcript.
        path: PathBuf,
    },
    /// What stands there must not be locked.
    #[error("cannot lock {}: {why}", .path.display())]
    Refused {
        /// The transcript.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// The operating system refused a call.
    #[error("cannot {step} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb phrase.
        step: &'static str,
        /// The transcript.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LeaseError {
    /// What a runtime does about it: wait, try again, or give the attempt up.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Timeout { .. } => Class::Busy,
            Self::Io { .. } => Class::Retryable,
            _ => Class::Fatal,
        }
    }
}

/// What is known of a lock's owner, in words.
fn words(pid: Option<u32>, age: Option<Duration>, verdict: Option<Verdict>) -> String {
    let owner = pid.map_or_else(|| "somebody".to_owned(), |pid| format!("process {pid}"));
    let since = age.map_or_else(String::new, |age| format!(" for {age:.1?}"));
    let verdict = verdict.map_or_else(String::new, |verdict| format!(" ({})", verdict.name()));
    format!("{owner} has held it{since}{verdict}")
}

/// Why a lease ended without its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The attempt that it belonged to was given up, for this reason.
    Abandoned(String),
    /// It was held for longer than so.
    Overheld(Duration),
    /// The lock on disk is not ours any more: somebody took it for stale.
    Lost,
    /// The transcript is not what its writer last saw.
    Changed(String),
    /// The same, while the lock was released between [`super::Lease::pause`] and [`super::Paused::resume`].
    ChangedWhilePaused(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abandoned(reason) => write!(f, "the attempt was abandoned: {reason}"),
            Self::Overheld(limit) => write!(f, "it was held for longer than {limit:?}"),
            Self::Lost => f.write_str("the lock on disk is not ours any more"),
            Self::Changed(what) => write!(f, "session file changed under the lock: {what}"),
            Self::ChangedWhilePaused(what) => {
                write!(f, "session file changed while the lock was released: {what}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_who_and_why() {
        let path = PathBuf::from("/s/one.jsonl");
        let (pid, age, waited) = (Some(12), Some(Duration::from_millis(3_456)), Duration::from_mins(1));
        let timeout =
            LeaseError::Timeout { path: path.clone(), pid, age, verdict: Some(Verdict::Overdue), waited };
        assert_eq!(
            timeout.to_string(),
            "cannot lock /s/one.jsonl: process 12 has held it for 3.5s (overdue), waited 60s"
        );
        let nobody = LeaseError::Timeout { path: path.clone(), pid: None, age: None, verdict: None, waited };
        assert_eq!(nobody.to_string(), "cannot lock /s/one.jsonl: somebody has held it, waited 60s");
        let reason = Ended::ChangedWhilePaused("it grew from 1 to 2 bytes".to_owned());
        assert_eq!(
            LeaseError::Takeover { path, reason }.to_string(),
            "takeover of /s/one.jsonl: session file changed while the lock was released: it grew from 1 to 2 bytes"
        );
        assert_eq!(timeout.class(), Class::Busy);
    }
}
