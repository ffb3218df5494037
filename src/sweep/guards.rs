//! May this plan be carried out? What the pure guards of `policy` say, asked with what the store and its state know.
//!
//! Each guard has its own text and its own override. They are asked only when rows would go, in dry runs as well; a plan
//! that is merely shown tells what they would say.

use std::{collections::BTreeMap, ops::ControlFlow};

use sha2::{Digest as _, Sha256};

use super::{Options, Outcome, StoreReport, Verb, engine::Job, log};
use crate::{
    model::{Error, ErrorKind, Timestamp, hex},
    policy::{self, Among, Detail, Evidence, Jump, MassDelete, Policy, Rule},
    store::{Planned, Request, State, Store},
};

/// So many keys are named as examples.
const EXAMPLES: usize = 3;

impl<S: Store + 'static> Job<'_, S> {
    /// Asks every guard about a plan.
    pub(super) fn ask_guards(&self, planned: &Planned<S>) -> Result<(), Error> {
        let state = self.state();
        let evidence =
            Evidence { row: planned.plan.newest(), written: planned.written, swept: state.clock() };
        let jump = policy::clock(self.now, &evidence);
        self.is_on_time.set(jump.is_none());
        if planned.plan.pruned() == 0 {
            return Ok(());
        }
        self.ask_about_the_clock(jump, &evidence)?;
        self.ask_about_the_share(planned)?;
        self.ask_about_the_policy(planned, state)
    }

    fn ask_about_the_share(&self, planned: &Planned<S>) -> Result<(), Error> {
        let taken = policy::mass_delete(&planned.plan).filter(|_| !self.options.allow_mass_delete);
        let message = match taken {
            None => return Ok(()),
            Some(MassDelete::MostOfTheDurable { pruned, of }) => {
                format!("{pruned} of its {of} durable rows would go, more than half")
            }
            Some(MassDelete::Everything { rows }) => format!("all of its {rows} rows would go"),
        };
        Err(self.refusal(message).with_hint("if that is what you want, --allow-mass-delete carries it out"))
    }

    fn ask_about_the_clock(&self, jump: Option<Jump>, evidence: &Evidence) -> Result<(), Error> {
        let Some(jump) = jump.filter(|jump| *jump != Jump::Behind || !self.may_be_behind()) else {
            return Ok(());
        };
        match against_the_clock(jump, self.now, evidence, self.options) {
            None => Ok(()),
            Some((message, hint)) => Err(self.refusal(message).with_hint(hint)),
        }
    }

    /// A time that somebody chose, or that a plan was made for, may lie in the past: then less goes.
    fn may_be_behind(&self) -> bool {
        self.options.what_if || self.verb == Verb::Apply
    }

    /// A scheduler's policy that takes rows which the last one kept has to wait for one interval, for somebody to see it.
    fn ask_about_the_policy(&self, planned: &Planned<S>, state: &State) -> Result<(), Error> {
        if self.verb != Verb::Tick || self.options.allow_tightened {
            return Ok(());
        }
        let Some(old) = state.policy().filter(|old| old != self.policy) else { return Ok(()) };
        let digest = digest(self.policy);
        let since = state.cooling_since(self.now, &digest);
        if since.is_some_and(|since| since.plus(self.options.every) <= self.now) {
            return Ok(());
        }
        let kept = self.store.plan(&self.request(&old, Detail::Counts))?;
        if kept.bytes_before != planned.bytes_before {
            // It has changed in between: the commit will find that out, and then it is asked again.
            return Ok(());
        }
        let taken = policy::newly_taken(planned.plan.doomed(), kept.plan.doomed());
        if taken.is_empty() {
            return Ok(());
        }
        let refusal = self.too_tight(&taken, &self.examples(&kept)?, since.unwrap_or(self.now));
        // A refusal ends the sweep: nothing was set before.
        let _ = self.cooling.set(digest);
        Err(refusal)
    }

