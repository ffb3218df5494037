//! The thread that sweeps: at once, and then after every pause.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, atomic::Ordering},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{MediaStore, log, room::Room};
use crate::{
    clock,
    fs::Disk,
    model::{Error, ErrorKind},
};

/// The thread, if there is one.
#[derive(Debug, Default)]
pub(super) struct Worker {
    thread: Mutex<Option<JoinHandle<()>>>,
    bell: Arc<Bell>,
}

/// How a pause is interrupted.
#[derive(Debug, Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    fn set(&self, rung: bool) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = rung;
        self.ring.notify_all();
    }

    /// Waits for so long, or until it rings; tells whether it did.
    fn wait(&self, pause: Duration) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ring.wait_timeout_while(rung, pause, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl<D: Disk> MediaStore<D> {
    /// Starts the thread that sweeps, unless it is there or the store is disabled.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(&self) -> Result<(), Error> {
        if !self.room.options.is_enabled() {
            log::disabled(&self.room.place.path);
            return Ok(());
        }
        let mut thread = self.worker.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(());
        }
        self.room.stop.store(false, Ordering::SeqCst);
        self.worker.bell.set(false);
        let (room, bell) = (Arc::clone(&self.room), Arc::clone(&self.worker.bell));
        let spawned = thread::Builder::new().name("media-store".to_owned()).spawn(move || work(&room, &bell));
        *thread = Some(spawned.map_err(|error| {
            let path = &self.room.place.path;
            Error::new(ErrorKind::Io, "start a thread for the media store in", path, error.to_string())
        })?);
        Ok(())
    }

    /// Ends the thread, and returns when it has ended; a sweep under way stops at its next safe point. Without a thread nothing
    /// happens.
    pub fn stop(&self) {
        // Whoever comes second waits here for the first.
        let mut thread = self.worker.lock();
        self.room.stop.store(true, Ordering::SeqCst);
        self.worker.bell.set(true);
        if let Some(Err(_)) = thread.take().map(JoinHandle::join) {
            log::failed("the thread that sweeps ended badly", &"it panicked");
        }
        self.room.stop.store(false, Ordering::SeqCst);
    }
}

impl Worker {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work<D: Disk>(room: &Room<D>, bell: &Bell) {
    let interval = room.options.interval().as_duration();
    loop {
        let begun = Instant::now();
        drop(room.sweep(clock::now()));
        if bell.wait(interval.saturating_sub(begun.elapsed())) {
            return;
        }
    }
}

impl<D: Disk> Drop for MediaStore<D> {
    fn drop(&mut self) {
        self.stop();
    }
}
