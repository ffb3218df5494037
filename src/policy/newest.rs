//! The newest runs of each job, which a policy may keep however old they are.

use std::{cmp::Reverse, collections::BinaryHeap, num::NonZeroU32};

use foldhash::{HashMap, HashSet};

use super::{
    docket::Docket,
    kin::{Kin, families, members},
    times::Times,
};

/// Which job each row is a run of.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    numbers: HashMap<Box<[u8]>, NonZeroU32>,
    of_rows: Vec<Option<NonZeroU32>>,
}

impl Jobs {
    /// Adds a row behind all the others. Jobs are few, and compare in any letter case.
    pub(super) fn push(&mut self, job: Option<&[u8]>) {
        let number = job.map(|job| self.number_of(job));
        self.of_rows.push(number);
    }

    fn number_of(&mut self, job: &[u8]) -> NonZeroU32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let next = NonZeroU32::MIN.saturating_add(next);
        *self.numbers.entry(job.to_ascii_lowercase().into()).or_insert(next)
    }

    fn of(&self, order: u32) -> Option<NonZeroU32> {
        usize::try_from(order).ok().and_then(|at| self.of_rows.get(at)).copied().flatten()
    }
}

/// A run of a job; of two the newer one is greater, and of one time the one that stands later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    ago: Reverse<u64>,
    order: u32,
    family: u64,
}

/// The families of the newest `keep_last` runs of every job.
///
/// Only runs that time alone decides about are counted: one that something else protects stays anyway, and must not
/// push another out.
pub(super) fn newest_runs(
    sorted: &[Kin],
    docket: &Docket,
    (jobs, times): (&Jobs, &Times),
    keep_last: u32,
) -> HashSet<u64> {
    let mut newest: HashMap<NonZeroU32, BinaryHeap<Reverse<Run>>> = HashMap::default();
    if keep_last == 0 {
        return HashSet::default();
    }
    for family in families(sorted).filter(|family| is_timed(family, docket)) {
        let Some((job, run)) = run(family, jobs, times) else { continue };
        let runs = newest.entry(job).or_default();
        runs.push(Reverse(run));
        if runs.len() > keep_last as usize {
            runs.pop();
        }
    }
    newest.into_values().flatten().map(|Reverse(run)| run.family).collect()
}

fn is_timed(family: &[Kin], docket: &Docket) -> bool {
    members(family).all(|order| !docket.of(order).is_protected())
}

fn run(family: &[Kin], jobs: &Jobs, times: &Times) -> Option<(NonZeroU32, Run)> {
    let first = family.first()?;
    let job = jobs.of(first.order())?;
    let ago = members(family).map(|order| times.ago(order)).min()?;
    Some((job, Run { ago: Reverse(ago), order: members(family).max()?, family: first.family() }))
}
