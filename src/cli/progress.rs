//! A spinner on stderr: on a terminal only, past half a second only, and gone when the work is done.

use std::{
    io::{self, IsTerminal},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::Frame;

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
const BEAT: Duration = Duration::from_millis(100);

/// Progress over a number of stores; the spinner goes when this does.
#[derive(Debug)]
pub(super) struct Progress {
    done: Arc<AtomicUsize>,
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins to wait for half a second, where a spinner is wanted.
    pub(super) fn start(frame: &Frame<'_>, all: usize) -> Self {
        Self::of("sweeping", frame, all)
    }

    /// The same for work of another name.
    pub(super) fn of(work: &'static str, frame: &Frame<'_>, all: usize) -> Self {
        let done = Arc::new(AtomicUsize::new(0));
        let wanted = frame.speaks() && frame.globals.verbose == 0 && io::stderr().is_terminal();
        let shown = wanted.then(|| {
            let (end, ended) = mpsc::channel();
            let done = Arc::clone(&done);
            (end, thread::spawn(move || spin(work, &ended, &done, all)))
        });
        Self { done, shown }
    }

    /// Does the work on one store.
    pub(super) fn over<T>(&self, work: impl FnOnce() -> T) -> T {
        let result = work();
        self.done.fetch_add(1, Ordering::Relaxed);
        result
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, spinner)) = self.shown.take() {
            drop(end);
            // A spinner that failed has nothing to say.
            let _ = spinner.join();
        }
    }
}

/// Spins until the other end of the channel is dropped.
fn spin(work: &str, ended: &Receiver<()>, done: &AtomicUsize, all: usize) {
    if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    loop {
        bar.set_message(message(work, done.load(Ordering::Relaxed), all));
        bar.tick();
        if ended.recv_timeout(BEAT) != Err(RecvTimeoutError::Timeout) {
            return bar.finish_and_clear();
        }
    }
}

fn message(work: &str, done: usize, all: usize) -> String {
    if all == 1 { work.to_owned() } else { format!("{work}: {done} of {all} stores done") }
}
