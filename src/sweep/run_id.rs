//! The name of a run: a sweep that changed something.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    process,
};

use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// The name of a run, in the order of time and unlike any other: `20261121T080000250Z-1f2e3d4c`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// A new name for a run at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let time: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let chance = RandomState::new().hash_one(process::id());
        Self(format!("{time}-{:08x}", chance & 0xffff_ffff))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_differ() {
        let t = Timestamp::from_millis(1_795_248_000_250);
        assert!(RunId::new(t).to_string().starts_with("20261121T080000250Z-"));
        assert_ne!(RunId::new(t), RunId::new(t));
    }
}
