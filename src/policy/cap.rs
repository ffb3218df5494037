//! The cap: of the rows that it may take, only the newest stay.
//!
//! Rows that something protects do not count, so that they never push others out. Whole families go, oldest first.

use super::{Decision, KeepReason, Rule, candidate::Candidate, family::members};

/// One family that the cap may take: its newest time, its members, and where it stands among the candidates.
struct Unit {
    newest: i64,
    order: u32,
    rows: u64,
    from: usize,
    to: usize,
}

/// Condemns the oldest families until at most `max` rows that the cap may take are left. Candidates are judged already
/// and ordered by family.
pub(super) fn apply(judged: &mut [Candidate], max: u64, time_of: impl Fn(u32) -> i64) {
    let mut units = units(judged, time_of);
    let mut left: u64 = units.iter().map(|unit| unit.rows).sum();
    units.sort_unstable_by_key(|unit| (unit.newest, unit.order));
    for unit in units {
        if left <= max {
            break;
        }
        left -= unit.rows;
        let family = judged.get_mut(unit.from..unit.to).unwrap_or_default();
        for row in family {
            row.decision = Decision::Prune(Rule::MaxEntries);
        }
    }
}

fn units(judged: &[Candidate], time_of: impl Fn(u32) -> i64) -> Vec<Unit> {
    let mut from = 0;
    let families = judged.chunk_by(|a, b| a.family == b.family);
    families
        .filter_map(|family| {
            let start = from;
            from += family.len();
            unit(family, start, &time_of)
        })
        .collect()
}

/// A family counts when each of its rows is merely not expired; one protected row, and the cap passes it by.
fn unit(family: &[Candidate], from: usize, time_of: impl Fn(u32) -> i64) -> Option<Unit> {
    let is_free = |row: &Candidate| match row.decision {
        Decision::Keep(reason) => {
            matches!(reason, KeepReason::NotExpired | KeepReason::WithinCap | KeepReason::Family)
        }
        Decision::Prune(_) => false,
    };
    if !members(family).all(|row| is_free(row) && may_take(row) && !row.is_newest) {
        return None;
    }
    Some(Unit {
        newest: members(family).map(|row| time_of(row.order)).max()?,
        order: members(family).map(|row| row.order).min()?,
        rows: members(family).count() as u64,
        from,
        to: from + family.len(),
    })
}

/// A kind that has a retention of its own may still be one that the cap must leave alone.
const fn may_take(row: &Candidate) -> bool {
    match row.rule {
        Rule::Retention(kind) => kind.counts_for_cap(),
        Rule::MaxEntries => true,
    }
}
