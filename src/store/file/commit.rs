//! The commit: what goes to the trash, the new text to a new file, both durable, then the new text swapped in.
//!
//! A reader sees the whole old text or the whole new one, whenever it looks and wherever we are killed. Any error before
//! the swap leaves the store as it was and no trace beside it. An error of fsync is told once and then forgotten by the
//! kernel, so it is never asked twice: the new file is thrown away.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{
    FileStore, Guard, Hold, Snapshot,
    edit::{self, Edit, Gone, Sources},
    folder::Temp,
    hold, others, quiet,
    record::{Bundled, KEEP, Record},
    scan, settle,
    swap::Swap,
};
use crate::{
    fs::{Disk, Reader, Writer},
    gateway::FRESH,
    json::{Asked, RawRow, Visit},
    lock::Stop,
    model::{Error, ErrorKind},
    store::{Access, Commit, Others},
};

/// Who else writes the store was seen no longer ago than this when nothing is left to do but to take its lock.
const LONG: Duration = Duration::from_millis(250);

/// After so long it is asked again: what was seen before may have been as old as a look that is shared can be.
const AGAIN: Duration = LONG.saturating_sub(FRESH);

/// What a commit is to do.
#[derive(Debug)]
pub(super) struct Work<'a, D: Disk> {
    pub(super) snapshot: &'a Snapshot<D>,
    pub(super) edit: &'a Edit,
    pub(super) sources: &'a Sources<D::Reader>,
    pub(super) record: &'a Record,
    /// How many rows the new text must have, where more was done than to cut some out.
    pub(super) rows_after: Option<u64>,
}

/// Everything that takes time comes before the locks, unless they are held already because the store never rests.
pub(super) fn commit<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    work: &Work<'_, D>,
    access: Access<FileStore<D>>,
    stop: &Stop,
) -> Result<Commit, Error> {
    let begin = Instant::now();
    let mut bundle = work.record.begin(store, guard)?;
    let (survivors, rows) = write_both(store, guard, work, &bundle, stop)?;
    let snapshot = work.snapshot;
    let is_quiet = match access {
        Access::Quiet(wait) => quiet::wait(store, guard, snapshot, wait, stop)?,
        _ => true,
    };
    if !is_quiet || !settle::is_settled(store, guard, snapshot)? {
        return Ok(Commit::Moved);
    }
    let mut swap = Swap::prepare(store, guard, snapshot, survivors)?;
    bundle.seal(store, work, rows, swap.identities())?;
    let Some(hold) = keep_out(store, guard, access, begin, stop)? else { return Ok(Commit::Moved) };
    // The last moment to stop: from here on it is done.
    let done = if stop.signal().is_some() { Err(store.interrupted()) } else { swap.carry_out(&hold) };
    // First the locks, then the old file: to remove a large one takes its time.
    let released = hold.release();
    drop(swap);
    let done = bundle.end(store, guard, work.record, done);
    match (done, released) {
        (Ok(Commit::Done), Err(error)) => Err(locked(store, error)),
        (done, Err(error)) => {
            tracing::warn!(store = %store.path.display(), %error, "a lock could not be released");
            done
        }
        (done, Ok(())) => done,
    }
}

/// Everything is done, and gateways have to wait for nothing.
fn locked<D: Disk>(store: &FileStore<D>, error: io::Error) -> Error {
    Error::io("release the lock of", &store.path, error)
        .with_hint("it ends by its age, after 30 seconds; `session-reaper doctor --fix` removes it")
        .too_late()
}

/// Waits until nobody who honours a lock can write the store, unless that is so already. `None` when somebody who honours none
/// has come meanwhile: the next attempt will find him, and do as it is told to beside him.
fn keep_out<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    access: Access<FileStore<D>>,
    begin: Instant,
    stop: &Stop,
) -> Result<Option<Hold<D>>, Error> {
    let is_old = !matches!(access, Access::Quiet(_)) && begin.elapsed() > AGAIN;
    if is_old && others::admit(store, true)? == Others::HonourNone {
        return Ok(None);
    }
    match access {
        Access::Kept(hold) => Ok(Some(hold)),
        Access::Quiet(wait) | Access::Brief(wait) => hold::keep_out(store, guard, wait, stop).map(Some),
    }
}

/// Writes the new text and what leaves the store, makes both durable, and gives the new file owner, mode and attributes of
/// the store.
fn write_both<'a, D: Disk>(
    store: &'a FileStore<D>,
    guard: &'a Guard<D>,
    work: &Work<'_, D>,
    bundle: &Bundled<'_, D>,
    stop: &Stop,
) -> Result<(Temp<'a, D>, Gone<D::Writer>), Error> {
    let snapshot = work.snapshot;
    let attributes = snapshot.file.attributes().map_err(store.fail("read the owner and attributes of"))?;
    let mut temp = Temp::create(store, &guard.ours, &guard.place.name)?;
    let mut gone = bundle.rows(store, work.edit)?;
    edit::carry_out(snapshot, work.edit, work.sources, &mut temp.file, &mut gone, stop).map_err(|error| {
        if stop.signal().is_some() {
            return store.interrupted();
        }
        store.fail(if gone.has_failed() { KEEP } else { "write the new text of" })(error)
    })?;
    temp.file.adopt(&attributes).map_err(|error| unkept(store, error))?;
    temp.file.sync().map_err(store.fail("make durable the new text of"))?;
    if let Some(rows) = work.rows_after {
        must_be_a_store(store, guard, &temp, rows)?;
    }
    Ok((temp, gone))
}

/// Reads a new text again: what is no store must never stand in a store's place, whoever is to blame.
fn must_be_a_store<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    temp: &Temp<'_, D>,
    rows: u64,
) -> Result<(), Error> {
    struct Rows;
    impl Visit for Rows {
        fn asks(&self) -> Asked {
            Asked::Nothing
        }

        fn row(&mut self, _: RawRow<'_>) {}
    }
    let file = store.disk.open(&guard.ours, &temp.name).map_err(store.fail("read again the new text of"))?;
    let stat = file.stat().map_err(store.fail("look at the new text of"))?;
    let found = scan::scan(store, &file, &stat, &mut Rows, |_| {}).map(|layout| layout.rows);
    if found.is_ok_and(|found| found == rows) {
        return Ok(());
    }
    let message = "it would not be what it should be: this is a defect of session-reaper, please tell of it";
    Err(Error::new(ErrorKind::Refused, "check the new text of", &store.path, message))
}

/// What may not be kept is refused; what failed for another reason may work the next time.
fn unkept<D: Disk>(store: &FileStore<D>, error: io::Error) -> Error {
    const STEP: &str = "keep the owner, mode and attributes of";
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported => {
            Error::new(ErrorKind::Refused, STEP, &store.path, error.to_string())
                .with_hint("run session-reaper as the user who owns the store, or as root")
        }
        _ => Error::io(STEP, &store.path, error),
    }
}
