//! The file of pins beside a store: read for every plan, replaced whole under the store's mutex.
//!
//! A sweep reads it while it holds the mutex, and so no pin can be set between its plan and its commit. A dry run holds
//! nothing: what is pinned after it is not in what it showed.

use std::{ffi::OsStr, io, path::PathBuf};

use super::{FileStore, Guard, folder::Temp, place::Place};
use crate::{
    fs::{Disk, OUR_FOLDER, Writer, read_whole},
    model::{Error, ErrorKind},
    store::{Pin, PinBook, pins::Unreadable},
};

pub(super) const PINS: &str = ".pins.json";

/// Some hundred thousand pins. Whatever is larger is no list that anybody made.
const MAX_PINS: usize = 64 << 20;

/// The pins of a store; none when there is no file of them.
pub(super) fn read<D: Disk>(store: &FileStore<D>, place: &Place<D>) -> Result<PinBook, Error> {
    let fail = |error| unread(&path(place), error);
    let ours = match store.disk.subfolder(&place.folder, OsStr::new(OUR_FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(PinBook::default()),
        other => other.map_err(fail)?,
    };
    read_in(store, place, &ours)
}

fn read_in<D: Disk>(store: &FileStore<D>, place: &Place<D>, ours: &D::Folder) -> Result<PinBook, Error> {
    let fail = |error| unread(&path(place), error);
    let file = match store.disk.open(ours, &place.name_of(PINS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(PinBook::default()),
        other => other.map_err(fail)?,
    };
    let text = read_whole(&file, MAX_PINS).map_err(fail)?;
    PinBook::of_text(&text).map_err(|why| not_understood(place, &why))
}

/// Sets a pin, and gives the one back that it replaces.
pub(super) fn set<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, pin: Pin) -> Result<Option<Pin>, Error> {
    let mut book = read_in(store, &guard.place, &guard.ours)?;
    let before = book.set(pin);
    write(store, guard, &book, "the pin is in force, but may not outlive a power cut: pin again to be sure")?;
    Ok(before)
}

/// Takes a pin away, and gives it back.
pub(super) fn remove<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    key: &[u8],
) -> Result<Option<Pin>, Error> {
    let mut book = read_in(store, &guard.place, &guard.ours)?;
    let before = book.remove(key);
    if before.is_some() {
        write(
            store,
            guard,
            &book,
            "the pin is gone, but may be back after a power cut: unpin again to be sure",
        )?;
    }
    Ok(before)
}

/// Whole or not at all, and durable before anybody is told: who was told that a row is pinned relies on it. Where the new
/// list is in place and may not last, the error says so, with `late` for what that means.
fn write<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, book: &PinBook, late: &str) -> Result<(), Error> {
    let path = path(&guard.place);
    let fail = |step| {
        let path = &path;
        move |error| Error::io(step, path, error).about_ours()
    };
    let text = book.to_text().map_err(|error| fail("write the pins")(error.into()))?;
    let mut temp = Temp::create(store, &guard.ours, &guard.place.name)?;
    let written = temp.file.write_all(&text).and_then(|()| temp.file.hand_to(guard.owner));
    written.map_err(fail("write the pins"))?;
    temp.file.sync().map_err(fail("make durable the pins"))?;
    temp.become_file(&guard.ours, &guard.place.name_of(PINS)).map_err(fail("put in place the pins"))?;
    // Our folder may be as new as the file in it.
    let durable = store.disk.sync_folder(&guard.ours);
    let durable = durable.and_then(|()| store.disk.sync_folder(&guard.place.folder));
    durable.map_err(|error| fail("make durable the pins")(error).after_the_change().with_hint(late))
}

/// Where the pins are, for people.
fn path<D: Disk>(place: &Place<D>) -> PathBuf {
    place.beside(OUR_FOLDER).join(place.name_of(PINS))
}

/// A list that cannot be read may hold a pin on any row.
fn unread(path: &std::path::Path, error: io::Error) -> Error {
    Error::io("read the pins", path, error)
        .about_ours()
        .with_hint("a sweep needs to know what is pinned; make the file readable to who sweeps")
}

fn not_understood<D: Disk>(place: &Place<D>, why: &Unreadable) -> Error {
    let (kind, hint) = match why {
        Unreadable::Newer(_) => {
            (ErrorKind::Refused, "sweep with the version that wrote them, or a newer one")
        }
        Unreadable::Malformed(_) => (
            ErrorKind::Malformed,
            "any row may be pinned in there: mend the file, or remove it and pin again what must stay",
        ),
    };
    Error::new(kind, "read the pins", &path(place), why.to_string()).with_hint(hint)
}
