//! From rows to a plan, in two steps: each row by itself, then the families together.
//!
//! Memory: for each row two bytes for what is said about it and as few for its place as its store can do with; 12 more for a
//! row that no rule can take, 18 for any other, until they are judged. Where rows are compared by age 5 more, where runs are
//! counted another 4. Keys are remembered as hashes with a seed of their own in every planner: see `Kin`.

use std::{collections::BTreeMap, hash::BuildHasher, mem};

use foldhash::quality::RandomState;

use super::{
    Decision, KeepReason, Pins, Place, Places, Plan, Policy, Row, Rule, Stamp, cap,
    docket::Docket,
    family,
    idle::{self, Idle},
    kin::{self, Kin},
    newest::{Jobs, newest_runs},
    standing::{Standing, is_plausible, rule_for, stand},
    state::State,
    times::Times,
};
use crate::model::{Age, Retention, Shape, Timestamp};

/// How much a plan remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Which rows go, and how many stay for which reason.
    #[default]
    Counts,
    /// The same, and the verdict on each row that goes.
    Doomed,
    /// The verdict on every row.
    Everything,
}

/// Makes one plan. Feed it every row of a store in order.
#[derive(Debug)]
pub struct Planner<'p, P: Place> {
    policy: &'p Policy,
    pins: &'p Pins,
    believe_until: Timestamp,
    newest: Option<Timestamp>,
    now: Timestamp,
    detail: Detail,
    names: RandomState,
    families: RandomState,
    places: P::List,
    docket: Docket,
    idle: Vec<Idle>,
    kin: Vec<Kin>,
    jobs: Jobs,
    times: Times,
    next_expiry: Option<Timestamp>,
    seen: u32,
    scratch: Vec<u8>,
}

impl<'p, P: Place> Planner<'p, P> {
    /// A planner for one store at `now`.
    #[must_use]
    pub fn new(policy: &'p Policy, now: Timestamp, detail: Detail) -> Self {
        Self {
            policy,
            pins: Pins::NONE,
            believe_until: Timestamp::LAST_PLAUSIBLE,
            newest: None,
            now,
            detail,
            names: RandomState::default(),
            families: RandomState::default(),
            places: P::List::default(),
            docket: Docket::default(),
            idle: Vec::new(),
            kin: Vec::new(),
            jobs: Jobs::default(),
            times: Times::default(),
            next_expiry: None,
            seen: 0,
            scratch: Vec::new(),
        }
    }

    /// The same, keeping what is pinned.
    #[must_use]
    pub const fn with_pins(mut self, pins: &'p Pins) -> Self {
        self.pins = pins;
        self
    }

    /// The same, taking no row's word for what the time was that claims one later than this: see [`Plan::newest`].
    #[must_use]
    pub const fn believing_until(mut self, latest: Timestamp) -> Self {
        self.believe_until = latest;
        self
    }

    /// Takes note of the next row.
    pub fn see(&mut self, row: &Row<'_, P>) {
        let shape = Shape::of(row.key);
        let order = self.seen;
        self.seen = self.seen.saturating_add(1);
        self.newest = self.newest.max(self.evidence(row.stamp));
        let is_pinned = self.pins.hold(row.key, self.now);
        if is_pinned {
            self.may_go_after(self.pins.end(row.key));
        }
        let state = match rule_for(self.policy, &shape) {
            Ok(rule) => self.see_candidate(row, &shape, rule, is_pinned, order),
            Err(reason) => {
                self.idle.push(Idle::new(self.names.hash_one(row.key), order));
                let reason = if is_pinned { KeepReason::Pinned } else { reason };
                State::idle(reason, shape.kind.is_durable())
            }
        };
        self.docket.push(state);
        self.places.push(row.place);
        self.compare(row.stamp, &shape, order);
    }

    /// The time that a row proves to have been.
    fn evidence(&self, stamp: Stamp) -> Option<Timestamp> {
        stamp.time().filter(|at| is_plausible(*at) && *at <= self.believe_until)
    }

    fn may_go_after(&mut self, end: Option<Timestamp>) {
        self.next_expiry = [self.next_expiry, end].into_iter().flatten().min();
    }

