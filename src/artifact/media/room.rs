//! What all handles of a store share, and the lock under which anything is done to it.
//!
//! The lock is an flock on a file that is never removed: of all processes, and of all stores in one, one at a time decides,
//! writes down and removes. So a file that is stored again is either stored before somebody decides that it goes, or after it
//! is gone.

use std::{
    cell::Cell,
    ffi::OsStr,
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    MediaRef, Options, bin,
    folders::Folders,
    gate::{Gate, Turn},
    holder::Badge,
    ledger::Ledger,
    place::Place,
    record::Record,
    sweep::NET,
};
use crate::{
    artifact::nook::Nook,
    fs::Disk,
    lock::Stop,
    model::{Error, ErrorKind, Timestamp},
    process::Identity,
};

/// The file with the lock.
pub(super) const LOCK: &str = "media.lock";

/// Whoever has the lock has it for one batch.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Who lets go of a handle is not kept waiting: what he could not do is owed.
pub(super) const SHORT: Duration = Duration::from_secs(2);

/// The pause between two attempts to get the lock.
const KNOCK: Duration = Duration::from_millis(4);

/// The pause between two batches, in which whoever knocks gets in.
const REST: Duration = Duration::from_millis(10);

/// What all handles of a store share.
#[derive(Debug)]
pub(super) struct Room<D: Disk> {
    pub(super) disk: D,
    pub(super) options: Options,
    pub(super) place: Place<D>,
    pub(super) me: Identity,
    gate: Gate,
    ledger: Mutex<Ledger<D>>,
    badge: Mutex<Option<Badge<D>>>,
    /// The folders that the last walk of this store has seen, if there was one.
    pub(super) folders: Mutex<Option<Folders>>,
    /// So many things go into the trash in one run, at most.
    pub(super) most: usize,
    /// What could not be done when a handle went away: the next one at work does it.
    owed: Mutex<Owed>,
    /// Whether somebody asked to stop sweeping.
    pub(super) stop: AtomicBool,
    /// The same for who sweeps without a thread of the store's own.
    pub(super) asked: Stop,
}

/// What handles that went away still wanted to be done.
#[derive(Debug, Clone, Default)]
pub(super) struct Owed {
    pub(super) refs: Vec<MediaRef>,
    pub(super) leases: Vec<Ended>,
}

impl Owed {
    pub(super) fn is_empty(&self) -> bool {
        self.refs.is_empty() && self.leases.is_empty()
    }
}

/// A lease that has ended, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) id: u64,
    pub(super) reference: MediaRef,
    pub(super) at: Timestamp,
}

/// The store, for who has its lock.
#[derive(Debug)]
pub(super) struct Desk<'a, D: Disk> {
    pub(super) room: &'a Room<D>,
    pub(super) ledger: MutexGuard<'a, Ledger<D>>,
    #[expect(dead_code, reason = "held, never looked at")]
    lock: D::Lock,
    #[expect(dead_code, reason = "held, never looked at, and longer than the lock")]
    turn: Turn<'a>,
    /// Whether something is still on its way that nobody could settle.
    is_unsettled: bool,
}

impl<D: Disk> Room<D> {
    pub(super) fn open(disk: D, options: Options) -> Result<Self, Error> {
        let place = Place::open(disk.clone(), options.dir())?;
        Ok(Self::of(disk, options, place))
    }

    pub(super) fn of(disk: D, options: Options, place: Place<D>) -> Self {
        let ledger = Mutex::new(Ledger::new(disk.clone()));
        let me = Identity::of_this_process();
        Self {
            disk,
            options,
            place,
            me,
            gate: Gate::default(),
            ledger,
            badge: Mutex::default(),
            folders: Mutex::default(),
            most: bin::MOST,
            owed: Mutex::default(),
            stop: AtomicBool::new(false),
            asked: Stop::default(),
        }
    }

