//! The name of a run: something that changed a store.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    process,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::Timestamp;

/// The last time that has four digits for its year: 9999-12-31T23:59:59.999Z. Who judges rows at a later one still makes a
/// run whose name can be read.
const LAST: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// The name of a run, in the order of time and unlike any other: `20261121T080000250Z-1f2e3d4c`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

/// A text that is no name of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no run: `session-reaper history` lists them, such as 20261121T080000250Z-1f2e3d4c")]
pub struct BadRunId(String);

impl RunId {
    /// A new name for a run at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let now = now.clamp(Timestamp::from_millis(0), LAST);
        let time: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let chance = RandomState::new().hash_one(process::id());
        Self(format!("{time}-{:08x}", chance & 0xffff_ffff))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The time that the run was told, where its name has one.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        let time = self.0.split('-').next()?;
        let part = |from: usize, to: usize| time.get(from..to);
        let (date, clock) = (part(0, 8)?, part(9, 18)?);
        if time.len() != 19 || part(8, 9)? != "T" || part(18, 19)? != "Z" {
            return None;
        }
        let [year, month, day] = [date.get(0..4)?, date.get(4..6)?, date.get(6..8)?];
        let [hour, minute, second, millis] =
            [clock.get(0..2)?, clock.get(2..4)?, clock.get(4..6)?, clock.get(6..9)?];
        format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{millis}Z").parse().ok()
    }

    /// Whether somebody means this run: its name, or enough of its beginning or its end.
    #[must_use]
    pub fn is_meant_by(&self, text: &str) -> bool {
        const ENOUGH: usize = 4;
        self.0 == text || text.len() >= ENOUGH && (self.0.starts_with(text) || self.0.ends_with(text))
    }
}

impl FromStr for RunId {
    type Err = BadRunId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let run = Self(text.to_owned());
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let is_chance = |chance: &str| chance.len() == 8 && chance.chars().all(is_hex);
        let is_good = run.time().is_some() && text.split_once('-').is_some_and(|(_, rest)| is_chance(rest));
        if is_good { Ok(run) } else { Err(BadRunId(run.0)) }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_differ() {
        let t = Timestamp::from_millis(1_795_248_000_250);
        let run = RunId::new(t);
        assert!(run.to_string().starts_with("20261121T080000250Z-"));
        assert_ne!(RunId::new(t), RunId::new(t));
        assert_eq!(run.time(), Some(t));
        assert_eq!(run.to_string().parse(), Ok(run));
    }

    #[test]
    fn a_name_that_could_leave_its_folder_is_none() {
        for text in ["", "..", "a/b", "a.b", "a b", "\0", "x", "20261121T080000250Z", "20261121T080000250Z-"]
        {
            assert!(text.parse::<RunId>().is_err(), "{text:?}");
        }
        for text in
            ["20261121T080000250Z-1f2e3d4", "20261121T080000250Z-1f2e3d4g", "20261321T080000250Z-1f2e3d4c"]
        {
            assert!(text.parse::<RunId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn every_time_makes_a_name_that_can_be_read() {
        for millis in [i64::MIN, -1, 0, LAST.as_millis(), LAST.as_millis() + 1, i64::MAX] {
            let run = RunId::new(Timestamp::from_millis(millis));
            assert_eq!(run.to_string().parse(), Ok(run));
        }
    }

    #[test]
    fn a_beginning_or_an_end_is_enough() {
        let run: RunId = "20261121T080000250Z-1f2e3d4c".parse().unwrap();
        assert!(run.is_meant_by("3d4c") && run.is_meant_by("20261121T08") && run.is_meant_by(run.as_str()));
        assert!(!run.is_meant_by("d4c") && !run.is_meant_by("2026112109"));
    }
}
