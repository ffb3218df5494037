//! Where a store really is: every link on the way followed once, its folder open, its name in there.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::FileStore;
use crate::{
    fs::{Disk, Owner, Reader, Stat},
    model::{Error, ErrorKind},
};

/// The folder that a store is really in, and its name there.
#[derive(Debug)]
pub(super) struct Place<D: Disk> {
    pub(super) folder: Arc<D::Folder>,
    pub(super) name: OsString,
    parent: PathBuf,
}

impl<D: Disk> Place<D> {
    /// Finds the real place of a store, which must be where it is to stay. A link to it stays a link: what it points to is what gets replaced.
    pub(super) fn find(store: &FileStore<D>) -> Result<Self, Error> {
        let real = resolve(store, &store.path)?;
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(Error::new(ErrorKind::Refused, "open", &store.path, "it is no file"));
        };
        let folder = store.disk.folder(parent).map_err(store.fail_to_find("open the folder of"))?;
        Ok(Self { folder: Arc::new(folder), name: name.to_owned(), parent: parent.to_owned() })
    }

    /// Where gateways lock this store: beside it, and where its path is a link beside that link as well, for a gateway
    /// that was given the link follows the folders to it but not the link itself.
    pub(super) fn locked_at(&self, store: &FileStore<D>) -> Result<Vec<(PathBuf, OsString)>, Error> {
        let mut places = vec![(self.parent.clone(), self.name.clone())];
        let parent = store.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = resolve(store, parent.unwrap_or(Path::new(".")))?;
        let named = store.path.file_name().map(|name| (folder, name.to_owned()));
        places.extend(named.filter(|named| places.first() != Some(named)));
        Ok(places)
    }

    /// The path of something beside the store, for people.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.parent.join(name)
    }

    /// The store's name with an ending.
    pub(super) fn name_of(&self, ending: &str) -> OsString {
        with_ending(&self.name, ending)
    }

    /// Opens the store for reading, after a look at what it is.
    pub(super) fn open(&self, store: &FileStore<D>) -> Result<(D::Reader, Stat), Error> {
        let file = store.disk.open(&self.folder, &self.name).map_err(store.fail_to_find("open"))?;
        let stat = file.stat().map_err(store.fail("look at"))?;
        let refuse = |why: &str, hint: &str| {
            Err(Error::new(ErrorKind::Refused, "sweep", &store.path, why).with_hint(hint))
        };
        match stat {
            Stat { is_file: false, .. } => Err(no_file(store)),
            Stat { links: 2.., .. } => refuse(
                "it has more than one name (a hard link), and only one of them would get the new text",
                "copy it to a file of its own, or remove the other name",
            ),
            _ => Ok((file, stat)),
        }
    }

    /// Whom the store belongs to.
    pub(super) fn owner(&self, store: &FileStore<D>) -> Result<Owner, Error> {
        let stat = store.disk.stat(&self.folder, &self.name).map_err(store.fail_to_find("look at"))?;
        if stat.is_file { Ok(stat.owner) } else { Err(no_file(store)) }
    }

    /// The same, if it is somebody whose store we may sweep: the new text has to be given to that user.
    pub(super) fn owner_to_act_for(&self, store: &FileStore<D>) -> Result<Owner, Error> {
        let owner = self.owner(store)?;
        if !store.disk.acts_for(owner) {
            let message =
                format!("its owner is another user (uid {}), who must own the new text too", owner.uid);
            return Err(Error::new(ErrorKind::Refused, "sweep", &store.path, message)
                .with_hint("run session-reaper as the user who owns the store, or as root"));
        }
        Ok(owner)
    }
}

/// The real path behind one of a store's, which must lead no further than the store may be. It has no link any more: when
/// it is opened, a folder that has become one since is told from what was found here.
fn resolve<D: Disk>(store: &FileStore<D>, path: &Path) -> Result<PathBuf, Error> {
    let real = store.disk.resolve(path).map_err(store.fail_to_find("find"))?;
    match &store.root {
        Some(root) if !real.starts_with(root) => Err(Error::leads_out(&store.path)),
        _ => Ok(real),
    }
}

fn no_file<D: Disk>(store: &FileStore<D>) -> Error {
    Error::new(ErrorKind::Refused, "sweep", &store.path, "it is no regular file")
        .with_hint("name the store itself, a sessions.json")
}

pub(super) fn with_ending(name: &OsStr, ending: &str) -> OsString {
    let mut whole = name.to_owned();
    whole.push(ending);
    whole
}
