//! Where a transcript really is, and who may work on it: our mutex on its folder, and its own lock.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{KIND, trouble::Trouble};
use crate::{
    artifact::{Options, nook::Nook, past::plain},
    fs::{Appender, Disk, Owner, Reader, Stat},
    lock::{self, Fence, Lease, LeaseController, LeaseError, LeaseOptions},
    model::{Error, ErrorKind, Retention, Timestamp},
    trash::{FolderName, Stage},
};

/// A lease lasts longer than the longest compaction, and ends before OpenClaw takes it for stale, after half an hour.
const LONGEST: Duration = Duration::from_mins(25);

/// A write through a lease takes microseconds; one that lasts longer meets a process that was stopped.
const PATIENCE: Duration = Duration::from_millis(500);

/// So often a transcript is waited for that was written to right now.
const ROUNDS: usize = 3;

/// The clock is looked at so often meanwhile.
const MOMENT: Duration = Duration::from_millis(1);

/// A folder with transcripts, by its real path.
#[derive(Debug)]
pub(super) struct Base<'a, D: Disk> {
    pub(super) disk: &'a D,
    pub(super) path: PathBuf,
    pub(super) folder: D::Folder,
    owner: Owner,
}

impl<'a, D: Disk> Base<'a, D> {
    /// Opens the folder at `path`.
    pub(super) fn open(disk: &'a D, path: &Path) -> Result<Self, Error> {
        let fail = |error| Error::io("open the folder of transcripts", path, error);
        let real = disk.resolve(path).map_err(fail)?;
        let folder = disk.folder(&real).map_err(fail)?;
        let owner = disk.stat(&folder, OsStr::new(".")).map_err(fail)?.owner;
        Ok(Self { disk, path: real, folder, owner })
    }

    /// A closure that turns an error of `step` into ours.
    pub(super) fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| Error::io(step, &self.path, error).about_ours()
    }

    /// Keeps others of us away from the folder, and finishes what a killed one has left.
    pub(super) fn enter(&self, options: &Options) -> Result<Nook<'_, D>, Error> {
        let nook = Nook::enter(self.disk, &self.folder, KIND.into(), options.lock_timeout.as_duration());
        let nook = nook.map_err(self.fail("open the folder .session-reaper in"))?.ok_or_else(|| {
            let why = "another session-reaper is at work on its transcripts";
            Error::new(ErrorKind::Busy, "compact the transcripts in", &self.path, why)
        })?;
        let settled = self.settle(&nook, options).and_then(|()| nook.settle());
        settled.map_err(self.fail("finish what a killed run left in"))?;
        Ok(nook)
    }

    /// What a killed run had exchanged stays so, and what it had not does not. What cannot be done about one bundle keeps no
    /// other, and nobody from the folder: it stays on its way.
    fn settle(&self, nook: &Nook<'_, D>, options: &Options) -> io::Result<()> {
        for name in nook.attic().names()?.iter().filter(|name| name.stage == Stage::Unfinished) {
            if let Err(error) = self.settle_one(nook, name, options) {
                let bundle = name.as_os_str().to_string_lossy();
                tracing::warn!(target: "session_reaper", kind = KIND, %bundle, %error, "what a killed run left stays as it is for now");
            }
        }
        Ok(())
    }

    fn settle_one(&self, nook: &Nook<'_, D>, name: &FolderName, options: &Options) -> io::Result<()> {
        let Some(opened) = nook.attic().open(name)? else { return Ok(()) };
        let Some(thing) = opened.listed(0) else { return Ok(()) };
        // A list that somebody has changed leads nowhere.
        let place = self.place(&plain(&thing.name)?);
        opened.settle_successor(0, place.at(), || place.hold(options))
    }

    /// What is old leaves the trash; and of what was added to there it is told now, while whoever writes may still be found.
    pub(super) fn tidy(&self, nook: &Nook<'_, D>, now: Timestamp, retention: Retention) {
        nook.tidy(now, retention);
        let names = nook.attic().names().unwrap_or_default();
        for name in names.iter().filter(|name| name.stage == Stage::Finished) {
            if nook.attic().has_more(name).unwrap_or(false) {
                let (folder, run) = (self.path.display(), &name.run);
                tracing::warn!(target: "session_reaper", %folder, %run, "somebody goes on writing to a text in the trash, where no reader looks; an undo of the run brings his lines back");
            }
        }
    }

    /// The transcript of this name in the folder.
    pub(super) fn place(&self, name: &OsStr) -> Place<'_, D> {
        Place { base: self, name: name.to_owned(), path: self.path.join(name) }
    }
}

/// A transcript.
#[derive(Debug)]
pub(super) struct Place<'b, D: Disk> {
    pub(super) base: &'b Base<'b, D>,
    pub(super) name: OsString,
    pub(super) path: PathBuf,
}

