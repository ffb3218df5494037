//! Large results of tools in files of their sessions, on the machine's own disk.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

mod child;
mod full;
mod killed;
mod log;
mod odd;
mod owners;
mod proven;
mod quota;
mod sessions;
mod threads;
mod world;
