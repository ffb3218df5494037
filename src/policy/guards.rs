//! Guards: what a whole plan must not do without a second word. Pure: they look at numbers and times, and say why not.
//!
//! A guard never judges a row. It asks whether the judge can be believed: a policy, a clock or a store that is not what
//! it was may condemn each row by the book, and together far too many.

use std::{collections::BTreeMap, iter::Peekable};

use super::{Doomed, Place, Plan, Rule};
use crate::model::{Age, Timestamp};

/// Clocks of one machine, and those of file servers, may differ by this.
pub const SLACK: Age = Age::from_minutes(1);

/// A clock that is ahead of everything by more than this has jumped, or nobody has been at work here for long.
const FAR_AHEAD: Age = Age::from_hours(7 * 24);

/// Why a plan takes too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MassDelete {
    /// More than half of the durable rows go.
    MostOfTheDurable {
        /// How many of them go.
        pruned: u64,
        /// How many there are.
        of: u64,
    },
    /// No row would be left.
    Everything {
        /// How many there are.
        rows: u64,
    },
}

/// So many throw-away rows may leave an empty store behind without a question: a small store of cron runs that have all
/// expired is nothing out of the common.
const FEW: u64 = 20;

/// Whether a plan takes more than half of the durable rows (see [`crate::Kind::is_durable`]), or leaves no row where there
/// were more than a few.
#[must_use]
pub fn mass_delete<P: Place>(plan: &Plan<P>) -> Option<MassDelete> {
    let (pruned, of) = (plan.durable_pruned(), plan.durable());
    if pruned > of - pruned {
        return Some(MassDelete::MostOfTheDurable { pruned, of });
    }
    let rows = plan.pruned();
    (plan.kept() == 0 && rows > FEW).then_some(MassDelete::Everything { rows })
}

/// What is known about the time without asking a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The newest time in a row: see [`Plan::newest`].
    pub row: Option<Timestamp>,
    /// When the store was written last.
    pub written: Option<Timestamp>,
    /// What the clock said at the last sweep that went through.
    pub swept: Option<Timestamp>,
}

impl Evidence {
    /// The newest of it, and what says so.
    #[must_use]
    pub fn newest(&self) -> Option<(Timestamp, &'static str)> {
        let all = [
            (self.row, "the newest row is from"),
            (self.written, "the store was written at"),
            (self.swept, "the last sweep was at"),
        ];
        all.into_iter().filter_map(|(at, what)| at.map(|at| (at, what))).max_by_key(|(at, _)| *at)
    }
}

/// How a clock contradicts the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// It is behind what has happened already.
    Behind,
    /// It is far ahead of everything that has happened.
    Ahead,
}

/// Whether `now` contradicts the evidence: more than a minute behind the newest of it, or more than seven days ahead of
/// all of it. Without any evidence nothing is contradicted.
#[must_use]
pub fn clock(now: Timestamp, evidence: &Evidence) -> Option<Jump> {
    let (newest, _) = evidence.newest()?;
    if now < newest.minus(SLACK) {
        return Some(Jump::Behind);
    }
    (now > newest.plus(FAR_AHEAD)).then_some(Jump::Ahead)
}

/// The rows that `new` takes and `old` does not, of two plans for one store: how many by each rule, the occurrences of
/// one key counted once. Both are in the order of the store.
pub fn newly_taken<P: Ord>(
    new: impl IntoIterator<Item = Doomed<P>>,
    old: impl IntoIterator<Item = Doomed<P>>,
) -> BTreeMap<Rule, u64> {
    let (mut by_rule, mut old) = (BTreeMap::new(), Among::new(old));
    for doomed in new.into_iter().filter(|doomed| doomed.is_last) {
        if !old.has(&doomed.place) {
            *by_rule.entry(doomed.rule).or_default() += 1;
        }
    }
    by_rule
}

/// Rows in the order of their store, asked in that order whether other rows are among them.
pub(crate) struct Among<I: Iterator>(Peekable<I>);

impl<P: Ord, I: Iterator<Item = Doomed<P>>> Among<I> {
    pub(crate) fn new(doomed: impl IntoIterator<IntoIter = I>) -> Self {
        Self(doomed.into_iter().peekable())
    }

