//! The room `inspect` and its verbs, over real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails loudly and touches the files it is about"
)]

mod cli;
mod explain;
mod list;
mod support;
mod survey;
