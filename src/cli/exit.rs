//! How the process ends: the promise of the exit codes.

use std::process::ExitCode;

use session_reaper::{
    Error, ErrorKind,
    inspect::Level,
    lock::Stop,
    sweep::{Report, Verb},
};

/// The exit codes that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do, or not due.
    Done,
    /// An error; nothing changed.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// Some of it was done.
    Partly,
    /// A guard said no.
    Refused,
    /// The store is not there.
    Missing,
    /// Somebody else holds the lock.
    Busy,
    /// `plan --detailed-exitcode`: there is something to prune.
    Pending,
    /// `check`: what monitors are told, by codes of their own.
    Judged(Level),
    /// A signal with this number asked to stop.
    Stopped(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partly => 3,
            Self::Refused => 4,
            Self::Missing => 10,
            Self::Busy => 11,
            Self::Pending => 20,
            Self::Judged(level) => level.code(),
            Self::Stopped(signal) => 128_u8.saturating_add(signal),
        }
    }

    /// This one, unless a signal has asked to stop meanwhile.
    pub(super) fn unless_stopped(self, stop: &Stop) -> Self {
        stop.signal().and_then(|signal| u8::try_from(signal).ok()).map_or(self, Self::Stopped)
    }

    /// The code of one error.
    pub(crate) fn of_error(error: &Error) -> Self {
        match error.kind() {
            _ if error.is_too_late() => Self::Partly,
            ErrorKind::Missing => Self::Missing,
            ErrorKind::Busy | ErrorKind::Held => Self::Busy,
            ErrorKind::Refused | ErrorKind::Changed => Self::Refused,
            ErrorKind::Config => Self::Usage,
            _ => Self::Failed,
        }
    }

    /// The code of a report: what all its stores agree on; otherwise something was done and something was not, as where
    /// stores were left for lack of time.
    pub(crate) fn of_report(report: &Report) -> Self {
        let stores =
            report.stores.iter().map(|store| Self::of(report.verb, store.error.as_ref(), store.failed));
        let targets = report.targets.iter();
        let targets = targets.map(|target| Self::of(report.verb, target.error.as_ref(), target.failed));
        let mut exits = stores.chain(targets);
        let first = exits.next().unwrap_or(Self::Done);
        let exit = exits.fold(first, Self::and);
        if report.done { exit } else { exit.and(Self::Partly) }
    }

    /// What another process is just sweeping is nothing to a scheduler: the work is being done.
    fn of(verb: Verb, error: Option<&Error>, failed: u64) -> Self {
        match error {
            Some(error) if verb == Verb::Tick && error.kind() == ErrorKind::Busy => Self::Done,
            Some(error) => Self::of_error(error),
            None if failed > 0 => Self::Partly,
            None => Self::Done,
        }
    }

    /// Both together. Two different errors that changed nothing are an error that changed nothing.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, same) if one == same => one,
            (Self::Done | Self::Partly, _) | (_, Self::Done | Self::Partly) => Self::Partly,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use session_reaper::{Policy, Timestamp, sweep::StoreReport};

    use super::*;

    #[test]
    fn a_scheduler_forgives_a_lock_that_is_held_and_nothing_else() {
        let exit = |verb, kind| {
            let error = Error::new(kind, "sweep", Path::new("x"), "y");
            let stores = vec![StoreReport::of_error("x".to_owned(), error)];
            let (now, policy) = (Timestamp::from_millis(0), Policy::default());
            let (applied, done, run, targets) = (true, true, None, Vec::new());
            Exit::of_report(&Report { verb, applied, done, run, now, policy, stores, targets })
        };
        assert_eq!(exit(Verb::Tick, ErrorKind::Busy), Exit::Done);
        assert_eq!(exit(Verb::Prune, ErrorKind::Busy), Exit::Busy);
        assert_eq!(exit(Verb::Tick, ErrorKind::Changed), Exit::Refused);
        assert_eq!(exit(Verb::Tick, ErrorKind::Io), Exit::Failed);
    }

    #[test]
    fn stores_that_agree_give_their_code_and_others_say_how_much_was_done() {
        for (one, other, both) in [
            (Exit::Done, Exit::Done, Exit::Done),
            (Exit::Missing, Exit::Missing, Exit::Missing),
            (Exit::Done, Exit::Missing, Exit::Partly),
            (Exit::Busy, Exit::Done, Exit::Partly),
            (Exit::Missing, Exit::Busy, Exit::Failed),
            (Exit::Partly, Exit::Missing, Exit::Partly),
        ] {
            assert_eq!(one.and(other), both, "{one:?} and {other:?}");
        }
    }
}
