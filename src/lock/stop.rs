//! A request to stop, and the moments in which it has to wait.
//!
//! A sweep can be ended at any time but while something is at stake: a new file on its way, a lock that others wait for.
//! Then it ends by itself, at its next safe point, and takes back what it has begun. A program that catches signals gives
//! [`Stop::asked`] to its handler, and ends at once by itself while [`Stop::is_free`] says so.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Shared by who asks to stop and who has to. Clones are one.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Arc<AtomicUsize>,
    free: Arc<AtomicBool>,
    stakes: Arc<Mutex<usize>>,
}

impl Default for Stop {
    /// Nobody has asked, and nothing is at stake.
    fn default() -> Self {
        Self { asked: Arc::default(), free: Arc::new(AtomicBool::new(true)), stakes: Arc::default() }
    }
}

impl Stop {
    /// Where who asks puts the number of a signal; anything but zero asks.
    #[must_use]
    pub fn asked(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.asked)
    }

    /// Whether nothing is at stake, so that the program may end without a word.
    #[must_use]
    pub fn is_free(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.free)
    }

    /// The signal that asked to stop, if one has.
    #[must_use]
    pub fn signal(&self) -> Option<usize> {
        Some(self.asked.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// From here until the value is dropped something is at stake.
    #[must_use]
    pub fn enter(&self) -> Stake {
        self.count(|stakes| stakes + 1);
        Stake(self.clone())
    }

    fn count(&self, change: impl FnOnce(usize) -> usize) {
        let mut stakes = self.stakes.lock().unwrap_or_else(PoisonError::into_inner);
        *stakes = change(*stakes);
        self.free.store(*stakes == 0, Ordering::SeqCst);
    }
}

/// While this lives something is at stake.
#[derive(Debug)]
pub struct Stake(Stop);

impl Drop for Stake {
    fn drop(&mut self) {
        self.0.count(|stakes| stakes.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_free_only_when_the_last_stake_is_gone() {
        let stop = Stop::default();
        let free = || stop.is_free().load(Ordering::SeqCst);
        assert!(free());
        let first = stop.enter();
        let clone = stop.clone();
        let second = clone.enter();
        assert!(!free());
        drop(first);
        assert!(!free());
        drop(second);
        assert!(free());
    }

    #[test]
    fn whoever_asks_is_heard_by_every_clone() {
        let stop = Stop::default();
        assert_eq!(stop.signal(), None);
        stop.asked().store(15, Ordering::SeqCst);
        assert_eq!(stop.clone().signal(), Some(15));
    }
}