impl<D: Disk> Place<'_, D> {
    pub(super) const fn disk(&self) -> &D {
        self.base.disk
    }

    /// Its name in its folder.
    pub(super) fn at(&self) -> (&D::Folder, &OsStr) {
        (&self.base.folder, &self.name)
    }

    /// A closure that turns an error of `step` into ours.
    pub(super) fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| Error::io(step, &self.path, error).about_ours()
    }

    /// Its name as text, as it stands in lists.
    pub(super) fn text(&self) -> Result<&str, Error> {
        let why = "its name is no UTF-8";
        self.name.to_str().ok_or_else(|| self.refuse(ErrorKind::Refused, why))
    }

    /// What stands there; `None` when nothing does.
    pub(super) fn stat(&self) -> io::Result<Option<Stat>> {
        match self.disk().stat(&self.base.folder, &self.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            stat => stat.map(Some),
        }
    }

    /// Makes durable what stands there.
    pub(super) fn settle(&self) -> io::Result<()> {
        let file = self.disk().open_to_append(&self.base.folder, &self.name)?;
        file.ok_or(io::ErrorKind::WouldBlock)?.sync()?;
        self.disk().sync_folder(&self.base.folder)
    }

    /// What is said when it cannot be worked on.
    pub(super) fn refuse(&self, kind: ErrorKind, why: impl Into<String>) -> Error {
        Error::new(kind, "compact", &self.path, why)
    }

    /// Takes the lock that its writers honour.
    pub(super) fn lease(&self, options: &Options, for_openclaw: bool) -> Result<Lease<D>, Error> {
        let acquire_timeout = options.lock_timeout.as_duration();
        let controller = LeaseController::on(
            self.disk().clone(),
            LeaseOptions { acquire_timeout, max_hold: LONGEST, for_openclaw },
        );
        controller.acquire(&self.path).map_err(|error| self.no_lease(error))
    }

    /// Whoever had the lock before us may have been stopped in the middle of a write: he is waited for, and kept away. `None` when
    /// that takes too long.
    pub(super) fn quiet(&self) -> io::Result<Option<D::Appender>> {
        let at = self.at();
        lock::wait_for(PATIENCE, || self.disk().open_to_append(at.0, at.1))
    }

    /// Keeps others from it while a killed run is finished.
    fn hold(&self, options: &Options) -> io::Result<(Lease<D>, D::Appender)> {
        let lease = self.lease(options, false).map_err(|error| io::Error::other(error.to_string()))?;
        let quiet = self.quiet()?.ok_or(io::ErrorKind::WouldBlock)?;
        if lease.is_held() { Ok((lease, quiet)) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }

    fn no_lease(&self, error: LeaseError) -> Error {
        let kind = match error {
            LeaseError::Io { step, source, .. } => return self.fail(step)(source),
            LeaseError::Timeout { .. } => ErrorKind::Held,
            _ => ErrorKind::Refused,
        };
        self.refuse(kind, error.to_string())
    }

    /// Opens it, if it is a transcript that can be replaced.
    pub(super) fn open(&self) -> Result<Source<D>, Error> {
        let named = self.disk().stat(&self.base.folder, &self.name);
        let named = named.map_err(|error| Error::io("look at", &self.path, error))?;
        if !named.is_file {
            return Err(self.refuse(ErrorKind::Refused, "it is a link, or no regular file"));
        }
        let file = self.disk().open(&self.base.folder, &self.name).map_err(self.fail("open"))?;
        let stat = file.stat().map_err(self.fail("look at"))?;
        if !stat.is_file || stat.links != 1 {
            let why = "it is no plain file with a single name: under another the old text would stay";
            return Err(self.refuse(ErrorKind::Refused, why));
        }
        if !self.disk().acts_for(stat.owner) {
            let error = self.refuse(ErrorKind::Refused, "it belongs to somebody else");
            return Err(error.with_hint("run it as the user whose sessions these are"));
        }
        if stat.owner.uid != self.base.owner.uid {
            // Our folder beside it can belong to one of them only, and the other would be locked out.
            let error = self.refuse(ErrorKind::Refused, "its folder belongs to another user than it does");
            return Err(error.with_hint("give both to the user whose sessions these are"));
        }
        Ok(Source { file, stat })
    }

    /// The same, when its times are so old that whatever is written to it from now on must move one of them.
    pub(super) fn open_still(&self) -> Result<Source<D>, Trouble> {
        for _ in 0..ROUNDS {
            let source = self.open()?;
            if !self.wait(&source.stat) {
                return Ok(source);
            }
        }
        Err(Trouble::Moved)
    }

    /// Waits until the tick of the clock is over in which this was written; whether it had to.
    fn wait(&self, stat: &Stat) -> bool {
        let mut has_waited = false;
        while let Some(left) = Fence::until_old(stat, self.disk().now_ns()) {
            thread::sleep(left.min(MOMENT));
            has_waited = true;
        }
        has_waited
    }
}

/// A transcript, open, and what it was then.
#[derive(Debug)]
pub(super) struct Source<D: Disk> {
    pub(super) file: D::Reader,
    pub(super) stat: Stat,
}

impl<D: Disk> Source<D> {
    /// Whether its last line is ended.
    pub(super) fn is_ended(&self) -> io::Result<bool> {
        is_ended(&self.file, self.stat.size)
    }
}

/// Whether a line is ended by the last of the first `size` bytes of a file, or none has begun.
pub(super) fn is_ended(file: &impl Reader, size: u64) -> io::Result<bool> {
    let Some(last) = size.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    let read = file.read_at(&mut byte, last)?;
    Ok(read == 1 && byte == *b"\n")
}
