//! A swap that was begun and may have been cut off: what its file's name tells, and what the next sweep makes of it.
//!
//! Between the exchange of two names and the look at what came out, a kill may leave another program's update in our
//! folder. So a file that is about to be exchanged has a name that tells it apart from the two files that it may become:
//! `<store>.<inode, size and time of the survivors>.<the same of what they replace>.swap`. An inode alone tells nothing: it
//! is given to another file as soon as its own is gone.

use std::{
    ffi::{OsStr, OsString},
    io,
    time::Duration,
};

use super::{FileStore, Guard, hold, place::with_ending};
use crate::{
    fs::{Disk, Stat},
    lock::Stop,
    model::Error,
    trash::{Identities, Identity},
};

/// The ending of survivors that are about to change places with the store.
pub(crate) const SWAP: &str = ".swap";

/// The ending of a text of somebody's that could not be put back.
pub(crate) const RESCUED: &str = ".rescued";

/// How often something newer is put back before we give up; each time somebody must have written in a few microseconds.
const MAX_TURNS: u32 = 100;

/// How many rescued texts may lie there until a person looks.
const MAX_RESCUED: u32 = 100;

/// The two files that are about to change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending(pub(super) Identities);

impl Pending {
    pub(super) fn new(survivors: &Stat, replaced: &Stat) -> Self {
        Self(Identities { before: Identity::of(replaced), after: Identity::of(survivors) })
    }

    /// The name of the file in our folder while the swap is pending.
    pub(super) fn name(&self, of: &OsStr) -> OsString {
        with_ending(of, &format!(".{}.{}{SWAP}", self.0.after, self.0.before))
    }

    /// What such a name tells.
    fn read(name: &OsStr, of: &OsStr) -> Option<Self> {
        let rest = name.as_encoded_bytes().strip_prefix(of.as_encoded_bytes())?.strip_prefix(b".")?;
        let rest = std::str::from_utf8(rest.strip_suffix(SWAP.as_bytes())?).ok()?;
        let mut parts = rest.split('.');
        let (after, before) = (Identity::read(&mut parts)?, Identity::read(&mut parts)?);
        parts.next().is_none().then_some(Self(Identities { before, after }))
    }

    /// Whether this is what is to take the store's place.
    pub(super) fn is_survivors(&self, stat: &Stat) -> bool {
        Identity::of(stat) == self.0.after
    }

    /// Whether what lies in our folder is one of the two: survivors that never left, or the text that they replaced.
    /// Neither is needed any more.
    fn is_done(&self, left: &Stat) -> bool {
        [self.0.after, self.0.before].contains(&Identity::of(left))
    }
}

/// What killed swaps had left, once nothing of anybody's is among it any more.
#[derive(Debug, Default)]
pub(super) struct Settled<'n> {
    /// Survivors that did not take the store's place, or had to give it back.
    pub(super) never_left: Vec<Identity>,
    /// Files that are of no use but to tell that.
    done: Vec<&'n OsStr>,
}

impl Settled<'_> {
    /// Clears what was left, once whatever else killed runs have left is settled as well.
    pub(super) fn clear<D: Disk>(&self, store: &FileStore<D>, guard: &Guard<D>) -> Result<(), Error> {
        let cleared = self.done.iter().try_for_each(|name| store.disk.remove(&guard.ours, name));
        cleared.map_err(store.fail(STEP))
    }
}

const STEP: &str = "finish what a killed sweep left beside";

/// Finishes what a killed swap has left among these names of our folder. Only to be called by who holds the mutex.
pub(super) fn settle<'n, D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    names: &'n [OsString],
    wait: Duration,
    stop: &Stop,
) -> Result<Settled<'n>, Error> {
    let mut settled = Settled::default();
    for name in names {
        let Some(pending) = Pending::read(name, &guard.place.name) else { continue };
        let left = store.disk.stat(&guard.ours, name).map_err(store.fail(STEP))?;
        let never_left = if pending.is_done(&left) {
            settled.done.push(name);
            pending.is_survivors(&left)
        } else {
            let _hold = hold::keep_out(store, guard, wait.max(hold::FOR_RECOVERY), stop)?;
            bring_back(store, guard, name, &pending)?
        };
        settled.never_left.extend(never_left.then_some(pending.0.after));
    }
    Ok(settled)
}

