//! Ticks that need not read a store: see [`crate::store::Hint`].
//!
//! Only ticks that go by the clock use what was proved, and only where nobody asks for rows or counts: a report in full is
//! made by a read in full. A clock that has gone back, or on by more than an hour, ends a hint, so that no guard of clocks
//! is passed by.

use super::{Outcome, StoreReport, Verb, engine::Job, guards::digest};
use crate::{
    model::Timestamp,
    policy::{Place, Plan},
    store::{Hint, Mark, State, Store},
};

/// What was found by a read that is to prove something.
pub(super) struct Looked {
    mark: Mark,
    next_expiry: Option<Timestamp>,
}

impl Looked {
    /// What a plan says of a store that had this mark before it was read, if nothing goes.
    pub(super) fn at<P: Place>(mark: Option<Mark>, plan: &Plan<P>) -> Option<Self> {
        let next_expiry = plan.next_expiry();
        mark.filter(|_| plan.pruned() == 0).map(|mark| Self { mark, next_expiry })
    }
}

impl<S: Store + 'static> Job<'_, S> {
    /// The answer where nothing can be due: then the store is not read, and its report has no counts.
    pub(super) fn nothing_can_be_due(&self) -> Option<StoreReport> {
        if !self.goes_by_the_clock() || self.options.force || self.options.items.is_some() {
            return None;
        }
        let hint = self.state().hint()?;
        let mark = self.store.mark()?;
        let policy = (self.policy, &*digest(self.policy));
        if !hint.holds(policy, &mark, self.now, self.options.every) {
            return None;
        }
        // The read was in time, and that is less than an hour ago.
        self.is_on_time.set(true);
        Some(StoreReport::idle(self.store.name(), Outcome::Throttled))
    }

    /// The mark of the store that is about to be read, where something may be proved by it.
    pub(super) fn mark_before(&self) -> Option<Mark> {
        self.goes_by_the_clock().then(|| self.store.mark()).flatten()
    }

    /// What is proved after a sweep that ended so, where the state before was this.
    pub(super) fn hint_after(&self, report: &StoreReport, before: &State) -> Option<Hint> {
        if report.outcome == Outcome::Throttled {
            return before.hint().cloned();
        }
        let looked = self.looked.take().filter(|_| self.is_on_time.get())?;
        // Whatever was written while it was read has left another mark.
        self.store.mark().filter(|mark| *mark == looked.mark)?;
        let hint = Hint::new(digest(self.policy), looked.mark, looked.next_expiry, self.now);
        Some(hint.following(before.hint()))
    }

    fn goes_by_the_clock(&self) -> bool {
        self.verb == Verb::Tick && !self.options.what_if && !self.options.allow_clock_jump
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::Key,
        policy::{Detail, Policy, Stamp},
        store::MemoryStore,
        sweep::{self, Options},
    };

    const T: Timestamp = Timestamp::from_millis(1_795_248_000_000);

    fn run(number: u32) -> Key {
        Key::from(format!("cron:j:run:00000000-0000-4000-8000-{number:012}").as_str())
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(T.as_millis() + minutes * 60_000)
    }

    fn tick(store: &MemoryStore, minutes: i64) -> Outcome {
        sweep::tick(store, &Policy::default(), at(minutes), &Options::default()).outcome
    }

    fn fresh() -> MemoryStore {
        MemoryStore::new([(run(1), Stamp::At(at(-60))), (run(2), Stamp::At(at(0)))])
    }

    #[test]
    fn what_has_not_changed_is_read_once_in_half_an_hour() {
        use Outcome::{Nothing, Throttled};
        let store = fresh();
        let outcomes: Vec<_> = (0..5).map(|time| tick(&store, time * 20)).collect();
        assert_eq!(outcomes, [Nothing, Throttled, Nothing, Throttled, Nothing]);
        let report = sweep::tick(&store, &Policy::default(), at(85), &Options::default());
        assert_eq!(report.next_due, Some(at(90)), "it is put off as by a sweep");
    }

