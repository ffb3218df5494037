//! What a run was: why it was made, and its line in the journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::RunId;
use crate::{
    model::{Timestamp, hex},
    policy::Policy,
    process,
};

/// Why a store is changed, and what is to be remembered of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The run.
    pub run: RunId,
    /// What was asked for, such as `prune`.
    pub verb: &'static str,
    /// The time that rows were judged at.
    pub now: Timestamp,
    /// The policy that they were judged by.
    pub policy: Option<Policy>,
    /// The run that this one takes back.
    pub undoes: Option<RunId>,
    /// Whether what goes is kept in the trash.
    pub keep: bool,
    /// Whether it is compressed there.
    pub compress: bool,
}

impl Cause {
    /// A run that keeps what it removes.
    #[must_use]
    pub const fn new(run: RunId, verb: &'static str, now: Timestamp) -> Self {
        Self { run, verb, now, policy: None, undoes: None, keep: true, compress: false }
    }

    /// The line of this run on a store, before anything is counted.
    pub(crate) fn line(&self, store: &str, at: Timestamp) -> Line {
        Line {
            run: self.run.clone(),
            at,
            verb: self.verb.to_owned(),
            now: self.now,
            store: store.to_owned(),
            uid: process::user(),
            pid: std::process::id(),
            policy: self.policy.as_ref().map(digest),
            scanned: 0,
            pruned: 0,
            kept: 0,
            restored: 0,
            held_up: 0,
            by_rule: BTreeMap::new(),
            bytes_before: 0,
            bytes_after: 0,
            trash: self.keep,
            undoes: self.undoes.clone(),
            outcome: Outcome::Done,
        }
    }
}

/// A digest of all that a policy says.
fn digest(policy: &Policy) -> String {
    hex(&Sha256::digest(serde_json::to_vec(policy).unwrap_or_default()))
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should.
    Done,
    /// It was killed after the store had changed, and the next one finished it.
    Recovered,
    /// It was killed, and somebody wrote the store before it could be seen whether it had changed.
    Uncertain,
}

impl Outcome {
    /// The outcome's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Recovered => "recovered",
            Self::Uncertain => "uncertain",
        }
    }
}

/// One run on one store, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The run.
    pub run: RunId,
    /// When it was, by the clock.
    pub at: Timestamp,
    /// What was asked for.
    pub verb: String,
    /// The time that rows were judged at.
    pub now: Timestamp,
    /// The store's file, in the folder that the journal is for.
    #[serde(rename = "file")]
    pub store: String,
    /// The user whose process it was.
    pub uid: u32,
    /// The process.
    pub pid: u32,
    /// A digest of the policy.
    pub policy: Option<String>,
    /// Rows looked at.
    pub scanned: u64,
    /// Rows that went.
    pub pruned: u64,
    /// Rows that stayed.
    pub kept: u64,
    /// Rows that came back.
    pub restored: u64,
    /// Rows that an undo left as they were, because somebody had a newer one. Lines of older versions do not say.
    #[serde(default)]
    pub held_up: u64,
    /// Rows that went, by rule.
    pub by_rule: BTreeMap<String, u64>,
    /// The store's size before.
    pub bytes_before: u64,
    /// Its size after.
    pub bytes_after: u64,
    /// Whether what went was kept in the trash.
    pub trash: bool,
    /// The run that this one took back.
    pub undoes: Option<RunId>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Line {
    /// The same run, of which nothing is left.
    #[must_use]
    pub fn came_to_nothing(&self) -> Self {
        let mut line = self.clone();
        (line.pruned, line.kept, line.restored) = (0, line.scanned, 0);
        line.bytes_after = line.bytes_before;
        line.by_rule.clear();
        line
    }
}
