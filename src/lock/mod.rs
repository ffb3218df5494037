//! Who may write, and whether what was read is still what is there.
//!
//! [`wait_for`] takes our own mutex, by which the processes of session-reaper exclude each other. [`Fence`] tells whether
//! a file is still the one that was read. The locks of other programs join them here.

mod fence;
mod mutex;

pub use fence::Fence;
pub use mutex::{pause, wait_for};
