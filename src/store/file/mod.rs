//! A store in a file: `sessions.json`.
//!
//! The survivors are written to a new file, made durable, and change places with the store in one step, if it is still
//! the one that was read. Our mutex keeps out our own processes alone; it is taken in `Store::lock` and nowhere else. The
//! lock that gateways honour, `<store>.lock` beside the store, is taken in `hold` and nowhere else, for the moment of
//! the change.
//!
//! On disk, beside the store and shared by all stores of its folder, in `.session-reaper/` (0700):
//! `<store>.state`, what is remembered; `<store>.pins.json`, what is pinned; `<store>.lock`, our mutex, never removed;
//! `turn`, whose turn it is with a gateway's lock, never removed; `<store>.begun`, that a run which keeps nothing is under
//! way; `<store>.<pid>.<n>.tmp` and `<store>.<...>.swap`, survivors on their way, looked at and removed by the next sweep if
//! one was killed; `<store>.rescued`, another program's text that came too late to be put back.

mod alike;
mod commit;
mod compact;
mod crew;
mod desk;
mod edit;
mod folder;
mod halves;
mod hold;
mod look;
mod mark;
mod others;
mod outbox;
mod past;
mod pending;
mod pieces;
mod pins;
mod place;
mod prune;
mod quiet;
mod read;
mod record;
mod recover;
mod rewrite;
mod scan;
mod settle;
mod spot;
mod swap;
mod undo;
mod visit;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use alike::Alike;
pub use compact::{Compacting, Slimmed, Slimming};
use hold::Hold;
pub use look::{Look, Seen};
pub use past::Trashed;
pub(crate) use pending::{RESCUED, SWAP};
use place::Place;
pub use rewrite::Rewrite;
pub use spot::Spot;
pub use undo::{Force, Returned, Returning, Undoing, Wish};

use super::{
    Access, Commit, LastSweep, Mark, Others, Pin, PinBook, Planned, Request, Show, State, Store, Tidy,
};
use crate::{
    fs::{Disk, Owner, RealDisk},
    gateway::Lookout,
    json::Layout,
    lock::{self, Fence, Sidecar, Stop},
    model::{Error, ErrorKind, Key},
    policy::Ruling,
    trash::Cause,
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
    /// The real folder that it must be in, if it was found there and not named.
    root: Option<Arc<Path>>,
    /// Who looks for other programs of this machine that may write it, if any can.
    lookout: Option<Arc<Lookout>>,
    /// What a glance told when the store was found.
    glanced: Option<LastSweep>,
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
    ours: Arc<D::Folder>,
    place: Place<D>,
    owner: Owner,
    sidecars: Vec<Arc<Sidecar<D>>>,
}

impl FileStore {
    /// The store at `path`. Nothing is touched yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::on(RealDisk, path).watched_from(Arc::default())
    }
}

impl<D: Disk> FileStore<D> {
    /// The store at `path` of a disk that no other program of this machine writes to.
    pub fn on(disk: D, path: impl Into<PathBuf>) -> Self {
        Self { disk, path: path.into(), root: None, lookout: None, glanced: None }
    }

    /// The same store, which no gateway knows of: nobody looks whether one is live.
    #[must_use]
    pub fn unknown_to_gateways(mut self) -> Self {
        self.lookout = None;
        self
    }

    /// The same store, beside whose like gateways are looked for only once for all that share a lookout, while the look is
    /// fresh: to look at every process of the machine costs more than to sweep a small store. A clone shares its original's.
    #[must_use]
    pub fn watched_from(mut self, lookout: Arc<Lookout>) -> Self {
        self.lookout = Some(lookout);
        self
    }

    /// The same store, which is refused whenever it is not really in the folder `root`: for stores that are found there,
    /// and that nobody has named. Each use looks anew where its path leads, for a folder on the way may become a link at
    /// any time.
    ///
    /// `root` must be a real path, as [`crate::fs::real_path`] tells it. By any other nothing is in it.
    #[must_use]
    pub fn contained_in(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(Arc::from(root.into()));
        self.glanced = None;
        self
    }

    /// The same store, glanced at: whether it is there, with no link on the way, in its root, and when it was swept last.
    /// A glance that tells all of that saves the first look of a tick.
    #[must_use]
    pub fn glanced_at(mut self) -> Self {
        self.glanced = folder::glance(&self);
        self
    }

