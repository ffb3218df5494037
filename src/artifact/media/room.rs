//! What all handles of a store share, and the lock under which anything is done to it.
//!
//! The lock is an flock on a file that is never removed: of all processes, and of all stores in one, one at a time decides,
//! writes down and removes. So a file that is stored again is either stored before somebody decides that it goes, or after it
//! is gone.

use std::{
    ffi::OsStr,
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{MediaRef, Options, ledger::Ledger, place::Place, record::Record};
use crate::{
    fs::Disk,
    lock,
    model::{Error, ErrorKind},
    process::{Identity, Life, life},
};

/// The file with the lock.
const LOCK: &str = "media.lock";

/// Whoever has the lock has it for one batch.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all handles of a store share.
#[derive(Debug)]
pub(super) struct Room<D: Disk> {
    pub(super) disk: D,
    pub(super) options: Options,
    pub(super) place: Place<D>,
    pub(super) me: Identity,
    ledger: Mutex<Ledger<D>>,
    /// What could not be done when a handle went away: the next one at work does it.
    owed: Mutex<Owed>,
    /// Whether somebody asked to stop sweeping.
    pub(super) stop: AtomicBool,
}

/// What handles that went away still wanted to be done.
#[derive(Debug, Clone, Default)]
pub(super) struct Owed {
    pub(super) refs: Vec<MediaRef>,
    pub(super) leases: Vec<u64>,
}

/// The store, for who has its lock.
#[derive(Debug)]
pub(super) struct Desk<'a, D: Disk> {
    pub(super) room: &'a Room<D>,
    pub(super) ledger: MutexGuard<'a, Ledger<D>>,
    #[expect(dead_code, reason = "held, never looked at")]
    lock: D::Lock,
}

impl<D: Disk> Room<D> {
    pub(super) fn open(disk: D, options: Options) -> Result<Self, Error> {
        let place = Place::open(disk.clone(), options.dir())?;
        let ledger = Mutex::new(Ledger::new(disk.clone()));
        let me = Identity::of_this_process();
        Ok(Self { disk, options, place, me, ledger, owed: Mutex::default(), stop: AtomicBool::new(false) })
    }

    /// Takes the lock, and learns what others have done.
    pub(super) fn desk(&self, step: &'static str) -> Result<Desk<'_, D>, Error> {
        let mut ledger = self.known();
        let attempt = || self.disk.try_lock(&self.place.ours, OsStr::new(LOCK), self.place.owner);
        let lock = lock::wait_for(PATIENCE, attempt).map_err(self.fail(step))?;
        let lock = lock.ok_or_else(|| {
            let error =
                Error::new(ErrorKind::Busy, step, &self.place.path, "somebody else has the store's lock");
            error.with_hint("try again; `lsof` shows who has .session-reaper/media.lock open there")
        })?;
        ledger.follow(&self.place).map_err(self.fail(step))?;
        Ok(Desk { room: self, ledger, lock })
    }

    /// An error of the store's own files.
    pub(super) fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| {
            let hint =
                "nothing is removed while the ledger in .session-reaper/ there cannot be read and written";
            Error::io(step, &self.place.path, error).about_ours().with_hint(hint)
        }
    }

    /// What is known without the lock: others may know more.
    pub(super) fn known(&self) -> MutexGuard<'_, Ledger<D>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

impl<D: Disk> Desk<'_, D> {
    /// Writes down what happens. Only then it happens.
    pub(super) fn write(
        &mut self,
        step: &'static str,
        records: Vec<Record>,
        durable: bool,
    ) -> Result<(), Error> {
        self.ledger.append(&self.room.place, records, durable).map_err(self.room.fail(step))
    }

    /// Writes the ledger anew when it is mostly dead. Where that fails the old one does as well.
    pub(super) fn compact(&mut self) {
        if let Err(error) = self.ledger.compact(&self.room.place) {
            super::log::failed("the ledger could not be written anew", &error);
        }
    }

    /// The leases of those who are proven to be dead.
    pub(super) fn dead_leases(&self) -> Vec<u64> {
        let leases = self.ledger.state.leases.values();
        leases.filter(|lease| is_dead(&lease.holder(), &self.room.me)).map(|lease| lease.id).collect()
    }
}

/// Whether a process is proven to have ended. A number of another world says nothing.
fn is_dead(holder: &Identity, me: &Identity) -> bool {
    if holder.world.is_none() || holder.world != me.world || holder == me {
        return false;
    }
    match (life(holder.pid), holder.start) {
        (Life::Gone, _) => true,
        (Life::Here { start: Some(seen) }, Some(noted)) => seen != noted,
        (Life::Here { .. }, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i5_only_who_is_proven_to_be_dead_is_dead() {
        let me = Identity::of_this_process();
        let Some(start) = me.start else { return };
        let gone = Identity { pid: u32::MAX, ..me.clone() };
        let again = Identity { start: Some(start + 1), ..me.clone() };
        assert!(is_dead(&gone, &me) && is_dead(&again, &me));
        assert!(!is_dead(&me, &me));
        let elsewhere = Identity { world: None, ..gone.clone() };
        assert!(!is_dead(&elsewhere, &me));
        let mut other = gone;
        other.world.as_mut().unwrap().boot.push('x');
        assert!(!is_dead(&other, &me));
        assert!(!is_dead(&Identity { start: None, ..me.clone() }, &me));
    }
}
