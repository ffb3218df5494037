//! The threads of one store queue here: only one of them at a time asks for the lock that all processes share.
//!
//! Waiting here and waiting for that lock end at the same moment, however many queue.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So often somebody who waits looks whether he still wants to.
const LOOK: Duration = Duration::from_millis(20);

/// One thread at a time passes.
#[derive(Debug, Default)]
pub(super) struct Gate {
    is_taken: Mutex<bool>,
    free: Condvar,
}

/// The right to ask for the lock.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Gate);

impl Gate {
    /// Waits for its turn; `None` when the deadline has passed, or when it is no longer wanted.
    pub(super) fn enter(&self, deadline: Instant, is_over: &dyn Fn() -> bool) -> Option<Turn<'_>> {
        let mut is_taken = self.is_taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *is_taken {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || is_over() {
                return None;
            }
            let waited = self.free.wait_timeout(is_taken, left.min(LOOK));
            is_taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_taken = true;
        Some(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.is_taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}
