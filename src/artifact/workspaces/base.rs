//! The folder that groups are swept in: which one may be, and none that is not there is made.

use std::{io, path::Path};

use super::{Group, home::Home, links::link_on_the_way, look::Base};
use crate::{
    fs::{Disk, RealDisk},
    model::{Error, ErrorKind},
};

pub(super) const STEP: &str = "sweep the workspaces in";

const HINT: &str = "name the folder that jobs have theirs in, from the root on";

/// Opens the folder; `None` when there is none: then no job has had one yet.
///
/// # Errors
/// The path is empty or relative, has a `..` in it, or is the root, the home folder of this process or one that it is in, there
/// is a link on the way to it or in its place, it is no folder, or it cannot be listed.
pub(super) fn open<'a>(path: &'a Path, home: &'a Home) -> Result<Option<Base<'a>>, Error> {
    for home in home.paths.iter().map(|home| Some(home.as_path())).chain([None]) {
        Group::of(path, home).map_err(|error| refused(path, error.message()))?;
    }
    let folder = match RealDisk.folder(path) {
        Ok(folder) => folder,
        Err(error) => return why_not(path, error).map(|()| None),
    };
    let stat = RealDisk.stat(&folder, ".".as_ref()).map_err(|error| Error::io(STEP, path, error))?;
    if home.is_in(&stat) {
        return Err(refused(path, "your home folder is in there"));
    }
    Ok(Some(Base { path, folder, home }))
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Config, STEP, path, why).with_hint(HINT)
}

fn why_not(path: &Path, error: io::Error) -> Result<(), Error> {
    if let Some(refusal) = link_on_the_way(STEP, path, path) {
        return Err(refusal);
    }
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        io::ErrorKind::NotADirectory => Err(refused(path, "it is no folder")),
        _ => Err(Error::io(STEP, path, error).with_hint("run it as the user whose jobs these are")),
    }
}
