//! The lock that other programs look at, when many want it at once and a dead owner has left one.
//!
//! The protocol itself is run: by a model checker that tries schedules at random, by one that tries them all, by processes
//! that are delayed and killed at each of their system calls, and with an intruder before each call. `naive` has the same
//! protocol done wrong; every rig must catch it.
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

mod contend;
mod contender;
mod every;
mod intruder;
mod naive;
mod odd;
mod property;
mod random;
mod rig;
mod rounds;
#[path = "../crash/strace.rs"]
mod strace;
mod worlds;