    pub(crate) fn has(&mut self, place: &P) -> bool {
        while self.0.next_if(|doomed| doomed.place < *place).is_some() {}
        self.0.peek().is_some_and(|doomed| doomed.place == *place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::Kind,
        policy::{Detail, Pins, Planner, Policy, Row, Stamp},
    };

    const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
    const WEEK: i64 = 7 * 86_400_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn later(millis: i64) -> Timestamp {
        at(NOW.as_millis() + millis)
    }

    /// A plan over rows of a kind that a rule takes (old) or spares (young), and cron runs likewise.
    fn plan(direct: (u32, u32), runs: (u32, u32)) -> Plan<usize> {
        let policy = Policy::default().with_rule(Kind::Direct, "1h".parse().unwrap()).unwrap();
        let mut planner = Planner::new(&policy, NOW, Detail::Counts);
        let mut see = |key: String, is_old: bool, place| {
            let stamp = Stamp::At(later(if is_old { -99 * 3_600_000 } else { 0 }));
            planner.see(&Row { key: key.as_bytes(), stamp, place });
        };
        for n in 0..direct.0 + direct.1 {
            see(format!("agent:main:telegram:direct:{n}"), n < direct.0, n as usize);
        }
        for n in 0..runs.0 + runs.1 {
            let key = format!("agent:main:cron:j:run:0f6a2b1c-1111-4222-8333-{n:012}");
            see(key, n < runs.0, 1_000 + n as usize);
        }
        planner.finish()
    }

    #[test]
    fn exactly_half_of_the_durable_rows_may_go_and_one_more_may_not() {
        let most = |pruned, of| Some(MassDelete::MostOfTheDurable { pruned, of });
        for (direct, runs, expected) in [
            ((5, 5), (0, 0), None),
            ((6, 4), (0, 0), most(6, 10)),
            ((5, 4), (0, 9), most(5, 9)),
            ((1, 1), (90, 0), None),
            ((0, 1), (90, 0), None),
            ((0, 0), (90, 1), None),
            ((0, 0), (21, 0), Some(MassDelete::Everything { rows: 21 })),
            ((0, 0), (20, 0), None),
            ((0, 0), (1, 0), None),
            ((1, 0), (0, 9), most(1, 1)),
            ((0, 0), (0, 0), None),
        ] {
            assert_eq!(mass_delete(&plan(direct, runs)), expected, "{direct:?} {runs:?}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_one_durable_row() {
        let policy = Policy::default().with_rule(Kind::Direct, "1h".parse().unwrap()).unwrap();
        let mut planner = Planner::new(&policy, NOW, Detail::Counts);
        let (main, direct) = ("agent:main:main", "agent:main:x:direct:1");
        for (place, key) in [main, direct, main, direct, main].into_iter().enumerate() {
            planner.see(&Row { key: key.as_bytes(), stamp: Stamp::At(at(1_700_000_000_000)), place });
        }
        let plan = planner.finish();
        assert_eq!((plan.durable(), plan.durable_pruned(), plan.scanned()), (2, 1, 2));
    }

    #[test]
    fn a_minute_behind_and_seven_days_ahead_pass_and_a_millisecond_more_does_not() {
        let evidence = Evidence { row: Some(NOW), ..Evidence::default() };
        for (millis, expected) in [
            (0, None),
            (-60_000, None),
            (-60_001, Some(Jump::Behind)),
            (WEEK, None),
            (WEEK + 1, Some(Jump::Ahead)),
        ] {
            assert_eq!(clock(later(millis), &evidence), expected, "{millis}");
        }
        assert_eq!(clock(at(0), &Evidence::default()), None);
    }

    #[test]
    fn any_evidence_at_all_speaks_for_a_clock_that_is_ahead() {
        let old = Some(later(-9 * WEEK));
        for evidence in [
            Evidence { row: Some(NOW), written: old, swept: old },
            Evidence { row: old, written: Some(NOW), swept: None },
            Evidence { row: None, written: old, swept: Some(NOW) },
        ] {
            assert_eq!(clock(later(WEEK), &evidence), None);
            assert_eq!(clock(later(WEEK + 1), &evidence), Some(Jump::Ahead));
            assert_eq!(clock(later(-60_001), &evidence), Some(Jump::Behind));
        }
    }

    #[test]
    fn a_row_from_after_the_stores_last_write_proves_nothing() {
        let policy = Policy::default();
        for (stamp, newest) in [(1, None), (0, Some(NOW)), (-5, Some(later(-5)))] {
            let mut planner = Planner::new(&policy, NOW, Detail::Counts).believing_until(NOW);
            planner.see(&Row { key: b"a", stamp: Stamp::At(later(stamp)), place: 0 });
            planner.see(&Row { key: b"b", stamp: Stamp::At(at(5)), place: 1 });
            planner.see(&Row { key: b"c", stamp: Stamp::Absent, place: 2 });
            assert_eq!(planner.finish().newest(), newest);
        }
    }

    fn doomed(places: &[usize]) -> Vec<Doomed<usize>> {
        let doomed =
            |place: &usize| Doomed { place: *place, order: 0, rule: Rule::MaxEntries, is_last: *place != 10 };
        places.iter().map(doomed).collect()
    }

    #[test]
    fn only_rows_that_the_old_plan_leaves_are_newly_taken() {
        let count = |new: &[usize], old: &[usize]| {
            newly_taken(doomed(new), doomed(old)).get(&Rule::MaxEntries).copied().unwrap_or(0)
        };
        assert_eq!(count(&[1, 2, 3], &[1, 3]), 1);
        assert_eq!(count(&[1, 3], &[1, 2, 3]), 0);
        assert_eq!(count(&[], &[1]), 0);
        assert_eq!(count(&[10, 11], &[]), 1, "of a key that stands twice only the last is counted");
    }

    proptest! {
        #[test]
        fn i8_no_time_makes_a_guard_panic_and_none_is_behind_and_ahead(now in any::<i64>(), row in any::<Option<i64>>(), written in any::<Option<i64>>(), swept in any::<Option<i64>>()) {
            let evidence = Evidence { row: row.map(at), written: written.map(at), swept: swept.map(at) };
            let newest = [row, written, swept].into_iter().flatten().max();
            let expected = newest.and_then(|newest| match i128::from(now) - i128::from(newest) {
                ahead if ahead > i128::from(WEEK) => Some(Jump::Ahead),
                ahead if ahead < -60_000 => Some(Jump::Behind),
                _ => None,
            });
            // At the very ends of time sums are cut off, and then nothing is said.
            let edge = newest.is_some_and(|newest| newest.checked_add(WEEK).is_none() || newest.checked_sub(60_000).is_none());
            if !edge { prop_assert_eq!(clock(at(now), &evidence), expected); }
        }

        #[test]
        fn a_plan_is_refused_exactly_when_more_than_half_of_the_durable_rows_go(old in 0..9_u32, young in 0..9_u32, runs in (0..40_u32, 0..3_u32)) {
            let plan = plan((old, young), runs);
            let refused = matches!(mass_delete(&plan), Some(MassDelete::MostOfTheDurable { .. }));
            prop_assert_eq!(refused, old > young);
            let emptied = old + runs.0 > 20 && young + runs.1 == 0;
            prop_assert!(!emptied || mass_delete(&plan).is_some());
        }
    }

    #[test]
    fn what_is_pinned_does_not_go_and_still_counts_as_durable() {
        let policy = Policy::default().with_rule(Kind::Direct, "1h".parse().unwrap()).unwrap();
        let pins: Pins = [(b"agent:main:x:direct:0".as_slice(), None)].into_iter().collect();
        let mut planner = Planner::new(&policy, NOW, Detail::Counts).with_pins(&pins);
        for place in 0..2_usize {
            let key = format!("agent:main:x:direct:{place}");
            planner.see(&Row { key: key.as_bytes(), stamp: Stamp::At(at(1_700_000_000_000)), place });
        }
        let plan = planner.finish();
        assert_eq!((plan.durable(), plan.durable_pruned()), (2, 1));
        assert_eq!(mass_delete(&plan), None);
    }
}
