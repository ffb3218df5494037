//! The payloads of one session.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    BlobHash, BlobRef, Excerpt, Side, log,
    restored::RESTORED,
    spool::{Ended, Inner, MARK, failed},
    text,
    write::{Temp, holds, is_same, there},
};
use crate::{
    fs::{Disk, RealDisk, Stat, is_temp_of},
    lock::OwnerMark,
    model::Error,
};

/// What has become of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// It stays where it is, and why.
    Inline(Why),
    /// It is in a file now: this stands in its place.
    Spooled(Box<BlobRef>),
}

/// Why a payload stays inline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is small enough.
    Small,
    /// The spool has no room for it, but for what belongs to living sessions.
    Full,
    /// It could not be written, or nobody can say whether there is room for it.
    Failed,
}

/// What came of giving a payload back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// Nobody needs it any more: it is gone.
    Removed,
    /// It was stored more than once, and is still needed.
    StillNeeded,
    /// It was there before this process had the session, so that nobody knows how often it is needed: it stays until the end
    /// of the session. Or there is no such payload.
    Kept,
}

/// How often a payload is needed; `None` for one that was found.
type Count = Option<u64>;

/// A session: a folder that is ours, and the payloads in it. Dropped without [`Session::end`] it leaves everything as it is,
/// as if the process had been killed.
#[derive(Debug)]
pub struct Session<D: Disk = RealDisk> {
    pub(super) spool: Arc<Inner<D>>,
    name: OsString,
    path: PathBuf,
    pub(super) folder: D::Folder,
    state: Mutex<State<D>>,
}

#[derive(Debug)]
struct State<D: Disk> {
    mark: OwnerMark<D>,
    counts: BTreeMap<BlobHash, Count>,
}

impl<D: Disk> Session<D> {
    /// Takes stock of a folder that is ours: what is there stays, but for what was on its way when somebody died.
    pub(super) fn begin(
        spool: Arc<Inner<D>>,
        name: OsString,
        folder: D::Folder,
        mark: OwnerMark<D>,
    ) -> io::Result<Self> {
        let mut counts = BTreeMap::new();
        for name in spool.disk.list(&folder)? {
            if let Some(hash) = BlobHash::of_name(&name) {
                counts.insert(hash, None);
            } else if is_on_its_way(&name) || name == RESTORED {
                there(spool.disk.remove(&folder, &name))?;
            }
        }
        // What was found is kept as if it had been stored now; and a payload is durable only if its folder is.
        spool.disk.sync_folder(&folder)?;
        spool.disk.sync_folder(&spool.dir)?;
        let path = spool.path.join(&name);
        Ok(Self { spool, name, path, folder, state: Mutex::new(State { mark, counts }) })
    }

    /// Where its payloads are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a payload out of memory if it is large. Whatever goes wrong, it is not lost: it stays inline then.
    pub fn put(&self, payload: &[u8], mime: &str) -> Stored {
        self.put_showing(payload, mime, Side::Tail)
    }

    /// The same, with an excerpt from the side that matters.
    pub fn put_showing(&self, payload: &[u8], mime: &str, side: Side) -> Stored {
        let mime = &text::kind(mime);
        if self.spool.options.keeps_inline(payload, mime) {
            return Stored::Inline(Why::Small);
        }
        let hash = BlobHash::of(payload);
        let path = self.path.join(hash.name());
        match self.store(&hash, payload) {
            Ok(true) => {
                let excerpt = Excerpt::in_place_of(payload, mime, side, self.spool.options.excerpt(), &path);
                let (length, mime) = (payload.len() as u64, mime.to_owned());
                Stored::Spooled(Box::new(BlobRef { hash, length, mime, excerpt }))
            }
            Ok(false) => {
                log::full(&path, payload.len());
                Stored::Inline(Why::Full)
            }
            Err(error) => {
                log::inline(&failed("keep a payload in", &path, error), payload.len());
                Stored::Inline(Why::Failed)
            }
        }
    }

    /// `false` where there is no room.
    fn store(&self, hash: &BlobHash, payload: &[u8]) -> io::Result<bool> {
        if self.count_again(hash, payload) {
            return Ok(true);
        }
        let length = payload.len() as u64;
        let Some(room) = self.spool.room_for(length)? else { return Ok(false) };
        // Another thread may have stored it while we waited: what is there takes no room and evicts nobody.
        if self.count_again(hash, payload) {
            return Ok(true);
        }
        if !self.spool.make(&room, length)? {
            return Ok(false);
        }
        let Inner { disk, owner, .. } = &*self.spool;
        let temp = Temp::write(disk, &self.folder, hash.name(), payload, *owner)?;
        self.place(&temp, hash, payload)?;
        Ok(true)
    }

