//! Who may write, and whether what was read is still what is there.
//!
//! [`wait_for`] takes our own mutex, by which the processes of session-reaper exclude each other. A [`Sidecar`] is the
//! lock that other programs look at; [`Note`] is what stands in one, and [`judge()`] says whether it may be taken from its
//! owner. A [`Fence`] tells whether a file is still the one that was read. [`Stop`] is how a sweep is asked to end. An
//! [`OwnerMark`] says whose a folder is for as long as its owner lives. A runtime
//! gets all of it together as a [`Lease`] on a transcript.

mod fence;
mod judge;
pub mod lease;
mod mutex;
mod note;
mod owner;
mod sidecar;
mod stop;

pub use fence::{Digest, Fence};
pub use judge::{Content, Found, Kind, STORE_AGE, TRANSCRIPT_AGE, Verdict, judge};
pub use lease::{
    Abandoned, Ended, Lease, LeaseController, LeaseError, LeaseOptions, LeaseRequest, Paused, SignalWatch,
    is_respected_by_openclaw,
};
pub use mutex::{pause, wait_for};
pub use note::Note;
pub use owner::{Claim, OwnerMark, Ownership, Proof, owner_of, try_claim};
pub(crate) use owner::{machine, mark_dead};
pub use sidecar::{Attempt, ENDING, Held, Sidecar, TURN, look_at};
pub use stop::{Stake, Stop};
