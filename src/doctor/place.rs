//! Where a store really is, as far as that can be seen.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    fs::{Disk, Owner, RealDisk, Stat},
    store::FileStore,
};

/// The real folder of a store, open, and its name there.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) folder: Arc<<RealDisk as Disk>::Folder>,
    pub(super) name: OsString,
    /// The store, where it is there.
    pub(super) stat: Option<Stat>,
    /// Whom the store belongs to, or else its folder.
    pub(super) owner: Owner,
}

impl Place {
    /// Finds the place of a store; a store that is missing still has one. `None` when its folder cannot be opened, or is
    /// not where the store must be.
    pub(super) fn find(store: &FileStore) -> Option<Self> {
        let real = match RealDisk.resolve(store.path()) {
            Ok(real) => real,
            Err(_) => RealDisk.resolve(folder_of(store.path())).ok()?.join(store.path().file_name()?),
        };
        let (path, name) = (real.parent()?.to_owned(), real.file_name()?.to_owned());
        let folder = open(store, &path)?;
        let stat = RealDisk.stat(&folder, &name).ok();
        let owner = stat.or_else(|| RealDisk.stat(&folder, OsStr::new(".")).ok()).map(|stat| stat.owner)?;
        Some(Self { path, folder, name, stat, owner })
    }

    /// Where gateways that were given a link lock: beside the link. `None` when the store's path is none.
    pub(super) fn of_link(&self, store: &FileStore) -> Option<Self> {
        let path = RealDisk.resolve(folder_of(store.path())).ok()?;
        let name = store.path().file_name()?.to_owned();
        let folder = open(store, &path)?;
        let is_link = (&path, &name) != (&self.path, &self.name);
        is_link.then_some(Self { path, folder, name, stat: None, owner: self.owner })
    }

    /// The path of a name in the folder.
    pub(super) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }
}

/// Opens the folder at a real path, if the store may be there.
fn open(store: &FileStore, path: &Path) -> Option<Arc<<RealDisk as Disk>::Folder>> {
    let may_be_there = store.root().is_none_or(|root| path.starts_with(root));
    may_be_there.then(|| RealDisk.folder(path).ok()).flatten().map(Arc::new)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
