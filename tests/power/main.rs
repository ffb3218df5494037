//! Power is cut, at every flush of the disk: is the store still whole, and is what was acknowledged still done?
//!
//! A disk of our own (FUSE) shows one file and logs each write and each flush. A file system is made in it, and sweeps,
//! an undo and a gateway's updates work there, one after another. Then crash images are built as a disk with a volatile
//! cache may leave them: all that was written before a flush, and of what was written since then nothing, a beginning, all
//! but one, or any subset. Each image is mounted, which replays its journal, and judged:
//!
//! - the store is byte for byte one of the states that can be: the last acknowledged one, or that of the step in flight;
//! - a step that was acknowledged (exit code 0 was seen) is never undone, and with it no row is lost that was kept;
//! - a row that is gone from the store is in the trash, in its old bytes;
//! - the next sweep reaches the same end, and leaves no half file, no unfinished bundle and no lock.
//!
//! The same rig must find fault with sweeps whose fsyncs are left out. It prints what it built and fails when that was
//! nothing. It needs root, /dev/fuse and loop devices; where it cannot run it says SKIPPED, and fails where `CI` is set.
//! Mounts live in a namespace of their own, which ends with the test, however that ends.
//!
//! `SESSION_REAPER_POWER_IMAGES=5000` sets how many images are built for each file system (1,000 for ext4, 800 for ext4 that
//! writes late, 300 for xfs).
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

mod blocks;
mod check;
mod disk;
mod explore;
mod filesystems;
mod image;
mod rig;
mod steps;
mod variants;
mod workload;