    /// Whether a glance found it: a regular file with no link on the way, in its root if it has one.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.glanced.is_some()
    }

    /// The real folder that the store must be in, if any.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
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
        rulings: impl Iterator<Item = (Spot, Ruling)>,
        look: &mut impl Look,
    ) -> Result<(), Error> {
        look::look(self, snapshot, rulings, look)
    }

    /// The key whose opening quote stands at `start` of the store as it was when it was planned.
    ///
    /// # Errors
    /// When it cannot be read, or has been written to meanwhile.
    pub fn key_at(&self, snapshot: &Snapshot<D>, start: u64) -> Result<Key, Error> {
        visit::key_at(self, snapshot, start, &mut Vec::new())
    }

    /// What is pinned.
    ///
    /// # Errors
    /// When the store is not there, and when the file of pins cannot be read or understood: any row may be pinned in it.
    pub fn pins(&self) -> Result<PinBook, Error> {
        pins::read(self, &Place::find(self)?)
    }

    /// Pins a key, for good on the disk when this returns, and gives the pin back that it replaces. Whoever sweeps holds
    /// the lock too, so that no sweep is half way through.
    ///
    /// # Errors
    /// As for [`FileStore::pins`], and when it cannot be written; then what was pinned is pinned still.
    pub fn pin(&self, guard: &Guard<D>, pin: Pin) -> Result<Option<Pin>, Error> {
        pins::set(self, guard, pin)
    }

    /// Takes the pin from a key in WTF-8, and gives it back; `None` when it was not pinned.
    ///
    /// # Errors
    /// As for [`FileStore::pin`].
    pub fn unpin(&self, guard: &Guard<D>, key: &[u8]) -> Result<Option<Pin>, Error> {
        pins::remove(self, guard, key)
    }

    fn interrupted(&self) -> Error {
        Error::new(ErrorKind::Interrupted, "sweep", &self.path, "a signal asked to stop")
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
    type Hold = Hold<D>;

    fn name(&self) -> String {
        // Nearly every path is text, and to find that out at once is quicker than to look for what is none.
        self.path.to_str().map_or_else(|| self.path.to_string_lossy().into_owned(), str::to_owned)
    }

    fn lock(&self, wait: Duration, stop: &Stop) -> Result<Guard<D>, Error> {
        let place = Place::find(self)?;
        let owner = place.owner_to_act_for(self)?;
        let ours = Arc::new(folder::open_or_make(self, &place, owner)?);
        let name = place.name_of(folder::LOCK);
        let taken = lock::wait_for(wait, || self.disk.try_lock(&ours, &name, owner));
        let Some(lock) = taken.map_err(self.fail("lock"))? else { return Err(self.busy()) };
        let sidecars = hold::sidecars(self, &place, &ours, owner)?;
        let guard = Guard { lock, ours, place, owner, sidecars };
        // What a killed sweep has left is cleared whole, or not begun.
        let _stake = stop.enter();
        let left = folder::names(self, &guard)?;
        let swaps = pending::settle(self, &guard, &left, wait, stop)?;
        recover::settle(self, &guard, &left, &swaps.never_left)?;
        swaps.clear(self, &guard)?;
        folder::clear_temps(self, &guard, &left)?;
        hold::clear_dead(self, &guard)?;
        Ok(guard)
    }

    fn state(&self) -> State {
        folder::read_state(self).unwrap_or_default()
    }

    fn last_sweep_at_least(&self) -> Option<LastSweep> {
        self.glanced.or_else(|| folder::glance(self))
    }

    fn mark(&self) -> Option<Mark> {
        mark::of(self)
    }

    fn remember(&self, guard: &Guard<D>, state: &State) -> Result<(), Error> {
        folder::write_state(self, guard, state)
    }

    fn plan(&self, request: &Request<'_>) -> Result<Planned<Self>, Error> {
        read::plan(self, request)
    }

    fn admit(&self, beside_live_gateway: bool) -> Result<Others, Error> {
        others::admit(self, beside_live_gateway)
    }

    fn tidy(&self, guard: &Guard<D>, tidy: &Tidy) -> Result<(), Error> {
        past::tidy(self, guard, tidy)
    }

    fn nudge(&self, guard: &Guard<D>) -> Result<(), Error> {
        let touched = self.disk.touch(&guard.place.folder, &guard.place.name);
        touched.map_err(self.fail("touch"))
    }

    fn keep_out(&self, guard: &Guard<D>, wait: Duration, stop: &Stop) -> Result<Hold<D>, Error> {
        hold::keep_out(self, guard, wait, stop)
    }

    fn commit(
        &self,
        guard: &Guard<D>,
        planned: &Planned<Self>,
        access: Access<Self>,
        cause: &Cause,
        stop: &Stop,
    ) -> Result<Commit, Error> {
        prune::commit(self, guard, planned, access, cause, stop)
    }

    fn visit(&self, planned: &Planned<Self>, show: &mut Show<'_>) -> Result<(), Error> {
        visit::visit(self, planned, show)
    }
}
