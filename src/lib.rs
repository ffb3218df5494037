//! Prunes expired rows from the session stores of AI-agent gateways, and leaves every other byte alone.
//!
//! Gateways such as OpenClaw write a row into `sessions.json` for every cron run, and nobody takes them away. A scheduler
//! keeps a [`Reaper`] and calls [`Reaper::tick`] from its own timer: it sweeps what is due, under a lock, throttled across
//! processes, and returns a report.
//!
//! ```
//! use session_reaper::{FileStore, Policy, Reaper};
//! # let dir = std::env::temp_dir().join(format!("session-reaper-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir)?;
//! # let path = dir.join("sessions.json");
//! # std::fs::write(&path, "{}")?;
//! let policy = Policy::default().with_retention("24h".parse()?);
//! let reaper = Reaper::new(FileStore::new(path), policy);
//! let report = reaper.tick(session_reaper::now())?;
//! assert_eq!(report.totals().pruned, 0);
//! # std::fs::remove_dir_all(dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The rooms
//!
//! Each uses only those below it.
//!
//! | module | question it answers |
//! |---|---|
//! | `config` | which settings are in force, and where each came from (feature `cli`) |
//! | [`sweep`] | when is it time, and what happened? [`Reaper`], [`sweep::Report`] |
//! | [`doctor`] | what is wrong with a store, beside it, and with folders of what sessions leave behind? |
//! | [`artifact`] | what do sessions leave behind beside their rows, and how does it go? |
//! | [`inspect`] | what is in a store? |
//! | [`store`] | how is a store read, changed and locked? The port [`store::Store`], and [`FileStore`] |
//! | [`trash`] | what was removed, and what was done? Bundles and the journal |
//! | [`gateway`] | is a gateway live beside a store, and does it honour a lock? |
//! | [`lock`] | who may write, and is it still the same file? |
//! | [`process`] | who is alive on this machine? |
//! | [`fs`] | what may be done to a disk? |
//! | [`json`] | where are the rows in these bytes, and how are some of them cut out? |
//! | [`policy`] | what goes and what stays? Pure |
//! | [`model`] | what do the words mean? Keys, kinds, ages, times, errors |
//!
//! # On disk
//!
//! Beside a store, for a moment: `<store>.lock`, the lock of the gateways ([`lock::Sidecar`]). In `.session-reaper/`:
//! `<store>.state` (when it was swept last, and by which policy: [`store::State`]), `<store>.pins.json` (what is pinned:
//! [`store::PinBook`]), `journal.jsonl` (what was done: [`trash::Line`]), `trash/` (what was removed: [`trash::Bundle`]),
//! `<store>.lock` (our mutex), `turn` (whose turn it is with a gateway's lock: [`lock::Sidecar`]), for a moment
//! `<store>.<pid>.<n>.tmp` and `<store>.<...>.swap` (survivors on their way: [`FileStore`]), and `<store>.rescued` (another
//! program's text that came too late to be put back).
//!
//! # Features
//!
//! `cli`, on by default, is the command and its configuration; a scheduler that embeds the library leaves it out.

pub mod artifact;
mod clock;
#[cfg(feature = "cli")]
pub mod config;
pub mod doctor;
pub mod fs;
pub mod gateway;
pub mod inspect;
pub mod json;
pub mod lock;
pub mod model;
pub mod policy;
pub mod process;
#[cfg(any(feature = "cli", feature = "testing"))]
#[doc(hidden)]
pub mod specimen;
pub mod store;
pub mod sweep;
pub mod trash;

pub use clock::now;
pub use model::{
    Age, AgeError, Bytes, Class, Error, ErrorKind, Key, Kind, Retention, RetentionError, Timestamp,
};
pub use policy::Policy;
pub use store::FileStore;
pub use sweep::Reaper;

/// The README's program is compiled with the other examples of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
