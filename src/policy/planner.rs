//! From rows to a plan, in two steps: each row by itself, then the families together.
//!
//! Memory: 8 bytes for a row that no rule can take, 32 for a `Candidate`, and one `Fact` for a row that has
//! expired. Keys are remembered as hashes with a seed of their own in every planner; two keys are taken for one only when
//! two independent hashes of 64 bits agree, so that a collision has no chance to take a row that should stay.

use std::{collections::BTreeMap, hash::BuildHasher, mem};

use foldhash::{HashMap, quality::RandomState};

use super::{
    Decision, Doomed, KeepReason, Pins, Plan, Policy, Row, Rule, Stamp, Verdict,
    candidate::Candidate,
    cap,
    facts::{Fact, Facts},
    family,
    idle::Idle,
    standing::{Standing, is_plausible, rule_for, stand},
};
use crate::model::{Retention, Shape, Timestamp};

/// How much a plan remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Which rows go, and how many stay for which reason.
    #[default]
    Counts,
    /// The same, and the verdict on each row that goes.
    Doomed,
    /// The verdict on every row. Costs memory for each of them.
    Everything,
}

/// Makes one plan. Feed it every row of a store in order.
#[derive(Debug)]
pub struct Planner<'p, P> {
    policy: &'p Policy,
    pins: &'p Pins,
    believe_until: Timestamp,
    newest: Option<Timestamp>,
    now: Timestamp,
    detail: Detail,
    names: RandomState,
    families: RandomState,
    jobs: HashMap<Box<[u8]>, u32>,
    idle: Vec<Idle>,
    idle_places: Vec<(Idle, u32, P, Option<Timestamp>)>,
    candidates: Vec<Candidate>,
    facts: Facts<P>,
    every_place: bool,
    next_expiry: Option<Timestamp>,
    seen: u32,
    scratch: Vec<u8>,
}

