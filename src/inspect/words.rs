//! Verdicts in words that a person understands who has not read the manual.

use super::ListedRow;
use crate::{
    model::{Kind, Timestamp},
    policy::{Decision, KeepReason, Policy, Rule},
    store::Pin,
};

/// The units of a rough span, longest first, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

/// A span of time in its two longest units, such as `3d4h`, `12m` or `0s`: rounded down, for people.
fn rough(millis: u64) -> String {
    let first = UNITS.iter().position(|(_, unit)| millis >= *unit);
    let Some(first) = first else { return "0s".to_owned() };
    let mut rest = millis;
    let mut text = String::new();
    for (name, unit) in UNITS.iter().skip(first).take(2) {
        if rest >= *unit {
            text = format!("{text}{}{name}", rest / unit);
        }
        rest %= unit;
    }
    text
}

/// The time between two moments, whichever comes first.
fn between(a: Timestamp, b: Timestamp) -> String {
    rough(a.millis_since(b).unsigned_abs())
}

/// What is to be put into words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) policy: &'a Policy,
    pub(super) row: &'a ListedRow,
    pub(super) relatives: u64,
    pub(super) goes_after: Option<Timestamp>,
    pub(super) pin: Option<&'a Pin>,
}

/// Why the row goes or stays.
pub(super) fn why(case: &Case<'_>) -> String {
    match case.row.verdict.decision {
        Decision::Prune(Rule::Retention(kind)) => expired(case, kind),
        Decision::Prune(Rule::MaxEntries) => {
            format!("The cap of {} is full of rows that are newer.", case.cap())
        }
        Decision::Keep(reason) => kept(case, reason),
    }
}

fn expired(case: &Case<'_>, kind: Kind) -> String {
    let overdue = case.row.verdict.expires.map_or_else(String::new, |at| between(case.row.now, at));
    let family = match case.relatives {
        0 => "",
        _ => ", and so has every other row of its family",
    };
    format!("It has outlived the retention of {kind} rows, {}, by {overdue}{family}.", case.retention())
}

fn kept(case: &Case<'_>, reason: KeepReason) -> String {
    let (kind, age) = (case.row.kind, case.age());
    match reason {
        KeepReason::NotExpired => {
            format!("It is {age} old; the retention of {kind} rows is {}.", case.retention())
        }
        KeepReason::WithinCap => {
            format!("Only the cap of {} takes {kind} rows, and it has room.", case.cap())
        }
        KeepReason::NoRule => format!("No rule speaks of {kind} rows."),
        KeepReason::RuleOff => format!("The rule for {kind} rows is off."),
        KeepReason::UnknownKind => "Nobody knows what its key says it is; what is unknown stays.".into(),
        KeepReason::RunIdNotUuid => "Its key looks like a cron run's, but the run's id is no UUID.".into(),
        KeepReason::NotAnObject => "Its value is no JSON object, so it has no age.".into(),
        KeepReason::NoTimestamp => "It has no updatedAt, so nobody knows how old it is.".into(),
        KeepReason::UnreadableTimestamp => {
            "Its updatedAt is no number, so nobody knows how old it is.".into()
        }
        KeepReason::ImplausibleTimestamp => implausible(case),
        KeepReason::FutureTimestamp => {
            format!("Its updatedAt lies {age} in the future, so its age cannot be believed.")
        }
        KeepReason::Family => "It has expired, but another row of its family has not.".into(),
        KeepReason::KeepLast => {
            format!(
                "It has expired, but is one of the newest {} of its job.",
                plural(case.policy.keep_last().into(), "run")
            )
        }
        KeepReason::KeepPattern => pattern(case),
        KeepReason::Pinned => pinned(case),
    }
}

fn implausible(case: &Case<'_>) -> String {
    let shown =
        case.row.verdict.updated.map_or("beyond the calendar".into(), |at| at.as_millis().to_string());
    format!("Its updatedAt is {shown}, which is no time in milliseconds (seconds? zero?).")
}

