//! Looking around before anything is opened: what stands at a path, and which names a folder has.

#![expect(clippy::disallowed_methods, reason = "this is the room that touches files")]

use std::{
    ffi::{OsStr, OsString},
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{Stat, glance, real::stat_of};

/// What stands at `path`, links followed; `None` when it cannot be looked at.
#[must_use]
pub fn stat(path: &Path) -> Option<Stat> {
    rustix::fs::stat(path).ok().as_ref().map(stat_of)
}

/// Whether a regular file stands at `path`, links followed.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    stat(path).is_some_and(|found| found.is_file)
}

/// Whether a folder stands at `path`, links followed.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_dir())
}

/// Whether a folder stands at `path` itself, and no link to one.
#[must_use]
pub fn is_folder_itself(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Looks whether names can be looked up in the folder at `path`; none can where there is no such folder.
///
/// # Errors
/// As the operating system says.
pub fn enter(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path.join(".")) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Whether anything stands at `path`, be it a link that leads nowhere.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// The real path behind `path`, every link followed; `None` when there is nothing.
///
/// # Errors
/// As the operating system says.
pub fn real_path(path: &Path) -> io::Result<Option<PathBuf>> {
    match glance::resolve(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// The path from the root on, where its words alone tell that: what is found there without following a link has no other.
#[must_use]
pub fn plain_path(path: &Path) -> Option<PathBuf> {
    glance::plain(path)
}

/// The names in a folder, sorted; none when there is no such folder.
///
/// # Errors
/// As the operating system says.
pub fn names_in(folder: &Path) -> io::Result<Vec<OsString>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = match rustix::fs::open(folder, flags, Mode::empty()) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Vec::new()),
        folder => folder?,
    };
    let mut names = names_of(&folder)?;
    names.sort();
    Ok(names)
}

/// The names in an open folder. Not by the standard library, which panics when such a folder cannot be closed.
pub(super) fn names_of(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    }
    Ok(names)
}
