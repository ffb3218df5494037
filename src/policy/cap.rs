//! The cap: of the rows that it may take, only the newest stay.
//!
//! Rows that something protects do not count, so that they never push others out. Whole families go, oldest first.

use super::{
    Decision, KeepReason, Rule,
    docket::Docket,
    kin::{Kin, families, members},
    state::State,
    times::Times,
};

/// How old a family is, and how many rows it has.
#[derive(Debug, Clone, Copy)]
struct Unit {
    /// Of two the older one is greater, and of one time the one that stands first. No two are the same.
    age: u128,
    rows: u64,
}

/// Ages have so many bits: 64 of a time, 32 of an order.
const BITS: u32 = 96;

/// So many of them are looked at in one go.
const DIGIT: u32 = 16;

/// Condemns the oldest families until at most `max` rows that the cap may take are left. The rows are sorted and judged.
pub(super) fn apply(sorted: &[Kin], docket: &mut Docket, max: u64, times: &Times) {
    let units = || families(sorted).filter_map(|family| unit(family, docket, times));
    let rows: u64 = units().map(|unit| unit.rows).sum();
    let Some(excess) = rows.checked_sub(max).filter(|excess| *excess > 0) else { return };
    let from = age_of_the_oldest(excess, units);
    for family in families(sorted) {
        if unit(family, docket, times).is_some_and(|unit| unit.age >= from) {
            for row in family {
                docket.change(row.order(), |state| state.decision = Decision::Prune(Rule::MaxEntries));
            }
        }
    }
}

/// The age from which on families have `excess` rows, or as few more as there can be. Found digit by digit, counting the rows
/// under each value of it: a list of all families to sort would be larger than all that is known of their rows.
fn age_of_the_oldest<I: Iterator<Item = Unit>>(mut excess: u64, units: impl Fn() -> I) -> u128 {
    let mut above = 0;
    for shift in (0..BITS).step_by(DIGIT as usize).rev() {
        let mut rows = vec![0; 1 << DIGIT];
        for unit in units().filter(|unit| unit.age >> shift >> DIGIT == above) {
            let digit = usize::try_from((unit.age >> shift) & ((1 << DIGIT) - 1));
            if let Some(rows) = digit.ok().and_then(|digit| rows.get_mut(digit)) {
                *rows += unit.rows;
            }
        }
        let digit = take_from_the_top(&rows, &mut excess);
        above = above << DIGIT | digit;
    }
    above
}

/// The highest index from which on there are `excess` rows, which is less those behind it then.
fn take_from_the_top(rows: &[u64], excess: &mut u64) -> u128 {
    let reaches = |rows: &u64| {
        let is_enough = *rows >= *excess;
        *excess -= if is_enough { 0 } else { *rows };
        is_enough
    };
    rows.iter().rposition(reaches).unwrap_or(0) as u128
}

/// A family counts when each of its rows is merely not expired; one protected row, and the cap passes it by.
fn unit(family: &[Kin], docket: &Docket, times: &Times) -> Option<Unit> {
    if !members(family).all(|order| may_take(&docket.of(order))) {
        return None;
    }
    let ago = members(family).map(|order| times.ago(order)).min()?;
    let order = members(family).min()?;
    let age = u128::from(ago) << u32::BITS | u128::from(!order);
    Some(Unit { age, rows: members(family).count() as u64 })
}

/// A kind that has a retention of its own may still be one that the cap must leave alone.
const fn may_take(row: &State) -> bool {
    let counts = match row.rule {
        Some(Rule::Retention(kind)) => kind.counts_for_cap(),
        Some(Rule::MaxEntries) => true,
        None => false,
    };
    let is_free = matches!(
        row.decision,
        Decision::Keep(KeepReason::NotExpired | KeepReason::WithinCap | KeepReason::Family)
    );
    counts && is_free && !row.is_newest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same with a list that is sorted.
    fn by_sorting(excess: u64, mut units: Vec<Unit>) -> u128 {
        units.sort_by_key(|unit| std::cmp::Reverse(unit.age));
        let mut taken = 0;
        let enough = |unit: &&Unit| {
            taken += unit.rows;
            taken >= excess
        };
        units.iter().find(enough).unwrap().age
    }

    proptest! {
        #[test]
        fn the_oldest_are_those_that_sorting_finds(units in prop::collection::btree_map((0..4_u32, any::<u64>(), any::<u32>()), 1..9_u64, 1..60), share in 0..100_u64) {
            let times = [0, 24, 48, 63];
            let age = |(shift, ago, order): (u32, u64, u32)| u128::from(ago >> times[shift as usize]) << 32 | u128::from(order);
            let units: std::collections::BTreeMap<_, _> = units.into_iter().map(|(unit, rows)| (age(unit), rows)).collect();
            let units: Vec<_> = units.into_iter().map(|(age, rows)| Unit { age, rows }).collect();
            let rows: u64 = units.iter().map(|unit| unit.rows).sum();
            let excess = 1 + share * (rows - 1) / 100;
            prop_assert_eq!(age_of_the_oldest(excess, || units.iter().copied()), by_sorting(excess, units.clone()));
        }
    }
}
