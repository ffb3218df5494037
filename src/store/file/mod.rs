//! A store in a file: `sessions.json`.
//!
//! The survivors are written to a new file, made durable, and change places with the store in one step, if it is still
//! the one that was read. Our mutex keeps out our own processes alone; it is taken in `Store::lock` and nowhere else.
//!
//! On disk, beside the store and shared by all stores of its folder, in `.session-reaper/` (0700):
//! `<store>.state`, what is remembered; `<store>.lock`, our mutex, never removed; `<store>.<pid>.<n>.tmp`, survivors on
//! their way, removed by the next sweep if one was killed.

mod commit;
mod folder;
mod look;
mod place;
mod read;
mod spot;
mod swap;
mod visit;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

pub use look::{Look, Seen};
use place::Place;
pub use spot::Spot;

use super::{Commit, Planned, Request, Show, State, Store};
use crate::{
    fs::{Disk, Owner, RealDisk},
    json::Layout,
    lock::{self, Fence},
    model::{Error, ErrorKind, Key},
    policy::Verdict,
};

/// A `sessions.json`, on the machine's disk unless another is given.
///
/// ```
/// use session_reaper::FileStore;
/// let store = FileStore::new("/home/u/.openclaw/agents/main/sessions/sessions.json");
/// assert!(store.path().ends_with("sessions.json"));
/// ```
#[derive(Debug, Clone)]
pub struct FileStore<D: Disk = RealDisk> {
    disk: D,
    path: PathBuf,
}

/// The store as it was read, still open: what it held can be read even after it was replaced.
#[derive(Debug)]
pub struct Snapshot<D: Disk> {
    file: D::Reader,
    fence: Fence,
    layout: Layout,
}

/// Our mutex on one store.
#[derive(Debug)]
pub struct Guard<D: Disk> {
    #[expect(dead_code, reason = "held, never looked at")]
    lock: D::Lock,
    ours: D::Folder,
    place: Place<D>,
    owner: Owner,
}

impl FileStore {
    /// The store at `path`. Nothing is touched yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::on(RealDisk, path)
    }
}

impl<D: Disk> FileStore<D> {
    /// The store at `path` of another disk.
    pub fn on(disk: D, path: impl Into<PathBuf>) -> Self {
        Self { disk, path: path.into() }
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Goes through the store once more, as it was when it was planned, and shows each row with its verdict.
    ///
    /// The plan must have been made with [`crate::policy::Detail::Everything`], or only the rows that go have verdicts.
    ///
    /// # Errors
    /// When it cannot be read, or has been written to meanwhile.
    pub fn look(
        &self,
        snapshot: &Snapshot<D>,
        verdicts: &[(Spot, Verdict)],
        look: &mut impl Look,
    ) -> Result<(), Error> {
        look::look(self, snapshot, verdicts, look)
    }

    /// The key whose opening quote stands at `start` of the store as it was when it was planned.
    ///
    /// # Errors
    /// When it cannot be read, or has been written to meanwhile.
    pub fn key_at(&self, snapshot: &Snapshot<D>, start: u64) -> Result<Key, Error> {
        visit::key_at(self, snapshot, start, &mut Vec::new())
    }

    fn busy(&self) -> Error {
        Error::new(ErrorKind::Busy, "lock", &self.path, "another session-reaper is sweeping it")
            .with_hint("it will be done in a moment; --lock-timeout says how long to wait")
    }

    /// A closure that turns an error of `step` into ours. That the store is missing can only be found out while it is
    /// looked for; see [`FileStore::fail_to_find`].
    fn fail(&self, step: &'static str) -> impl Fn(std::io::Error) -> Error {
        move |error| Error::io(step, &self.path, error).about_ours()
    }

    /// The same for a step that looks for the store.
    fn fail_to_find(&self, step: &'static str) -> impl Fn(std::io::Error) -> Error {
        move |error| Error::io(step, &self.path, error)
    }
}

impl<D: Disk> Store for FileStore<D> {
    type Place = Spot;
    type Snapshot = Snapshot<D>;
    type Guard = Guard<D>;

    fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    fn lock(&self, wait: Duration) -> Result<Guard<D>, Error> {
        let place = Place::find(self)?;
        let owner = place.owner(self)?;
        let ours = folder::open_or_make(self, &place, owner)?;
        let name = place.name_of(folder::LOCK);
        let taken = lock::wait_for(wait, || self.disk.try_lock(&ours, &name, owner));
        let Some(lock) = taken.map_err(self.fail("lock"))? else { return Err(self.busy()) };
        folder::clear_temps(self, &ours, &place.name)?;
        Ok(Guard { lock, ours, place, owner })
    }

    fn state(&self) -> State {
        folder::read_state(self).unwrap_or_default()
    }

    fn remember(&self, guard: &Guard<D>, state: &State) -> Result<(), Error> {
        folder::write_state(self, guard, state)
    }

    fn plan(&self, request: &Request<'_>) -> Result<Planned<Self>, Error> {
        read::plan(self, request)
    }

    fn commit(&self, guard: &Guard<D>, planned: &Planned<Self>) -> Result<Commit, Error> {
        commit::commit(self, guard, planned)
    }

    fn visit(&self, planned: &Planned<Self>, show: &mut Show<'_>) -> Result<(), Error> {
        visit::visit(self, planned, show)
    }
}