    #[test]
    fn who_asks_for_counts_forces_it_or_chose_the_time_has_it_read() {
        for options in [
            Options { items: Some(Detail::Counts), ..Options::default() },
            Options { force: true, ..Options::default() },
            Options { what_if: true, ..Options::default() },
            Options { allow_clock_jump: true, ..Options::default() },
            Options { dry_run: true, ..Options::default() },
        ] {
            let store = fresh();
            assert_eq!(tick(&store, 0), Outcome::Nothing);
            let report = sweep::tick(&store, &Policy::default(), at(5), &options);
            assert_eq!((report.outcome, report.scanned), (Outcome::Nothing, 2), "{options:?}");
        }
        let store = fresh();
        assert_eq!(tick(&store, 0), Outcome::Nothing);
        let report = sweep::prune(&store, &Policy::default(), at(5), &Options::default());
        assert_eq!(report.outcome, Outcome::Nothing);
        assert_eq!(tick(&store, 10), Outcome::Nothing, "what a person did proves nothing");
    }

    #[test]
    fn expired_rows_that_come_at_once_go_at_the_next_tick() {
        let store = fresh();
        assert_eq!(tick(&store, 0), Outcome::Nothing);
        store.write(|rows| rows.push((run(3), Stamp::At(at(-2_000)))));
        assert_eq!(tick(&store, 5), Outcome::Swept);
    }

    #[test]
    fn expired_rows_put_into_a_store_that_is_believed_go_within_half_an_hour() {
        let store = fresh();
        for time in 0..4 {
            store.write(|rows| rows.push((run(10 + time), Stamp::At(at(i64::from(time) * 5)))));
            assert_eq!(tick(&store, i64::from(time) * 5), Outcome::Nothing);
        }
        store.write(|rows| rows.push((run(3), Stamp::At(at(-2_000)))));
        assert_eq!([20, 45].map(|time| tick(&store, time)), [Outcome::Throttled, Outcome::Swept]);
        store.write(|rows| rows.push((run(3), Stamp::At(at(-2_000)))));
        assert_eq!(tick(&store, 50), Outcome::Swept, "belief is earned anew");
    }

    #[test]
    fn a_policy_that_has_changed_has_it_read() {
        let store = fresh();
        assert_eq!(tick(&store, 0), Outcome::Nothing);
        let policy = Policy::default().with_keep("x*".parse().unwrap());
        assert_eq!(sweep::tick(&store, &policy, at(5), &Options::default()).outcome, Outcome::Nothing);
    }

    #[derive(Debug, Clone, Copy)]
    enum Change {
        None,
        Add(u32),
        Touch(usize),
    }

    fn changes() -> impl Strategy<Value = Change> {
        prop_oneof![
            Just(Change::None),
            (0..40_u32).prop_map(Change::Add),
            (0..40_usize).prop_map(Change::Touch)
        ]
    }

    fn apply(store: &MemoryStore, change: Change, now: Timestamp) {
        match change {
            Change::None => {}
            Change::Add(number) => store.write(|rows| {
                rows.retain(|(key, _)| *key != run(number));
                rows.push((run(number), Stamp::At(now)));
            }),
            Change::Touch(place) => store.write(|rows| {
                if let Some((_, stamp)) = rows.get_mut(place) {
                    *stamp = Stamp::At(now);
                }
            }),
        }
    }

    proptest! {
        #[test]
        fn i9_where_rows_only_get_younger_a_tick_with_a_hint_decides_as_one_without(
            ages in prop::collection::vec(-60..2_000_i64, 0..20),
            steps in prop::collection::vec((5..70_i64, changes()), 1..60),
            (keep_last, cap) in (0..3_u32, prop::option::of(1..8_u64)),
        ) {
            let rows = || (100..).zip(&ages).map(|(number, age)| (run(number), Stamp::At(at(-age))));
            let (hinted, read) = (MemoryStore::new(rows()), MemoryStore::new(rows()));
            let policy = Policy::default().with_keep_last(keep_last);
            let policy = match cap {
                None => policy,
                Some(rows) => policy.with_max_entries(rows).unwrap(),
            };
            let in_full = Options { items: Some(Detail::Counts), ..Options::default() };
            let mut time = 0;
            for (minutes, change) in steps {
                time += minutes;
                apply(&hinted, change, at(time));
                apply(&read, change, at(time));
                let ours = sweep::tick(&hinted, &policy, at(time), &Options::default());
                let theirs = sweep::tick(&read, &policy, at(time), &in_full);
                prop_assert_eq!(hinted.rows(), read.rows());
                prop_assert_eq!((ours.pruned, ours.next_due), (theirs.pruned, theirs.next_due));
                let is_hinted = ours.outcome == Outcome::Throttled && theirs.outcome == Outcome::Nothing;
                prop_assert!(is_hinted || ours.outcome == theirs.outcome, "{:?} {:?}", ours, theirs);
            }
        }
    }
}
