//! What sessions leave behind beside their rows: who owns it, and how it goes.
//!
//! [`workspaces`] are folders of jobs with what belongs to them. Each sweep of such a folder gives one [`Report`] that adds
//! up, and one line in the log.

mod nook;
mod options;
mod past;
mod report;
pub mod workspaces;

pub use options::Options;
pub use past::{Kept, Past, Undone};
pub use report::{Action, Item, Report};
