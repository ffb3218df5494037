//! Looking around before anything is opened: what stands at a path, and which names a folder has.

#![expect(clippy::disallowed_methods, reason = "this is the room that touches files")]

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

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
    match std::fs::canonicalize(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// The names in a folder, sorted; none when there is no such folder.
///
/// # Errors
/// As the operating system says.
pub fn names_in(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = match std::fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => {
            entries?.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()?
        }
    };
    names.sort();
    Ok(names)
}
