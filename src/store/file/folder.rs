//! Our own folder beside the store: the state, the mutex, and files on their way.

use std::{
    ffi::{OsStr, OsString},
    io, process,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    FileStore, Guard,
    place::{Place, with_ending},
};
use crate::{
    fs::{Disk, Owner, Reader, Writer},
    model::Error,
    store::State,
};

pub(super) const NAME: &str = ".session-reaper";
pub(super) const LOCK: &str = ".lock";
const STATE: &str = ".state";
const TEMP: &str = ".tmp";

/// A state is a few hundred bytes; whatever is larger is none.
const MAX_STATE: usize = 64 * 1024;

/// Opens our folder, making it if it is not there.
pub(super) fn open_or_make<D: Disk>(
    store: &FileStore<D>,
    place: &Place<D>,
    owner: Owner,
) -> Result<D::Folder, Error> {
    let folder = store.disk.private_folder(&place.folder, OsStr::new(NAME), owner);
    folder.map_err(store.fail("open the folder .session-reaper beside"))
}

/// What was remembered, if anything was and it can be read.
pub(super) fn read_state<D: Disk>(store: &FileStore<D>) -> Option<State> {
    let place = Place::find(store).ok()?;
    let ours = store.disk.subfolder(&place.folder, OsStr::new(NAME)).ok()?;
    let file = store.disk.open(&ours, &place.name_of(STATE)).ok()?;
    let mut buffer = vec![0; MAX_STATE];
    let length = file.read_at(&mut buffer, 0).ok()?;
    serde_json::from_slice(buffer.get(..length)?).ok()
}

/// Remembers a state: whole or not at all, and in no hurry to be durable.
pub(super) fn write_state<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    state: &State,
) -> Result<(), Error> {
    let fail = store.fail("remember the sweep of");
    let text = serde_json::to_vec(state).map_err(|error| fail(error.into()))?;
    let name = guard.place.name_of(STATE);
    let mut temp = Temp::create(store, &guard.ours, &guard.place.name)?;
    let written = temp.file.write_all(&text).and_then(|()| temp.file.hand_to(guard.owner));
    written.and_then(|()| temp.become_file(&guard.ours, &name)).map_err(fail)
}

/// A new file in our folder that is removed again unless it takes another's place.
#[derive(Debug)]
pub(super) struct Temp<'a, D: Disk> {
    disk: &'a D,
    ours: &'a D::Folder,
    pub(super) name: OsString,
    moved: bool,
    pub(super) file: D::Writer,
}

impl<'a, D: Disk> Temp<'a, D> {
    /// A new file on its way to the store `of`.
    pub(super) fn create(store: &'a FileStore<D>, ours: &'a D::Folder, of: &OsStr) -> Result<Self, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = with_ending(of, &format!(".{}.{number}{TEMP}", process::id()));
        let file = store.disk.create(ours, &name).map_err(store.fail("make a new file for"))?;
        Ok(Self { disk: &store.disk, ours, name, moved: false, file })
    }

    /// Keeps what the temporary name holds now, under a name that no sweep clears: it is somebody's text.
    pub(super) fn rescue(mut self, name: &OsStr) -> io::Result<()> {
        self.moved = true;
        self.disk.rename((self.ours, &self.name), (self.ours, name))
    }

    /// Takes the place of the file `name`, or there is no trace of this one.
    pub(super) fn become_file(mut self, folder: &D::Folder, name: &OsStr) -> io::Result<()> {
        self.disk.rename((self.ours, &self.name), (folder, name))?;
        self.moved = true;
        Ok(())
    }
}

impl<D: Disk> Drop for Temp<'_, D> {
    fn drop(&mut self) {
        if !self.moved {
            // Nothing can be done about a failure here; the next sweep clears what is left.
            let _ = self.disk.remove(self.ours, &self.name);
        }
    }
}

/// Removes what killed sweeps of this store left behind. Only to be called by who holds the mutex.
pub(super) fn clear_temps<D: Disk>(store: &FileStore<D>, ours: &D::Folder, of: &OsStr) -> Result<(), Error> {
    let fail = store.fail("clear what a killed sweep left beside");
    for name in store.disk.list(ours).map_err(&fail)?.iter().filter(|name| is_temp(name, of)) {
        store.disk.remove(ours, name).map_err(&fail)?;
    }
    Ok(())
}

/// `<of>.<pid>.<n>.tmp`
fn is_temp(name: &OsStr, of: &OsStr) -> bool {
    let parts = || {
        let rest = name.as_encoded_bytes().strip_prefix(of.as_encoded_bytes())?;
        let rest = rest.strip_prefix(b".")?.strip_suffix(TEMP.as_bytes())?;
        let mut numbers = rest.split(|byte| *byte == b'.');
        let two = [numbers.next()?, numbers.next()?];
        let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        (numbers.next().is_none() && two.into_iter().all(digits)).then_some(())
    };
    parts().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_leftovers_of_this_store_are_temps() {
        let of = OsStr::new("sessions.json");
        assert!(is_temp(OsStr::new("sessions.json.12.0.tmp"), of));
        for name in [
            "sessions.json",
            "sessions.json.tmp",
            "sessions.json.1.tmp",
            "sessions.json.1.2.3.tmp",
            "sessions.json.a.1.tmp",
            "other.json.1.2.tmp",
            "sessions.json.state",
            "sessions.json.1..tmp",
        ] {
            assert!(!is_temp(OsStr::new(name), of), "{name}");
        }
    }
}
