//! Where a store really is, as far as that can be seen.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::fs::{self, Disk, Owner, RealDisk, Stat};

/// The real folder of a store, open, and its name there.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) folder: <RealDisk as Disk>::Folder,
    pub(super) name: OsString,
    /// The store, where it is there.
    pub(super) stat: Option<Stat>,
    /// Whom the store belongs to, or else its folder.
    pub(super) owner: Owner,
}

impl Place {
    /// Finds the place of a store; a store that is missing still has one. `None` when its folder cannot be opened.
    pub(super) fn find(store: &Path) -> Option<Self> {
        let real = match RealDisk.resolve(store) {
            Ok(real) => real,
            Err(_) => RealDisk.resolve(folder_of(store)).ok()?.join(store.file_name()?),
        };
        let (path, name) = (real.parent()?.to_owned(), real.file_name()?.to_owned());
        let folder = RealDisk.folder(&path).ok()?;
        let stat = RealDisk.stat(&folder, &name).ok();
        let owner = stat.or_else(|| fs::stat(&path)).map(|stat| stat.owner)?;
        Some(Self { path, folder, name, stat, owner })
    }

    /// Where gateways that were given a link lock: beside the link. `None` when the store's path is none.
    pub(super) fn of_link(&self, store: &Path) -> Option<Self> {
        let (path, name) = (RealDisk.resolve(folder_of(store)).ok()?, store.file_name()?.to_owned());
        let folder = RealDisk.folder(&path).ok()?;
        let is_link = (&path, &name) != (&self.path, &self.name);
        is_link.then_some(Self { path, folder, name, stat: None, owner: self.owner })
    }

    /// The path of a name in the folder.
    pub(super) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
