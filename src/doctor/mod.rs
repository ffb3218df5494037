//! What is wrong here: the store itself, the locks beside it, who else is at work, what we have left, and the folders of what
//! sessions leave behind.
//!
//! An examination reads and changes nothing. Asked to mend, it removes locks whose owners are proven to be dead, as a
//! sweep would take them over, and nothing else.

mod beside;
mod finding;
mod folder;
mod locks;
mod ours;
mod place;
mod store;

pub use finding::{Finding, Subject};
pub use folder::{FolderCheckup, examine_folder};

use serde::Serialize;

use crate::{
    model::{Error, Timestamp},
    store::FileStore,
};
use place::Place;

/// What was found at one store.
#[derive(Debug, Serialize)]
pub struct Checkup {
    /// The store's name.
    pub store: String,
    /// What there is to say, the store itself first.
    pub findings: Vec<Finding>,
    /// Why the store could not be read, if it could not.
    #[serde(skip)]
    pub error: Option<Error>,
}

impl Checkup {
    /// That of a store that could not be looked for.
    #[must_use]
    pub fn of_error(error: Error) -> Self {
        let name = error.path().to_string_lossy().into_owned();
        Self { store: name, findings: vec![store::failed(&error)], error: Some(error) }
    }
}

/// Looks at a store and all that is beside it, and removes dead locks if it is to mend. `now` is for the rows; locks are
/// judged by the clock of the disk.
#[must_use]
pub fn examine(store: &FileStore, now: Timestamp, mends: bool) -> Checkup {
    let (mut findings, error) = store::examine(store, now);
    if let Some(place) = Place::find(store) {
        findings.extend(store::around(&place));
        findings.extend(locks::examine(&place, store, mends));
        findings.extend(ours::examine(&place));
        findings.extend(beside::examine(&place));
    }
    Checkup { store: store.path().to_string_lossy().into_owned(), findings, error }
}
