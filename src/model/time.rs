//! Points in time, as the stores keep them: milliseconds since 1970.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Age;

/// A point in time in milliseconds since 1970-01-01T00:00:00Z. All arithmetic saturates.
///
/// ```
/// use session_reaper::Timestamp;
/// let t: Timestamp = "2026-11-21T08:00:00.250Z".parse()?;
/// assert_eq!(t.as_millis(), 1_795_248_000_250);
/// assert_eq!("1795248000250".parse::<Timestamp>()?, t);
/// assert_eq!(t.to_string(), "2026-11-21T08:00:00.250Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Below this a number in a store is no time in milliseconds: zero, or seconds written by mistake.
    pub const FIRST_PLAUSIBLE: Self = Self(1_000_000_000_000);
    /// The last moment that a JavaScript `Date` can hold; a number beyond it is no time.
    pub const LAST_PLAUSIBLE: Self = Self(8_640_000_000_000_000);

    /// The point in time so many milliseconds after 1970 (before it when negative).
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The point in time so many nanoseconds after 1970, as the times of files are counted.
    #[must_use]
    pub fn from_nanos(nanos: i128) -> Self {
        let millis = nanos.div_euclid(1_000_000);
        Self(i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `age` before this one, the earliest one there is when that would be before the beginning.
    #[must_use]
    pub const fn minus(self, age: Age) -> Self {
        Self(self.0.saturating_sub(age.as_millis()))
    }

    /// The moment `age` after this one.
    #[must_use]
    pub const fn plus(self, age: Age) -> Self {
        Self(self.0.saturating_add(age.as_millis()))
    }

    /// Milliseconds from `earlier` to this moment, negative when `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with milliseconds, in UTC; the bare number outside of its years, 0 to 9999.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0).filter(|date| (0..=9999).contains(&date.year()))
        {
            Some(date) => f.pad(&date.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => f.pad(&self.0.to_string()),
        }
    }
}

/// A text that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no time: give RFC 3339 such as 2026-11-21T08:00:00Z, or milliseconds since 1970")]
pub struct TimeError {
    text: String,
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(millis) = text.parse::<i64>() {
            return Ok(Self(millis));
        }
        DateTime::parse_from_rfc3339(text)
            .map(|date| Self(date.timestamp_millis()))
            .map_err(|_| TimeError { text: text.to_owned() })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_impossible_date_is_refused_with_both_accepted_forms() {
        let message = "yesterday".parse::<Timestamp>().unwrap_err().to_string();
        assert!(
            message.contains("\"yesterday\"") && message.contains("RFC 3339") && message.contains("1970")
        );
        assert!("2026-02-30T00:00:00Z".parse::<Timestamp>().is_err());
        assert!("".parse::<Timestamp>().is_err());
    }

    #[test]
    fn times_outside_of_the_calendar_are_numbers_and_read_back() {
        for millis in [-62_167_219_200_001, 253_402_300_800_000, i64::MIN, i64::MAX] {
            let time = Timestamp(millis);
            assert_eq!(time.to_string(), millis.to_string());
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        assert_eq!(Timestamp(253_402_300_799_999).to_string(), "9999-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn i8_arithmetic_saturates_everywhere(at in any::<i64>(), age in 1..=i64::MAX) {
            let age = Age::from_millis(age).unwrap_or(Age::MAX);
            prop_assert!(Timestamp(at).minus(age) <= Timestamp(at));
            prop_assert!(Timestamp(at).plus(age) >= Timestamp(at));
            prop_assert!(Timestamp(i64::MIN).minus(age) == Timestamp(i64::MIN));
        }

        #[test]
        fn what_is_shown_can_be_read_back(at in any::<i64>()) {
            prop_assert_eq!(Timestamp(at).to_string().parse::<Timestamp>().unwrap(), Timestamp(at));
        }
    }
}
