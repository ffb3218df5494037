//! A request to stop, and the moments in which it has to wait.
//!
//! A sweep can be ended at any time but while something is at stake: a new file on its way, a lock that others wait for.
//! Then it ends by itself, at its next safe point, and takes back what it has begun. A program that catches signals gives
//! [`Stop::asked`] to its handler, and ends at once by itself while [`Stop::is_free`] says so.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Shared by who asks to stop and who has to. Clones are one.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Arc<AtomicUsize>,
    free: Arc<AtomicBool>,
    stakes: Arc<Mutex<usize>>,
    hush: Arc<Mutex<()>>,
}

impl Default for Stop {
    /// Nobody has asked, and nothing is at stake.
    fn default() -> Self {
        let free = Arc::new(AtomicBool::new(true));
        Self { asked: Arc::default(), free, stakes: Arc::default(), hush: Arc::default() }
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

    /// The signal that asked to stop, if one has. Where somebody is just finding out whether it was meant, it waits for him.
    #[must_use]
    pub fn signal(&self) -> Option<usize> {
        let asked = || Some(self.asked.load(Ordering::SeqCst)).filter(|signal| *signal != 0);
        asked()?;
        let _hush = self.hush();
        asked()
    }

    /// While the guard lives nobody believes what was asked since: for who may raise a signal himself, and take it back.
    pub fn hush(&self) -> MutexGuard<'_, ()> {
        self.hush.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn what_is_taken_back_under_a_hush_was_never_asked() {
        let stop = Stop::default();
        std::thread::scope(|scope| {
            let hush = stop.hush();
            stop.asked().store(13, Ordering::SeqCst);
            let beside = scope.spawn(|| stop.signal());
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!beside.is_finished());
            stop.asked().store(0, Ordering::SeqCst);
            drop(hush);
            assert_eq!(beside.join().unwrap(), None);
        });
    }

    #[test]
    fn whoever_asks_is_heard_by_every_clone() {
        let stop = Stop::default();
        assert_eq!(stop.signal(), None);
        stop.asked().store(15, Ordering::SeqCst);
        assert_eq!(stop.clone().signal(), Some(15));
    }
}
