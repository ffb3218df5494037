//! The lock that gateways honour, as a store has it: taken for the moment of a change, politely.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    FileStore, Guard,
    place::{Place, with_ending},
};
use crate::{
    fs::{Disk, OUR_FOLDER, Owner},
    lock::{self, Attempt, Content, Found, Held, Kind, Sidecar, Stake, Stop, Verdict},
    model::{Error, ErrorKind, Timestamp},
};

/// A hold that has lasted so long is given up before anything is done with it: gateways wait for ten seconds, and take
/// a lock for stale after thirty.
const LONGEST: Duration = Duration::from_secs(4);

/// How long a sweep waits for gateways before it finishes what a killed one has left, if it waits at all.
pub(super) const FOR_RECOVERY: Duration = Duration::from_secs(1);

/// Every program that honours a lock is kept out while this lives. A signal waits until then.
#[derive(Debug)]
pub struct Hold<D: Disk> {
    held: Vec<Held<D>>,
    #[expect(dead_code, reason = "held, never looked at; dropped after the locks")]
    stake: Stake,
}

impl<D: Disk> Hold<D> {
    /// Lets everybody in again. An error says that a lock may still be there, when all others are released.
    pub(super) fn release(self) -> io::Result<()> {
        let released: Vec<_> = self.held.into_iter().map(Held::release).collect();
        released.into_iter().collect()
    }

    /// Whether everybody is still kept out. A gateway may have taken the lock for stale while we were stopped.
    pub(super) fn is_ours(&self) -> bool {
        self.held.iter().all(|held| held.age() < LONGEST && held.is_ours())
    }
}

/// The places of the locks that keep gateways out of a store.
pub(super) fn sidecars<D: Disk>(
    store: &FileStore<D>,
    place: &Place<D>,
    ours: &Arc<D::Folder>,
    owner: Owner,
) -> Result<Vec<Arc<Sidecar<D>>>, Error> {
    let fail = store.fail("find the lock of");
    let mut sidecars = Vec::new();
    for (index, (path, name)) in place.locked_at(store)?.into_iter().enumerate() {
        // The store's own folder is open already; opened by its path once more, it could be another by now. A link may be
        // on another disk than what it leads to, and files on their way to a lock must be on the lock's.
        let (folder, private) = if index == 0 {
            (Arc::clone(&place.folder), Arc::clone(ours))
        } else {
            let folder = store.disk.folder(&path).map_err(&fail)?;
            let private = store.disk.private_folder(&folder, OUR_FOLDER.as_ref(), owner).map_err(&fail)?;
            (Arc::new(folder), Arc::new(private))
        };
        sidecars.push(Sidecar::new(store.disk.clone(), folder, &name, private, owner, Kind::Store));
    }
    Ok(sidecars)
}

/// Waits at most `wait` until nobody who honours a lock can write the store. While one of its locks is somebody else's,
/// none of the others is held.
pub(super) fn keep_out<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    wait: Duration,
    stop: &Stop,
) -> Result<Hold<D>, Error> {
    let stake = stop.enter();
    let mut last = None;
    let held = lock::wait_for(wait, || match stop.signal() {
        Some(_) => Err(io::ErrorKind::Interrupted.into()),
        None => take_all(&guard.sidecars, &mut last),
    });
    match held {
        Ok(Some(held)) => Ok(Hold { held, stake }),
        Ok(None) => Err(busy(store, last)),
        Err(_) if stop.signal().is_some() => Err(store.interrupted()),
        Err(error) => Err(store.fail("take the lock of")(error)),
    }
}

/// All of the locks, or none; `last` is told who had one.
fn take_all<D: Disk>(
    sidecars: &[Arc<Sidecar<D>>],
    last: &mut Option<(Found, Verdict)>,
) -> io::Result<Option<Vec<Held<D>>>> {
    let mut all = Vec::with_capacity(sidecars.len());
    for sidecar in sidecars {
        match sidecar.attempt(None)? {
            Attempt::Held(held) => all.push(held),
            Attempt::Crossed => return Ok(None),
            Attempt::Taken(found, verdict) => {
                *last = Some((found, verdict));
                return Ok(None);
            }
        }
    }
    Ok(Some(all))
}

/// Removes locks that nobody has any more: a sweep that was killed has left them, or one that the power failed. Of the
/// latter nothing proves that it is gone, and its note may be empty: what ends it is its age, as for every gateway.
pub(super) fn clear_dead<D: Disk>(store: &FileStore<D>, guard: &Guard<D>) -> Result<(), Error> {
    for sidecar in &guard.sidecars {
        if is_there(store, sidecar)? {
            // Taken over and given back: dropped is released.
            sidecar
                .attempt_if(None, Verdict::may_be_taken)
                .map_err(store.fail("clear a dead lock of"))
                .map(drop)?;
        }
    }
    Ok(())
}

fn is_there<D: Disk>(store: &FileStore<D>, sidecar: &Sidecar<D>) -> Result<bool, Error> {
    sidecar.look().map(|found| found.is_some()).map_err(store.fail("look at the lock of"))
}

/// Who has the lock, and what can be done about it.
fn busy<D: Disk>(store: &FileStore<D>, last: Option<(Found, Verdict)>) -> Error {
    let error = |message: String| Error::new(ErrorKind::Held, "keep gateways out of", &store.path, message);
    let Some((found, verdict)) = last else {
        return error("another session-reaper is just taking its lock".to_owned());
    };
    let now = Timestamp::from_nanos(store.disk.now_ns());
    let lock = lock_of(&store.path);
    error(format!("{} has its lock {} {}", holder(&found), lock.display(), since(&found, now)))
        .with_hint(remedy(verdict))
}

/// As people look for it: beside the path that they gave.
fn lock_of(store: &Path) -> PathBuf {
    store.with_file_name(with_ending(store.file_name().unwrap_or_default(), lock::ENDING))
}

fn holder(found: &Found) -> String {
    match &found.content {
        Content::Note(note) => note.pid.map_or("somebody".to_owned(), |pid| format!("process {pid}")),
        Content::NoFile => "something that is no file".to_owned(),
        Content::NoLock => "a file that is no lock".to_owned(),
        Content::Unreadable | Content::Forbidden => "somebody".to_owned(),
    }
}

fn since(found: &Found, now: Timestamp) -> String {
    let created = match &found.content {
        Content::Note(note) => note.created,
        _ => None,
    };
    format!("since {}", created.unwrap_or(found.modified).min(now))
}

const fn remedy(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Odd => "no gateway puts such a thing there: look what it is, and move it away by hand",
        Verdict::Alive | Verdict::Overdue => {
            "it will be released in a moment; --lock-timeout says how long to wait for it"
        }
        _ => {
            "whether its owner lives cannot be seen from here; such a lock ends by its age, after 30 seconds. One that may \
             not be read stays: look whose it is, and remove it by hand"
        }
    }
}
