//! What is remembered from tick to tick: when the next sweep is due, which policy was in force, what the clock said.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Hint;
use crate::{
    model::{Age, Timestamp},
    policy::Policy,
};

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
    /// What the clock said at the last sweep that went through; no sweep that was refused may vouch for it.
    clock: Option<i64>,
    /// The policy of the last sweep that went through, in the words of whichever version wrote it.
    policy: Option<Value>,
    /// A tighter policy that was refused, and since when.
    cooling: Option<Cooling>,
    /// What the last full read proved. That of another version is none, and takes nothing else with it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "understood")]
    hint: Option<Hint>,
}

fn understood<'de, D: Deserializer<'de>>(hint: D) -> Result<Option<Hint>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(hint)?).ok())
}

/// When the last sweep was, failed or not, and how many failed since the last good one: enough to tell when the next is
/// due, and for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LastSweep {
    #[serde(rename = "lastSweep")]
    at: Option<i64>,
    failures: u32,
}

impl LastSweep {
    /// When the next sweep is due; `None` when none ever was, so that the first is due at once.
    #[must_use]
    pub fn next_due(self, every: Age) -> Option<Timestamp> {
        self.at.map(|last| Timestamp::from_millis(last).plus(self.pause(every)))
    }

    /// Until when there is nothing to do at `now`; `None` when a sweep is due. A stamp from the future is ignored, not
    /// waited for.
    #[must_use]
    pub fn rests_until(self, now: Timestamp, every: Age) -> Option<Timestamp> {
        self.at.filter(|last| *last <= now.as_millis())?;
        self.next_due(every).filter(|due| now < *due)
    }

    /// `every`, and after failures twice as long for each: 5, 10, 20, 40, 60 minutes.
    fn pause(self, every: Age) -> Age {
        let Some(doublings) = self.failures.checked_sub(1) else { return every };
        let grown = every.max(FIRST_PAUSE).times(1 << doublings.min(30));
        grown.min(LONGEST_PAUSE.max(every))
    }
}

/// A policy that waits until it may be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cooling {
    digest: String,
    since: i64,
}

impl State {
    /// The state after a sweep at `now` that went well.
    #[must_use]
    pub const fn swept_at(now: Timestamp) -> Self {
        Self {
            last_sweep: Some(now.as_millis()),
            failures: 0,
            clock: None,
            policy: None,
            cooling: None,
            hint: None,
        }
    }

    /// The state after a sweep at `now` that failed.
    #[must_use]
    pub fn after_failure(&self, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        Self { last_sweep: Some(now.as_millis()), failures, hint: None, ..self.clone() }
    }

    /// The same, with the policy that went through.
    #[must_use]
    pub fn with_policy(self, policy: &Policy) -> Self {
        Self { policy: serde_json::to_value(policy).ok(), cooling: None, ..self }
    }

    /// The same, with what another state knows of policies.
    #[must_use]
    pub fn with_policy_of(self, other: &Self) -> Self {
        Self { policy: other.policy.clone(), cooling: other.cooling.clone(), ..self }
    }

    /// The same, with what a clock said that was believed.
    #[must_use]
    pub fn with_clock(self, clock: Option<Timestamp>) -> Self {
        Self { clock: clock.map(Timestamp::as_millis), ..self }
    }

    /// The same, with what a full read proved.
    #[must_use]
    pub fn with_hint(self, hint: Option<Hint>) -> Self {
        Self { hint, ..self }
    }

    /// What the last full read proved.
    #[must_use]
    pub const fn hint(&self) -> Option<&Hint> {
        self.hint.as_ref()
    }

    /// The state after a sweep at `now` that was refused because its policy, which has this digest, takes more than the
    /// last one. That is no failure.
    #[must_use]
    pub fn after_cooling(&self, now: Timestamp, digest: &str) -> Self {
        let since = self.cooling_since(now, digest).unwrap_or(now).as_millis();
        let cooling = Some(Cooling { digest: digest.to_owned(), since });
        Self { last_sweep: Some(now.as_millis()), failures: 0, cooling, hint: None, ..self.clone() }
    }

    /// Since when a policy with this digest waits, where it does. A stamp from the future is none.
    #[must_use]
    pub fn cooling_since(&self, now: Timestamp, digest: &str) -> Option<Timestamp> {
        let cooling = self.cooling.as_ref().filter(|cooling| cooling.digest == digest)?;
        Some(Timestamp::from_millis(cooling.since)).filter(|since| *since <= now)
    }

