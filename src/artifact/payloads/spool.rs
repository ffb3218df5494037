//! A folder of payloads, in which each session has a folder of its own.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Options, Report, Session, name,
    write::{is_same, there},
};
use crate::{
    fs::{Attributes, Disk, Owner, Reader as _, RealDisk, is_temp_of},
    lock::{OwnerMark, Ownership, pause},
    model::{Error, ErrorKind, Timestamp},
    process::{Identity, Life, life},
};

/// Says whose the folder of a session is.
pub(in crate::artifact) const MARK: &str = ".owner";

/// Held while a payload is added to a spool that may not become larger than it is told.
pub(in crate::artifact) const ROOM: &str = ".room";

/// So often somebody may remove a folder before we have it.
const ATTEMPTS: u32 = 16;

const WRITABLE_BY_OTHERS: u32 = 0o022;

/// What to do where a folder is another's as well.
pub(super) const ALONE: &str = "name a folder that is for payloads alone, from the root on";

const OPEN: &str = "open the spool";
const BEGIN: &str = "open a session's folder in the spool";

/// A folder of payloads, shared by any number of processes, threads and sessions. Clones are the same spool.
#[derive(Debug)]
pub struct Spool<D: Disk = RealDisk>(Arc<Inner<D>>);

impl<D: Disk> Clone for Spool<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
pub(super) struct Inner<D: Disk> {
    pub(super) disk: D,
    pub(super) path: PathBuf,
    pub(super) dir: D::Folder,
    pub(super) owner: Owner,
    pub(super) options: Options,
    /// Sessions that have ended, and could not be removed yet.
    pending: Mutex<Vec<Ended<D>>>,
}

/// A session that has ended: its folder is ours until it is gone.
#[derive(Debug)]
pub(super) struct Ended<D: Disk> {
    pub(super) name: OsString,
    pub(super) folder: D::Folder,
    #[expect(dead_code, reason = "held, never looked at")]
    pub(super) mark: OwnerMark<D>,
}

impl Spool {
    /// Opens the spool at `dir`, an absolute path without links; the last folder of it is made where it is not there. What
    /// dead owners left in there goes first ([`Spool::sweep`]).
    ///
    /// # Errors
    /// The path means no folder that can be a spool, or the operating system refuses.
    pub fn open(dir: &Path, options: Options, now: Timestamp) -> Result<Self, Error> {
        Self::open_on(RealDisk, dir, options, now)
    }
}

impl<D: Disk> Spool<D> {
    /// The same on another disk.
    ///
    /// # Errors
    /// As for [`Spool::open`].
    pub fn open_on(disk: D, dir: &Path, options: Options, now: Timestamp) -> Result<Self, Error> {
        let folder = match find_dir(&disk, dir)? {
            Some(folder) => folder,
            None => make(&disk, dir).map_err(|error| failed(OPEN, dir, error))?,
        };
        let spool = Self(Arc::new(Inner::of(disk, dir, folder, options)?));
        spool.0.mark();
        // What cannot be swept now is told in the log, and keeps nobody from going on.
        let _ = spool.sweep(now);
        Ok(spool)
    }

    /// Removes what dead owners have left, and sessions that have ended and could not be removed before.
    ///
    /// # Errors
    /// The spool cannot be listed. Nothing was removed then but what had ended.
    pub fn sweep(&self, now: Timestamp) -> Result<Report, Error> {
        self.0.sweep(now)
    }

    /// The session `id`, which has a folder of its own from now on. One that is there already goes on if its owner is dead,
    /// or was this process.
    ///
    /// # Errors
    /// The id is empty; another process has the session, or may have it; the operating system refuses.
    pub fn session(&self, id: &str) -> Result<Session<D>, Error> {
        let inner = &self.0;
        let name = name::folder_of(id).ok_or_else(|| {
            Error::new(ErrorKind::Refused, BEGIN, &inner.path, "it has no id")
                .with_hint("give each session an id of its own")
        })?;
        let path = inner.path.join(&name);
        let fail = |error| failed(BEGIN, &path, error);
        for attempt in 0..ATTEMPTS {
            match inner.take(&name) {
                Ok(Taken::Ours(folder, mark)) => {
                    return Session::begin(Arc::clone(inner), name, folder, mark).map_err(fail);
                }
                Ok(Taken::Others(owner)) if is_on_its_way_out(&owner) => pause(attempt),
                // A child that is about to call another program has what we have let go for a moment.
                Ok(Taken::Others(owner)) if is_us(&owner) && attempt + 1 < ATTEMPTS => pause(attempt),
                Ok(Taken::Others(owner)) => return Err(busy(&path, &owner)),
                Ok(Taken::Foreign) => return Err(foreign(&path)),
                Ok(Taken::Again) => pause(attempt),
                Err(error) if error.kind() == io::ErrorKind::NotFound => pause(attempt),
                Err(error) => return Err(fail(error)),
            }
        }
        Err(Error::new(ErrorKind::Busy, BEGIN, &path, "another process has it, or is still removing it"))
    }
}

