//! Leases on transcripts: the write lock that an agent's runtime embeds, with a watchdog and a way out of a hung attempt.
//!
//! A [`LeaseController`] belongs to one attempt of a runtime and knows every [`Lease`] that it gave. A lease is the on-disk
//! lock `<file>.jsonl.lock`, as OpenClaw writes it, and the right to add lines to the transcript. It ends when it is
//! released or dropped, when it is held for too long, when somebody else has changed the transcript or taken the lock, or
//! when the attempt is given up with [`LeaseController::abandon_in_flight`]. Whoever still has an ended lease gets
//! [`LeaseError::Takeover`], and not a byte of his is written.
//!
//! ```
//! use session_reaper::lock::{LeaseController, LeaseError};
//! # let dir = std::env::temp_dir().join(format!("session-reaper-lease-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir)?;
//! # let transcript = dir.join("one.jsonl");
//! let attempt = LeaseController::default();
//! let lease = attempt.acquire(&transcript)?;
//! lease.append(b"{\"type\":\"session\"}\n")?;
//!
//! // The attempt hangs; its runtime gives it up, and the next one goes on at once.
//! assert_eq!(attempt.abandon_in_flight("compaction timed out").released, 1);
//! assert!(matches!(lease.append(b"late\n"), Err(LeaseError::Takeover { .. })));
//! LeaseController::default().acquire(&transcript)?.append(b"{\"type\":\"message\"}\n")?;
//! # std::fs::remove_dir_all(dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A writer that is stopped and comes back
//!
//! A process can be stopped anywhere, for longer than its lease lasts. So a write is one step for all processes of ours: it
//! is done under an flock on the transcript itself, in which the lock, the transcript's fence and the lease's time are
//! looked at first. Who takes a lock over waits for that flock before it looks at the transcript; so either it sees the
//! line of the old holder, or the old holder sees that its lock is gone. Other programs know no such flock: between the
//! look and the write they have microseconds.
//!
//! # How the files divide the work
//!
//! `controller` gives leases out, `lease` and `paused` are what their holder has, `slot` is one lock with all that can
//! happen to it, `table` knows all slots, `tail` writes, `seen` is the fence, `watchdog`, `abandon` and `signals` end
//! leases by `ending`, `argv` is a rule of OpenClaw's.

mod abandon;
mod argv;
mod controller;
mod ending;
mod error;
#[expect(clippy::module_inception, reason = "a lease is what this folder is about")]
mod lease;
mod options;
mod paused;
mod place;
mod seen;
mod signals;
mod slot;
mod table;
mod tail;
mod watchdog;

pub use abandon::Abandoned;
pub use argv::is_respected_by_openclaw;
pub use controller::LeaseController;
pub use error::{Ended, LeaseError};
pub use lease::Lease;
pub use options::{LeaseOptions, LeaseRequest};
pub use paused::Paused;
pub use signals::SignalWatch;
