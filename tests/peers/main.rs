//! Our sweeps beside writers that take `sessions.json.lock` as gateways of three ages did: nobody loses an update.
//!
//! Sixteen processes of ours remove one row at a time, 500 each; four peers (`dialects/`) add one row at a time, 500 each.
//! At the end all rows of the peers are there and none of ours, and nobody who read meanwhile saw a gap. A control shows
//! that the rig catches writers who take no lock.
//!
//! `SESSION_REAPER_PEER_UPDATES` is how many updates each makes (500). Without `node` the tests are skipped, but not under
//! `CI`.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests make files as any program would, say what they did, and end by panicking"
)]

mod careless;
mod groups;
mod processes;
mod reader;
mod rig;
mod sweeper;
mod world;

/// Why the rig cannot run, on the terminal; a failure where it must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}
