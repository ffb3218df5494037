//! How much time a call has for its stores, and whether it may begin the next one.

use std::time::{Duration, Instant};

use super::{Options, Outcome, StoreReport};

/// The time that a call has for all its stores. It ends between two stores, never within one.
///
/// However short it is, a call goes on until it has done something that the next one need not do again: otherwise a
/// store that is always busy, or throttled ones that take a moment to ask, would keep the others waiting for ever.
#[derive(Debug)]
pub struct Budget {
    begin: Instant,
    limit: Option<Duration>,
    has_progress: bool,
}

impl Budget {
    /// The time of a call that begins now. A dry run has no limit: it is asked what all would go.
    #[must_use]
    pub fn start(options: &Options) -> Self {
        let limit = options.max_time.filter(|_| !options.dry_run);
        Self { begin: Instant::now(), limit: limit.map(crate::Age::as_duration), has_progress: false }
    }

    /// Counts a store that had its turn. One whose next sweep was put off by it is left in peace by the next tick.
    pub fn count(&mut self, store: &StoreReport) {
        self.has_progress |= store.outcome != Outcome::Throttled && store.next_due.is_some();
    }

    /// Whether no further store is to be begun.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.has_progress && self.limit.is_some_and(|limit| self.begin.elapsed() >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Age, Timestamp};

    fn store(outcome: Outcome, next_due: Option<i64>) -> StoreReport {
        let next_due = next_due.map(Timestamp::from_millis);
        StoreReport { next_due, ..StoreReport::idle("x".to_owned(), outcome) }
    }

    fn after(options: &Options, stores: &[StoreReport]) -> bool {
        let mut budget = Budget::start(options);
        std::thread::sleep(Duration::from_millis(2));
        for store in stores {
            budget.count(store);
        }
        budget.is_spent()
    }

    #[test]
    fn it_ends_once_something_was_done_that_the_next_call_need_not_do() {
        let options = Options { max_time: Age::from_millis(1), ..Options::default() };
        for (outcome, next_due, ends) in [
            (Outcome::Swept, Some(7), true),
            (Outcome::Nothing, Some(7), true),
            (Outcome::Failed, Some(7), true),
            (Outcome::Throttled, Some(7), false),
            (Outcome::Busy, None, false),
            (Outcome::Swept, None, false),
            (Outcome::Disabled, None, false),
        ] {
            assert_eq!(after(&options, &[store(outcome, next_due)]), ends, "{outcome:?}");
            let more = [store(outcome, next_due), store(Outcome::Throttled, Some(7))];
            assert_eq!(after(&options, &more), ends, "{outcome:?} and one that is not due");
        }
        assert!(!after(&options, &[]), "the first store is always done");
    }

    #[test]
    fn without_a_limit_within_it_and_in_a_dry_run_it_never_ends() {
        let swept = [store(Outcome::Swept, Some(7))];
        let short = Options { max_time: Age::from_millis(1), ..Options::default() };
        assert!(after(&short, &swept));
        assert!(!after(&Options::default(), &swept));
        assert!(!after(&Options { max_time: Some(Age::from_hours(1)), ..Options::default() }, &swept));
        assert!(!after(&Options { dry_run: true, ..short }, &swept));
    }
}
