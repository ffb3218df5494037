//! One row of a list.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    model::{Key, Kind, Timestamp},
    policy::{Decision, Verdict},
};

/// A row, what it is, what it weighs and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    /// The row's key.
    pub key: Key,
    /// What its key says it is.
    pub kind: Kind,
    /// What it weighs: its key with the quotes, and its value.
    pub bytes: u64,
    /// Keep or prune, and why; `updated` is filled in whether or not a rule asked for it.
    pub verdict: Verdict,
    /// The time that its age is counted to.
    pub now: Timestamp,
}

impl ListedRow {
    /// The row's age in milliseconds, negative when it comes from the future; `None` without a time.
    #[must_use]
    pub fn age_millis(&self) -> Option<i64> {
        self.verdict.updated.map(|updated| self.now.millis_since(updated))
    }
}

impl Serialize for ListedRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("ListedRow", 8)?;
        row.serialize_field("key", &self.key)?;
        row.serialize_field("kind", &self.kind)?;
        row.serialize_field("bytes", &self.bytes)?;
        match self.verdict.decision {
            Decision::Prune(rule) => {
                row.serialize_field("action", "prune")?;
                row.serialize_field("rule", &rule)?;
            }
            Decision::Keep(reason) => {
                row.serialize_field("action", "keep")?;
                row.serialize_field("reason", &reason)?;
            }
        }
        row.serialize_field("updatedAt", &self.verdict.updated)?;
        row.serialize_field("ageMs", &self.age_millis())?;
        row.serialize_field("expiresAt", &self.verdict.expires)?;
        row.end()
    }
}
