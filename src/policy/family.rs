//! Rows that live and die together: the occurrences of one key, and a cron run with its descendants.
//!
//! Of a key that stands twice JavaScript sees the last, so that one is judged and the others share its fate. A family
//! goes only when every member has expired. The newest runs of a job may be kept however old they are.

use foldhash::{HashSet, HashSetExt};

use super::{Decision, KeepReason, Rule, candidate::Candidate, standing::Standing};

/// Judges candidates, which are ordered by family and name. `time_of` tells a row's time by its order.
pub(super) fn judge(sorted: &mut [Candidate], keep_last: u32, time_of: impl Fn(u32) -> i64) {
    for name in sorted.chunk_by_mut(|a, b| a.name == b.name && a.family == b.family) {
        name.last_mut().into_iter().for_each(|last| last.is_last = true);
    }
    let newest = newest_runs(sorted, keep_last, time_of);
    for family in sorted.chunk_by_mut(|a, b| a.family == b.family) {
        let is_newest = family.first().is_some_and(|row| newest.contains(&row.family));
        for row in &mut *family {
            row.is_newest = is_newest;
        }
        let shared = shared_reason(family);
        family.chunk_by_mut(|a, b| a.name == b.name).for_each(|name| judge_name(name, shared));
    }
}

/// Judges the occurrences of one key: all as the last of them.
fn judge_name(name: &mut [Candidate], shared: Option<KeepReason>) {
    let Some(last) = name.last() else { return };
    let decision = match (last.standing, shared) {
        (Standing::Protected(reason), _) | (Standing::Expired, Some(reason)) => Decision::Keep(reason),
        (Standing::Alive, _) if last.rule == Rule::MaxEntries => Decision::Keep(KeepReason::WithinCap),
        (Standing::Alive, _) => Decision::Keep(KeepReason::NotExpired),
        (Standing::Expired, None) => Decision::Prune(last.rule),
    };
    for row in name {
        row.decision = decision;
    }
}

/// What keeps even the expired members of this family.
fn shared_reason(family: &[Candidate]) -> Option<KeepReason> {
    if family.iter().any(|row| row.is_newest) {
        return Some(KeepReason::KeepLast);
    }
    members(family).any(|row| row.standing != Standing::Expired).then_some(KeepReason::Family)
}

/// The rows of a family that JavaScript sees: the last occurrence of each key.
pub(super) fn members(family: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    family.iter().filter(|row| row.is_last)
}

/// The families of the newest `keep_last` runs of every job; of runs of one time the one that stands later is newer.
///
/// Only runs that time alone decides about are counted: one that something else protects stays anyway, and must not
/// push another out.
fn newest_runs(sorted: &[Candidate], keep_last: u32, time_of: impl Fn(u32) -> i64) -> HashSet<u64> {
    let mut newest = HashSet::new();
    if keep_last == 0 {
        return newest;
    }
    let mut runs: Vec<Run> =
        sorted.chunk_by(|a, b| a.family == b.family).filter_map(|family| run(family, &time_of)).collect();
    runs.sort_unstable_by(|a, b| b.cmp(a));
    for job in runs.chunk_by(|a, b| a.job == b.job) {
        newest.extend(job.iter().take(keep_last as usize).map(|run| run.family));
    }
    newest
}

/// A run of a job, compared by its job, then its time, then where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    job: u32,
    time: i64,
    order: u32,
    family: u64,
}

fn run(family: &[Candidate], time_of: impl Fn(u32) -> i64) -> Option<Run> {
    let first = family.first().filter(|row| row.job != 0)?;
    if members(family).any(|row| matches!(row.standing, Standing::Protected(_))) {
        return None;
    }
    Some(Run {
        job: first.job,
        time: members(family).map(|row| time_of(row.order)).max()?,
        order: members(family).map(|row| row.order).max()?,
        family: first.family,
    })
}
