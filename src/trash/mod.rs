//! What was removed, and what was done: bundles and the journal.
//!
//! Every run leaves a bundle, `trash/<run>.<store>/` in our folder, that is durable before the store changes: `rows.json`, a
//! store of its own that holds the removed rows in their old bytes, and `manifest.json`, which says what they were and where
//! they stood. While nobody knows yet whether the change was made, the folder's name ends in `.unfinished`; while it is
//! taken away, in `.purged`. Of a run that keeps nothing there is only a note while it is under way. The journal has one line for
//! each run, and nothing is ever changed in it.
//!
//! This room writes and reads; what is to be removed or brought back is for others to decide.

mod about;
mod attic;
mod begun;
mod bundle;
mod compress;
mod draft;
mod journal;
mod manifest;
mod name;
mod pieces;
mod reasons;
mod rows;
mod run_id;
mod successor;

pub use about::{Cause, Line, Outcome};
pub use attic::{Attic, Became, More, Moving, Opened, Text, Thing};
pub use begun::{Begun, Note};
pub use bundle::{Bundle, Listed};
pub use draft::{Draft, Trash};
pub use journal::{Journal, Read, read as read_journal};
pub use manifest::{Added, Identities, Identity, Manifest, Placement, RowsFile};
pub use name::{FolderName, Stage};
pub use pieces::Pieces;
pub use reasons::Reasons;
pub use rows::{RowsReader, RowsWriter};
pub use run_id::{BadRunId, RunId};
pub use successor::Successor;