    /// Takes the lock, and learns what others have done.
    pub(super) fn desk(&self, step: &'static str) -> Result<Desk<'_, D>, Error> {
        self.desk_within(step, PATIENCE)
    }

    /// The same, with another patience.
    pub(super) fn desk_within(&self, step: &'static str, patience: Duration) -> Result<Desk<'_, D>, Error> {
        self.try_desk(step, patience, &|| false)?.ok_or_else(|| self.busy(step))
    }

    pub(super) fn busy(&self, step: &'static str) -> Error {
        let error = Error::new(ErrorKind::Busy, step, &self.place.path, "somebody else has the store's lock");
        error.with_hint(
            "try again; `lsof` shows who has .session-reaper/media.lock, or media.net.lock of a sweep, open there",
        )
    }

    /// The same for a sweep: `None` when somebody asks to stop before it has the lock.
    pub(super) fn desk_of_sweep(&self, step: &'static str) -> Result<Option<Desk<'_, D>>, Error> {
        let was_stopped = Cell::new(false);
        let is_over = || {
            was_stopped.set(self.is_stopping());
            was_stopped.get()
        };
        match self.try_desk(step, PATIENCE, &is_over)? {
            None if !was_stopped.get() => Err(self.busy(step)),
            desk => Ok(desk),
        }
    }

    fn try_desk(
        &self,
        step: &'static str,
        patience: Duration,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Option<Desk<'_, D>>, Error> {
        let Some((turn, lock)) = self.wait(patience, is_over).map_err(self.fail(step))? else {
            return Ok(None);
        };
        let mut ledger = self.known();
        ledger.follow(&self.place).map_err(self.fail(step))?;
        let mut desk = Desk { room: self, ledger, lock, turn, is_unsettled: false };
        desk.end_aside();
        // Who only reads goes on where nothing can be written down: it stays on its way.
        if let Err(error) = desk.end_parked(step) {
            super::log::failed("what was on its way into the trash could not be settled", &error);
            desk.is_unsettled = true;
        }
        Ok(Some(desk))
    }

    /// Waits for the lock, with one deadline for the threads of this store and for all others. Nothing that is looked at
    /// without the lock is kept from anybody meanwhile.
    fn wait(
        &self,
        patience: Duration,
        is_over: &dyn Fn() -> bool,
    ) -> io::Result<Option<(Turn<'_>, D::Lock)>> {
        let deadline = Instant::now() + patience;
        let Some(turn) = self.gate.enter(deadline, is_over) else { return Ok(None) };
        loop {
            let lock = self.disk.try_lock(&self.place.ours, OsStr::new(LOCK), self.place.owner)?;
            if let Some(lock) = lock {
                return Ok(Some((turn, lock)));
            }
            if is_over() || Instant::now() >= deadline {
                return Ok(None);
            }
            thread::sleep(KNOCK);
        }
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

    pub(super) fn badge(&self) -> MutexGuard<'_, Option<Badge<D>>> {
        self.badge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst) || self.asked.signal().is_some()
    }

    /// The folder of the net in ours: before the store's lock, never after it. `None` when somebody else has it all the time,
    /// or somebody asks to stop.
    pub(super) fn nook(&self, step: &'static str, patience: Duration) -> Result<Option<Nook<'_, D>>, Error> {
        let deadline = Instant::now() + patience;
        loop {
            let nook = Nook::enter(&self.disk, &self.place.folder, NET, Duration::ZERO);
            let nook = nook.map_err(self.fail(step))?;
            if nook.is_some() || self.is_stopping() || Instant::now() >= deadline {
                return Ok(nook);
            }
            thread::sleep(KNOCK);
        }
    }
}

/// What a lock holds, also after somebody has panicked who had it.
pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets others have their turn between two batches.
pub(super) fn rest() {
    thread::sleep(REST);
}

impl<D: Disk> Desk<'_, D> {
    /// Writes down what happens. Only then it happens, and not before what is on its way is settled: what is stored where
    /// something moved away from would be taken for that.
    pub(super) fn write(
        &mut self,
        step: &'static str,
        records: Vec<Record>,
        durable: bool,
    ) -> Result<(), Error> {
        if self.is_unsettled {
            self.is_unsettled = false;
            let settled = self.end_parked(step);
            self.is_unsettled = settled.is_err();
            settled?;
        }
        self.ledger.append(&self.room.place, records, durable).map_err(self.room.fail(step))
    }

    /// Writes the ledger anew when it is mostly dead. Where that fails the old one does as well.
    pub(super) fn compact(&mut self) {
        if let Err(error) = self.ledger.compact(&self.room.place) {
            super::log::failed("the ledger could not be written anew", &error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fs::MemDisk;

    fn rooms() -> [Room<MemDisk>; 2] {
        let disk = MemDisk::with_file(Path::new("/base/x"), b"x");
        [(); 2].map(|()| Room::open(disk.clone(), Options::new("/base/media").unwrap()).unwrap())
    }

    #[test]
    fn the_patience_of_many_threads_does_not_add_up() {
        const PATIENCE: Duration = Duration::from_millis(500);
        let [room, other] = rooms();
        let held = other.desk("hold").unwrap();
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let error = room.desk_within("wait", PATIENCE).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Busy);
                });
            }
        });
        let took = begun.elapsed();
        assert!(took >= PATIENCE && took < 4 * PATIENCE, "{took:?}");
        drop(held);
        room.desk_within("go on", Duration::ZERO).unwrap();
    }

    #[test]
    fn a_sweep_that_waits_is_told_to_stop() {
        let [room, other] = rooms();
        let held = other.desk("hold").unwrap();
        thread::scope(|scope| {
            // One has the turn and waits for the lock, the other one waits for its turn.
            let waiting = [(); 2].map(|()| scope.spawn(|| room.desk_of_sweep("wait").unwrap().is_none()));
            thread::sleep(Duration::from_millis(50));
            assert!(waiting.iter().all(|thread| !thread.is_finished()));
            let begun = Instant::now();
            room.stop.store(true, Ordering::SeqCst);
            assert!(waiting.into_iter().all(|thread| thread.join().unwrap()));
            assert!(begun.elapsed() < PATIENCE / 3);
        });
        drop(held);
    }
}