/// What came of an attempt to have a session's folder.
enum Taken<D: Disk> {
    Ours(D::Folder, OwnerMark<D>),
    Others(Ownership),
    Foreign,
    Again,
}

impl<D: Disk> Inner<D> {
    /// The spool at `dir` if there is one: it is not made, and nothing in it is swept.
    pub(super) fn find(disk: D, dir: &Path, options: Options) -> Result<Option<Self>, Error> {
        let folder = find_dir(&disk, dir)?;
        folder.map(|folder| Self::of(disk, dir, folder, options)).transpose()
    }

    fn of(disk: D, path: &Path, dir: D::Folder, options: Options) -> Result<Self, Error> {
        let owner = owner_to_act_for(&disk, path, &dir)?;
        Ok(Self { disk, path: path.to_owned(), dir, owner, options, pending: Mutex::default() })
    }

    fn take(&self, name: &OsStr) -> io::Result<Taken<D>> {
        let folder = self.disk.private_folder(&self.dir, name, self.owner)?;
        if self.is_foreign(&folder)? {
            return Ok(Taken::Foreign);
        }
        let mark = self.options.proof.take(&self.disk, &folder, OsStr::new(MARK), self.owner);
        if !self.is_at(name, &folder)? {
            if let Ok(Some(mark)) = mark {
                self.leave(&folder, mark)?;
            }
            return Ok(Taken::Again);
        }
        Ok(match mark? {
            Some(mark) => Taken::Ours(folder, mark),
            None => match self.owner_of(&folder) {
                Ownership::None | Ownership::Dead(_) => Taken::Again,
                owner => Taken::Others(owner),
            },
        })
    }

    pub(super) fn owner_of(&self, folder: &D::Folder) -> Ownership {
        self.options.proof.owner_of(&self.disk, folder, OsStr::new(MARK))
    }

    /// Leaves a folder that was on its way out when we marked it: nothing of ours may keep it. But what is still in there
    /// would be nobody's for ever without a marker; with ours it is reclaimed once we are dead.
    fn leave(&self, folder: &D::Folder, mark: OwnerMark<D>) -> io::Result<()> {
        let names = self.disk.list(folder)?;
        if names.iter().all(|name| name == MARK) { mark.leave() } else { Ok(()) }
    }

    /// Whether there is something in a folder that nobody has marked: at its end that would go with a session.
    fn is_foreign(&self, folder: &D::Folder) -> io::Result<bool> {
        let names = self.disk.list(folder)?;
        let mark = OsStr::new(MARK);
        Ok(!names.iter().all(|name| is_temp_of(name, mark)) && !names.iter().any(|name| name == mark))
    }

