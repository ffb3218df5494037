//! Until when nothing can be due, so that a tick need not read a store to find nothing.
//!
//! A hint comes from a full read that found nothing to prune. While the store is the one that was read, it is a proof: the
//! next expiry is sound for every row of it. Once the store has changed, it holds only for rows that were added or became
//! younger, as a gateway's do, and nothing about a file tells a gateway's change from one made by hand. So a store has to
//! earn that belief: full reads in a row must each have found it changed and nothing due. Even then it is read again in
//! full after an interval, whatever the hint says; that late, and never lost, is a row with an old time that somebody has
//! put back by hand, or one whose live relative a gateway has taken away.

use serde::{Deserialize, Serialize};

use super::Mark;
use crate::{
    model::{Age, Retention, Timestamp},
    policy::Policy,
};

/// A store is read in full at least so often, for the sake of those who change it by hand.
const LONGEST: Age = Age::from_hours(1);

/// And at least so often within the shortest retention.
const PARTS: i64 = 4;

/// And at least at every so many-th tick that is due.
const TICKS: u32 = 6;

/// So many full reads in a row must have found a changed store with nothing due.
const CHANGES: u32 = 3;

/// What a full read proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The digest of the policy that the store was read by.
    policy: String,
    mark: Mark,
    /// The last moment at which nothing is due; `None` when nothing ever will be.
    until: Option<i64>,
    /// When the store was read.
    read: i64,
    /// How many full reads in a row, up to this one, found another store than the one before did.
    changes: u32,
}

impl Hint {
    /// What a read at `read` by a policy with this digest proved: nothing is due up to `until`.
    #[must_use]
    pub fn new(policy: String, mark: Mark, until: Option<Timestamp>, read: Timestamp) -> Self {
        Self { policy, mark, until: until.map(Timestamp::as_millis), read: read.as_millis(), changes: 0 }
    }

    /// When the store was read.
    #[must_use]
    pub const fn read_at(&self) -> Timestamp {
        Timestamp::from_millis(self.read)
    }

    /// The same, with what the read before proved.
    #[must_use]
    pub fn following(self, before: Option<&Self>) -> Self {
        let before = before.filter(|before| before.policy == self.policy);
        let changes =
            before.map_or(0, |before| before.changes.saturating_add(u32::from(before.mark != self.mark)));
        Self { changes, ..self }
    }

    /// Whether nothing can be due at `now` in a store that has this mark, by `policy` with this digest, where a tick is due
    /// `every` so often.
    #[must_use]
    pub fn holds(&self, (policy, digest): (&Policy, &str), mark: &Mark, now: Timestamp, every: Age) -> bool {
        let since = now.millis_since(Timestamp::from_millis(self.read));
        let longest = interval(policy, every);
        let is_recent = since >= 0 && longest.is_some_and(|longest| since < longest.as_millis());
        let is_early = self.until.is_none_or(|until| now.as_millis() <= until);
        let is_believed = || {
            self.changes >= CHANGES && is_about_single_rows(policy) && mark.may_have_grown_from(&self.mark)
        };
        self.policy == digest && is_recent && is_early && (*mark == self.mark || is_believed())
    }
}

/// How long a hint holds: long enough to be of use, and so short that no row added since can have expired.
fn interval(policy: &Policy, every: Age) -> Option<Age> {
    let retentions = policy.rules().values().copied().chain([policy.retention()]);
    let ages = retentions.filter_map(|retention| match retention {
        Retention::After(age) => Some(age),
        Retention::Off => None,
    });
    let shortest = ages.min().unwrap_or(Age::MAX);
    Age::from_millis(shortest.as_millis() / PARTS).map(|part| part.min(LONGEST).min(every.times(TICKS)))
}

