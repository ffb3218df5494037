//! Is a store swept as it should be? What a monitor asks every few minutes: how much is overdue, since when, and what became
//! of the last sweep.
//!
//! Looking is one walk through the store and its memory, without a lock; judging is pure.

use std::hash::BuildHasher;

use foldhash::{HashMap, HashMapExt, fast::RandomState};
use serde::{Serialize, Serializer};

use super::plan;
use crate::{
    fs::Disk,
    json,
    model::{Age, Error, Shape, Timestamp},
    policy::{Decision, Policy, Rule, Verdict},
    store::{FileStore, Hint, Look, Seen, State, Store},
};

/// How a store is doing. The worst comes last: what cannot be known may be as bad as a warning, and is not known to be
/// worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is wrong.
    Fine,
    /// Somebody should look at it.
    Warning,
    /// It cannot be told.
    Unknown,
    /// Sweeps do not happen, or do not help.
    Critical,
}

impl Level {
    /// The level in the words of monitors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "OK",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Critical => "CRITICAL",
        }
    }

    /// The exit code by which monitors know it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name().to_ascii_lowercase())
    }
}

/// How long rows may be overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longer than this is a warning.
    pub warning: Age,
    /// Longer than this is critical, and so are overdue rows without a sweep for so long.
    pub critical: Age,
}

impl Default for Limits {
    fn default() -> Self {
        Self { warning: Age::from_hours(1), critical: Age::from_hours(24) }
    }
}

/// What was found out about a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backlog {
    /// How many rows a sweep would take now.
    pub overdue: u64,
    /// For how long the oldest of them has been due, in milliseconds.
    pub oldest_ms: i64,
    /// When the last sweep was, failed or not.
    pub last_sweep: Option<Timestamp>,
    /// How many sweeps failed, or were refused, since the last good one.
    pub failures: u32,
    /// Whether a policy that is stricter than the last one waits to be carried out.
    pub is_cooling: bool,
}

/// A store, judged.
#[derive(Debug, Serialize)]
pub struct Health {
    /// The store's name.
    pub store: String,
    /// How it is doing.
    pub status: Level,
    /// Why, in a few words.
    pub why: String,
    /// What was found out.
    #[serde(flatten)]
    pub backlog: Backlog,
    /// Why it cannot be told.
    pub error: Option<Error>,
}

impl Health {
    /// A store of which nothing can be told.
    #[must_use]
    pub fn of_error(error: Error) -> Self {
        let (store, why) = (error.path().to_string_lossy().into_owned(), error.message().to_owned());
        let status = Level::Unknown;
        Self { store, status, why, backlog: Backlog::default(), error: Some(error) }
    }

    /// What was found out about a store, or a folder of other things, judged. `unit` is what one of them is called.
    #[must_use]
    pub fn of_backlog(store: String, unit: &str, backlog: Backlog, now: Timestamp, limits: &Limits) -> Self {
        let (status, why) = judge(&backlog, unit, now, limits);
        Self { store, status, why, backlog, error: None }
    }
}

/// Looks at a store and judges it. Takes no lock and writes nothing.
///
/// ```no_run
/// use session_reaper::{FileStore, Policy, inspect::{self, Level, Limits}};
/// let store = FileStore::new("/home/u/.openclaw/agents/main/sessions/sessions.json");
/// let health = inspect::check(&store, &Policy::default(), session_reaper::now(), &Limits::default());
/// assert_eq!(health.status, Level::Fine, "{}", health.why);
/// ```
pub fn check<D: Disk>(store: &FileStore<D>, policy: &Policy, now: Timestamp, limits: &Limits) -> Health {
    match backlog(store, policy, now) {
        Err(error) => Health { store: store.name(), ..Health::of_error(error) },
        Ok(backlog) => Health::of_backlog(store.name(), "row", backlog, now, limits),
    }
}

fn backlog<D: Disk>(store: &FileStore<D>, policy: &Policy, now: Timestamp) -> Result<Backlog, Error> {
    let state = store.state();
    let planned = plan(store, policy, now)?;
    let mut overdue = Overdue::default();
    store.look(&planned.snapshot, planned.plan.rulings(), &mut overdue)?;
    let oldest = overdue.since().map(|since| since.max(left_at(&state, policy, now).unwrap_or(since)));
    Ok(Backlog {
        overdue: planned.plan.pruned(),
        oldest_ms: oldest.map_or(0, |since| now.millis_since(since).max(0)),
        last_sweep: state.last_sweep().filter(|last| *last <= now),
        failures: state.failures(),
        is_cooling: state.is_cooling(),
    })
}

/// When a sweep by this very policy went through: what it left was not due then, whatever its age, as a run that was among
/// the newest of its job. A sweep by another policy says nothing about this one.
fn left_at(state: &State, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let went_through = state.failures() == 0 && !state.is_cooling();
    // A tick that went by a hint is no look at the store.
    let looked = state.hint().map(Hint::read_at).or(state.last_sweep());
    let at = if went_through { looked } else { state.clock() };
    at.filter(|at| *at <= now && state.policy().as_ref() == Some(policy))
}