    fn too_tight(&self, taken: &BTreeMap<Rule, u64>, examples: &[String], since: Timestamp) -> Error {
        let rows: u64 = taken.values().sum();
        let by_rule: Vec<_> = taken.iter().map(|(rule, rows)| format!("{rule} {rows}")).collect();
        let due = since.plus(self.options.every);
        let message = format!(
            "the policy is tighter than that of the last sweep and would newly take {rows} {} ({})",
            if rows == 1 { "row" } else { "rows" },
            by_rule.join(", ")
        );
        let hint = format!(
            "it was refused first at {since} and is carried out by itself from {due} on; --allow-tightened carries it \
             out now, the old policy takes it back; among these rows are\n{}",
            examples.join("\n")
        );
        self.refusal(message).with_hint(hint)
    }

    /// Some keys of the rows that the policy takes and the plan by the old one does not.
    fn examples(&self, kept: &Planned<S>) -> Result<Vec<String>, Error> {
        let planned = self.store.plan(&self.request(self.policy, Detail::Doomed))?;
        let mut places = planned.plan.rulings().map(|(place, _)| place);
        let mut old = Among::new(kept.plan.doomed());
        let mut keys = Vec::new();
        self.store.visit(&planned, &mut |key, _| {
            if places.next().is_some_and(|place| !old.has(&place)) {
                keys.push(key.to_text().into_owned());
            }
            if keys.len() < EXAMPLES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(keys)
    }

    const fn request<'r>(&self, policy: &'r Policy, detail: Detail) -> Request<'r> {
        Request { policy, now: self.now, detail, digest: false }
    }

    /// What is remembered of a sweep that went through. What somebody removes by hand is a policy in force only if it did
    /// remove something; a time that somebody chose proves nothing about clocks.
    pub(super) fn state_of(&self, report: &StoreReport, before: &State) -> State {
        let state = State::swept_at(self.now).with_clock(self.clock_after(before));
        let state = state.with_hint(self.hint_after(report, before));
        if self.verb == Verb::Tick || report.outcome == Outcome::Swept {
            state.with_policy(self.policy)
        } else {
            state.with_policy_of(before)
        }
    }

    /// What later sweeps may hold their clocks against: only a time that nothing contradicts, or that somebody vouches for.
    fn clock_after(&self, before: &State) -> Option<Timestamp> {
        if self.options.what_if {
            before.clock()
        } else if self.options.allow_clock_jump {
            Some(self.now)
        } else {
            before.clock().max(Some(self.now).filter(|_| self.is_on_time.get()))
        }
    }

    /// A plan that was carried out by hand leaves its policy, and no more: it is no sweep of now.
    pub(super) fn remember_policy(&self, guard: &S::Guard, report: &StoreReport) {
        if report.outcome != Outcome::Swept {
            return;
        }
        let state = self.state().clone().with_policy(self.policy);
        if let Err(error) = self.store.remember(guard, &state) {
            log::forgotten(&error);
        }
    }

    fn refusal(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Refused, "sweep", self.store.name().as_ref(), message)
    }
}

/// What is said against a clock that has jumped, and what can be done about it; `None` when somebody vouches for it.
pub(super) fn against_the_clock(
    jump: Jump,
    now: Timestamp,
    evidence: &Evidence,
    options: &Options,
) -> Option<(String, &'static str)> {
    let (newest, what) = evidence.newest().filter(|_| !options.allow_clock_jump)?;
    let said = if options.what_if { "--now" } else { "the clock" };
    Some(match jump {
        Jump::Behind => (
            format!("{said} says {now}, and {what} {newest}, which is later"),
            "set the clock right; --allow-clock-jump believes it",
        ),
        Jump::Ahead => (
            format!("{said} says {now}, more than 7 days after anything that is known: {what} {newest}"),
            "make sure that the clock is right: by a wrong one everything has expired; --allow-clock-jump believes it",
        ),
    })
}

/// What tells one policy from another.
pub(super) fn digest(policy: &Policy) -> String {
    let text = serde_json::to_string(policy).unwrap_or_default();
    hex(&Sha256::digest(text.as_bytes()))
}
