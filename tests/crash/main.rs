//! The binary killed at every system call that can matter, and made to meet an error at each of them.
//!
//! Whatever happens, the store is the whole old text or the whole new one, and the next sweep finishes the work. A rig that
//! cannot run says so loudly; where `CI` is set, it fails.
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

mod asleep;
mod careless;
mod check;
mod errors;
mod jail;
mod judge;
mod kill;
mod order;
mod pairs;
mod rig;
mod scenario;
mod scenarios;
mod signals;
mod strace;
mod world;
