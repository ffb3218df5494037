//! A sweep in a loop, on a thread of its own, for as long as others write.

use std::{
    collections::BTreeSet,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::Value;

/// Another holds the lock: the one refusal that is allowed.
const BUSY: i32 = 11;

/// Complaints beyond this say nothing new.
const ENOUGH: usize = 5;

/// A thread that sweeps again and again until it is told to stop.
pub(crate) struct Loop<T> {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<T>,
}

impl<T: Default + Send + 'static> Loop<T> {
    pub(crate) fn of(mut sweep: impl FnMut(&mut T) + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut figures = T::default();
            while !until.load(Ordering::Relaxed) {
                sweep(&mut figures);
            }
            figures
        });
        Self { stop, thread }
    }

    pub(crate) fn finish(self) -> T {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// What our binary said, over many calls.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    pub(crate) calls: usize,
    /// Calls that removed something.
    pub(crate) sweeps: usize,
    pub(crate) busy: usize,
    /// Every key that a report called pruned.
    pub(crate) keys: BTreeSet<String>,
    /// Keys that were called pruned a second time: they had come back.
    pub(crate) back: Vec<String>,
    /// Calls that ended as none should.
    pub(crate) complaints: Vec<String>,
}

impl Pruned {
    /// Runs the binary once.
    pub(crate) fn call(&mut self, command: &mut Command) {
        let output = command.output().unwrap();
        self.calls += 1;
        match output.status.code() {
            Some(0) => self.add(&output),
            Some(BUSY) => self.busy += 1,
            _ if self.complaints.len() >= ENOUGH => {}
            _ => self.complaints.push(format!("{output:?}")),
        }
    }

    fn add(&mut self, output: &Output) {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let items = report["stores"][0]["items"].as_array().unwrap();
        self.sweeps += usize::from(!items.is_empty());
        for key in items.iter().map(|item| item["key"].as_str().unwrap()) {
            if !self.keys.insert(key.to_owned()) {
                self.back.push(key.to_owned());
            }
        }
    }
}