    /// Counts a payload that is there already, and as it should be.
    fn count_again(&self, hash: &BlobHash, payload: &[u8]) -> bool {
        let mut state = self.state();
        let is_there = state.counts.contains_key(hash)
            && holds(&self.spool.disk, &self.folder, hash.name(), payload).unwrap_or(false);
        if is_there {
            state.count(hash);
        }
        is_there
    }

    /// Gives a payload its name; durable, or there is no trace of it.
    fn place(&self, temp: &Temp<'_, D>, hash: &BlobHash, payload: &[u8]) -> io::Result<()> {
        let disk = &self.spool.disk;
        let mut state = self.state();
        if !state.mark.stands()? {
            return Err(io::Error::other("somebody has removed the session's folder"));
        }
        let mut is_new = temp.become_new(hash.name())?;
        if !is_new && !holds(disk, &self.folder, hash.name(), payload).unwrap_or(false) {
            self.move_aside(hash)?;
            is_new = temp.become_new(hash.name())?;
        }
        if is_new && let Err(error) = disk.sync_folder(&self.folder) {
            let _ = disk.remove(&self.folder, hash.name());
            return Err(error);
        }
        state.count(hash);
        Ok(())
    }

    /// Gives a file that is not what its name says another name, for somebody to look at.
    fn move_aside(&self, hash: &BlobHash) -> io::Result<()> {
        for number in 0..100 {
            let aside = OsString::from(format!("{hash}.{number}.bad"));
            let from = (&self.folder, hash.name());
            if there(self.spool.disk.stat(&self.folder, &aside))?.is_none() {
                return self.spool.disk.rename(from, (&self.folder, &aside));
            }
        }
        Err(io::Error::other("too many were moved aside"))
    }

    /// Gives a payload back. The last one who needs it removes it.
    ///
    /// # Errors
    /// As the operating system says; then it goes with the session.
    pub fn release(&self, blob: &BlobRef) -> Result<Released, Error> {
        let mut state = self.state();
        match state.counts.get_mut(&blob.hash) {
            Some(Some(count)) if *count > 1 => {
                *count -= 1;
                Ok(Released::StillNeeded)
            }
            Some(Some(_)) => {
                let removed = there(self.spool.disk.remove(&self.folder, blob.hash.name()));
                removed
                    .map_err(|error| failed("remove a payload", &self.path.join(blob.hash.name()), error))?;
                state.counts.remove(&blob.hash);
                Ok(Released::Removed)
            }
            Some(None) | None => Ok(Released::Kept),
        }
    }

    /// Ends the session: its folder goes with everything in it.
    ///
    /// # Errors
    /// As the operating system says. What is left is tried again with each sweep of this process and where a payload needs the
    /// room, and after its end by others.
    pub fn end(self) -> Result<(), Error> {
        let Self { spool, name, path, folder, state } = self;
        let State { mark, .. } = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut ended = Ended { name, folder, mark };
        let removal = spool.remove(&mut ended.name, &ended.folder);
        removal.result.map(drop).map_err(|failure| {
            spool.pending().push(ended);
            failure.told("remove an ended session", &path)
        })
    }

    fn state(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves a file aside that is not what its name says, if it still is the one that was read; tells whether it did. Who
    /// needs the payload is still counted: it may be stored again.
    pub(super) fn distrust(&self, hash: &BlobHash, read: &Stat) -> bool {
        let _state = self.state();
        let now = there(self.spool.disk.stat(&self.folder, hash.name()));
        matches!(now, Ok(Some(now)) if is_same(&now, read)) && self.move_aside(hash).is_ok()
    }
}

impl<D: Disk> State<D> {
    fn count(&mut self, hash: &BlobHash) {
        // What was found stays found: nobody knows who needs it.
        match self.counts.get_mut(hash) {
            Some(count) => *count = count.map(|count| count.saturating_add(1)),
            None => drop(self.counts.insert(hash.clone(), Some(1))),
        }
    }
}

/// Whether a name is that of a payload, or of a marker, on its way.
fn is_on_its_way(name: &OsStr) -> bool {
    let of = |of: &OsStr| is_temp_of(name, of);
    let stem = name.to_str().and_then(|name| name.get(..64)).unwrap_or_default();
    of(OsStr::new(MARK)) || (BlobHash::of_name(OsStr::new(stem)).is_some() && of(OsStr::new(stem)))
}