    fn see_candidate(
        &mut self,
        row: &Row<'_, P>,
        shape: &Shape<'_>,
        rule: Rule,
        is_pinned: bool,
        order: u32,
    ) -> State {
        let family = self.family_hash(shape.cron_run.map_or(row.key, |run| run.family));
        self.kin.push(Kin::new(family, self.names.hash_one(row.key), order));
        let standing = self.standing(row, shape, is_pinned);
        let state = State::candidate(rule, self.age(rule), standing, shape.kind.is_durable());
        // Whom the cap takes is not known yet: see `Self::outlive`.
        let is_open = standing == Standing::Alive && self.policy.max_entries().is_some();
        if standing != Standing::Expired && !is_open {
            self.may_go_after(state.ruling().on(row.stamp).expires);
        }
        if standing == Standing::Protected(KeepReason::FutureTimestamp) && self.compares() {
            // Once its time has come it counts, and may push another row out that very moment.
            self.may_go_after(
                row.stamp.time().map(|at| Timestamp::from_millis(at.as_millis().saturating_sub(1))),
            );
        }
        state
    }

    /// For how long a rule keeps rows, where it goes by age.
    fn age(&self, rule: Rule) -> Option<Age> {
        let Rule::Retention(kind) = rule else { return None };
        self.policy.retention_of(kind).and_then(Retention::age)
    }

    /// Whether a row may go or stay because of another one.
    const fn compares(&self) -> bool {
        self.policy.keep_last() > 0 || self.policy.max_entries().is_some()
    }

    /// Takes note of what rows are compared by, where the policy compares them: the newest runs of a job, and the oldest rows
    /// under a cap.
    fn compare(&mut self, stamp: Stamp, shape: &Shape<'_>, order: u32) {
        if self.compares() {
            let ago = stamp.time().map_or(0, |at| self.now.millis_since(at));
            self.times.push(order, u64::try_from(ago).unwrap_or(0));
        }
        if self.policy.keep_last() > 0 {
            self.jobs.push(shape.cron_run.map(|run| run.job));
        }
    }

    fn standing(&self, row: &Row<'_, P>, shape: &Shape<'_>, is_pinned: bool) -> Standing {
        if is_pinned {
            return Standing::Protected(KeepReason::Pinned);
        }
        if self.policy.protects(row.key) {
            return Standing::Protected(KeepReason::KeepPattern);
        }
        stand(row.stamp, self.policy.retention_of(shape.kind), self.now)
    }

    /// Families compare in any letter case: whoever spells a run in two ways means one run.
    fn family_hash(&mut self, kin: &[u8]) -> u64 {
        self.scratch.clear();
        self.scratch.extend(kin.iter().map(u8::to_ascii_lowercase));
        self.families.hash_one(&*self.scratch)
    }

    /// Judges all rows together.
    #[must_use]
    pub fn finish(mut self) -> Plan<P> {
        self.judge();
        for order in idle::members(&mut mem::take(&mut self.idle)) {
            self.docket.change(order, |state| state.is_last = true);
        }
        let mut plan = Plan {
            now: self.now,
            detail: self.detail,
            scanned: 0,
            by_rule: BTreeMap::new(),
            kept_by: BTreeMap::new(),
            places: self.places,
            docket: self.docket,
            next_expiry: self.next_expiry,
            durable: 0,
            durable_pruned: 0,
            newest: self.newest,
        };
        count(&mut plan);
        plan
    }

    /// What is only needed to judge is let go of at the end of it.
    fn judge(&mut self) {
        let mut kin = mem::take(&mut self.kin);
        kin::sort(&mut kin);
        let (jobs, times) = (mem::take(&mut self.jobs), mem::take(&mut self.times));
        let newest = newest_runs(&kin, &self.docket, (&jobs, &times), self.policy.keep_last());
        family::judge(&kin, &mut self.docket, &newest);
        if let Some(rows) = self.policy.max_entries() {
            cap::apply(&kin, &mut self.docket, rows, &times);
            self.outlive(&kin, &times);
        }
    }

    /// Looks when those will expire whom the cap has left.
    fn outlive(&mut self, kin: &[Kin], times: &Times) {
        for row in kin {
            let state = self.docket.of(row.order());
            if state.standing == Standing::Alive && state.is_last && !state.prunes() {
                let ago = i64::try_from(times.ago(row.order())).unwrap_or(i64::MAX);
                let at = Timestamp::from_millis(self.now.as_millis().saturating_sub(ago));
                self.may_go_after(state.ruling().on(Stamp::At(at)).expires);
            }
        }
    }
}

/// Counts every key once, however often it stands.
fn count<P: Place>(plan: &mut Plan<P>) {
    for (state, rows) in plan.docket.counts().filter(|(state, rows)| state.is_last && *rows > 0) {
        plan.scanned += rows;
        plan.durable += if state.is_durable { rows } else { 0 };
        plan.durable_pruned += if state.is_durable && state.prunes() { rows } else { 0 };
        match state.decision {
            Decision::Prune(rule) => *plan.by_rule.entry(rule).or_default() += rows,
            Decision::Keep(reason) => *plan.kept_by.entry(reason).or_default() += rows,
        }
    }
}
