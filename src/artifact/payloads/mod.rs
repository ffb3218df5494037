//! Payloads: large results of tools, out of memory and out of transcripts.
//!
//! A small result stays where it is. A large one goes to a file of its session's own folder, and what stands in its place
//! says how to find it, how to know it again, and what it was about:
//!
//! ```
//! use session_reaper::artifact::payloads::{Options, Spool, Stored};
//! # let base = std::env::temp_dir().canonicalize()?.join(format!("session-reaper-doc-{}-spool", std::process::id()));
//! let spool = Spool::open(&base, Options::default(), session_reaper::now())?;
//! let session = spool.session("agent:main")?;
//! let log = "all is well\n".repeat(10_000);
//! let Stored::Spooled(blob) = session.put(log.as_bytes(), "text/plain") else { panic!("it is large") };
//! assert!(blob.excerpt.text.ends_with("all is well\n") && blob.excerpt.text.len() < 51_200);
//! assert_eq!(session.get(&blob)?, log.as_bytes());
//! session.end()?;
//! # assert_eq!(std::fs::read_dir(&base)?.count(), 1, "our own folder");
//! # std::fs::remove_dir_all(base)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here can lose a message: what cannot be written stays inline, and what cannot be read leaves its excerpt. A session
//! is its owner's until it ends; what is left when its process is killed goes with the next sweep, and what belongs to
//! somebody who lives, or may live, never does. A call of a tool and its result are never taken apart: only what the result
//! holds moves.
//!
//! Where no runtime opens a spool any more, [`sweep()`] takes what dead owners left into the trash of the spool, from which [`undo()`]
//! brings it back.

mod blob;
mod excerpt;
mod log;
mod look;
mod marker;
mod name;
mod options;
mod read;
mod removal;
mod restored;
mod result;
mod room;
mod session;
mod spool;
mod sweep;
mod take;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod undo;
mod verdict;
mod write;

pub use blob::{BlobHash, BlobRef, HashError};
pub(super) use excerpt::Window;
pub use excerpt::{Excerpt, Side};
pub(super) use options::size;
pub use options::{LimitError, Options};
pub use read::Lost;
pub use result::{Data, Media, ToolResult, without_payload};
pub use session::{Released, Session, Stored, Why};
pub use spool::Spool;
pub(super) use spool::{MARK, ROOM};
pub use sweep::Report;
pub use target::{KIND, inspect, rests, sweep};
pub(super) use text::Limits;
pub use undo::{empty_trash, finish_killed, is_spool, past, undo};
