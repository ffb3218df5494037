//! Two halves of one piece of work, done at once by two threads: when one fails the other ends soon.

use std::{io, panic::resume_unwind, sync::OnceLock, thread};

use crate::lock::Stop;

/// Which half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    Second,
}

/// The work, and which half of it has failed first.
#[derive(Debug)]
pub(super) struct Halves<'a> {
    failed: OnceLock<Which>,
    stop: &'a Stop,
}

/// What each half is to ask now and then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Half<'a>(&'a Halves<'a>);

impl Half<'_> {
    /// An error when nobody needs the rest of it any more.
    ///
    /// # Errors
    /// A signal asked to stop, or the other half has failed.
    pub(super) fn goes_on(self) -> io::Result<()> {
        let is_over = self.0.stop.signal().is_some() || self.0.failed.get().is_some();
        if is_over { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl<'a> Halves<'a> {
    /// Work that a signal may stop.
    pub(super) const fn new(stop: &'a Stop) -> Self {
        Self { failed: OnceLock::new(), stop }
    }

    /// For work that is not divided.
    pub(super) const fn one(&'a self) -> Half<'a> {
        Half(self)
    }

    /// Does both halves, the first in a thread of its own if it is wanted so; where there is no room for a thread, one after
    /// the other.
    ///
    /// # Errors
    /// Of the one that failed first.
    pub(super) fn side_by_side(
        &'a self,
        is_divided: bool,
        mut first: impl FnMut(Half<'a>) -> io::Result<()> + Send,
        second: impl FnOnce(Half<'a>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut first = || self.noted(Which::First, first(Half(self)));
        let (thread, second) = thread::scope(|scope| {
            let begun = is_divided.then(|| thread::Builder::new().spawn_scoped(scope, &mut first));
            let thread = begun.and_then(Result::ok);
            let second = self.noted(Which::Second, second(Half(self)));
            (thread.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))), second)
        });
        let first = thread.unwrap_or_else(|| second.is_ok().then(first).unwrap_or(Ok(())));
        if self.failed.get() == Some(&Which::First) { first } else { second.and(first) }
    }

    fn noted(&self, which: Which, done: io::Result<()>) -> io::Result<()> {
        if done.is_err() {
            // Only the first one counts.
            let _ = self.failed.set(which);
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use super::*;

    /// Waits until it is to go no further.
    fn until_over(half: Half<'_>) -> io::Result<()> {
        loop {
            half.goes_on()?;
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn full() -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    #[test]
    fn each_half_is_done_once() {
        for is_divided in [false, true] {
            let (first, second) = (AtomicU32::new(0), Cell::new(0));
            let stop = Stop::default();
            let count = |_: Half<'_>| {
                first.fetch_add(1, Ordering::Relaxed);
                Ok(())
            };
            let count_too = |_: Half<'_>| {
                second.set(second.get() + 1);
                Ok(())
            };
            Halves::new(&stop).side_by_side(is_divided, count, count_too).unwrap();
            assert_eq!((first.into_inner(), second.get()), (1, 1));
        }
    }

    #[test]
    fn when_one_half_fails_the_other_ends_and_it_is_the_first_error_that_is_told() {
        let stop = Stop::default();
        let error = Halves::new(&stop).side_by_side(true, |_| full(), until_over).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let error = Halves::new(&stop).side_by_side(true, until_over, |_| full()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_half_that_was_not_begun_is_not_begun_after_a_failure() {
        let (stop, begun) = (Stop::default(), AtomicU32::new(0));
        let first = |_: Half<'_>| {
            begun.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        assert!(Halves::new(&stop).side_by_side(false, first, |_| full()).is_err());
        assert_eq!(begun.into_inner(), 0);
    }
}
