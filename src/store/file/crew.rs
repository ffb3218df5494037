//! Threads beside the one that sweeps a store: one store at a time has them.
//!
//! More than one set would take each other's processors and memory: where many stores are swept at once, those are the
//! threads already.

use std::{
    num::NonZero,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

static AT_WORK: AtomicBool = AtomicBool::new(false);

/// The right to begin threads for one store, until it is dropped.
#[derive(Debug)]
pub(super) struct Crew {
    /// How many threads can work at once here.
    pub(super) processors: usize,
    flag: &'static AtomicBool,
}

impl Crew {
    /// A crew, if it is free and there is more than one processor.
    pub(super) fn claim() -> Option<Self> {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        if processors > 1 { Self::claim_by(&AT_WORK, processors) } else { None }
    }

    fn claim_by(flag: &'static AtomicBool, processors: usize) -> Option<Self> {
        let is_free = !flag.swap(true, Ordering::Relaxed);
        // Not `then_some`: what is made and thrown away would free the one at work.
        is_free.then(|| Self { processors, flag })
    }

    /// So many, whoever else is at work.
    #[cfg(test)]
    pub(super) fn any(processors: usize) -> Self {
        Self { processors, flag: Box::leak(Box::new(AtomicBool::new(true))) }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.flag.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_crew_is_at_work_and_then_another_can_be() {
        static FLAG: AtomicBool = AtomicBool::new(false);
        for _ in 0..2 {
            let crew = Crew::claim_by(&FLAG, 2);
            assert!(crew.is_some());
            assert!(Crew::claim_by(&FLAG, 2).is_none());
            assert!(Crew::claim_by(&FLAG, 2).is_none(), "a claim in vain ended another's");
        }
    }
}
