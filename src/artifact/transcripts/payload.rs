//! The folder beside a transcript that its large results go to: each in a file that is called after its SHA-256.
//!
//! A file has its name only when it is whole and durable. What one attempt has made goes again if the attempt comes to nothing.

use std::{
    ffi::{OsStr, OsString},
    io,
    ops::Range,
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use super::{
    gist::{Gist, each_meant, each_piece},
    place::Place,
    trouble::moved,
};
use crate::{
    fs::{Appender, Disk, Owner, Reader, Writer, is_temp_of, temp_name},
    model::hex,
};

const ENDING: &str = ".payloads";

/// The folder of a transcript's payloads.
#[derive(Debug)]
pub(super) struct Payloads<'p, D: Disk> {
    place: &'p Place<'p, D>,
    owner: Owner,
    name: OsString,
    folder: Option<D::Folder>,
    /// What this attempt has made.
    made: Vec<OsString>,
}

impl<'p, D: Disk> Payloads<'p, D> {
    /// That of this transcript. It is made with the first payload.
    pub(super) fn of(place: &'p Place<'p, D>, owner: Owner) -> Self {
        let mut name = place.name.clone();
        name.push(ENDING);
        Self { place, owner, name, folder: None, made: Vec::new() }
    }

    /// Where a payload is, or would be.
    pub(super) fn path(&self, gist: &Gist) -> PathBuf {
        self.place.base.path.join(&self.name).join(&gist.sha256)
    }

    /// Makes sure that what the raw text there means is in its file.
    pub(super) fn keep(&mut self, file: &impl Reader, raw: Range<u64>, gist: &Gist) -> io::Result<()> {
        let disk = self.place.disk();
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => self.open()?,
        };
        let folder = self.folder.insert(folder);
        let name = OsString::from(&gist.sha256);
        let is_right = holds(disk, folder, &name, gist)?;
        match is_right {
            // Whoever made it may have been killed, or a copy of it may never have reached the disk.
            Some(true) if self.made.contains(&name) || is_durable(disk, folder, &name)? => return Ok(()),
            Some(false) => move_aside(disk, folder, &name)?,
            Some(true) | None => {}
        }
        let temp = Temp { disk, folder, name: temp_name(&name) };
        temp.write(self.owner, file, raw, gist)?;
        if is_right == Some(true) {
            return disk.rename((folder, &temp.name), (folder, &name));
        }
        if !disk.rename_new((folder, &temp.name), (folder, &name))? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.made.push(name);
        Ok(())
    }

    /// Opens the folder, without what killed ones have left half made.
    fn open(&self) -> io::Result<D::Folder> {
        let disk = self.place.disk();
        let folder = disk.private_folder(&self.place.base.folder, &self.name, self.owner)?;
        for name in disk.list(&folder)? {
            let of = name.to_str().and_then(|name| name.split('.').next()).unwrap_or_default();
            if of.len() == 64 && is_temp_of(&name, OsStr::new(of)) {
                disk.remove(&folder, &name)?;
            }
        }
        Ok(folder)
    }

    /// Makes the files durable.
    pub(super) fn settle(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        self.place.disk().sync_folder(folder)?;
        self.place.disk().sync_folder(&self.place.base.folder)
    }

    /// The transcript refers to them now, or did for a moment: they stay.
    pub(super) fn stay(mut self) {
        self.made.clear();
        self.folder = None;
    }
}

impl<D: Disk> Drop for Payloads<'_, D> {
    fn drop(&mut self) {
        let Some(folder) = &self.folder else { return };
        // Whole payloads that nothing refers to do no harm, and the next compaction takes them.
        for name in &self.made {
            let _ = self.place.disk().remove(folder, name);
        }
        let _ = self.place.disk().remove_folder(&self.place.base.folder, &self.name);
    }
}

/// Whether a payload's file holds it; `None` when there is none.
fn holds<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr, gist: &Gist) -> io::Result<Option<bool>> {
    match disk.stat(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        stat if stat.as_ref().is_ok_and(|stat| !stat.is_file || stat.size != gist.length) => {
            return Ok(Some(false));
        }
        stat => stat?,
    };
    let (file, mut hash) = (disk.open(folder, name)?, Sha256::new());
    each_piece(&file, 0..gist.length, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(Some(hex(&hash.finalize()) == gist.sha256))
}

/// Makes a payload durable that is there already; `false` when that cannot be done, and there must be another.
fn is_durable<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> io::Result<bool> {
    match disk.open_to_append(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
        file => file?.map_or(Ok(false), |file| file.sync().map(|()| true)),
    }
}

/// Gives a file that is not what its name says another name, for somebody to look at.
fn move_aside<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> io::Result<()> {
    for number in 0..100 {
        let mut aside = name.to_owned();
        aside.push(format!(".{number}.bad"));
        if disk.rename_new((folder, name), (folder, &aside))? {
            return Ok(());
        }
    }
    Err(io::Error::other("too many payloads were moved aside"))
}

/// A payload on its way; there is no trace of it unless it gets another name.
struct Temp<'f, D: Disk> {
    disk: &'f D,
    folder: &'f D::Folder,
    name: OsString,
}

impl<D: Disk> Temp<'_, D> {
    fn write(&self, owner: Owner, from: &impl Reader, raw: Range<u64>, gist: &Gist) -> io::Result<()> {
        let mut file = self.disk.create(self.folder, &self.name)?;
        file.keep_private()?;
        let mut hash = Sha256::new();
        each_meant(from, raw, |text| {
            hash.update(text);
            file.write_all(text)
        })?;
        if hex(&hash.finalize()) != gist.sha256 {
            return Err(moved());
        }
        file.hand_to(owner)?;
        file.sync()
    }
}

impl<D: Disk> Drop for Temp<'_, D> {
    fn drop(&mut self) {
        // It has its name by now, or is of no use.
        let _ = self.disk.remove(self.folder, &self.name);
    }
}