    /// The policy of the last sweep that went through, if it can be understood.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        serde_json::from_value(self.policy.clone()?).ok()
    }

    /// What the clock said at the last sweep that went through.
    #[must_use]
    pub fn clock(&self) -> Option<Timestamp> {
        self.clock.map(Timestamp::from_millis)
    }

    /// When the last sweep was, failed or not.
    #[must_use]
    pub fn last_sweep(&self) -> Option<Timestamp> {
        self.last_sweep.map(Timestamp::from_millis)
    }

    /// Whether a stricter policy was refused and waits.
    #[must_use]
    pub const fn is_cooling(&self) -> bool {
        self.cooling.is_some()
    }

    /// How many sweeps failed since the last good one.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// What of it tells when the next sweep is due.
    #[must_use]
    pub const fn last(&self) -> LastSweep {
        LastSweep { at: self.last_sweep, failures: self.failures }
    }

    /// When the next sweep is due; `None` when none ever was, so that the first is due at once.
    #[must_use]
    pub fn next_due(&self, every: Age) -> Option<Timestamp> {
        self.last().next_due(every)
    }

    /// Whether a sweep is due at `now`. A stamp from the future is ignored, not waited for.
    #[must_use]
    pub fn is_due(&self, now: Timestamp, every: Age) -> bool {
        self.last().rests_until(now, every).is_none()
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

    #[test]
    fn what_is_due_can_be_told_without_understanding_the_rest() {
        let state = State::swept_at(T).after_failure(T).with_policy(&Policy::default());
        let text = serde_json::to_string(&state).unwrap();
        for text in [text.clone(), text.replace("policy", "what"), text.replace("keepLast", "{")] {
            assert_eq!(serde_json::from_str::<LastSweep>(&text).unwrap(), state.last(), "{text}");
        }
        assert_eq!(serde_json::from_str::<LastSweep>("{}").unwrap().rests_until(T, EVERY), None);
    }

    #[test]
    fn a_state_of_an_older_version_still_reads() {
        let state: State = serde_json::from_str(r#"{"lastSweep":1795248000000,"failures":0}"#).unwrap();
        assert_eq!(state, State::swept_at(T));
        assert_eq!((state.policy(), state.clock(), state.cooling_since(T, "x")), (None, None, None));
    }

    #[test]
    fn a_strange_hint_is_none_and_all_else_is_kept() {
        let state = State::swept_at(T).with_clock(Some(T)).with_policy(&Policy::default());
        let text = serde_json::to_string(&state).unwrap();
        for hint in
            ["{\"x\":1}", "7", "null", "{\"policy\":\"d\",\"mark\":{},\"until\":1,\"read\":2,\"changes\":0}"]
        {
            let strange = text.replacen('{', &format!("{{\"hint\":{hint},"), 1);
            assert_eq!(serde_json::from_str::<State>(&strange).unwrap(), state, "{hint}");
        }
    }

    #[test]
    fn a_policy_is_remembered_and_one_of_another_version_is_none() {
        let policy = Policy::default().with_keep("a*".parse().unwrap());
        let text = serde_json::to_string(&State::swept_at(T).with_policy(&policy)).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap().policy(), Some(policy));
        let strange = text.replace("keepLast", "keepMost");
        let state = serde_json::from_str::<State>(&strange).unwrap();
        assert_eq!((state.policy(), state.next_due(EVERY)), (None, Some(T.plus(EVERY))));
    }

    #[test]
    fn a_policy_cools_from_its_first_refusal_and_another_one_begins_anew() {
        let first = State::swept_at(T).after_failure(T).after_cooling(T, "x");
        let second = first.after_cooling(T.plus(EVERY), "x");
        assert_eq!(first.next_due(EVERY), Some(T.plus(EVERY)), "it is no failure");
        assert_eq!(second.cooling_since(T.plus(EVERY), "x"), Some(T));
        assert_eq!(second.cooling_since(T.plus(EVERY), "y"), None);
        assert_eq!(second.after_cooling(T.plus(EVERY), "y").cooling_since(T.plus(EVERY), "x"), None);
        assert_eq!(first.cooling_since(T.minus(EVERY), "x"), None, "a stamp from the future is none");
        assert_eq!(first.with_policy(&Policy::default()).cooling_since(T, "x"), None);
    }

    #[test]
    fn what_a_refused_sweep_took_for_the_time_is_no_evidence() {
        let good = State::swept_at(T).with_clock(Some(T));
        let refused = good.after_failure(T.plus(Age::from_hours(99_999)));
        assert_eq!(refused.clock(), Some(T));
    }

    proptest! {
        #[test]
        fn i8_no_state_and_no_time_makes_it_panic(last in any::<Option<i64>>(), failures in any::<u32>(), now in any::<i64>(), every in 1..=Age::MAX.as_millis()) {
            let state = State { last_sweep: last, failures, ..State::default() };
            let every = Age::from_millis(every).unwrap();
            let due = state.is_due(Timestamp::from_millis(now), every);
            prop_assert!(last.is_some() || due);
        }
    }
}
