//! Which rows a store has, in which order, and which of them have expired.

use super::{
    Mix, RETENTION, Recipe, entry::Entry, heavy::Ballast, pretty::Pretty, random::Random, role::Role,
};
use crate::model::Timestamp;

/// A new job enters the store every so many rows ...
const ROWS_PER_JOB: u64 = 50;
/// ... until there are so many.
const MAX_JOBS: u64 = 500;
/// Expired rows are at most so much older than they need be.
const MONTH: u64 = 30 * 24 * 3_600_000;

/// One row to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    role: Role,
    entry: Entry,
}

impl Slot {
    pub(super) const fn is_cron_run(&self) -> bool {
        matches!(self.role, Role::Run { .. } | Role::Descendant { .. })
    }

    /// Whether a retention of [`RETENTION`] removes the row.
    pub(super) const fn is_expired(&self, now: Timestamp) -> bool {
        self.is_cron_run() && self.entry.updated < now.minus(RETENTION).as_millis()
    }

    pub(super) fn write(&self, ballast: &Ballast, pretty: &mut Pretty) {
        self.entry.write(self.role, ballast, pretty);
    }
}

/// The rows of a store, one after the other.
#[derive(Debug)]
pub(super) struct Roster<'r> {
    recipe: &'r Recipe,
    random: Random,
    index: u64,
    jobs: u64,
    /// Percents of a run that should have been an expired one, but was not yet.
    debt: i64,
    /// The row that comes next, where the one before has said so.
    next: Option<Slot>,
}

impl<'r> Roster<'r> {
    pub(super) const fn new(recipe: &'r Recipe) -> Self {
        Self { recipe, random: Random::new(recipe.seed), index: 0, jobs: 0, debt: 0, next: None }
    }

    fn slot(&mut self) -> Slot {
        if let Some(slot) = self.next.take() {
            return slot;
        }
        let is_realistic = self.recipe.kinds == Mix::Realistic;
        if is_realistic && self.index < 3 {
            return self.other(Role::singular(self.index));
        }
        if self.jobs == 0 || self.jobs < MAX_JOBS && self.index >= self.jobs * ROWS_PER_JOB {
            return self.job();
        }
        if is_realistic && self.random.chance(28) {
            let role = Role::other(&mut self.random);
            return self.other(role);
        }
        self.run()
    }

    /// The row of a new job; its newest run, the same entry under another key, comes next.
    fn job(&mut self) -> Slot {
        let job = self.jobs;
        self.jobs += 1;
        let entry = self.run_entry();
        self.next = Some(Slot { role: Role::Run { job }, entry });
        Slot { role: Role::Base { job }, entry }
    }

    /// A run of some job; a few have started a sub-agent, whose row comes next and has gone quiet a little later.
    fn run(&mut self) -> Slot {
        let job = self.random.below(self.jobs);
        let entry = self.run_entry();
        if self.recipe.kinds == Mix::Realistic && self.random.chance(3) {
            let child = Entry { session: self.random.uuid(), draw: self.random.next(), ..entry };
            self.next = Some(Slot { role: Role::Descendant { job, run: entry.session }, entry: child });
        }
        Slot { role: Role::Run { job }, entry }
    }

    fn run_entry(&mut self) -> Entry {
        let day = RETENTION.as_millis().unsigned_abs();
        let age = if self.is_next_expired() {
            day.saturating_add(self.random.between(1, MONTH))
        } else {
            self.random.between(0, day)
        };
        self.entry(age)
    }

    /// Whether the next run is an expired one: at random, yet never more than one away from the share asked for.
    fn is_next_expired(&mut self) -> bool {
        self.debt += i64::from(self.recipe.expired_percent.min(100));
        let is_expired = self.debt >= self.random.between(1, 100).cast_signed();
        self.debt -= if is_expired { 100 } else { 0 };
        is_expired
    }

    /// A row that no retention for cron runs removes, however old it is.
    fn other(&mut self, role: Role) -> Slot {
        let age = self.random.below(3 * MONTH);
        Slot { role, entry: self.entry(age) }
    }

    fn entry(&mut self, age: u64) -> Entry {
        let (from, to) = (Timestamp::FIRST_PLAUSIBLE.as_millis(), Timestamp::LAST_PLAUSIBLE.as_millis());
        let updated = self.recipe.now.as_millis().saturating_sub_unsigned(age).clamp(from, to);
        let (session, draw) = (self.random.uuid(), self.random.next());
        Entry { session, updated, index: self.index, seed: self.recipe.seed, draw }
    }
}

impl Iterator for Roster<'_> {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        if self.index >= self.recipe.rows {
            return None;
        }
        let slot = self.slot();
        self.index += 1;
        Some(slot)
    }
}
