//! Where a transcript really is, and the lock beside it.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::LeaseError;
use crate::{
    fs::{Disk, OUR_FOLDER, Owner},
    lock::{Kind, Sidecar},
};

/// The real place of a transcript. The transcript itself need not be there yet.
#[derive(Debug)]
pub(super) struct Place<D: Disk> {
    pub(super) disk: D,
    pub(super) path: PathBuf,
    pub(super) name: OsString,
    pub(super) owner: Owner,
    pub(super) sidecar: Arc<Sidecar<D>>,
}

impl<D: Disk> Place<D> {
    /// Finds the real folder of a transcript, as OpenClaw does. The transcript's own name must be no link: the lock would
    /// have two names, and each of two programs could have its own.
    pub(super) fn find(disk: &D, path: &Path) -> Result<Self, LeaseError> {
        let fail = |step| move |source| LeaseError::Io { step, path: path.to_owned(), source };
        let refuse = |why| LeaseError::Refused { path: path.to_owned(), why };
        let name = path.file_name().ok_or_else(|| refuse("it names no file"))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let real = disk.resolve(parent).map_err(fail("find the folder of"))?;
        let folder = disk.folder(&real).map_err(fail("open the folder of"))?;
        let owner = owner(disk, &folder, name)
            .map_err(fail("look at"))?
            .ok_or_else(|| refuse("it is a link, or no regular file"))?;
        let ours = disk.private_folder(&folder, OsStr::new(OUR_FOLDER), owner);
        let ours = Arc::new(ours.map_err(fail("open the folder .session-reaper beside"))?);
        let sidecar = Sidecar::new(disk.clone(), folder, name, ours, owner, Kind::Transcript);
        Ok(Self { disk: disk.clone(), path: real.join(name), name: name.to_owned(), owner, sidecar })
    }

    pub(super) fn folder(&self) -> &D::Folder {
        self.sidecar.folder()
    }

    pub(super) fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> LeaseError {
        move |source| LeaseError::Io { step, path: self.path.clone(), source }
    }
}

/// Whom the transcript belongs to, or would if it were there; `None` when what is there is no transcript.
fn owner<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> io::Result<Option<Owner>> {
    match disk.stat(folder, name) {
        Ok(stat) => Ok(stat.is_file.then_some(stat.owner)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            disk.stat(folder, OsStr::new(".")).map(|stat| Some(stat.owner))
        }
        Err(error) => Err(error),
    }
}
