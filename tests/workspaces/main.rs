//! Groups of paths that live and die together, on the machine's own disk.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

mod back;
mod cut;
#[path = "../shared/folder.rs"]
mod folder;
mod jobs;
mod killed;
mod log;
mod odd;
mod race;
mod removal;
#[path = "../shared/swap.rs"]
mod swap;
mod swept;
mod world;
