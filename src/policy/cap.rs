//! The cap: of the rows that it may take, only the newest stay.
//!
//! Rows that something protects do not count, so that they never push others out. Whole families go, oldest first.

use std::cmp::Reverse;

use super::{
    Decision, KeepReason, Rule,
    docket::Docket,
    kin::{Kin, families, members},
    state::State,
    times::Times,
};

/// One family that the cap may take: how new it is, and where it stands among the sorted rows.
struct Unit {
    ago: u64,
    order: u32,
    from: u32,
}

/// Condemns the oldest families until at most `max` rows that the cap may take are left. The rows are sorted and judged.
pub(super) fn apply(sorted: &[Kin], docket: &mut Docket, max: u64, times: &Times) {
    let (mut units, mut left) = units(sorted, docket, times);
    units.sort_unstable_by_key(|unit| (Reverse(unit.ago), unit.order));
    for unit in units {
        if left <= max {
            break;
        }
        let family = family_at(sorted, unit.from);
        left -= members(family).count() as u64;
        for row in family {
            docket.change(row.order(), |state| state.decision = Decision::Prune(Rule::MaxEntries));
        }
    }
}

/// The families that the cap may take, and how many rows they have.
fn units(sorted: &[Kin], docket: &Docket, times: &Times) -> (Vec<Unit>, u64) {
    let (mut units, mut rows, mut from) = (Vec::new(), 0, 0);
    for family in families(sorted) {
        if let Some(unit) = unit(family, from, docket, times) {
            units.push(unit);
            rows += members(family).count() as u64;
        }
        from += family.len();
    }
    (units, rows)
}

/// A family counts when each of its rows is merely not expired; one protected row, and the cap passes it by.
fn unit(family: &[Kin], from: usize, docket: &Docket, times: &Times) -> Option<Unit> {
    if !members(family).all(|order| may_take(&docket.of(order))) {
        return None;
    }
    Some(Unit {
        ago: members(family).map(|order| times.ago(order)).min()?,
        order: members(family).min()?,
        from: u32::try_from(from).ok()?,
    })
}

/// The family whose first row this is.
fn family_at(sorted: &[Kin], from: u32) -> &[Kin] {
    let rest = usize::try_from(from).ok().and_then(|from| sorted.get(from..)).unwrap_or_default();
    families(rest).next().unwrap_or_default()
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