/// Whether no row makes another one go: one that is new may push out others by a cap, or out of the newest of their job.
const fn is_about_single_rows(policy: &Policy) -> bool {
    policy.keep_last() == 0 && policy.max_entries().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_millis(1_795_248_000_000);
    const EVERY: Age = Age::from_minutes(15);

    fn mark(rows: &str, bytes: u64) -> Mark {
        Mark::new(rows.to_owned(), bytes, "p".to_owned())
    }

    fn hint() -> Hint {
        Hint::new("d".to_owned(), mark("a", 9), Some(T.plus(Age::from_minutes(30))), T)
    }

    fn holds(hint: &Hint, mark: &Mark, minutes: i64) -> bool {
        let now = Timestamp::from_millis(T.as_millis() + minutes * 60_000);
        hint.holds((&Policy::default(), "d"), mark, now, EVERY)
    }

    /// A hint of a read that came after so many, each of another store.
    fn after_changes(changes: usize) -> Hint {
        let reads = ["w", "x", "y", "z"]
            .into_iter()
            .rev()
            .take(changes)
            .map(|rows| Hint { mark: mark(rows, 9), ..hint() });
        let before = reads.fold(None, |before: Option<Hint>, read| Some(read.following(before.as_ref())));
        hint().following(before.as_ref())
    }

    #[test]
    fn an_unchanged_store_has_nothing_due_until_its_next_expiry() {
        for (minutes, is_quiet) in [(-1, false), (0, true), (5, true), (30, true), (31, false)] {
            assert_eq!(holds(&hint(), &mark("a", 9), minutes), is_quiet, "{minutes}");
        }
        let never = Hint { until: None, ..hint() };
        assert!(holds(&never, &mark("a", 9), 59) && !holds(&never, &mark("a", 9), 60), "an hour at the most");
    }

    #[test]
    fn another_policy_or_other_pins_end_it() {
        assert!(!hint().holds((&Policy::default(), "e"), &mark("a", 9), T, EVERY));
        let pinned = Mark::new("a".to_owned(), 9, "q".to_owned());
        assert!(!holds(&hint(), &pinned, 1) && !holds(&after_changes(4), &pinned, 1));
    }

    #[test]
    fn a_changed_store_is_believed_after_three_reads_that_found_it_changed() {
        let changed = mark("b", 9);
        assert_eq!(
            [0, 1, 2, 3, 4].map(|reads| holds(&after_changes(reads), &changed, 1)),
            [false, false, false, true, true]
        );
        assert!(!holds(&after_changes(4), &mark("b", 8), 1), "it has become smaller");
        let same = hint().following(Some(&hint())).following(Some(&hint()));
        assert!(!holds(&same, &changed, 1), "it has never changed before");
        let other = Hint { policy: "e".to_owned(), ..after_changes(4) };
        assert!(!holds(&hint().following(Some(&other)), &changed, 1));
    }

    #[test]
    fn a_short_retention_shortens_it_and_caps_end_it_once_the_store_has_changed() {
        let retention = |minutes| Retention::After(Age::from_minutes(minutes));
        let short = Policy::default().with_retention(retention(20));
        let quiet = |hint: &Hint, policy: &Policy, rows: &str, minutes| {
            hint.holds((policy, "d"), &mark(rows, 9), T.plus(Age::from_minutes(minutes)), EVERY)
        };
        assert!(quiet(&hint(), &short, "a", 4) && !quiet(&hint(), &short, "a", 5));
        for policy in [Policy::default().with_keep_last(1), Policy::default().with_max_entries(9).unwrap()] {
            assert!(quiet(&after_changes(4), &policy, "a", 1));
            assert!(!quiet(&after_changes(4), &policy, "b", 1));
        }
    }

    #[test]
    fn it_holds_for_a_few_ticks() {
        let every = Age::from_minutes(2);
        let at = |minutes| {
            hint().holds((&Policy::default(), "d"), &mark("a", 9), T.plus(Age::from_minutes(minutes)), every)
        };
        assert_eq!([0, 11, 12].map(at), [true, true, false]);
    }
}
