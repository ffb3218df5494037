//! The thread that ends leases that are held for too long. It sleeps until the nearest deadline.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use super::{Ended, ending::end_all, slot::Slot, table::Table};
use crate::fs::Disk;

/// Started with the first lease, ended and waited for when this is dropped.
#[derive(Debug)]
pub(super) struct Watchdog<D: Disk> {
    table: Arc<Table<D>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<D: Disk> Watchdog<D> {
    pub(super) const fn new(table: Arc<Table<D>>) -> Self {
        Self { table, thread: Mutex::new(None) }
    }

    /// Starts the thread, unless it runs already.
    pub(super) fn start(&self) -> io::Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let table = Arc::clone(&self.table);
            let watch = move || table.watch(end);
            *thread = Some(thread::Builder::new().name("lease-watchdog".to_owned()).spawn(watch)?);
        }
        Ok(())
    }
}

impl<D: Disk> Drop for Watchdog<D> {
    fn drop(&mut self) {
        self.table.close();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // It does not panic; if it did, there would be nothing left to end.
        let _ = thread.map(JoinHandle::join);
    }
}

fn end<D: Disk>(late: Vec<Arc<Slot<D>>>) {
    for (slot, ended) in end_all(late, |slot| Ended::Overheld(slot.max_hold())) {
        let (file, limit) = (slot.path().display(), slot.max_hold());
        match ended {
            Ok(()) => tracing::warn!(%file, ?limit, "a lease was held for too long and is ended"),
            Err(error) => {
                tracing::warn!(%file, ?limit, %error, "a lease was held for too long, and its lock stands");
            }
        }
    }
}
