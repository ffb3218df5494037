//! The command line as users meet it: exit codes, text, JSON, what it leaves on the disk. One file for each verb or theme.
#![cfg(feature = "cli")]
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

mod apply;
mod beside;
mod check;
mod config;
mod doctor;
mod folders;
mod group;
mod guards;
mod hint;
mod jobs;
mod killed;
mod large;
mod limits;
mod log;
mod many;
mod media;
mod others;
mod output;
mod past;
mod pins;
mod pipe;
mod plan;
mod prune;
mod stores;
mod terminal;
mod tick;
mod transcripts;
mod usage;
mod world;
