//! I4: nothing is gone that was not first durable in the trash, and a run can be taken back.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

mod changed;
mod compact;
mod ended;
mod journal;
mod late;
mod round;
mod world;
