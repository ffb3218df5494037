//! Where rows stand in a file, in two bytes or three for most of them.

use std::iter;

use crate::{
    json::Span,
    model::Packed,
    policy::{Place, Places},
};

/// Where a row stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Spot {
    pub(super) start: u64,
    pub(super) end: u64,
    gap: u32,
}

impl Spot {
    pub(super) const fn of(span: Span) -> Self {
        Self { start: span.start, end: span.end, gap: span.gap }
    }

    /// The span again.
    pub(super) const fn span(self) -> Span {
        Span { start: self.start, end: self.end, gap: self.gap }
    }
}

impl Place for Spot {
    type List = Spots;
}

/// Spots, each as what it is more than the one before tells: a row begins where that one ends, behind a gap as wide as that
/// one's, so that its length is nearly always all there is to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spots {
    last: Spot,
    numbers: Packed,
}

impl Places<Spot> for Spots {
    fn push(&mut self, spot: Spot) {
        let is_odd = spot.start != self.last.end || spot.gap != self.last.gap;
        // No file is so long that this bit is lost.
        self.numbers.push(spot.end.wrapping_sub(spot.start) << 1 | u64::from(is_odd));
        if is_odd {
            self.numbers.push(spot.start.wrapping_sub(self.last.end));
            self.numbers.push(spot.gap.into());
        }
        self.last = spot;
    }

    fn iter(&self) -> impl Iterator<Item = Spot> {
        let (mut last, mut numbers) = (Spot::default(), self.numbers.iter());
        iter::from_fn(move || {
            last = next(last, &mut numbers)?;
            Some(last)
        })
    }
}

/// The spot that comes after this one.
fn next(last: Spot, numbers: &mut impl Iterator<Item = u64>) -> Option<Spot> {
    let number = numbers.next()?;
    let (mut start, mut gap) = (last.end, last.gap);
    if number & 1 == 1 {
        start = start.wrapping_add(numbers.next()?);
        gap = u32::try_from(numbers.next()?).unwrap_or(gap);
    }
    Some(Spot { start, end: start.wrapping_add(number >> 1), gap })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spots() -> impl Strategy<Value = Vec<Spot>> {
        let gap = prop_oneof![4 => Just(5_u32), 1 => any::<u32>()];
        let skip = prop_oneof![4 => Just(0_u64), 1 => 0..1_u64 << 40];
        let row = (skip, 2..1_u64 << 40, gap);
        prop::collection::vec(row, 0..40).prop_map(|rows| {
            let follow = |end: &mut u64, (skip, length, gap): (u64, u64, u32)| {
                let start = *end + skip;
                *end = start + length;
                Some(Spot { start, end: *end, gap })
            };
            rows.into_iter().scan(0, follow).collect()
        })
    }

    proptest! {
        #[test]
        fn every_spot_comes_back(spots in spots()) {
            let mut list = Spots::default();
            for spot in &spots {
                list.push(*spot);
            }
            prop_assert_eq!(list.iter().collect::<Vec<_>>(), spots);
        }
    }

    #[test]
    fn rows_of_an_even_text_cost_two_bytes_each() {
        let mut list = Spots::default();
        for row in 1..1_000 {
            list.push(Spot { start: row * 1_300, end: (row + 1) * 1_300, gap: 5 });
        }
        assert!(list.numbers.size() <= 2 * 1_000 + 3);
    }
}
