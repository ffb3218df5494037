//! Our own folder beside the store: the state, the mutex, and files on their way.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::{
    FileStore, Guard,
    place::{Place, with_ending},
};
use crate::{
    fs::{self, Disk, OUR_FOLDER, Owner, is_temp_of, read_whole, temp_name},
    lock,
    model::Error,
    store::{LastSweep, State},
};

pub(super) const LOCK: &str = ".lock";
const STATE: &str = ".state";

/// A state is some hundred bytes, more with a policy of many patterns; whatever is larger than this is none.
const MAX_STATE: usize = 1 << 20;

/// Opens our folder, making it if it is not there.
pub(super) fn open_or_make<D: Disk>(
    store: &FileStore<D>,
    place: &Place<D>,
    owner: Owner,
) -> Result<D::Folder, Error> {
    let folder = store.disk.private_folder(&place.folder, OsStr::new(OUR_FOLDER), owner);
    folder.map_err(store.fail("open the folder .session-reaper beside"))
}

/// The last sweep, where a glance tells it.
pub(super) fn glance<D: Disk>(store: &FileStore<D>) -> Option<LastSweep> {
    let name = state_name(store.path.file_name()?);
    last_sweep(&store.disk.beside(&store.path, store.root.as_deref(), &name)?)
}

/// The name of the state of a store.
pub(super) fn state_name(store: &OsStr) -> OsString {
    with_ending(store, STATE)
}

/// The last sweep, as the text of a state tells it.
pub(super) fn last_sweep(state: &[u8]) -> Option<LastSweep> {
    serde_json::from_slice(state).ok()
}

/// What was remembered, if anything was and it can be read.
pub(super) fn read_state<D: Disk>(store: &FileStore<D>) -> Option<State> {
    let place = Place::find(store).ok()?;
    let ours = store.disk.subfolder(&place.folder, OsStr::new(OUR_FOLDER)).ok()?;
    let file = store.disk.open(&ours, &place.name_of(STATE)).ok()?;
    serde_json::from_slice(&read_whole(&file, MAX_STATE).ok()?).ok()
}

/// Remembers a state: whole or not at all, and in no hurry to be durable.
pub(super) fn write_state<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    state: &State,
) -> Result<(), Error> {
    let fail = store.fail("remember the sweep of");
    let text = serde_json::to_vec(state).map_err(|error| fail(error.into()))?;
    let names = (&*guard.place.name_of(STATE), &*guard.place.name);
    fs::publish(&store.disk, &guard.ours, names, &text, guard.owner).map_err(fail)
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
        let name = temp_name(of);
        let file = store.disk.create(ours, &name).map_err(store.fail("make a new file for"))?;
        Ok(Self { disk: &store.disk, ours, name, moved: false, file })
    }

    /// Gives it another name in our folder, which tells what it is.
    pub(super) fn rename(&mut self, name: OsString) -> io::Result<()> {
        self.disk.rename((self.ours, &self.name), (self.ours, &name))?;
        self.name = name;
        Ok(())
    }

    /// Leaves it where it is: from now on it is not ours to remove.
    pub(super) fn leave(&mut self) -> &OsStr {
        self.moved = true;
        &self.name
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

/// The names in our folder.
pub(super) fn names<D: Disk>(store: &FileStore<D>, guard: &Guard<D>) -> Result<Vec<OsString>, Error> {
    store.disk.list(&guard.ours).map_err(store.fail("look for what a killed sweep left beside"))
}

/// Removes what killed sweeps of this store left behind, of which these are the names. Only to be called by who has held
/// the mutex since they were listed: then nobody else makes or removes one.
pub(super) fn clear_temps<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    names: &[OsString],
) -> Result<(), Error> {
    let fail = store.fail("clear what a killed sweep left beside");
    let locks = guard.place.name_of(lock::ENDING);
    for name in names.iter().filter(|name| is_temp_of(name, &guard.place.name)) {
        match store.disk.remove(&guard.ours, name) {
            // Somebody has cleared up meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(&fail)?,
        }
    }
    if names.iter().any(|name| is_temp_of(name, &locks)) {
        guard.sidecars.iter().try_for_each(|sidecar| sidecar.tidy()).map_err(&fail)?;
    }
    Ok(())
}