impl<'p, P: Copy> Planner<'p, P> {
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
            jobs: HashMap::default(),
            idle: Vec::new(),
            idle_places: Vec::new(),
            candidates: Vec::new(),
            facts: Facts::new(),
            every_place: false,
            next_expiry: None,
            seen: 0,
            scratch: Vec::new(),
        }
    }

    /// The same, remembering where every row with a rule stands, not only the expired ones: see [`Plan::is_complete`].
    #[must_use]
    pub fn with_every_place(mut self) -> Self {
        self.every_place = true;
        self
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
        match rule_for(self.policy, &shape) {
            Ok(rule) => self.see_candidate(row, &shape, rule, is_pinned, order),
            Err(_) if is_pinned => self.see_idle(row, KeepReason::Pinned, &shape, order),
            Err(reason) => self.see_idle(row, reason, &shape, order),
        }
    }

    /// The time that a row proves to have been.
    fn evidence(&self, stamp: Stamp) -> Option<Timestamp> {
        updated(stamp).filter(|at| is_plausible(*at) && *at <= self.believe_until)
    }

    fn may_go_after(&mut self, end: Option<Timestamp>) {
        self.next_expiry = [self.next_expiry, end].into_iter().flatten().min();
    }

    fn see_idle(&mut self, row: &Row<'_, P>, reason: KeepReason, shape: &Shape<'_>, order: u32) {
        let idle = Idle::new(self.names.hash_one(row.key), reason, shape.kind.is_durable());
        self.idle.push(idle);
        if self.detail == Detail::Everything {
            self.idle_places.push((idle, order, row.place, updated(row.stamp)));
        }
    }

    fn see_candidate(
        &mut self,
        row: &Row<'_, P>,
        shape: &Shape<'_>,
        rule: Rule,
        is_pinned: bool,
        order: u32,
    ) {
        let standing = self.standing(row, shape, is_pinned);
        let kin = shape.cron_run.map_or(row.key, |run| run.family);
        let candidate = Candidate {
            family: self.family_hash(kin),
            name: self.names.hash_one(row.key),
            order,
            job: shape.cron_run.map_or(0, |run| self.job_number(run.job)),
            rule,
            standing,
            decision: Decision::Keep(KeepReason::NotExpired),
            is_last: false,
            is_durable: shape.kind.is_durable(),
            is_newest: false,
        };
        self.candidates.push(candidate);
        if standing == Standing::Expired || self.needs_every_fact() {
            self.facts.push(Fact::new(order, updated(row.stamp), row.place));
        } else if let Some(expires) = self.expires(rule, standing, updated(row.stamp)) {
            self.may_go_after(Some(expires));
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

    /// The newest runs of a job and the oldest rows under a cap are found among all rows, not only the expired ones.
    fn needs_every_fact(&self) -> bool {
        self.every_place
            || self.detail == Detail::Everything
            || self.policy.keep_last() > 0
            || self.policy.max_entries().is_some()
    }

    /// Families compare in any letter case: whoever spells a run in two ways means one run.
    fn family_hash(&mut self, kin: &[u8]) -> u64 {
        self.scratch.clear();
        self.scratch.extend(kin.iter().map(u8::to_ascii_lowercase));
        self.families.hash_one(&*self.scratch)
    }

    /// Jobs are few; they are only told apart when the policy counts by them. 0 is no job.
    fn job_number(&mut self, job: &[u8]) -> u32 {
        if self.policy.keep_last() == 0 {
            return 0;
        }
        let next = u32::try_from(self.jobs.len()).unwrap_or(u32::MAX).saturating_add(1);
        *self.jobs.entry(job.to_ascii_lowercase().into()).or_insert(next)
    }

    /// Judges all rows together.
    #[must_use]
    pub fn finish(mut self) -> Plan<P> {
        let mut candidates = mem::take(&mut self.candidates);
        candidates.sort_unstable_by_key(|row| (row.family, row.name, row.order));
        family::judge(&mut candidates, self.policy.keep_last(), |order| self.facts.time_of(order));
        if let Some(rows) = self.policy.max_entries() {
            cap::apply(&mut candidates, rows, |order| self.facts.time_of(order));
        }
        let mut plan = self.empty_plan();
        candidates.sort_unstable_by_key(|row| row.order);
        self.count_idle(&mut plan);
        for row in &candidates {
            self.record(&mut plan, row);
        }
        self.merge_idle(&mut plan, &candidates);
        plan
    }

    fn empty_plan(&self) -> Plan<P> {
        Plan {
            now: self.now,
            scanned: 0,
            by_rule: BTreeMap::new(),
            kept_by: BTreeMap::new(),
            doomed: Vec::new(),
            verdicts: Vec::new(),
            next_expiry: self.next_expiry,
            durable: 0,
            durable_pruned: 0,
            newest: self.newest,
            is_complete: true,
        }
    }

    /// Counts every key once, however often it stands.
    fn count_idle(&mut self, plan: &mut Plan<P>) {
        self.idle.sort_unstable();
        self.idle.dedup();
        plan.scanned += self.idle.len() as u64;
        for idle in &self.idle {
            plan.durable += u64::from(idle.is_durable());
            *plan.kept_by.entry(idle.reason()).or_default() += 1;
        }
    }

    fn record(&self, plan: &mut Plan<P>, row: &Candidate) {
        let fact = self.facts.get(row.order);
        if let Decision::Prune(rule) = row.decision {
            plan.is_complete &= fact.is_some();
            plan.doomed.extend(fact.map(|fact| Doomed {
                place: fact.place,
                order: row.order,
                rule,
                is_last: row.is_last,
            }));
        }
        if !row.is_last {
            return;
        }
        plan.scanned += 1;
        plan.durable += u64::from(row.is_durable);
        plan.durable_pruned += u64::from(row.is_durable && matches!(row.decision, Decision::Prune(_)));
        match row.decision {
            Decision::Prune(rule) => *plan.by_rule.entry(rule).or_default() += 1,
            Decision::Keep(reason) => *plan.kept_by.entry(reason).or_default() += 1,
        }
        if let Some(fact) = fact {
            self.record_verdict(plan, row, fact);
        }
    }

    fn record_verdict(&self, plan: &mut Plan<P>, row: &Candidate, fact: &Fact<P>) {
        let expires = self.expires(row.rule, row.standing, fact.updated());
        let verdict = Verdict { decision: row.decision, updated: fact.updated(), expires };
        if !verdict.prunes() && row.standing != Standing::Expired {
            plan.next_expiry = [plan.next_expiry, expires].into_iter().flatten().min();
        }
        if self.detail == Detail::Everything || verdict.prunes() && self.detail == Detail::Doomed {
            plan.verdicts.push((fact.place, verdict));
        }
    }

    /// Until when the retention of its kind keeps a row.
    fn expires(&self, rule: Rule, standing: Standing, updated: Option<Timestamp>) -> Option<Timestamp> {
        let Rule::Retention(kind) = rule else { return None };
        let age = self.policy.retention_of(kind).and_then(Retention::age)?;
        updated.filter(|_| is_timed(standing)).map(|at| at.plus(age))
    }

    /// Puts the rows without a rule between the others, in the order of the store, each key once.
    fn merge_idle(&mut self, plan: &mut Plan<P>, judged: &[Candidate]) {
        if self.idle_places.is_empty() {
            return;
        }
        self.idle_places.sort_unstable_by_key(|(idle, order, ..)| (*idle, *order));
        let orders = judged.iter().filter(|row| row.is_last).map(|row| row.order);
        let mut all: Vec<_> = orders.zip(plan.verdicts.drain(..)).collect();
        for same in self.idle_places.chunk_by(|a, b| a.0 == b.0) {
            all.extend(same.last().map(|(idle, order, place, at)| (*order, (*place, idle.verdict(*at)))));
        }
        all.sort_unstable_by_key(|(order, _)| *order);
        plan.verdicts = all.into_iter().map(|(_, verdict)| verdict).collect();
    }
}

/// Whether the passing of time alone decides about a row; one from the future will be an old one some day.
const fn is_timed(standing: Standing) -> bool {
    matches!(standing, Standing::Expired | Standing::Alive | Standing::Protected(KeepReason::FutureTimestamp))
}

/// The time that a row's verdict shows: any number that is a time, plausible or not.
const fn updated(stamp: Stamp) -> Option<Timestamp> {
    match stamp {
        Stamp::At(at) => Some(at),
        _ => None,
    }
}
