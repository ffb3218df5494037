//! What a store holds and why: counts, weights, lists, and the verdict on one row in words.
//!
//! Everything here is asked of a plan and one more walk through the same bytes, and changes nothing. [`survey()`] counts and
//! weighs, [`list()`] lists, [`explain()`] explains, [`check()`] judges for monitors. Memory: what the plan costs, then some 48 bytes for each row that is
//! listed; keys are read from the store when they are shown, and only a list in the order of keys holds them all.

mod ages;
mod census;
mod check;
mod choice;
mod explain;
mod family;
mod list;
mod names;
mod near;
mod row;
mod survey;
mod survivors;
mod weights;
mod words;

pub use ages::{AgeGroup, Ages};
pub use census::{Census, KindCount};
pub use check::{Backlog, Health, Level, Limits, check};
pub use choice::{Choice, Sort, UnknownSort};
pub use explain::{Answer, Explanation, explain, spellings};
pub use family::Member;
pub use list::{Listing, list};
pub use row::ListedRow;
pub use survey::{Survey, survey};
pub use survivors::{Survivors, survivors};
pub use weights::{FieldWeight, KindWeight, Weights};

use crate::{
    fs::Disk,
    model::{Error, Timestamp},
    policy::{Detail, Policy},
    store::{FileStore, Planned, Request, Store},
};

/// The store with the verdict on every row.
fn plan<D: Disk>(
    store: &FileStore<D>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Planned<FileStore<D>>, Error> {
    store.plan(&Request { policy, now, detail: Detail::Everything, digest: false })
}
