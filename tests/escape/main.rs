//! Folders that become links while root sweeps them: nothing outside of the folder that was named is ever touched.
//!
//! A swapper exchanges a folder for a link to a twin of it outside, thousands of times in a second, while the binary works on
//! the stores below the folder that was named. The twin has all that could be done there: expired rows, a dead lock,
//! leftovers of a killed sweep. A pruner that looks first and then follows paths must get lost there, or the rig is broken.
//!
//! `SESSION_REAPER_ESCAPE_SECONDS` says how long the swapper is at work in all (20).
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, say what they did, and end by panicking"
)]

mod found;
mod naive;
mod race;
mod swapper;
mod tree;
mod world;
