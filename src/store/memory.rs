//! A store in memory: the file adapter's twin for the contract tests, and the proof that the port needs no file.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Access, Commit, Mark, Others, Planned, Request, Show, State, Store, Tidy};
use crate::{
    lock::{self, Stop},
    model::{Error, ErrorKind, Key, hex},
    policy::{Planner, Row, Stamp},
    trash::Cause,
};

/// A row: its key, and its `updatedAt`.
type Entry = (Key, Stamp);

/// Session rows in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
    mutex: Arc<Mutex<bool>>,
}

#[derive(Debug, Default)]
struct Inner {
    rows: Vec<Entry>,
    version: u64,
    state: State,
}

/// The rows as they were, and which version that was.
#[derive(Debug)]
pub struct Snapshot {
    rows: Vec<Entry>,
    version: u64,
}

/// Our lock on the rows.
#[derive(Debug)]
pub struct Guard(Arc<Mutex<bool>>);

impl Drop for Guard {
    fn drop(&mut self) {
        *open(&self.0) = false;
    }
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryStore {
    /// A store with these rows.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = Entry>) -> Self {
        let store = Self::default();
        store.write(|all| all.extend(rows));
        store
    }

    /// Another writer's update.
    pub fn write(&self, update: impl FnOnce(&mut Vec<Entry>)) {
        let mut inner = open(&self.inner);
        update(&mut inner.rows);
        inner.version += 1;
    }

    /// The rows as they are.
    #[must_use]
    pub fn rows(&self) -> Vec<Entry> {
        open(&self.inner).rows.clone()
    }
}

fn size(rows: &[Entry]) -> u64 {
    rows.iter().map(|(key, _)| key.as_bytes().len() as u64).sum()
}

impl Store for MemoryStore {
    type Place = usize;
    type Snapshot = Snapshot;
    type Guard = Guard;
    type Hold = ();

    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn lock(&self, wait: Duration, _: &Stop) -> Result<Guard, Error> {
        let attempt = || {
            let mut held = open(&self.mutex);
            Ok((!std::mem::replace(&mut *held, true)).then(|| Guard(Arc::clone(&self.mutex))))
        };
        lock::wait_for(wait, attempt)
            .map_err(|error| Error::io("lock", "memory".as_ref(), error))?
            .ok_or_else(|| Error::new(ErrorKind::Busy, "lock", "memory".as_ref(), "another sweep is at work"))
    }

    fn state(&self) -> State {
        open(&self.inner).state.clone()
    }

    fn mark(&self) -> Option<Mark> {
        let inner = open(&self.inner);
        Some(Mark::new(inner.version.to_string(), size(&inner.rows), String::new()))
    }

    fn remember(&self, _: &Guard, state: &State) -> Result<(), Error> {
        open(&self.inner).state = state.clone();
        Ok(())
    }

    fn plan(&self, request: &Request<'_>) -> Result<Planned<Self>, Error> {
        let inner = open(&self.inner);
        let mut planner = Planner::new(request.policy, request.now, request.detail);
        for (place, (key, stamp)) in inner.rows.iter().enumerate() {
            planner.see(&Row { key: key.as_bytes(), stamp: *stamp, place });
        }
        let plan = planner.finish();
        let (rows, version) = (inner.rows.clone(), inner.version);
        let doomed = plan.doomed().filter_map(|doomed| rows.get(doomed.place));
        let bytes_before = size(&rows);
        let bytes_after = bytes_before - size(&doomed.cloned().collect::<Vec<_>>());
        let digest = request.digest.then(|| hex(&version.to_le_bytes()));
        Ok(Planned {
            plan,
            snapshot: Snapshot { rows, version },
            written: None,
            bytes_before,
            bytes_after,
            digest,
        })
    }

    fn admit(&self, _: bool) -> Result<Others, Error> {
        Ok(Others::HonourLocks)
    }

    /// It has no trash.
    fn tidy(&self, _: &Guard, _: &Tidy) -> Result<(), Error> {
        Ok(())
    }

    fn nudge(&self, _: &Guard) -> Result<(), Error> {
        Ok(())
    }

    /// There is no other program.
    fn keep_out(&self, _: &Guard, _: Duration, _: &Stop) -> Result<(), Error> {
        Ok(())
    }

    fn commit(
        &self,
        _: &Guard,
        planned: &Planned<Self>,
        _: Access<Self>,
        _: &Cause,
        _: &Stop,
    ) -> Result<Commit, Error> {
        let mut inner = open(&self.inner);
        if inner.version != planned.snapshot.version {
            return Ok(Commit::Moved);
        }
        let mut doomed = planned.plan.doomed().map(|doomed| doomed.place).peekable();
        let mut place = 0;
        inner.rows.retain(|_| {
            let goes = doomed.next_if_eq(&place).is_some();
            place += 1;
            !goes
        });
        inner.version += 1;
        Ok(Commit::Done)
    }

    fn visit(&self, planned: &Planned<Self>, show: &mut Show<'_>) -> Result<(), Error> {
        for (place, ruling) in planned.plan.rulings() {
            let row = planned.snapshot.rows.get(place);
            if row.is_some_and(|(key, stamp)| show(key.clone(), &ruling.on(*stamp)).is_break()) {
                break;
            }
        }
        Ok(())
    }
}
