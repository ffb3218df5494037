//! When rows were updated, in five bytes each: for the judgements that compare rows by their age.

use std::collections::BTreeMap;

/// So many bits are in five bytes.
const NEAR: u32 = 40;

/// How many milliseconds ago each row was updated, by its order. Less is newer.
#[derive(Debug, Default)]
pub(super) struct Times {
    near: Vec<[u8; 5]>,
    /// Those that do not fit: from more than 34 years ago.
    far: BTreeMap<u32, u64>,
}

impl Times {
    /// Adds a row behind all the others, `order` of them.
    pub(super) fn push(&mut self, order: u32, ago: u64) {
        let [near @ .., _, _, _] = ago.to_le_bytes();
        self.near.push(near);
        if ago >> NEAR != 0 {
            self.far.insert(order, ago);
        }
    }

    pub(super) fn ago(&self, order: u32) -> u64 {
        let near = usize::try_from(order).ok().and_then(|at| self.near.get(at));
        let near = near.into_iter().flatten().rev().fold(0, |ago, byte| ago << 8 | u64::from(*byte));
        if self.far.is_empty() { near } else { self.far.get(&order).copied().unwrap_or(near) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_comes_back() {
        let all = [0, 1, 255, 256, (1 << 40) - 1, 1 << 40, u64::MAX, 7];
        let mut times = Times::default();
        (0..).zip(all).for_each(|(order, ago)| times.push(order, ago));
        let back: Vec<_> = (0..).map(|order| times.ago(order)).take(all.len()).collect();
        assert_eq!(back, all);
    }
}
