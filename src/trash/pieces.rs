//! Runs of rows that went, in two bytes for most of them: of a large store every other row may go.

use std::iter;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::Packed;

/// For each run of removed rows: how many that stayed stand between it and the one before, and its length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces {
    /// All but the last one.
    packed: Packed,
    /// The last one, which may become longer.
    last: Option<(u64, u64)>,
}

impl Pieces {
    pub(super) fn push(&mut self, piece: (u64, u64)) {
        if let Some((between, rows)) = self.last.replace(piece) {
            self.packed.push(between);
            self.packed.push(rows);
        }
    }

    /// The last run, to make it longer.
    pub(super) const fn last_mut(&mut self) -> Option<&mut (u64, u64)> {
        self.last.as_mut()
    }

    /// The last run.
    #[must_use]
    pub const fn last(&self) -> Option<(u64, u64)> {
        self.last
    }

    /// The runs in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut numbers = self.packed.iter();
        iter::from_fn(move || numbers.next().zip(numbers.next())).chain(self.last)
    }
}

impl FromIterator<(u64, u64)> for Pieces {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(pieces: I) -> Self {
        let mut all = Self::default();
        pieces.into_iter().for_each(|piece| all.push(piece));
        all
    }
}

impl Serialize for Pieces {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Pieces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<(u64, u64)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_written_as_pairs_and_read_again() {
        for pairs in [vec![], vec![(1, 1)], vec![(0, 300), (u64::MAX, 2), (5, 1)]] {
            let pieces: Pieces = pairs.iter().copied().collect();
            assert_eq!(
                (pieces.iter().collect::<Vec<_>>(), pieces.last()),
                (pairs.clone(), pairs.last().copied())
            );
            let text = serde_json::to_string(&pieces).unwrap();
            assert_eq!(text, serde_json::to_string(&pairs).unwrap());
            assert_eq!(serde_json::from_str::<Pieces>(&text).unwrap(), pieces);
        }
    }
}
