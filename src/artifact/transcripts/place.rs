//! Where a transcript really is, and who may work on it: our mutex on its folder, and its own lock.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::KIND;
use crate::{
    artifact::{Options, nook::Nook, past::plain},
    fs::{Disk, Reader, Stat},
    lock::{Lease, LeaseController, LeaseError, LeaseOptions},
    model::{Error, ErrorKind},
    trash::Stage,
};

/// A lease lasts longer than the longest compaction, and ends before OpenClaw takes it for stale, after half an hour.
const LONGEST: Duration = Duration::from_mins(25);

/// A folder with transcripts, by its real path.
#[derive(Debug)]
pub(super) struct Base<'a, D: Disk> {
    pub(super) disk: &'a D,
    pub(super) path: PathBuf,
    pub(super) folder: D::Folder,
}

impl<'a, D: Disk> Base<'a, D> {
    /// Opens the folder at `path`.
    pub(super) fn open(disk: &'a D, path: &Path) -> Result<Self, Error> {
        let fail = |error| Error::io("open the folder of transcripts", path, error);
        let real = disk.resolve(path).map_err(fail)?;
        let folder = disk.folder(&real).map_err(fail)?;
        Ok(Self { disk, path: real, folder })
    }

    /// A closure that turns an error of `step` into ours.
    pub(super) fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| Error::io(step, &self.path, error).about_ours()
    }

    /// Keeps others of us away from the folder, and finishes what a killed one has left.
    pub(super) fn enter(&self, options: &Options) -> Result<Nook<'_, D>, Error> {
        let nook = Nook::enter(self.disk, &self.folder, KIND, options.lock_timeout.as_duration());
        let nook = nook.map_err(self.fail("open the folder .session-reaper in"))?.ok_or_else(|| {
            let why = "another session-reaper is at work on its transcripts";
            Error::new(ErrorKind::Busy, "compact the transcripts in", &self.path, why)
        })?;
        let settled = self.settle(&nook).and_then(|()| nook.settle());
        settled.map_err(self.fail("finish what a killed run left in"))?;
        Ok(nook)
    }

    /// What a killed run had exchanged stays so, and what it had not does not.
    fn settle(&self, nook: &Nook<'_, D>) -> io::Result<()> {
        let attic = nook.attic();
        for name in attic.names()?.iter().filter(|name| name.stage == Stage::Unfinished) {
            let opened = match attic.open(name) {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => continue,
                opened => opened?,
            };
            // A list that somebody has changed leads nowhere.
            if let Some(opened) = opened
                && let Some(Ok(name)) = opened.listed(0).map(|thing| plain(&thing.name))
            {
                opened.settle_successor(0, (&self.folder, &name))?;
            }
        }
        Ok(())
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
            return Err(self.refuse(ErrorKind::Refused, "it is no plain file with a single name"));
        }
        if !self.disk().acts_for(stat.owner) {
            let error = self.refuse(ErrorKind::Refused, "it belongs to somebody else");
            return Err(error.with_hint("run it as the user whose sessions these are"));
        }
        Ok(Source { file, stat })
    }
}

/// A transcript, open, and what it was then.
#[derive(Debug)]
pub(super) struct Source<D: Disk> {
    pub(super) file: D::Reader,
    pub(super) stat: Stat,
}
