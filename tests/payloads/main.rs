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

mod back;
#[path = "../shared/below.rs"]
mod below;
mod child;
mod dead;
#[path = "../shared/folder.rs"]
mod folder;
mod full;
mod killed;
mod log;
mod odd;
mod owners;
#[path = "../shared/part.rs"]
mod part;
mod proven;
mod quota;
mod race;
mod sessions;
#[path = "../crash/strace.rs"]
mod strace;
#[path = "../shared/swap.rs"]
mod swap;
mod swapped;
mod target;
mod threads;
mod world;
