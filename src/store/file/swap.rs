//! The swap: survivors take the store's place, and what came out is looked at.
//!
//! Between the last look at the store and a rename another program may have put a new text there, which the rename would
//! destroy. So the two files exchange their names, and what came out is held against what was read: if it is another, it
//! is put back. Where the file system cannot exchange names a plain rename follows the last look at once.

use std::io;

use super::{FileStore, Guard, Snapshot, folder::Temp};
use crate::{
    fs::{Disk, Stat},
    model::Error,
    store::Commit,
};

/// How often something newer is put back before we give up; each time somebody must have written in a few microseconds.
const MAX_TURNS: u32 = 100;

/// The ending of a text of somebody's that could not be put back.
const RESCUED: &str = ".rescued";

/// Swaps the survivors in, if the store is still what was read. What they replace is removed.
pub(super) fn swap<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    survivors: Temp<'_, D>,
    snapshot: &Snapshot<D>,
) -> Result<Commit, Error> {
    if !is_unchanged(store, guard, snapshot)? {
        return Ok(Commit::Moved);
    }
    let fail = store.fail("swap in the survivors of");
    let ours = store.disk.stat(&guard.ours, &survivors.name).map_err(&fail)?;
    if !exchange(store, guard, &survivors).map_err(&fail)? {
        survivors.become_file(&guard.place.folder, &guard.place.name).map_err(&fail)?;
    } else if !came_out(store, guard, &survivors).is_ok_and(|stat| snapshot.fence.holds_elsewhere(&stat)) {
        return put_back(store, guard, survivors, ours);
    }
    store.disk.sync_folder(&guard.place.folder).map_err(|error| undurable(store, error))?;
    Ok(Commit::Done)
}

/// Whether what stands in the store's place is still what was read, and was not written to meanwhile.
fn is_unchanged<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    snapshot: &Snapshot<D>,
) -> Result<bool, Error> {
    match store.disk.stat(&guard.place.folder, &guard.place.name) {
        Ok(stat) => Ok(snapshot.fence.holds(&stat)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(store.fail("look at")(error)),
    }
}

fn exchange<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, temp: &Temp<'_, D>) -> io::Result<bool> {
    store.disk.exchange((&guard.ours, &temp.name), (&guard.place.folder, &guard.place.name))
}

fn came_out<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, temp: &Temp<'_, D>) -> io::Result<Stat> {
    store.disk.stat(&guard.ours, &temp.name)
}

/// Puts back what came out: it is not what was read, so it is somebody's update. Where that fails it is kept beside.
fn put_back<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    survivors: Temp<'_, D>,
    ours: Stat,
) -> Result<Commit, Error> {
    let Err(error) = exchange_until_ours_is_out(store, guard, &survivors, ours) else {
        return Ok(Commit::Moved);
    };
    let name = guard.place.name_of(RESCUED);
    let hint = match survivors.rescue(&name) {
        Ok(()) => format!("somebody's newer text is kept as .session-reaper/{}", name.display()),
        Err(error) => {
            format!("somebody's newer text is left in .session-reaper, and could not be renamed: {error}")
        }
    };
    Err(store.fail("put back the newer text of")(error).with_hint(hint).too_late())
}

/// What comes out should be the survivors; if it is not, somebody was quicker once more, and that newer text is put
/// back in turn.
fn exchange_until_ours_is_out<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    temp: &Temp<'_, D>,
    mut expected: Stat,
) -> io::Result<()> {
    for _ in 0..MAX_TURNS {
        let theirs = came_out(store, guard, temp)?;
        exchange(store, guard, temp)?;
        let out = came_out(store, guard, temp)?;
        if (out.dev, out.ino) == (expected.dev, expected.ino) {
            return Ok(());
        }
        expected = theirs;
    }
    Err(io::Error::other("somebody writes it without a pause"))
}

/// The rename is done but may not survive a power loss.
fn undurable<D: Disk>(store: &FileStore<D>, error: io::Error) -> Error {
    Error::io("make durable the sweep of", &store.path, error)
        .with_hint("look at the disk: until this works a power loss may bring the old rows back")
        .too_late()
}
