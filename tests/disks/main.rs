//! Disks as they are on bad days: full, out of inodes, read-only, immutable; and stores of users that root sweeps.
//!
//! Nothing here is made up: real mounts and real flags, so that it needs root. After each sweep the store is the whole old
//! text or the whole new one, as its exit code says, it is its owner's and he can read it, and nothing is left on its way.
//! Careless sweeps, a writer in place and a renamer who forgets the owner, must be caught by the same looks.
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

mod careless;
mod full;
mod home;
mod immutable;
mod mounted;
mod owned;
mod readonly;
mod rig;
