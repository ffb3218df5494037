//! One on-disk lock of a controller: waited for, held by one handle or more, ended.
//!
//! What ends a lock says so first, where every writer looks, and waits for the mutex then, which is held for one try to
//! take the lock or one write: nothing that a holder does in between can stand in its way. Such a call can be stuck in the
//! kernel; whoever has waited for long enough leaves the lock to it, and it removes the lock when it comes back.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError},
    time::{Duration, Instant},
};

use super::{
    Ended, LeaseError,
    ending::Busy,
    place::Place,
    seen::Seen,
    tail::{self, Failure},
};
use crate::{
    fs::Disk,
    lock::{Attempt, Found, Held, Verdict},
};

/// One on-disk lock.
#[derive(Debug)]
pub(super) struct Slot<D: Disk> {
    place: Place<D>,
    max_hold: Duration,
    deadline: OnceLock<Instant>,
    ended: OnceLock<Ended>,
    state: Mutex<State<D>>,
}

#[derive(Debug)]
struct State<D: Disk> {
    held: Option<Held<D>>,
    /// What came of removing an ended lock that was busy, until somebody asks.
    left: Option<io::Result<()>>,
    seen: Seen,
    handles: usize,
}

/// How one try to take the lock ended.
pub(super) enum Try {
    Held,
    Taken(Found, Verdict),
    Crossed,
}

impl<D: Disk> Slot<D> {
    /// A lock that is waited for, by one handle.
    pub(super) fn new(place: Place<D>, max_hold: Duration) -> Arc<Self> {
        let state = Mutex::new(State { held: None, left: None, seen: Seen::whole(None), handles: 1 });
        Arc::new(Self { place, max_hold, deadline: OnceLock::new(), ended: OnceLock::new(), state })
    }

    pub(super) const fn place(&self) -> &Place<D> {
        &self.place
    }

    pub(super) fn path(&self) -> &Path {
        &self.place.path
    }

    pub(super) const fn max_hold(&self) -> Duration {
        self.max_hold
    }

    /// When it has been held for too long; `None` when that is not for the watchdog to say.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied().filter(|_| self.ended.get().is_none())
    }

    /// Does a call to the system under the lock. If the lock was ended meanwhile, it is removed here.
    fn busy<T>(&self, call: impl FnOnce(&mut State<D>) -> T) -> T {
        let mut state = self.state();
        let done = call(&mut state);
        if self.ended.get().is_some()
            && let Some(held) = state.held.take()
        {
            state.left = Some(held.release());
        }
        done
    }

    fn state(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails when the lock has ended.
    pub(super) fn must_go_on(&self) -> Result<(), LeaseError> {
        self.ended.get().map_or(Ok(()), |reason| {
            Err(LeaseError::Takeover { path: self.place.path.clone(), reason: reason.clone() })
        })
    }

    /// Tries once to take the lock.
    pub(super) fn attempt(&self) -> Result<Try, LeaseError> {
        let mut state = self.state();
        self.must_go_on()?;
        let begin = Instant::now();
        let held = match self.place.sidecar.attempt(Some(self.max_hold)).map_err(self.place.fail("lock"))? {
            Attempt::Held(held) => held,
            Attempt::Taken(found, verdict) => return Ok(Try::Taken(found, verdict)),
            Attempt::Crossed => return Ok(Try::Crossed),
        };
        // The one whose lock this was may have been stopped in the middle of a write, to which it had a right.
        let Some(seen) = tail::look(&self.place).map_err(self.place.fail("look at"))? else {
            return Ok(Try::Crossed);
        };
        (state.held, state.seen) = (Some(held), seen);
        // So far away that it cannot be told means never.
        begin.checked_add(self.max_hold).map(|deadline| self.deadline.set(deadline));
        Ok(Try::Held)
    }

    /// One more handle of a lock that is held; `false` when it is not, or somebody took it.
    pub(super) fn join(&self) -> bool {
        self.busy(|state| {
            let is_held = state.held.as_ref().is_some_and(Held::is_ours) && self.must_go_on().is_ok();
            state.handles += usize::from(is_held);
            is_held
        })
    }

    /// Adds to the transcript, if the lease still gives the right to. A right that was lost is lost for good.
    pub(super) fn append(&self, bytes: &[u8]) -> Result<(), LeaseError> {
        self.busy(|state| match self.write(state, bytes)? {
            Ok(()) => Ok(()),
            Err(Failure::Io(step, source)) => Err(self.place.fail(step)(source)),
            Err(Failure::Ended(reason)) => {
                if self.ended.set(reason).is_ok()
                    && let Some(Err(error)) = state.held.take().map(Held::release)
                {
                    tracing::warn!(file = %self.path().display(), %error, "the lock of an ended lease stands");
                }
                self.must_go_on()
            }
        })
    }

    fn write(&self, state: &mut State<D>, bytes: &[u8]) -> Result<Result<(), Failure>, LeaseError> {
        self.must_go_on()?;
        let held = state.held.as_ref().ok_or_else(|| self.released())?;
        if self.deadline.get().is_some_and(|deadline| *deadline <= Instant::now()) {
            return Ok(Err(Failure::Ended(Ended::Overheld(self.max_hold))));
        }
        Ok(tail::append(&self.place, held, &mut state.seen, bytes, &self.ended))
    }

    /// Looks whether a write would be allowed, as far as the lock goes.
    pub(super) fn is_ours(&self) -> bool {
        self.busy(|state| state.held.as_ref().is_some_and(Held::is_ours) && self.must_go_on().is_ok())
    }

    /// What was last seen of the transcript.
    pub(super) fn seen(&self) -> Seen {
        self.state().seen
    }

    pub(super) fn released(&self) -> LeaseError {
        LeaseError::Released { path: self.place.path.clone() }
    }

    /// Says that the lock has ended; the first reason stays.
    pub(super) fn say_ended(&self, reason: Ended) {
        let _ = self.ended.set(reason);
    }

    /// Ends the lock and removes it on disk.
    pub(super) fn end(&self, reason: Ended) {
        self.say_ended(reason);
        self.busy(|_| ());
    }

    /// Removes an ended lock on disk, unless a call to the system is going on under it; `None` when it was not held.
    pub(super) fn try_take(&self) -> Result<Option<io::Result<()>>, Busy> {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Busy),
        };
        let left = state.left.take();
        Ok(state.held.take().map(Held::release).or(left))
    }

    /// Gives one handle back; the last one removes the lock on disk and is told so.
    pub(super) fn let_go(&self) -> (bool, io::Result<()>) {
        let mut state = self.state();
        state.handles = state.handles.saturating_sub(1);
        if state.handles > 0 {
            return (false, Ok(()));
        }
        (true, state.held.take().map_or(Ok(()), Held::release))
    }

    /// Removes the lock on disk for a while and tells what the transcript was like: if the lock has not ended, and nobody
    /// else counts on it.
    pub(super) fn pause(&self) -> Result<Seen, LeaseError> {
        let mut state = self.state();
        self.must_go_on()?;
        if state.handles > 1 {
            return Err(LeaseError::Shared { path: self.place.path.clone() });
        }
        let held = state.held.take().ok_or_else(|| self.released())?;
        if !held.is_ours() {
            self.say_ended(Ended::Lost);
            self.must_go_on()?;
        }
        held.release().map_err(self.place.fail("release the lock of"))?;
        Ok(state.seen)
    }
}
