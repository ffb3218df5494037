//! Which crash images can be: what a disk with a volatile cache may hold between two flushes.

use std::collections::BTreeSet;

use crate::{blocks::Piece, disk::Entry};

/// What the world outside knew when the power went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Known {
    /// The last step that was acknowledged.
    pub(crate) ended: usize,
    /// The last step that was begun.
    pub(crate) begun: usize,
}

/// What was written between two flushes.
#[derive(Debug)]
pub(crate) struct Epoch<'a> {
    pub(crate) pieces: Vec<&'a Piece>,
    /// As of the moment right before the second flush: then as much as can be had been promised, and none of it flushed.
    pub(crate) known: Known,
}

/// Which pieces of an epoch reached the disk.
pub(crate) type Subset = Vec<bool>;

/// The epochs of a log, the one that no flush ended included. Those that say nothing new are left out.
pub(crate) fn epochs(entries: &[Entry]) -> Vec<Epoch<'_>> {
    let (mut epochs, mut pieces, mut known) = (Vec::<Epoch>::new(), Vec::new(), Known::default());
    for entry in entries.iter().chain([&Entry::Flush]) {
        match entry {
            Entry::Write(piece) => pieces.push(piece),
            Entry::Began(step) => known.begun = *step,
            Entry::Ended(step) => known.ended = *step,
            Entry::Flush if pieces.is_empty() && epochs.last().is_some_and(|last| last.known == known) => {}
            Entry::Flush => epochs.push(Epoch { pieces: std::mem::take(&mut pieces), known }),
        }
    }
    epochs
}

/// Numbers that look random and are the same in every run (splitmix64).
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Subsets of an epoch, no two the same: first none of it, which is the flush before; then beginnings, all but one, and
/// any. All of it is what the next epoch begins with, so that only the last one has it.
fn subsets(length: usize, is_last: bool, dice: &mut Dice) -> Vec<Subset> {
    let beginnings = (1..length).map(|upto| (0..length).map(|at| at < upto).collect());
    let but_one = (0..length).map(|left_out| (0..length).map(|at| at != left_out).collect());
    let mut pool: Vec<Subset> = beginnings.chain(but_one).collect();
    for _ in 0..pool.len().max(4) {
        let odds = 1 + dice.below(7);
        pool.push((0..length).map(|_| dice.below(8) < odds).collect());
    }
    if is_last {
        pool.push(vec![true; length]);
    }
    dice.shuffle(&mut pool);
    let mut seen = BTreeSet::new();
    let all = vec![true; length];
    let none = [vec![false; length]];
    let fresh = none.into_iter().chain(pool).filter(|subset| is_last || length == 0 || *subset != all);
    fresh.filter(|subset| seen.insert(subset.clone())).collect()
}

/// Deals `many` images over all epochs: each gets its first subset, then each its second, and so on.
pub(crate) fn deal(epochs: &[Epoch], many: usize, seed: u64) -> Vec<Vec<Subset>> {
    let mut dice = Dice(seed);
    let of = |(at, epoch): (usize, &Epoch)| subsets(epoch.pieces.len(), at + 1 == epochs.len(), &mut dice);
    let mut pools: Vec<_> = epochs.iter().enumerate().map(of).collect();
    let longest = pools.iter().map(Vec::len).max().unwrap_or(0);
    let count =
        |upto: usize, pools: &[Vec<Subset>]| -> usize { pools.iter().map(|pool| pool.len().min(upto)).sum() };
    let round = (0..longest).find(|round| count(*round, &pools) >= many).unwrap_or(longest);
    let mut surplus = count(round, &pools).saturating_sub(many);
    for pool in &mut pools {
        pool.truncate(round);
        // What the last round deals too much is taken back; never the first image of an epoch.
        if surplus > 0 && round > 1 && pool.len() == round {
            pool.pop();
            surplus -= 1;
        }
    }
    pools
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: u64) -> Entry {
        Entry::Write(Piece { offset, bytes: vec![1] })
    }

    #[test]
    fn an_epoch_knows_what_was_promised_before_its_second_flush() {
        let log = [
            Entry::Began(1),
            piece(1),
            piece(2),
            Entry::Flush,
            Entry::Flush,
            Entry::Ended(1),
            Entry::Flush,
            piece(3),
        ];
        let epochs = epochs(&log);
        let brief: Vec<_> =
            epochs.iter().map(|epoch| (epoch.pieces.len(), epoch.known.ended, epoch.known.begun)).collect();
        assert_eq!(brief, [(2, 0, 1), (0, 1, 1), (1, 1, 1)]);
    }

    #[test]
    fn subsets_begin_with_nothing_and_hold_each_loss_of_one() {
        for length in 0..9 {
            let subsets = subsets(length, false, &mut Dice(7));
            assert_eq!(subsets[0], vec![false; length]);
            let unique: BTreeSet<_> = subsets.iter().collect();
            assert_eq!(unique.len(), subsets.len());
            let lost_one = subsets.iter().filter(|subset| subset.iter().filter(|kept| !**kept).count() == 1);
            assert_eq!(lost_one.count(), length);
            assert_eq!(subsets.contains(&vec![true; length]), length == 0);
        }
        assert!(subsets(5, true, &mut Dice(7)).contains(&vec![true; 5]));
    }

    #[test]
    fn a_deal_is_fair_and_the_same_for_the_same_seed() {
        let log = [piece(1), Entry::Flush, piece(2), piece(3), piece(4), piece(5), Entry::Flush];
        let log: Vec<_> = log.into_iter().chain((0..40).map(piece)).collect();
        let epochs = epochs(&log);
        let dealt = deal(&epochs, 40, 1);
        assert_eq!(dealt, deal(&epochs, 40, 1));
        assert_ne!(dealt, deal(&epochs, 40, 2));
        assert_eq!(dealt.iter().map(Vec::len).sum::<usize>(), 40);
        assert!(dealt.iter().all(|subsets| !subsets.is_empty()), "{dealt:?}");
        assert_eq!(deal(&epochs, 3, 1).iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
    }
}
