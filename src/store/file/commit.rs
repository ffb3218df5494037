//! The commit: survivors to a new file, durable, then swapped in.
//!
//! A reader sees the whole old text or the whole new one, whenever it looks and wherever we are killed. Any error before
//! the swap leaves the store as it was and no trace beside it. An error of fsync is told once and then forgotten by the
//! kernel, so it is never asked twice: the new file is thrown away.

use std::{
    io,
    ops::Range,
    time::{Duration, Instant},
};

use super::{FileStore, Guard, folder::Temp, hold, others, quiet, read::CHUNK, settle, swap::Swap};
use crate::{
    fs::{Disk, Reader, Writer},
    json,
    lock::Stop,
    model::{Error, ErrorKind},
    store::{Access, Commit, Planned},
};

/// After so long it is asked again who else writes the store.
const LONG: Duration = Duration::from_millis(250);

/// Everything that takes time comes before the locks, unless they are held already because the store never rests.
pub(super) fn commit<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    planned: &Planned<FileStore<D>>,
    access: Access<FileStore<D>>,
    stop: &Stop,
) -> Result<Commit, Error> {
    let begin = Instant::now();
    let survivors = write_survivors(store, guard, planned, stop)?;
    let snapshot = &planned.snapshot;
    let is_quiet = match access {
        Access::Quiet(wait) => quiet::wait(store, guard, snapshot, wait, stop)?,
        _ => true,
    };
    if !is_quiet || !settle::is_settled(store, guard, snapshot)? {
        return Ok(Commit::Moved);
    }
    let mut swap = Swap::prepare(store, guard, snapshot, survivors)?;
    let hold = match access {
        Access::Kept(hold) => hold,
        Access::Brief(wait) => {
            if begin.elapsed() > LONG {
                // Meanwhile a gateway may have been started.
                others::admit(store, false)?;
            }
            hold::keep_out(store, guard, wait, stop)?
        }
        Access::Quiet(wait) => hold::keep_out(store, guard, wait, stop)?,
    };
    // The last moment to stop: from here on it is done.
    let done = if stop.signal().is_some() { Err(store.interrupted()) } else { swap.carry_out(&hold) };
    // First the locks, then the old file: to remove a large one takes its time.
    drop(hold);
    drop(swap);
    done
}

/// Writes the survivors, makes them durable, and gives them owner, mode and attributes of the store.
fn write_survivors<'a, D: Disk>(
    store: &'a FileStore<D>,
    guard: &'a Guard<D>,
    planned: &Planned<FileStore<D>>,
    stop: &Stop,
) -> Result<Temp<'a, D>, Error> {
    let snapshot = &planned.snapshot;
    let cuts = json::cuts(&snapshot.layout, planned.plan.doomed().iter().map(|doomed| doomed.place.span()));
    let attributes = snapshot.file.attributes().map_err(store.fail("read the owner and attributes of"))?;
    let mut temp = Temp::create(store, &guard.ours, &guard.place.name)?;
    copy(&snapshot.file, snapshot.layout.len, &cuts, &mut temp.file, stop).map_err(|error| {
        if stop.signal().is_some() {
            store.interrupted()
        } else {
            store.fail("write the survivors of")(error)
        }
    })?;
    temp.file.adopt(&attributes).map_err(|error| unkept(store, error))?;
    temp.file.sync().map_err(store.fail("make durable the survivors of"))?;
    Ok(temp)
}

/// Copies all but the cuts, in chunks that do not grow with the store.
fn copy(
    from: &impl Reader,
    len: u64,
    cuts: &[Range<u64>],
    to: &mut impl Writer,
    stop: &Stop,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut kept = Vec::with_capacity(CHUNK);
    let mut cuts = cuts.iter().peekable();
    let mut offset = 0;
    while offset < len {
        if stop.signal().is_some() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let wanted = usize::try_from(len - offset).unwrap_or(CHUNK).min(CHUNK);
        let length = from.read_at(buffer.get_mut(..wanted).unwrap_or_default(), offset)?;
        if length == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        kept.clear();
        keep(buffer.get(..length).unwrap_or_default(), offset, &mut cuts, &mut kept);
        to.write_all(&kept)?;
        offset += length as u64;
    }
    Ok(())
}

/// Adds to `kept` what no cut takes from `chunk`, which stands at `offset` of the store. Cuts that end here are done with.
fn keep<'c>(
    chunk: &[u8],
    offset: u64,
    cuts: &mut std::iter::Peekable<impl Iterator<Item = &'c Range<u64>>>,
    kept: &mut Vec<u8>,
) {
    let end = offset + chunk.len() as u64;
    let within = |at: u64| usize::try_from(at.clamp(offset, end) - offset).unwrap_or(0);
    let mut from = offset;
    while let Some(cut) = cuts.peek().filter(|cut| cut.start < end) {
        kept.extend_from_slice(chunk.get(within(from)..within(cut.start)).unwrap_or_default());
        from = cut.end;
        if cut.end > end {
            break;
        }
        cuts.next();
    }
    kept.extend_from_slice(chunk.get(within(from)..).unwrap_or_default());
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
