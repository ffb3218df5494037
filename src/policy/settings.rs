//! The policy: which rules are on, and what they protect.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Glob;
use crate::model::{Kind, Retention};

/// Which text counts as the id of a cron run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunId {
    /// A UUID and nothing else, as gateways write it.
    #[default]
    Uuid,
    /// Any text that is not empty.
    Any,
}

/// Everything that decides about rows. The default keeps cron runs for a day and every other row for ever.
///
/// ```
/// use session_reaper::{Kind, Policy};
/// let policy = Policy::default().with_retention("36h".parse()?).with_rule(Kind::Subagent, "7d".parse()?)?;
/// assert!(!policy.is_off());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Written")]
pub struct Policy {
    retention: Retention,
    run_id: RunId,
    keep_last: u32,
    rules: BTreeMap<Kind, Retention>,
    max_entries: Option<u64>,
    keep: Vec<Glob>,
}

/// A policy as it is written down: it goes through the same doors as any other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    retention: Retention,
    run_id: RunId,
    keep_last: u32,
    rules: BTreeMap<Kind, Retention>,
    max_entries: Option<u64>,
    keep: Vec<Glob>,
}

impl TryFrom<Written> for Policy {
    type Error = PolicyError;

    fn try_from(written: Written) -> Result<Self, PolicyError> {
        let policy = Self::default()
            .with_retention(written.retention)
            .with_run_id(written.run_id)
            .with_keep_last(written.keep_last);
        let policy = written.keep.into_iter().fold(policy, Self::with_keep);
        let policy =
            written.rules.into_iter().try_fold(policy, |policy, (kind, age)| policy.with_rule(kind, age))?;
        written.max_entries.map_or(Ok(policy.clone()), |rows| policy.with_max_entries(rows))
    }
}

/// A rule that must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Rows of this kind are kept, whatever their age.
    #[error(
        "no rule may remove rows of kind {0}: they are somebody's conversation, or nobody knows what they are"
    )]
    Protected(Kind),
    /// Cron runs have their retention and no second rule.
    #[error("cron runs go by the retention (--retention, cron.retention), not by a rule of their own")]
    CronRun,
    /// A cap of zero would remove everything.
    #[error("a cap of 0 rows would remove everything; leave it out to have none")]
    ZeroCap,
}

impl Policy {
    /// The same policy with another retention of cron runs.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// The same policy, reading the ids of cron runs in another way.
    #[must_use]
    pub fn with_run_id(mut self, run_id: RunId) -> Self {
        self.run_id = run_id;
        self
    }

    /// The same policy, keeping the newest `runs` runs of every cron job however old they are.
    #[must_use]
    pub fn with_keep_last(mut self, runs: u32) -> Self {
        self.keep_last = runs;
        self
    }

    /// The same policy with a retention for rows of another kind.
    ///
    /// # Errors
    /// When rows of that kind are not to be removed by age, or are cron runs.
    pub fn with_rule(mut self, kind: Kind, retention: Retention) -> Result<Self, PolicyError> {
        match kind {
            Kind::CronRun => return Err(PolicyError::CronRun),
            kind if !kind.may_have_rule() => return Err(PolicyError::Protected(kind)),
            _ => {}
        }
        self.rules.insert(kind, retention);
        Ok(self)
    }

    /// The same policy with a cap: of the rows that a cap may take, only the newest `rows` stay.
    ///
    /// # Errors
    /// When the cap is zero.
    pub fn with_max_entries(mut self, rows: u64) -> Result<Self, PolicyError> {
        if rows == 0 {
            return Err(PolicyError::ZeroCap);
        }
        self.max_entries = Some(rows);
        Ok(self)
    }

    /// The same policy, keeping every row whose key matches, and its family.
    #[must_use]
    pub fn with_keep(mut self, glob: Glob) -> Self {
        self.keep.push(glob);
        self
    }

    /// How long cron runs are kept.
    #[must_use]
    pub const fn retention(&self) -> Retention {
        self.retention
    }

    /// Which text counts as the id of a cron run.
    #[must_use]
    pub const fn run_id(&self) -> RunId {
        self.run_id
    }

    /// How many runs of each cron job stay, however old.
    #[must_use]
    pub const fn keep_last(&self) -> u32 {
        self.keep_last
    }

    /// The retentions of other kinds.
    #[must_use]
    pub const fn rules(&self) -> &BTreeMap<Kind, Retention> {
        &self.rules
    }

    /// The cap on rows.
    #[must_use]
    pub const fn max_entries(&self) -> Option<u64> {
        self.max_entries
    }

    /// The patterns of keys that stay.
    #[must_use]
    pub fn keep(&self) -> &[Glob] {
        &self.keep
    }

    /// The retention of rows of `kind`, where a rule has one.
    #[must_use]
    pub fn retention_of(&self, kind: Kind) -> Option<Retention> {
        match kind {
            Kind::CronRun => Some(self.retention),
            kind => self.rules.get(&kind).copied().filter(|_| kind.may_have_rule()),
        }
    }

    /// Whether nothing can be condemned: every rule is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.max_entries.is_none()
            && Kind::all().all(|kind| self.retention_of(kind).is_none_or(|r| r == Retention::Off))
    }

    pub(super) fn protects(&self, key: &[u8]) -> bool {
        self.keep.iter().any(|glob| glob.matches(key))
    }
}
