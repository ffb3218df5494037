//! All locks of one controller, and whether its attempt was given up.

use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{
    Ended, LeaseError,
    ending::{Taken, end_all},
    place::Place,
    slot::Slot,
};
use crate::fs::Disk;

/// What a controller, its leases and its watchdog share.
#[derive(Debug)]
pub(super) struct Table<D: Disk> {
    rows: Mutex<Rows<D>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Rows<D: Disk> {
    slots: Vec<Arc<Slot<D>>>,
    takeover: Option<String>,
    is_closed: bool,
}

impl<D: Disk> Table<D> {
    pub(super) fn new() -> Arc<Self> {
        let rows = Rows { slots: Vec::new(), takeover: None, is_closed: false };
        Arc::new(Self { rows: Mutex::new(rows), changed: Condvar::new() })
    }

    fn rows(&self) -> MutexGuard<'_, Rows<D>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails when the attempt was given up.
    pub(super) fn must_go_on(&self, path: &Path) -> Result<(), LeaseError> {
        self.rows().must_go_on(path)
    }

    /// From now on `slot` is known to whatever ends locks.
    pub(super) fn enter(&self, slot: &Arc<Slot<D>>) -> Result<(), LeaseError> {
        let mut rows = self.rows();
        rows.must_go_on(slot.path())?;
        rows.slots.push(Arc::clone(slot));
        Ok(())
    }

    pub(super) fn leave(&self, slot: &Arc<Slot<D>>) {
        self.rows().slots.retain(|known| !Arc::ptr_eq(known, slot));
    }

    /// The lock on the same transcript that is held, with one more handle.
    pub(super) fn join(&self, place: &Place<D>) -> Option<Arc<Slot<D>>> {
        let slots = self.rows().slots.clone();
        slots.into_iter().find(|slot| slot.path() == place.path && slot.join())
    }

    /// Ends all locks and lets no new one begin. Tells of those that were held, and whether this was the first call.
    pub(super) fn give_up(&self, reason: &str) -> (Vec<Taken<D>>, bool) {
        let mut rows = self.rows();
        let is_first = rows.takeover.is_none();
        let reason = rows.takeover.get_or_insert_with(|| reason.to_owned()).clone();
        let slots = rows.slots.clone();
        drop(rows);
        (end_all(slots, |_| Ended::Abandoned(reason.clone())), is_first)
    }

    /// Somebody's lock is held now: its time has begun.
    pub(super) fn wake(&self) {
        // Who looks at the deadlines has the mutex, so that none can begin between its look and its sleep.
        drop(self.rows());
        self.changed.notify_all();
    }

    /// Ends [`Table::watch`].
    pub(super) fn close(&self) {
        self.rows().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits for locks that have been held for too long and hands them to `end`, which must say that they have ended.
    pub(super) fn watch(&self, end: impl Fn(Vec<Arc<Slot<D>>>)) {
        let mut rows = self.rows();
        while !rows.is_closed {
            let now = Instant::now();
            let (late, next) = rows.deadlines(now);
            if !late.is_empty() {
                drop(rows);
                end(late);
                rows = self.rows();
                continue;
            }
            rows = match next {
                None => self.changed.wait(rows).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    self.changed.wait_timeout(rows, at - now).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl<D: Disk> Rows<D> {
    fn must_go_on(&self, path: &Path) -> Result<(), LeaseError> {
        self.takeover.as_ref().map_or(Ok(()), |reason| {
            let reason = Ended::Abandoned(reason.clone());
            Err(LeaseError::Takeover { path: path.to_owned(), reason })
        })
    }

    /// What has been held for too long, and when the next will have been.
    fn deadlines(&self, now: Instant) -> (Vec<Arc<Slot<D>>>, Option<Instant>) {
        let is_late = |slot: &&Arc<Slot<D>>| slot.deadline().is_some_and(|deadline| deadline <= now);
        let late: Vec<_> = self.slots.iter().filter(is_late).cloned().collect();
        let next =
            self.slots.iter().filter_map(|slot| slot.deadline()).filter(|deadline| *deadline > now).min();
        (late, next)
    }
}
