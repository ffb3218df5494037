//! The one place that reads the wall clock. Everything that decides takes the time as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// The wall clock's time, in milliseconds since 1970 as the stores keep it.
///
/// ```
/// assert!(session_reaper::now() > session_reaper::Timestamp::from_millis(1_700_000_000_000));
/// ```
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> Timestamp {
    let now = SystemTime::now();
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp::from_millis(millis(since)),
        Err(before) => Timestamp::from_millis(millis(before.duration()).saturating_neg()),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
