//! How old rows are, in groups that people think in.

use serde::{Serialize, Serializer};

use crate::{
    model::{Age, Timestamp},
    policy::Stamp,
};

/// The upper ends of the groups; the last two groups are rows that are older, and rows whose age nobody knows.
const ENDS: [(&str, Age); 4] = [
    ("1h", Age::from_hours(1)),
    ("24h", Age::from_hours(24)),
    ("7d", Age::from_hours(7 * 24)),
    ("30d", Age::from_hours(30 * 24)),
];

/// Rows of about one age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AgeGroup {
    /// How many rows.
    pub rows: u64,
    /// What they weigh, keys and values.
    pub bytes: u64,
}

/// All rows by age. A row exactly as old as the end of a group is in it; one from the future, or without a time that can be
/// believed, is of unknown age.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ages([AgeGroup; 6]);

impl Ages {
    /// The groups with their names, youngest first: `1h`, `24h`, `7d`, `30d`, `older`, `unknown`.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, AgeGroup)> {
        ENDS.iter().map(|(name, _)| *name).chain(["older", "unknown"]).zip(self.0)
    }

    pub(super) fn add(&mut self, stamp: Stamp, now: Timestamp, bytes: u64) {
        if let Some(group) = self.0.get_mut(group(stamp, now)) {
            group.rows += 1;
            group.bytes += bytes;
        }
    }
}

impl Serialize for Ages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.groups())
    }
}

/// The time of a stamp that can be believed.
pub(super) fn plausible(stamp: Stamp) -> Option<Timestamp> {
    match stamp {
        Stamp::At(at) => (Timestamp::FIRST_PLAUSIBLE..=Timestamp::LAST_PLAUSIBLE).contains(&at).then_some(at),
        _ => None,
    }
}

fn group(stamp: Stamp, now: Timestamp) -> usize {
    match plausible(stamp).filter(|at| *at <= now) {
        None => ENDS.len() + 1,
        Some(at) => ENDS.iter().position(|(_, end)| at >= now.minus(*end)).unwrap_or(ENDS.len()),
    }
}
