//! The one place that reads the wall clock. Everything that decides takes the time as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// The wall clock's time, in milliseconds since 1970 as the stores keep it.
///
/// ```
/// assert!(session_reaper::now() > session_reaper::Timestamp::from_millis(1_700_000_000_000));
/// ```
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_nanos(now_ns())
}

/// The same in nanoseconds, to be held against the times of files.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now_ns() -> i128 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}
