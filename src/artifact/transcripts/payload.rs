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
    gist::{each_meant, each_piece},
    heard::Heard,
    place::Place,
    trouble::moved,
};
use crate::{
    fs::{Appender, Disk, Owner, Reader, Writer, is_temp_of, temp_name},
    lock::Stop,
    model::hex,
};

const ENDING: &str = ".payloads";

/// What ends the names of torn lines.
pub(super) const TORN: &str = ".torn";

/// What is kept, and where it stands.
#[derive(Debug)]
pub(super) struct Kept<'k> {
    pub(super) raw: Range<u64>,
    pub(super) sha256: &'k str,
    pub(super) length: u64,
    /// Whether it is a torn line, which is kept as it is written; a result is as what it means.
    pub(super) is_torn: bool,
}

impl Kept<'_> {
    fn name(&self) -> OsString {
        let ending = if self.is_torn { TORN } else { "" };
        format!("{}{ending}", self.sha256).into()
    }

    fn each(&self, from: &impl Reader, each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if self.is_torn {
            each_piece(from, self.raw.clone(), each)
        } else {
            each_meant(from, self.raw.clone(), each)
        }
    }
}

/// The folder of a transcript's payloads.
#[derive(Debug)]
pub(super) struct Payloads<'p, D: Disk> {
    place: &'p Place<'p, D>,
    owner: Owner,
    stop: &'p Stop,
    name: OsString,
    folder: Option<D::Folder>,
    /// What this attempt has made.
    made: Vec<OsString>,
}

impl<'p, D: Disk> Payloads<'p, D> {
    /// That of this transcript. It is made with the first payload.
    pub(super) fn of(place: &'p Place<'p, D>, owner: Owner, stop: &'p Stop) -> Self {
        let mut name = place.name.clone();
        name.push(ENDING);
        Self { place, owner, stop, name, folder: None, made: Vec::new() }
    }

    /// Where a payload is, or would be.
    pub(super) fn path(&self, kept: &Kept<'_>) -> PathBuf {
        self.place.base.path.join(&self.name).join(kept.name())
    }

    /// Makes sure that what stands there is in its file.
    pub(super) fn keep(&mut self, file: &impl Reader, kept: &Kept<'_>) -> io::Result<()> {
        let disk = self.place.disk();
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => self.open()?,
        };
        let folder = self.folder.insert(folder);
        let name = kept.name();
        let is_right = holds((disk, self.stop), folder, &name, kept)?;
        match is_right {
            // Whoever made it may have been killed, or a copy of it may never have reached the disk.
            Some(true) if self.made.contains(&name) || is_durable(disk, folder, &name)? => return Ok(()),
            Some(false) => move_aside(disk, folder, &name)?,
            Some(true) | None => {}
        }
        let temp = Temp { disk, folder, name: temp_name(kept.sha256.as_ref()) };
        temp.write(self.owner, file, kept)?;
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
fn holds<D: Disk>(
    (disk, stop): (&D, &Stop),
    folder: &D::Folder,
    name: &OsStr,
    kept: &Kept<'_>,
) -> io::Result<Option<bool>> {
    match disk.stat(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        stat if stat.as_ref().is_ok_and(|stat| !stat.is_file || stat.size != kept.length) => {
            return Ok(Some(false));
        }
        stat => stat?,
    };
    let (file, mut hash) = (disk.open(folder, name)?, Sha256::new());
    each_piece(&Heard::new(&file, stop), 0..kept.length, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(Some(hex(&hash.finalize()) == kept.sha256))
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
    fn write(&self, owner: Owner, from: &impl Reader, kept: &Kept<'_>) -> io::Result<()> {
        let mut file = self.disk.create(self.folder, &self.name)?;
        file.keep_private()?;
        let mut hash = Sha256::new();
        kept.each(from, |text| {
            hash.update(text);
            file.write_all(text)
        })?;
        if hex(&hash.finalize()) != kept.sha256 {
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
