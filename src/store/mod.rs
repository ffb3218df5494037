//! The port to session stores, and its adapters.
//!
//! A store can be planned, committed to, and locked against our own other processes; it remembers a small [`State`] from
//! tick to tick. It speaks of plans and fences, never of files: an adapter for a database selects its rows by SQL and
//! passes the same contract tests (`tests/store`). A new kind of store is one more file here.

mod file;
mod hint;
mod mark;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod pins;
mod state;

use std::{fmt, ops::ControlFlow, time::Duration};

pub use file::{
    Alike, Compacting, FileStore, Force, Look, Returned, Returning, Rewrite, Seen, Slimmed, Slimming, Spot,
    Trashed, Undoing, Wish,
};
pub(crate) use file::{RESCUED, SWAP};
pub use hint::Hint;
pub use mark::Mark;
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryStore;
pub use pins::{Pin, PinBook};
pub use state::{LastSweep, State};

use crate::{
    lock::Stop,
    model::{Error, Key, Retention, Timestamp},
    policy::{Detail, Place, Plan, Policy, Verdict},
    trash::Cause,
};

/// What is asked of [`Store::plan`].
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What goes and what stays.
    pub policy: &'a Policy,
    /// The time to judge at.
    pub now: Timestamp,
    /// How much the plan remembers.
    pub detail: Detail,
    /// Whether to make [`Planned::digest`], which costs a hash over the whole store.
    pub digest: bool,
}

/// A plan, and what its store needs to carry it out.
#[derive(Debug)]
pub struct Planned<S: Store> {
    /// The verdicts.
    pub plan: Plan<S::Place>,
    /// The store as it was read: its fence, and a way to read more of the same.
    pub snapshot: S::Snapshot,
    /// When the store was written last, where its place tells.
    pub written: Option<Timestamp>,
    /// The size of the store in bytes.
    pub bytes_before: u64,
    /// Its size once the plan is carried out.
    pub bytes_after: u64,
    /// A SHA-256 over all that was read, where the request asked for it.
    pub digest: Option<String>,
}

/// What is to leave the trash.
#[derive(Debug, Clone, Copy)]
pub struct Tidy {
    /// The time to judge at.
    pub now: Timestamp,
    /// How long the trash keeps what was removed.
    pub retention: Retention,
    /// Where that time comes from.
    pub time: TimeOf,
}

/// Where a time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeOf {
    /// A clock said it, and nothing contradicts it.
    Clock,
    /// Somebody chose it.
    Chosen,
    /// Somebody vouches for it.
    Vouched,
}

/// How a commit goes about other programs that write the store.
#[derive(Debug)]
pub enum Access<S: Store> {
    /// Keep them out for the moment of the change, after waiting at most so long for them.
    Brief(Duration),
    /// They are kept out already, until the change is made.
    Kept(S::Hold),
    /// They look at no lock: do it in a moment in which they are quiet, after waiting at most so long for one.
    Quiet(Duration),
}

/// Who else writes a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Only programs that honour a lock, if any: nobody's update can be lost.
    HonourLocks,
    /// A live program that looks at no lock, and somebody asked to sweep beside it.
    HonourNone,
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// The store now holds the survivors and is durable.
    Done,
    /// The store is no longer what was read. Nothing was changed: plan again.
    Moved,
}

/// What [`Store::visit`] shows rows to. It is not called again after a [`ControlFlow::Break`].
pub type Show<'a> = dyn FnMut(Key, &Verdict) -> ControlFlow<()> + 'a;

/// A place that holds session rows by key.
///
/// The contract, which every adapter is tested against:
/// - `plan` changes nothing and takes no lock.
/// - `commit` removes exactly the plan's doomed rows and changes no other, or it fails and changes nothing; after
///   [`Commit::Done`] the change is durable. It does nothing when the store changed since it was planned.
/// - `lock` keeps out our other processes, and only them. `keep_out` keeps out other programs, as far as they honour
///   a lock; it is held for moments.
/// - `state` is a hint: losing it costs one early sweep, which no last time and no last policy speak against.
pub trait Store: fmt::Debug + Clone + Send + Sync {
    /// Where a row stands.
    type Place: Place;
    /// The store as it was when it was planned.
    type Snapshot: fmt::Debug + Send + Sync;
    /// Our own processes' lock, held until it is dropped.
    type Guard: fmt::Debug + Send;
    /// The lock that other programs honour, held until it is dropped.
    type Hold: fmt::Debug;

    /// The store's name in reports and messages.
    fn name(&self) -> String;

    /// Waits at most `wait` for our own lock, and finishes what a sweep that was killed has left.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Busy`] when somebody else has it for so long, and as the store says.
    fn lock(&self, wait: Duration, stop: &Stop) -> Result<Self::Guard, Error>;

    /// What was remembered; nothing when there is nothing that can be read.
    fn state(&self) -> State;

    /// The last sweep as it was remembered a moment ago, where that is cheaper to have. Since then it can only have become
    /// later: this is enough to say that nothing is due, and for nothing else.
    fn last_sweep_at_least(&self) -> Option<LastSweep> {
        None
    }

    /// What tells, without reading a row, whether the store and its pins are what they were; `None` where nothing surely
    /// does.
    fn mark(&self) -> Option<Mark> {
        None
    }

    /// Remembers `state`.
    ///
    /// # Errors
    /// As the store says.
    fn remember(&self, guard: &Self::Guard, state: &State) -> Result<(), Error>;

    /// Reads the store and decides.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Missing`], [`crate::ErrorKind::Malformed`], [`crate::ErrorKind::Refused`], and as the store says.
    fn plan(&self, request: &Request<'_>) -> Result<Planned<Self>, Error>;

    /// Looks who else writes the store just now. `beside_live_gateway` says that somebody asked to sweep beside a program
    /// that honours no lock.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Refused`] when the store should be left alone.
    fn admit(&self, beside_live_gateway: bool) -> Result<Others, Error>;

    /// Waits at most `wait` until every other program that honours a lock is kept out.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Held`] when one of them has the lock for so long, [`crate::ErrorKind::Interrupted`] when
    /// `stop` says so, and as the store says.
    fn keep_out(&self, guard: &Self::Guard, wait: Duration, stop: &Stop) -> Result<Self::Hold, Error>;

    /// Carries a plan out. What goes is durable in the trash before, unless its cause says otherwise, and the run is in the
    /// journal after.
    ///
    /// # Errors
    /// As for [`Store::keep_out`]; then nothing has changed.
    fn commit(
        &self,
        guard: &Self::Guard,
        planned: &Planned<Self>,
        access: Access<Self>,
        cause: &Cause,
        stop: &Stop,
    ) -> Result<Commit, Error>;

    /// Takes out of the trash what has been there for too long; never what the newest run removed.
    ///
    /// # Errors
    /// As the store says; what could not leave is still there.
    fn tidy(&self, guard: &Self::Guard, tidy: &Tidy) -> Result<(), Error>;

    /// Makes programs that hold the store in memory look at it again.
    ///
    /// # Errors
    /// As the store says.
    fn nudge(&self, guard: &Self::Guard) -> Result<(), Error>;

    /// Shows each row of [`Plan::rulings`] with its key, until `show` has seen enough.
    ///
    /// # Errors
    /// As the store says.
    fn visit(&self, planned: &Planned<Self>, show: &mut Show<'_>) -> Result<(), Error>;
}
