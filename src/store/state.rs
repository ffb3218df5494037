//! What is remembered from tick to tick, and when the next sweep is due.

use serde::{Deserialize, Serialize};

use crate::model::{Age, Timestamp};

/// The pause after an error grows up to this.
const LONGEST_PAUSE: Age = Age::from_minutes(60);
/// The first pause after an error, when sweeps are closer together than that.
const FIRST_PAUSE: Age = Age::from_minutes(5);

/// The memory of one store. A hint, never a truth: see [`super::Store`].
///
/// ```
/// use session_reaper::{Age, Timestamp, store::State};
/// let (t, every) = (Timestamp::from_millis(1_795_248_000_000), Age::from_minutes(5));
/// let state = State::swept_at(t);
/// assert!(State::default().is_due(t, every) && !state.is_due(t, every));
/// assert!(state.is_due(t.plus(every), every));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct State {
    /// When the last sweep was, failed or not.
    last_sweep: Option<i64>,
    /// How many sweeps failed since the last good one.
    failures: u32,
}

impl State {
    /// The state after a sweep at `now` that went well.
    #[must_use]
    pub const fn swept_at(now: Timestamp) -> Self {
        Self { last_sweep: Some(now.as_millis()), failures: 0 }
    }

    /// The state after a sweep at `now` that failed.
    #[must_use]
    pub const fn after_failure(&self, now: Timestamp) -> Self {
        Self { last_sweep: Some(now.as_millis()), failures: self.failures.saturating_add(1) }
    }

    /// How many sweeps failed since the last good one.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// When the next sweep is due; `None` when none ever was, so that the first is due at once.
    #[must_use]
    pub fn next_due(&self, every: Age) -> Option<Timestamp> {
        self.last_sweep.map(|last| Timestamp::from_millis(last).plus(self.pause(every)))
    }

    /// Whether a sweep is due at `now`. A stamp from the future is ignored, not waited for.
    #[must_use]
    pub fn is_due(&self, now: Timestamp, every: Age) -> bool {
        let from_future = self.last_sweep.is_some_and(|last| last > now.as_millis());
        from_future || self.next_due(every).is_none_or(|due| due <= now)
    }

    /// `every`, and after failures twice as long for each: 5, 10, 20, 40, 60 minutes.
    fn pause(&self, every: Age) -> Age {
        let Some(doublings) = self.failures.checked_sub(1) else { return every };
        let grown = every.max(FIRST_PAUSE).times(1 << doublings.min(30));
        grown.min(LONGEST_PAUSE.max(every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T: Timestamp = Timestamp::from_millis(1_795_248_000_000);
    const EVERY: Age = Age::from_minutes(5);

    #[test]
    fn errors_lengthen_the_pause_from_five_minutes_to_an_hour_and_success_resets_it() {
        let mut state = State::default();
        for minutes in [5, 10, 20, 40, 60, 60, 60] {
            state = state.after_failure(T);
            assert_eq!(state.next_due(EVERY), Some(T.plus(Age::from_minutes(minutes))));
        }
        assert_eq!(State::swept_at(T).next_due(EVERY), Some(T.plus(EVERY)));
    }

    #[test]
    fn an_interval_longer_than_the_longest_pause_is_not_shortened_by_errors() {
        let day = Age::from_hours(24);
        assert_eq!(State::default().after_failure(T).next_due(day), Some(T.plus(day)));
    }

    #[test]
    fn a_stamp_from_the_future_is_ignored() {
        let state = State::swept_at(T.plus(Age::from_hours(9_999)));
        assert!(state.is_due(T, EVERY));
    }

    proptest! {
        #[test]
        fn i8_no_state_and_no_time_makes_it_panic(last in any::<Option<i64>>(), failures in any::<u32>(), now in any::<i64>(), every in 1..=Age::MAX.as_millis()) {
            let state = State { last_sweep: last, failures };
            let every = Age::from_millis(every).unwrap();
            let due = state.is_due(Timestamp::from_millis(now), every);
            prop_assert!(last.is_some() || due);
        }
    }
}
