//! Compaction of transcripts, on the machine's own disk.
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

#[path = "../shared/below.rs"]
mod below;
mod child;
mod cut;
mod locks;
mod log;
mod memory;
#[path = "../shared/part.rs"]
mod part;
mod payloads;
#[path = "../crash/strace.rs"]
mod strace;
#[path = "../shared/swap.rs"]
mod swap;
mod swapped;
mod whole;
mod world;
