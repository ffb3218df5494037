//! Workspaces: groups of paths that live and die together.
//!
//! A job works in a folder; beside it stand a file with its token and a folder with its results, named after it. Whoever
//! ends a job removes them all, on the normal way as on every other:
//!
//! ```
//! use session_reaper::artifact::workspaces::{Shape, remove_group};
//! # let base = std::env::temp_dir().canonicalize()?.join(format!("session-reaper-doc-{}-group", std::process::id()));
//! # std::fs::create_dir_all(base.join("job-1"))?;
//! # std::fs::write(base.join("job-1.cred.sh"), "token")?;
//! let removal = remove_group(&base.join("job-1"), &Shape::default())?;
//! assert!(removal.is_complete());
//! # assert_eq!(removal.members.len(), 3);
//! # std::fs::remove_dir(base)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Secrets go first. What cannot be removed keeps no other member from going, and a removal is complete only when a look
//! afterwards finds nothing. Nothing of a group goes into a trash: its owner says that it is done with.
//!
//! Of jobs that were killed nobody removes the groups. [`sweep()`] takes those that are older than a time, by the newest time
//! anywhere in them, unless a living process has marked one as its own. What it takes goes into the trash of the folder, but for
//! secrets.

mod base;
mod group;
mod leaf;
mod links;
mod log;
mod look;
mod outcome;
mod remove;
mod roster;
mod settings;
mod shape;
mod sweep;
mod take;
mod undo;
mod verdict;
mod walk;

use super::home;
pub use group::Group;
pub use log::log_refusal;
pub use outcome::{Left, Outcome};
pub use remove::{Member, Removal, group_at, remove_group};
pub use settings::Settings;
pub use shape::{Role, Shape, ShapeError};
pub use sweep::{KIND, inspect, rests, sweep};
pub use undo::{empty_trash, finish_killed, is_base, past, undo};
pub(super) use walk::weight;
