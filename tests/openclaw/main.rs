//! The binary beside two real gateways, OpenClaw 2026.4.29, that write one store as fast as they can.
//!
//! Every update of theirs counts something and adds a row that has expired; our binary prunes in a loop. At the end every
//! count is exact, and no row that a report called pruned has come back. A control shows that the rig catches a sweep
//! that takes no lock.
//!
//! `install.sh` fetches the gateway once. `SESSION_REAPER_OPENCLAW_UPDATES` is how many updates each gateway makes (1,000).
//! Without `node`, `npm` or the network the tests are skipped, but not under `CI`.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, say what they did, and end by panicking"
)]

mod beside;
#[path = "../peers/careless.rs"]
mod careless;
mod gateways;
#[path = "../peers/processes.rs"]
mod processes;
mod pruner;
#[path = "../peers/reader.rs"]
mod reader;
#[path = "../peers/world.rs"]
mod world;

/// Why the rig cannot run, on the terminal; a failure where it must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}
