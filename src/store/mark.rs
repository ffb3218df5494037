//! What tells at a glance whether a store is still the one that was read.

use serde::{Deserialize, Serialize};

use crate::fs::Stat;

/// A store's rows and its pins, told apart from what they were by as little as their times. Only to be made where any
/// write since must have changed it: see [`crate::lock::Fence::until_old`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    rows: String,
    bytes: u64,
    pins: String,
}

impl Mark {
    /// The mark of rows that have this identity and take so many bytes, beside pins of that one.
    #[must_use]
    pub const fn new(rows: String, bytes: u64, pins: String) -> Self {
        Self { rows, bytes, pins }
    }

    /// The mark of files as they are; there may be none with pins.
    #[must_use]
    pub fn of_files(rows: &Stat, pins: Option<&Stat>) -> Self {
        Self::new(identity(rows), rows.size, pins.map(identity).unwrap_or_default())
    }

    /// Whether nothing but the rows may differ, and these have not become fewer bytes.
    #[must_use]
    pub fn may_have_grown_from(&self, before: &Self) -> bool {
        self.pins == before.pins && self.bytes >= before.bytes
    }
}

fn identity(stat: &Stat) -> String {
    let Stat { dev, ino, size, modified_ns, changed_ns, .. } = stat;
    format!("{dev}.{ino}.{size}.{modified_ns}.{changed_ns}")
}
