//! The trash of one store, and bundles on their way into it.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::{Bundle, FolderName, Manifest, RowsWriter, RunId, Stage, attic::LIST, bundle};
use crate::fs::{Disk, Owner, Writer};

const TRASH: &str = "trash";

/// The trash of one store.
#[derive(Debug)]
pub struct Trash<'a, D: Disk> {
    pub(super) disk: &'a D,
    pub(super) ours: &'a D::Folder,
    pub(super) owner: Owner,
    of: &'a OsStr,
}

impl<'a, D: Disk> Trash<'a, D> {
    /// The trash of the store with the name `of`, in our folder `ours` beside it.
    pub const fn new(disk: &'a D, ours: &'a D::Folder, owner: Owner, of: &'a OsStr) -> Self {
        Self { disk, ours, owner, of }
    }

    /// The names of the store's bundles, oldest first.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn names(&self) -> io::Result<Vec<FolderName>> {
        let Some(folder) = self.folder()? else { return Ok(Vec::new()) };
        let names = self.disk.list(&folder)?;
        let mut names: Vec<_> = names.iter().filter_map(|name| FolderName::read(name, self.of)).collect();
        names.sort_by(|a, b| a.run.cmp(&b.run));
        Ok(names)
    }

    /// Opens a bundle.
    ///
    /// # Errors
    /// As the operating system says; `InvalidData` when its manifest is none.
    pub fn open(&self, name: &FolderName) -> io::Result<Bundle<D>> {
        let folder = self.disk.subfolder(&self.must_be_there()?, name.as_os_str())?;
        Bundle::read(self.disk, folder)
    }

    /// The name of the same bundle once it is finished.
    #[must_use]
    pub fn finished(&self, name: &FolderName) -> FolderName {
        name.at(Stage::Finished, self.of)
    }

    /// Says that the change was made for which a bundle was written.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn finish(&self, name: &FolderName) -> io::Result<()> {
        let folder = self.must_be_there()?;
        self.disk.rename((&folder, name.as_os_str()), (&folder, self.finished(name).as_os_str()))
    }

    /// Takes a bundle away: in one step out of everybody's sight, then file by file.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn purge(&self, name: &FolderName) -> io::Result<()> {
        self.must_be_of_a_store(name)?;
        let (folder, purged) = self.hide(name)?;
        match remove_all(self.disk, &folder, purged.as_os_str()) {
            // Somebody let a link change places with it just before it got this name.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                self.remove_link(&folder, purged.as_os_str())
            }
            removed => removed,
        }
    }

    /// A store may be called as a kind of things is: then its bundles and theirs have the same names, and only what is in them
    /// tells whose they are.
    fn must_be_of_a_store(&self, name: &FolderName) -> io::Result<()> {
        let bundle = self.disk.subfolder(&self.must_be_there()?, name.as_os_str());
        let is_things = |bundle| self.disk.stat(&bundle, OsStr::new(LIST)).is_ok();
        if bundle.is_ok_and(is_things) {
            return Err(io::Error::other("it holds things and no rows: it is none of this store"));
        }
        Ok(())
    }

    /// Puts a bundle out of everybody's sight in one step, and tells where it is now.
    pub(super) fn hide(&self, name: &FolderName) -> io::Result<(D::Folder, FolderName)> {
        let folder = self.must_be_there()?;
        let purged = name.at(Stage::Purged, self.of);
        if name.stage != Stage::Purged {
            self.disk.rename((&folder, name.as_os_str()), (&folder, purged.as_os_str()))?;
        }
        if name.stage == Stage::Finished {
            // After a power cut no half of it may stand under its old name.
            self.disk.sync_folder(&folder)?;
        }
        Ok((folder, purged))
    }

    /// Makes the folder of an unfinished bundle; before it comes the folder that it is in.
    pub(super) fn begin_bundle(
        &self,
        beside: &D::Folder,
        run: &RunId,
        news: bool,
    ) -> io::Result<(D::Folder, D::Folder, FolderName)> {
        self.must_have_room()?;
        let folder = self.make_durable(beside, news)?;
        let name = FolderName::new(run, self.of, Stage::Unfinished);
        match self.disk.stat(&folder, self.finished(&name).as_os_str()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            there => {
                let why = "a run of this name is in there already";
                return there.and_then(|_| Err(io::Error::new(io::ErrorKind::AlreadyExists, why)));
            }
        }
        let bundle = self.disk.private_folder(&folder, name.as_os_str(), self.owner)?;
        Ok((folder, bundle, name))
    }

    /// Removes what is neither file nor folder; whatever a link leads to stays.
    fn remove_link(&self, folder: &D::Folder, name: &OsStr) -> io::Result<()> {
        if self.disk.stat(folder, name)?.is_file {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        self.disk.remove(folder, name)
    }

    fn folder(&self) -> io::Result<Option<D::Folder>> {
        match self.disk.subfolder(self.ours, OsStr::new(TRASH)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            folder => folder.map(Some),
        }
    }

    pub(super) fn must_be_there(&self) -> io::Result<D::Folder> {
        self.folder()?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn make(&self) -> io::Result<D::Folder> {
        self.disk.private_folder(self.ours, OsStr::new(TRASH), self.owner)
    }

    fn must_have_room(&self) -> io::Result<()> {
        if FolderName::is_mistakable(self.of) {
            let why =
                "a store whose name ends in .unfinished or .purged has no place in the trash: rename it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(())
    }

    /// Until a bundle has been finished the trash may be new, and our folder too: then their names are made durable first. So
    /// it is when there are `news` in our folder.
    fn make_durable(&self, beside: &D::Folder, news: bool) -> io::Result<D::Folder> {
        let folder = self.make()?;
        let is_finished = |name: &OsString| {
            FolderName::read(name, self.of).is_some_and(|name| name.stage == Stage::Finished)
        };
        if news || !self.disk.list(&folder)?.iter().any(is_finished) {
            self.disk.sync_folder(self.ours)?;
            self.disk.sync_folder(beside)?;
        }
        Ok(folder)
    }
}

/// Removes a folder of ours and what is in it; a link in there is removed, not followed.
fn remove_all<D: Disk>(disk: &D, parent: &D::Folder, name: &OsStr) -> io::Result<()> {
    let folder = disk.subfolder(parent, name)?;
    for inner in disk.list(&folder)? {
        match disk.subfolder(&folder, &inner) {
            Ok(_) => remove_all(disk, &folder, &inner)?,
            Err(_) => disk.remove(&folder, &inner)?,
        }
    }
    disk.remove_folder(parent, name)
}

/// A bundle that is being written. What is dropped before it is kept leaves no trace.
#[derive(Debug)]
pub struct Draft<'a, D: Disk> {
    trash: Trash<'a, D>,
    folder: D::Folder,
    bundle: D::Folder,
    name: FolderName,
    is_kept: bool,
}

impl<'a, D: Disk> Draft<'a, D> {
    /// Begins the bundle of a run; `beside` is the folder that ours is in. Where there are `news` in ours, a name that is not
    /// durable yet, it is synced for them as well.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn begin(trash: Trash<'a, D>, beside: &D::Folder, run: &RunId, news: bool) -> io::Result<Self> {
        let (folder, bundle, name) = trash.begin_bundle(beside, run, news)?;
        Ok(Self { trash, folder, bundle, name, is_kept: false })
    }

    /// Begins the rows that go.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn removed(&self) -> io::Result<RowsWriter<D::Writer>> {
        RowsWriter::begin(self.create(bundle::ROWS)?)
    }

    /// Begins the rows whose text is replaced.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn replaced(&self) -> io::Result<RowsWriter<D::Writer>> {
        RowsWriter::begin(self.create(bundle::REPLACED)?)
    }

    fn create(&self, name: &str) -> io::Result<D::Writer> {
        let file = self.trash.disk.create(&self.bundle, OsStr::new(name))?;
        file.hand_to(self.trash.owner)?;
        Ok(file)
    }

    /// Writes the manifest and makes everything durable. From here on the store may change.
    ///
    /// # Errors
    /// As the operating system says; then the store must not change.
    pub fn seal(&self, manifest: &Manifest) -> io::Result<()> {
        let mut text = serde_json::to_vec(manifest)?;
        text.push(b'\n');
        let mut file = self.create(bundle::NEW_MANIFEST)?;
        file.write_all(&text)?;
        file.sync()?;
        // Where there is a manifest, it is whole.
        let (new, name) = (OsStr::new(bundle::NEW_MANIFEST), OsStr::new(bundle::MANIFEST));
        self.trash.disk.rename((&self.bundle, new), (&self.bundle, name))?;
        self.trash.disk.sync_folder(&self.bundle)?;
        self.trash.disk.sync_folder(&self.folder)
    }

    /// Leaves the bundle where it is: the store has changed, or nobody knows.
    pub fn keep(mut self) -> FolderName {
        self.is_kept = true;
        self.name.clone()
    }
}

impl<D: Disk> Drop for Draft<'_, D> {
    fn drop(&mut self) {
        if !self.is_kept {
            // The next sweep clears what is left.
            let _ = self.trash.purge(&self.name);
        }
    }
}
