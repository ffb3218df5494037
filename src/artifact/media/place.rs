//! The store's folder, opened once; and where a path leads from there, no link followed.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Component, Path, PathBuf},
};

use super::spot::Spot;
use crate::{
    fs::{Disk, OUR_FOLDER, Owner, Stat},
    model::{Error, ErrorKind},
};

/// What says that all files in a folder are the store's.
pub(super) const MARKER: &str = "media.marker";

/// The store's folder.
#[derive(Debug)]
pub(super) struct Place<D: Disk> {
    disk: D,
    /// Its real path.
    pub(super) path: PathBuf,
    pub(super) folder: D::Folder,
    /// Our own folder in it.
    pub(super) ours: D::Folder,
    pub(super) owner: Owner,
    /// Whether there is a folder of ours, where it was only looked for.
    has_ours: bool,
}

/// A file that was found.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) spot: Spot,
    pub(super) stat: Stat,
}

impl<D: Disk> Place<D> {
    /// Opens the folder, making it if it is not there.
    pub(super) fn open(disk: D, dir: &Path) -> Result<Self, Error> {
        let fail = |error: io::Error| {
            let is_missing = error.kind() == io::ErrorKind::NotFound;
            let error = Error::io("open the media store in", dir, error);
            if is_missing { error.with_hint("the folder that it is in must be there") } else { error }
        };
        let path = match disk.resolve(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(&disk, dir).and_then(|()| disk.resolve(dir)).map_err(fail)?
            }
            path => path.map_err(fail)?,
        };
        let folder = disk.folder(&path).map_err(fail)?;
        refuse_link(&disk, dir, &folder, "open the media store in")?;
        let owner = disk.stat(&folder, OsStr::new(".")).map_err(fail)?.owner;
        let ours = disk.private_folder(&folder, OsStr::new(OUR_FOLDER), owner).map_err(fail)?;
        Ok(Self { disk, path, folder, ours, owner, has_ours: true })
    }

    /// The same for who only looks: nothing is made. `None` when there is no folder.
    pub(super) fn look_in(disk: D, dir: &Path) -> Result<Option<Self>, Error> {
        let fail = |error: io::Error| Error::io("look at the media store in", dir, error);
        let path = match disk.resolve(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            path => path.map_err(fail)?,
        };
        let folder = disk.folder(&path).map_err(fail)?;
        refuse_link(&disk, dir, &folder, "look at the media store in")?;
        let owner = disk.stat(&folder, OsStr::new(".")).map_err(fail)?.owner;
        let (ours, has_ours) = match disk.subfolder(&folder, OsStr::new(OUR_FOLDER)) {
            // Nothing of the store's is looked for in there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (disk.folder(&path).map_err(fail)?, false)
            }
            ours => (ours.map_err(fail)?, true),
        };
        Ok(Some(Self { disk, path, folder, ours, owner, has_ours }))
    }

    /// The same in a folder that somebody has open, with a folder of ours in it. Its path is not known.
    pub(super) fn of(disk: D, base: &D::Folder) -> io::Result<Self> {
        let folder = disk.subfolder(base, OsStr::new("."))?;
        let ours = disk.subfolder(base, OsStr::new(OUR_FOLDER))?;
        let owner = disk.stat(base, OsStr::new("."))?.owner;
        Ok(Self { disk, path: PathBuf::new(), folder, ours, owner, has_ours: true })
    }

    pub(super) const fn disk(&self) -> &D {
        &self.disk
    }

    pub(super) const fn has_ours(&self) -> bool {
        self.has_ours
    }

    /// Whether nothing is in the folder but our own, and nothing in that but the store's: where sessions have a folder of ours,
    /// theirs is what will come to lie in there.
    pub(super) fn is_empty(&self) -> io::Result<bool> {
        let is_ours = |name: &OsString| name.as_encoded_bytes().starts_with(b"media.");
        Ok(self.disk.list(&self.folder)?.iter().all(|name| name == OUR_FOLDER)
            && self.disk.list(&self.ours)?.iter().all(is_ours))
    }

    /// Says that all files in here are the store's.
    pub(super) fn mark(&self) -> io::Result<()> {
        match self.disk.create(&self.ours, OsStr::new(MARKER)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made.and_then(|file| crate::fs::Writer::hand_to(&file, self.owner)),
        }
    }

    /// Whether all files in here are the store's.
    ///
    /// # Errors
    /// Nobody can tell.
    pub(super) fn is_marked(&self) -> io::Result<bool> {
        if !self.has_ours {
            return Ok(false);
        }
        match self.disk.stat(&self.ours, OsStr::new(MARKER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            stat => stat.map(|stat| stat.is_file),
        }
    }

    pub(super) fn path_of(&self, spot: &Spot) -> PathBuf {
        self.path.join(spot.path())
    }

    /// The file that a path leads to: every way to write its path, and every link to it, is the same.
    pub(super) fn locate(&self, path: &Path) -> Result<Located, Error> {
        let fail =
            |error| Error::io("store", path, error).with_hint("the file must be there before it is stored");
        let refused = |why| Error::new(ErrorKind::Refused, "store", path, why);
        let real = self.disk.resolve(path).map_err(fail)?;
        let within = real.strip_prefix(&self.path).ok();
        if within.is_some_and(|path| path.starts_with(OUR_FOLDER)) {
            return Err(refused("this is a file of the store's own").with_hint("name a file beside it"));
        }
        let spot = Spot::new(within.filter(|path| !path.as_os_str().is_empty()).unwrap_or(&real));
        let (spot, stat) = match self.look(&spot) {
            // Mounted in the folder, and therefore not ours.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let spot = Spot::new(&real);
                self.look(&spot).map(|stat| (spot, stat))
            }
            stat => stat.map(|stat| (spot, stat)),
        }
        .map_err(fail)?;
        if stat.is_file {
            Ok(Located { spot, stat })
        } else {
            Err(refused("it is no regular file").with_hint("store the files in a folder one by one"))
        }
    }

    /// Looks at a file. What is mounted over one in the store's folder is none of the store's.
    pub(super) fn look(&self, spot: &Spot) -> io::Result<Stat> {
        let stat = self.within(spot, |folder, name| {
            Ok((self.disk.stat_born(folder, name)?, self.disk.stat(folder, OsStr::new("."))?))
        });
        match stat? {
            (file, folder) if spot.is_ours() && file.dev != folder.dev => {
                Err(io::ErrorKind::CrossesDevices.into())
            }
            (file, _) => Ok(file),
        }
    }

    /// Whether a file is certainly not there: the folder that it was in can be looked into, and has no such name. Of what is in
    /// the store's folder that is so when a folder on the way is gone too; elsewhere a disk may only not be mounted yet.
    pub(super) fn is_absent(&self, spot: &Spot, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound
            && (spot.is_ours() || spot.path().parent().is_some_and(|parent| self.disk.way(parent).is_ok()))
    }

    /// Does something to a name in its folder, to which no link was followed.
    pub(super) fn within<T>(
        &self,
        spot: &Spot,
        work: impl FnOnce(&D::Folder, &OsStr) -> io::Result<T>,
    ) -> io::Result<T> {
        let (Some(parent), Some(name)) = (spot.path().parent(), spot.path().file_name()) else {
            return Err(io::ErrorKind::InvalidFilename.into());
        };
        if spot.is_ours() {
            self.with_folder(parent, |folder| work(folder, name))
        } else {
            work(&self.disk.way(parent)?, name)
        }
    }

    /// Opens a folder in the store's folder, and makes what is missing of it; no link is followed and no mount entered.
    pub(super) fn make_way(&self, path: &Path) -> io::Result<()> {
        let mut at: Option<D::Folder> = None;
        for part in path.components() {
            let Component::Normal(name) = part else { return Err(io::ErrorKind::InvalidFilename.into()) };
            let parent = at.as_ref().unwrap_or(&self.folder);
            let next = match self.disk.subfolder_here(parent, name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let made = self.disk.private_folder(parent, name, self.owner)?;
                    self.disk.sync_folder(parent)?;
                    made
                }
                next => next?,
            };
            at = Some(next);
        }
        Ok(())
    }

    /// A folder in the store's folder, no link followed and no mount entered; `None` for the store's folder itself.
    fn subfolder(&self, path: &Path) -> io::Result<Option<D::Folder>> {
        let mut at: Option<D::Folder> = None;
        for part in path.components() {
            let Component::Normal(name) = part else { return Err(io::ErrorKind::InvalidFilename.into()) };
            at = Some(self.disk.subfolder_here(at.as_ref().unwrap_or(&self.folder), name)?);
        }
        Ok(at)
    }

    /// Does something to a folder in the store's folder, or to that itself.
    pub(super) fn with_folder<T>(
        &self,
        path: &Path,
        work: impl FnOnce(&D::Folder) -> io::Result<T>,
    ) -> io::Result<T> {
        let inner = self.subfolder(path)?;
        work(inner.as_ref().unwrap_or(&self.folder))
    }

    /// Makes durable that names are gone from a folder in the store's folder.
    pub(super) fn sync(&self, parent: &Path) -> io::Result<()> {
        self.with_folder(parent, |folder| self.disk.sync_folder(folder))
    }
}

