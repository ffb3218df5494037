//! A folder where fsync costs nothing, so that many thousand durable updates take a minute and not an hour; and the machine
//! for oneself.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tempfile::{Builder, TempDir};

/// A fresh folder in memory, where the machine has one that can be written to.
pub(crate) fn folder() -> TempDir {
    let make = |under: &Path| Builder::new().prefix("session-reaper-").tempdir_in(under);
    make(Path::new("/dev/shm")).or_else(|_| make(&std::env::temp_dir())).unwrap()
}

/// Keeps other tests of this file waiting: a crowd that must share the machine with another crowd waits itself out of time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    // A test that failed has left nothing behind that the next one needs.
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}
