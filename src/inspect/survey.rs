//! Counting and weighing, in one walk.

use serde::Serialize;

use super::{Census, Weights, plan};
use crate::{
    fs::Disk,
    json::{self, RawField},
    model::{Error, Shape, Timestamp},
    policy::Policy,
    store::{FileStore, Look, Seen, Store},
};

/// A store, counted and weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Survey {
    /// The store's name.
    pub store: String,
    /// The time at which rows were judged.
    pub now: Timestamp,
    /// The size of the store.
    pub bytes_before: u64,
    /// Its size if everything that would go now were gone.
    pub bytes_after: u64,
    /// The rows.
    pub census: Census,
    /// The bytes.
    pub weights: Weights,
}

/// Counts and weighs a store.
///
/// ```no_run
/// use session_reaper::{FileStore, Policy, inspect};
/// let store = FileStore::new("/home/u/.openclaw/agents/main/sessions/sessions.json");
/// let survey = inspect::survey(&store, &Policy::default(), session_reaper::now())?;
/// for (name, weight) in survey.weights.fields(None).iter().take(3) {
///     println!("{name} {}", weight.bytes);
/// }
/// # Ok::<(), session_reaper::Error>(())
/// ```
///
/// # Errors
/// When the store cannot be read, or is no store.
pub fn survey<D: Disk>(store: &FileStore<D>, policy: &Policy, now: Timestamp) -> Result<Survey, Error> {
    let planned = plan(store, policy, now)?;
    let weights = Weights::of(planned.bytes_before);
    let mut counting = Counting { now, census: Census::default(), weights };
    store.look(&planned.snapshot, planned.plan.rulings(), &mut counting)?;
    Ok(Survey {
        store: store.name(),
        now,
        bytes_before: planned.bytes_before,
        bytes_after: planned.bytes_after,
        census: counting.census,
        weights: counting.weights,
    })
}

struct Counting {
    now: Timestamp,
    census: Census,
    weights: Weights,
}

impl Look for Counting {
    fn field(&mut self, field: &RawField<'_>) {
        self.weights.field(field);
    }

    fn row(&mut self, row: &Seen<'_>) {
        let kind = Shape::of(&json::decode(row.raw.key)).kind;
        self.census.add(kind, row, self.now);
        self.weights.row(kind, row);
    }
}