/// What lies in our folder is somebody's update. If nothing has been written since, it gets its place back; otherwise
/// it is kept for a person to look at. Whether it got it back is told.
fn bring_back<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    name: &OsStr,
    pending: &Pending,
) -> Result<bool, Error> {
    let fail = store.fail("put back the newer text of");
    let stands = store.disk.stat(&guard.place.folder, &guard.place.name);
    if stands.is_ok_and(|stat| pending.is_survivors(&stat)) {
        put_back(store, guard, name, pending).map_err(&fail)?;
        tracing::warn!(store = %store.path.display(), "put back an update that a killed sweep had taken out");
        return Ok(true);
    }
    let kept = rescue(store, guard, name).map_err(&fail)?;
    tracing::warn!(store = %store.path.display(), kept = %kept.display(), "kept a text that a killed sweep had taken out");
    Ok(false)
}

/// Gives what lies at `name` in our folder the store's place, which survivors have. What comes out should be the
/// survivors, and is removed; if it is not, somebody was quicker once more: that newer text is put back in turn, and what
/// it had replaced is kept for a person to look at.
pub(super) fn put_back<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    name: &OsStr,
    pending: &Pending,
) -> io::Result<()> {
    let out = || store.disk.stat(&guard.ours, name).map(|stat| Identity::of(&stat));
    let survivors = pending.0.after;
    let mut expected = survivors;
    for _ in 0..MAX_TURNS {
        let theirs = out()?;
        store.disk.exchange((&guard.ours, name), (&guard.place.folder, &guard.place.name))?;
        let found = out()?;
        if found == expected && found == survivors {
            // The next sweep knows it for what it is, and clears it.
            let _ = store.disk.remove(&guard.ours, name);
            return Ok(());
        }
        if found == expected {
            return rescue(store, guard, name).map(drop);
        }
        expected = theirs;
    }
    Err(io::Error::other("somebody writes it without a pause"))
}

/// Keeps a text of somebody's in our folder, under a name that no sweep clears.
pub(super) fn rescue<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, name: &OsStr) -> io::Result<OsString> {
    for number in 0..MAX_RESCUED {
        let number = if number == 0 { String::new() } else { format!(".{number}") };
        let kept = guard.place.name_of(&format!("{RESCUED}{number}"));
        if store.disk.rename_new((&guard.ours, name), (&guard.ours, &kept))? {
            return Ok(kept);
        }
    }
    Err(io::Error::other(format!("there are {MAX_RESCUED} rescued texts already")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_two_files_and_no_other_name_does() {
        let of = OsStr::new("sessions.json");
        let stat = |ino, size, modified_ns| Stat { ino, size, modified_ns, ..Stat::default() };
        let pending = Pending::new(&stat(7, 1, 2), &stat(8, 900, -5));
        let name = pending.name(of);
        assert_eq!(name, "sessions.json.7.1.2.8.900.-5.swap");
        assert_eq!(Pending::read(&name, of), Some(pending));
        for other in [
            "sessions.json.7.1.2.8.900.swap",
            "sessions.json.7.1.2.8.900.5.5.swap",
            "x.7.1.2.8.900.5.swap",
            "sessions.json.a.1.2.8.900.5.swap",
        ] {
            assert_eq!(Pending::read(OsStr::new(other), of), None, "{other}");
        }
        assert!(pending.is_done(&stat(7, 1, 2)) && pending.is_done(&stat(8, 900, -5)));
        for other in [stat(7, 55, 2), stat(7, 1, 3), stat(8, 901, -5), stat(9, 900, -5)] {
            assert!(!pending.is_done(&other), "{other:?}");
        }
    }
}
