//! What a signal does: it ends the process at once while nothing is at stake, and otherwise asks the sweep to end by
//! itself, with no lock and no half file left behind.
//!
//! PIPE is apart. A write to a reader who has gone raises it as well, and that is no wish to stop: what nobody reads is
//! dropped, and the sweep goes on. So it never ends the process at once, and [`forgiving`] takes back what a write raised.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use session_reaper::{lock::Stop, process};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM},
    flag,
};

use super::Failure;

/// PIPE as [`Stop`] tells it.
const PIPE: usize = SIGPIPE.unsigned_abs() as usize;

/// What was heard in this process: signals are the process's, and so is this.
static HEARD: OnceLock<Heard> = OnceLock::new();

/// The last signal that asked to stop.
#[derive(Debug)]
struct Heard {
    stop: Stop,
    /// Of all signals.
    any: Arc<AtomicUsize>,
    /// Of those that no write of ours can have raised.
    others: Arc<AtomicUsize>,
}

/// From here on TERM, INT, HUP and PIPE ask to stop. One that this process was started to ignore, as by nohup, stays
/// ignored; of PIPE that cannot be told, because every Rust program begins by ignoring it.
pub(super) fn watch() -> Result<Stop, Failure> {
    let stop = Stop::default();
    let heard = Heard { stop: stop.clone(), any: stop.asked(), others: Arc::default() };
    heed(&stop, &heard).map_err(|error| Failure::error(format!("cannot watch for signals: {error}")))?;
    // One command is run by one process, and it watches once.
    let _ = HEARD.set(heard);
    Ok(stop)
}

fn heed(stop: &Stop, heard: &Heard) -> io::Result<()> {
    let ignored = process::ignored_signals();
    for signal in [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored.contain(*signal)) {
        let number = usize::try_from(signal).unwrap_or_default();
        flag::register_usize(signal, Arc::clone(&heard.others), number)?;
        flag::register_usize(signal, Arc::clone(&heard.any), number)?;
        flag::register_conditional_shutdown(signal, 128 + signal, stop.is_free())?;
    }
    flag::register_usize(SIGPIPE, Arc::clone(&heard.any), PIPE).map(drop)
}

/// Whether it was PIPE that asked last.
pub(super) fn is_pipe(stop: &Stop) -> bool {
    stop.signal() == Some(PIPE)
}

/// Writes to somebody who may have gone. The PIPE that this raises is forgotten before any thread believes it; what asked
/// before it is not.
pub(super) fn forgiving<T>(write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    match HEARD.get() {
        None => write(),
        Some(heard) => heard.forgiving(write),
    }
}

impl Heard {
    fn forgiving<T>(&self, write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let _hush = self.stop.hush();
        let before = self.any.load(Ordering::SeqCst) == PIPE;
        let written = write();
        if let (Err(error), false) = (&written, before)
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            self.forget_pipe();
        }
        written
    }

    /// A signal that comes right now is kept: either it is in `others` already, or PIPE is not the last one any more.
    fn forget_pipe(&self) {
        let others = self.others.load(Ordering::SeqCst);
        let _ = self.any.compare_exchange(PIPE, others, Ordering::SeqCst, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_forgotten_and_what_asked_before_it_is_not() {
        for (any, others, left) in [(13, 0, 0), (13, 15, 15), (15, 15, 15), (0, 0, 0_usize)] {
            let stop = Stop::default();
            stop.asked().store(any, Ordering::SeqCst);
            let heard = Heard { any: stop.asked(), stop, others: Arc::new(others.into()) };
            heard.forget_pipe();
            assert_eq!(heard.any.load(Ordering::SeqCst), left, "{any} and {others}");
        }
    }
}