    /// Whether an open folder is the one that has this name.
    pub(super) fn is_at(&self, name: &OsStr, folder: &D::Folder) -> io::Result<bool> {
        let named = there(self.disk.stat(&self.dir, name))?;
        let open = there(self.disk.stat(folder, OsStr::new(".")))?;
        Ok(named.zip(open).is_some_and(|(named, open)| is_same(&named, &open)))
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Vec<Ended<D>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody holds the marker of one who does not live: to remove what he left.
fn is_on_its_way_out(owner: &Ownership) -> bool {
    match owner {
        Ownership::Alive(Some(who)) => {
            !matches!(life(who.pid), Life::Here { start } if start.is_none() || start == who.start)
        }
        Ownership::Alive(None) => true,
        Ownership::None | Ownership::Dead(_) | Ownership::Unknown(_) => false,
    }
}

fn is_us(owner: &Ownership) -> bool {
    matches!(owner, Ownership::Alive(Some(who)) if *who == Identity::of_this_process())
}

fn us() -> Owner {
    Owner { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
}

/// Opens the spool's folder, by its real path and no other: whoever may put a link on the way could lead us anywhere. `None`
/// when it is not there.
fn find_dir<D: Disk>(disk: &D, dir: &Path) -> Result<Option<D::Folder>, Error> {
    let refused = |why| Error::new(ErrorKind::Refused, OPEN, dir, why);
    if !dir.is_absolute() || dir.components().any(|part| part == Component::ParentDir) {
        return Err(refused("it is no path from the root on").with_hint("name it by its real path"));
    }
    if dir.file_name().is_none() {
        return Err(refused("it is the root of everything").with_hint(ALONE));
    }
    there(disk.folder(dir)).map_err(|error| match disk.resolve(dir) {
        Ok(real) if real != dir => refused("there is a link on the way to it")
            .with_hint(format!("name it by its real path: {}", real.display())),
        _ => failed(OPEN, dir, error),
    })
}

/// Whom the spool belongs to, and all that we make in there, if nobody else can put things into it and we may make things for
/// him.
fn owner_to_act_for<D: Disk>(disk: &D, dir: &Path, folder: &D::Folder) -> Result<Owner, Error> {
    let attributes = disk.open(folder, OsStr::new(".")).and_then(|folder| folder.attributes());
    let Attributes { uid, gid, mode, .. } = attributes.map_err(|error| failed(OPEN, dir, error))?;
    let refused = |why: String, hint: &str| Error::new(ErrorKind::Refused, OPEN, dir, why).with_hint(hint);
    let owner = Owner { uid, gid };
    if !disk.acts_for(owner) {
        let why = format!("it belongs to another user (uid {uid})");
        return Err(refused(why, "run it as that user, or name a folder of your own"));
    }
    if mode & WRITABLE_BY_OTHERS != 0 {
        let why = format!("others than its owner may write into it (its mode is {mode:o})");
        return Err(refused(
            why,
            "take that right from them (chmod go-w), or name a folder that is not there",
        ));
    }
    Ok(owner)
}

/// Root makes it for whom the folder around it belongs to; everybody else for himself.
fn make<D: Disk>(disk: &D, dir: &Path) -> io::Result<D::Folder> {
    let (parent, name) = dir.parent().zip(dir.file_name()).ok_or(io::ErrorKind::InvalidInput)?;
    let parent = disk.folder(parent)?;
    let around = disk.stat(&parent, OsStr::new("."))?.owner;
    let owner = if disk.acts_for(around) { around } else { us() };
    disk.private_folder(&parent, name, owner)?;
    disk.folder(dir)
}

fn foreign(path: &Path) -> Error {
    Error::new(ErrorKind::Refused, BEGIN, path, "there is something in it, and no marker of ours")
        .with_hint("move that elsewhere, or give the session another id")
}

fn busy(path: &Path, owner: &Ownership) -> Error {
    let (message, hint) = match owner {
        Ownership::Unknown(why) => (
            format!("nobody can say whether its owner is alive: {why}"),
            "remove the folder if nobody uses it, or give the session another id",
        ),
        owner if is_us(owner) => (
            "this process has it already, or a child that it is about to start".to_owned(),
            "end or drop the other one first, and try again; or give the session another id",
        ),
        Ownership::Alive(Some(who)) => {
            (format!("process {} has it", who.pid), "end that, or give the session another id")
        }
        _ => ("another process has it".to_owned(), "end that, or give the session another id"),
    };
    Error::new(ErrorKind::Busy, BEGIN, path, message).with_hint(hint)
}

/// The operating system's refusal, with a hint that fits a spool.
pub(super) fn failed(step: &'static str, path: &Path, error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => Some("run it as the user who owns the spool"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("free some space"),
        io::ErrorKind::NotFound => Some("name a spool in a folder that is there"),
        io::ErrorKind::NotADirectory => Some("name a folder"),
        _ => None,
    };
    let error = Error::io(step, path, error);
    hint.into_iter().fold(error, Error::with_hint)
}
