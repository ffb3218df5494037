//! A store for media: files that sessions receive and make, each under a name, for as long as somebody needs them.
//!
//! Whoever stores a file owns it and releases it: by a handle that is dropped, by its name, or by its scope. Age is only the
//! net below that. What is in use is leased, and stays. All is written down in a ledger in the folder, so that a restart, a
//! reload and a second process know what the first one knew.
//!
//! ```
//! use session_reaper::artifact::media::{CleanupPolicy, MediaStore, Meta, Options};
//! # let dir = std::env::temp_dir().canonicalize()?.join(format!("session-reaper-doc-{}-media", std::process::id()));
//! let now = session_reaper::now();
//! let store = MediaStore::open(Options::new(&dir)?, now)?;
//! # let picture = dir.join("picture.png");
//! # std::fs::write(&picture, "...")?;
//! let meta = Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() };
//! let owned = store.store_owned(&picture, meta, "turn-1", now)?;
//! let found = store.resolve(owned.reference(), now)?;
//! assert_eq!(found.path, picture);
//! drop(owned);
//! assert!(!picture.exists());
//! # std::fs::remove_dir_all(dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the net takes goes into a trash in the folder, with its references: [`sweep()`] throws it where no store is open,
//! [`inspect`] says what would go, [`undo()`] brings back what a run took. What owners release is gone.
//!
//! Only files in the store's folder are ever removed, and only those that were given to it to remove. Unknown means keep.

mod aside;
mod back;
mod bin;
mod carry;
mod doomed;
mod folders;
mod gate;
mod holder;
mod join;
mod lease;
mod ledger;
mod length;
mod let_go;
mod log;
mod meta;
mod net;
mod notes;
mod options;
mod orphans;
mod owned;
mod place;
mod record;
mod reference;
mod report;
mod room;
mod spot;
mod state;
mod store;
mod sweep;
mod told;
mod undo;
mod worker;

#[cfg(test)]
mod tests;

pub use join::registered;
pub use lease::Lease;
pub use meta::{CleanupPolicy, Kept, Media, Meta};
pub use net::{inspect, inspect_on, rests, sweep, sweep_on};
pub(super) use notes::take_idle_notes;
pub use options::Options;
pub use owned::Owned;
pub use reference::{BadMediaRef, MediaRef};
pub use report::{End, Outcome, Report};
pub use store::{MediaStore, Released, Usage};
pub use sweep::KIND;
pub(super) use sweep::NET;
pub use undo::{empty_trash, finish_killed, is_store, past, undo, undo_on};
