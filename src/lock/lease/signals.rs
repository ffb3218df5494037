//! A process that is told to end leaves no lock behind.
//!
//! One process gets a signal once, however many controllers it has: the thread that is first ends the leases of all of them
//! before the signal does what it does by default. When nobody watches any more a signal has its default effect again.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag::register_conditional_default,
    iterator::{Handle, Signals},
    low_level::{emulate_default_handler, signal_name},
};

use super::{abandon, table::Table};
use crate::{fs::Disk, process};

/// Who is watched; the same mutex keeps [`by_default`] in step with it.
static WATCHED: Mutex<Vec<Arc<dyn GiveUp>>> = Mutex::new(Vec::new());

/// On while nobody is watched: then signals have their default effect.
static SWITCH: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Something whose leases can all be ended.
pub(super) trait GiveUp: fmt::Debug + Send + Sync {
    fn give_up(&self, reason: &str);
}

impl<D: Disk> GiveUp for Table<D> {
    fn give_up(&self, reason: &str) {
        abandon::abandon(self, reason);
    }
}

/// Signals end the leases of a controller until this is dropped.
#[derive(Debug)]
#[must_use = "signals are watched until this is dropped"]
pub struct SignalWatch {
    watched: Arc<dyn GiveUp>,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

pub(super) fn watch(table: Arc<dyn GiveUp>) -> io::Result<SignalWatch> {
    let ignored = process::ignored_signals();
    let wanted: Vec<i32> =
        [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored.contain(*signal)).collect();
    let switch = by_default(&wanted)?;
    let mut signals = Signals::new(&wanted)?;
    let handle = signals.handle();
    let act = move || signals.forever().for_each(end_by);
    let thread = Some(thread::Builder::new().name("lease-signals".to_owned()).spawn(act)?);
    let mut watched = watched();
    watched.push(Arc::clone(&table));
    switch.store(false, Ordering::SeqCst);
    Ok(SignalWatch { watched: table, handle, thread })
}

fn watched() -> MutexGuard<'static, Vec<Arc<dyn GiveUp>>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all leases, and this process as the signal does.
fn end_by(signal: i32) {
    let reason = format!("signal {}", signal_name(signal).unwrap_or("unknown"));
    let all = watched().clone();
    for one in all {
        one.give_up(&reason);
    }
    if let Err(error) = emulate_default_handler(signal) {
        tracing::warn!(%reason, %error, "the signal has no effect");
    }
}

/// What lets signals have their default effect: a handler, once there, cannot be taken away again. Made once.
fn by_default(signals: &[i32]) -> io::Result<&'static AtomicBool> {
    let _in_turn = watched();
    if SWITCH.get().is_none() {
        let switch = Arc::new(AtomicBool::new(true));
        for signal in signals {
            register_conditional_default(*signal, Arc::clone(&switch))?;
        }
        let _ = SWITCH.set(switch);
    }
    SWITCH.get().map(|switch| &**switch).ok_or_else(|| io::ErrorKind::Other.into())
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        let mut watched = watched();
        if let Some(at) = watched.iter().position(|one| Arc::ptr_eq(one, &self.watched)) {
            watched.swap_remove(at);
        }
        if let Some(switch) = SWITCH.get() {
            switch.store(watched.is_empty(), Ordering::SeqCst);
        }
        drop(watched);
        self.handle.close();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