/// Collects since when families are due: a family goes with the last of its members.
#[derive(Debug, Default)]
struct Overdue {
    hasher: RandomState,
    families: Option<HashMap<u64, Timestamp>>,
    oldest: Option<Timestamp>,
}

impl Overdue {
    fn since(&self) -> Option<Timestamp> {
        let families = self.families.iter().flat_map(HashMap::values).copied();
        families.chain(self.oldest).min()
    }
}

impl Look for Overdue {
    fn row(&mut self, row: &Seen<'_>) {
        let Some(Verdict { decision: Decision::Prune(Rule::Retention(_)), expires: Some(expires), .. }) =
            row.verdict
        else {
            return;
        };
        let key = json::decode(row.raw.key);
        let Some(run) = Shape::of(&key).cron_run else {
            self.oldest = Some(self.oldest.map_or(*expires, |oldest| oldest.min(*expires)));
            return;
        };
        let family = self.hasher.hash_one(run.family.to_ascii_lowercase());
        let last = self.families.get_or_insert_with(HashMap::new).entry(family).or_insert(*expires);
        *last = (*last).max(*expires);
    }
}

/// The verdict on what was found out, and its reason.
fn judge(seen: &Backlog, unit: &str, now: Timestamp, limits: &Limits) -> (Level, String) {
    let rows = if seen.overdue == 1 { format!("1 {unit}") } else { format!("{} {unit}s", seen.overdue) };
    let is_over = |age: Age| seen.overdue > 0 && seen.oldest_ms > age.as_millis();
    let silence = seen.last_sweep.map_or(0, |last| now.millis_since(last));
    if seen.overdue > 0 && silence > limits.critical.as_millis() {
        return (Level::Critical, format!("{rows} overdue, and no sweep for {}", span(silence)));
    }
    let overdue = format!("{rows} overdue, the oldest for {}", span(seen.oldest_ms));
    match seen {
        _ if is_over(limits.critical) => (Level::Critical, overdue),
        Backlog { failures: 1, .. } => {
            (Level::Warning, format!("the last sweep failed or was refused; {overdue}"))
        }
        Backlog { failures: 2.., .. } => {
            (Level::Warning, format!("the last {} sweeps failed or were refused; {overdue}", seen.failures))
        }
        Backlog { is_cooling: true, .. } => {
            (Level::Warning, format!("a stricter policy was refused and waits; {overdue}"))
        }
        _ if is_over(limits.warning) => (Level::Warning, overdue),
        Backlog { overdue: 0, .. } => (Level::Fine, "nothing overdue".to_owned()),
        _ => (Level::Fine, overdue),
    }
}

/// A time span as an age, in whole seconds: `1h2m3s`.
fn span(millis: i64) -> String {
    Age::from_millis(millis / 1_000 * 1_000).map_or_else(|| "0s".to_owned(), |age| age.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
    const HOUR: i64 = 3_600_000;

    fn seen(overdue: u64, oldest_ms: i64) -> Backlog {
        Backlog { overdue, oldest_ms, last_sweep: Some(NOW), ..Backlog::default() }
    }

    fn level(seen: &Backlog) -> Level {
        judge(seen, "row", NOW, &Limits::default()).0
    }

    #[test]
    fn exactly_at_a_limit_is_within_it() {
        for (oldest, expected) in [
            (0, Level::Fine),
            (HOUR, Level::Fine),
            (HOUR + 1, Level::Warning),
            (24 * HOUR, Level::Warning),
            (24 * HOUR + 1, Level::Critical),
        ] {
            assert_eq!(level(&seen(1, oldest)), expected, "{oldest}");
        }
        assert_eq!(level(&seen(0, 99 * HOUR)), Level::Fine, "nothing is overdue");
    }

    #[test]
    fn silence_is_critical_only_where_there_is_work() {
        let last = |hours: i64| Some(Timestamp::from_millis(NOW.as_millis() - hours * HOUR - 1));
        let silent = |overdue, hours| Backlog { last_sweep: last(hours), ..seen(overdue, 0) };
        assert_eq!(level(&silent(1, 24)), Level::Critical);
        assert_eq!(level(&silent(1, 23)), Level::Fine);
        assert_eq!(level(&silent(0, 999)), Level::Fine);
        assert_eq!(
            level(&Backlog { last_sweep: None, ..seen(1, 0) }),
            Level::Fine,
            "nobody knows since when"
        );
    }

    #[test]
    fn a_sweep_that_failed_or_waits_is_a_warning_and_hides_nothing_worse() {
        for bad in [Backlog { failures: 1, ..seen(0, 0) }, Backlog { is_cooling: true, ..seen(0, 0) }] {
            assert_eq!(level(&bad), Level::Warning);
            assert_eq!(level(&Backlog { overdue: 1, oldest_ms: 25 * HOUR, ..bad }), Level::Critical);
        }
    }

    #[test]
    fn what_is_not_known_is_worse_than_a_warning_and_better_than_critical() {
        let mut all = [Level::Critical, Level::Unknown, Level::Fine, Level::Warning];
        all.sort();
        assert_eq!(all.map(Level::code), [0, 1, 3, 2]);
    }
}