/// Who pinned it, and what for.
fn pinned(case: &Case<'_>) -> String {
    let Some(pin) = case.pin else { return "It is pinned.".to_owned() };
    let by = pin.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let reason = pin.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("It was pinned{by} at {}{reason}.", pin.at)
}

fn pattern(case: &Case<'_>) -> String {
    let glob = case.policy.keep().iter().find(|glob| glob.matches(case.row.key.as_bytes()));
    format!("The pattern {} protects it.", glob.map_or("", |glob| glob.as_str()))
}

/// What will become of the row, and what could change that.
pub(super) fn outlook(case: &Case<'_>) -> String {
    match (case.row.verdict.decision, case.goes_after) {
        (Decision::Prune(_), _) => "The next sweep removes it.".to_owned(),
        (_, Some(at)) => format!("It goes after {at}, in {}{}.", between(at, case.row.now), case.provisos()),
        (Decision::Keep(KeepReason::Pinned), None) => pin_ends(case),
        (Decision::Keep(reason), None) => stays(case.row.kind, reason).to_owned() + &case.remedy(reason),
    }
}

fn pin_ends(case: &Case<'_>) -> String {
    match case.pin.and_then(|pin| pin.until) {
        Some(until) => {
            format!("The pin holds it until {until}, {} more.", between(until, case.row.now))
        }
        None => "It stays until somebody unpins it.".to_owned(),
    }
}

const fn stays(kind: Kind, reason: KeepReason) -> &'static str {
    match reason {
        KeepReason::NoRule if !kind.may_have_rule() => "It stays: no rule may take rows of its kind.",
        KeepReason::NotExpired | KeepReason::FutureTimestamp | KeepReason::Family => {
            "It stays as long as the row of its family that no time removes."
        }
        KeepReason::KeepLast => "It stays until its job has run more often.",
        KeepReason::WithinCap => "It stays until newer rows need its room.",
        KeepReason::NoTimestamp
        | KeepReason::UnreadableTimestamp
        | KeepReason::ImplausibleTimestamp
        | KeepReason::NotAnObject => "It stays until somebody writes a time into it.",
        _ => "It stays.",
    }
}

impl Case<'_> {
    fn age(&self) -> String {
        self.row.age_millis().map_or_else(String::new, |age| rough(age.unsigned_abs()))
    }

    fn retention(&self) -> String {
        self.policy.retention_of(self.row.kind).map(|age| age.to_string()).unwrap_or_default()
    }

    fn cap(&self) -> String {
        plural(self.policy.max_entries().unwrap_or_default(), "row")
    }

    /// What may hold a row beyond its time, or take it before.
    fn provisos(&self) -> String {
        let runs = self.policy.keep_last();
        let held = if runs > 0 && self.row.kind == Kind::CronRun {
            format!(", unless its run is then one of the newest {runs} of its job")
        } else {
            String::new()
        };
        match self.policy.max_entries() {
            Some(_) if self.row.kind.counts_for_cap() => {
                format!("{held}, or sooner if the cap of {} needs its room", self.cap())
            }
            _ => held,
        }
    }

    /// What the user could do who wants such rows to go.
    fn remedy(&self, reason: KeepReason) -> String {
        let kind = self.row.kind;
        match reason {
            KeepReason::NoRule if kind.may_have_rule() => {
                format!(" `--rule {kind}=30d` would limit such rows.")
            }
            KeepReason::RuleOff if kind == Kind::CronRun => {
                " `--retention 24h` would limit such rows.".into()
            }
            KeepReason::RuleOff => format!(" `--rule {kind}=30d` would limit such rows."),
            KeepReason::RunIdNotUuid => " `cron.run_id = \"any\"` would let the retention take it.".into(),
            _ => String::new(),
        }
    }
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rough_span_names_its_two_longest_units() {
        for (millis, text) in [
            (0, "0s"),
            (999, "0s"),
            (1_000, "1s"),
            (61_000, "1m1s"),
            (3_600_000, "1h"),
            (3_605_000, "1h"),
            (90_000_000, "1d1h"),
            (604_800_000 * 3 + 86_400_000, "3w1d"),
        ] {
            assert_eq!(rough(millis), text);
        }
    }
}