/// What stands at the end of the path must be the folder that was opened, and no link to it: whoever could put one there would
/// have us sweep what he likes. Links further up belong to who set up the machine.
fn refuse_link<D: Disk>(disk: &D, dir: &Path, folder: &D::Folder, step: &'static str) -> Result<(), Error> {
    let is_it = || -> io::Result<bool> {
        let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else { return Ok(true) };
        let named = disk.stat(&disk.way(&disk.resolve(parent)?)?, name)?;
        let opened = disk.stat(folder, OsStr::new("."))?;
        Ok((named.dev, named.ino) == (opened.dev, opened.ino))
    };
    if is_it().map_err(|error| Error::io(step, dir, error))? {
        return Ok(());
    }
    let refused = Error::new(ErrorKind::Refused, step, dir, "there is a link in its place");
    Err(refused.with_hint("name the folder that it leads to, if that is the one that is meant"))
}

fn make<D: Disk>(disk: &D, dir: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    let parent = disk.folder(&disk.resolve(parent)?)?;
    let owner = disk.stat(&parent, OsStr::new("."))?.owner;
    // Whoever makes it, it is his; but root makes it for whom the folder around it belongs to.
    disk.private_folder(&parent, name, owner).map(drop).or_else(|error| own(disk, &parent, name, error))
}

/// In a folder of somebody else's, such as a shared one for temporary files, the new one is ours alone.
fn own<D: Disk>(disk: &D, parent: &D::Folder, name: &OsStr, error: io::Error) -> io::Result<()> {
    let stat = disk.stat(parent, name).map_err(|_| error)?;
    if stat.is_folder && disk.acts_for(stat.owner) {
        Ok(())
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}
