//! What sessions leave behind beside their rows: who owns it, and how it goes.
//!
//! [`workspaces`] are folders of jobs with what belongs to them: each sweep of one gives a [`Report`] that adds up. [`media`] are
//! files that sessions receive and make. [`payloads`] are large results of tools, which are kept out of memory and of
//! transcripts; [`transcripts`] takes those out that are in there already. Each sweep is one line in the log.

mod apart;
mod bin;
mod home;
pub mod media;
mod nook;
mod options;
mod past;
pub mod payloads;
mod report;
mod round;
mod runs;
mod signs;
mod target;
pub mod transcripts;
pub mod workspaces;

pub use apart::clashes;
pub use options::Options;
pub use past::{Kept, Past, Undone};
pub use report::{Action, Item, Report};
pub use target::{Folder, Kind, Target};
