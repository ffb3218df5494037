//! What became of a member of a group, in words.

use std::{io, path::Path};

use crate::{fs::Removed, model::Error};

/// What became of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was there and is gone.
    Removed,
    /// It was not there.
    Absent,
    /// It, or something in it, is still there.
    Left(Left),
}

/// Something that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What, and why.
    pub why: String,
    /// What to do about it.
    pub hint: &'static str,
}

const WRITTEN: &str = "somebody is still writing there: end that, and call again";

impl Left {
    /// What a removal in `folder` has left, if it has left something.
    pub(super) fn of(removed: &Removed, folder: &Path) -> Option<Self> {
        let (path, error) = removed.left.first()?;
        let path = folder.join(path);
        let others = match removed.left_in_all.saturating_sub(1) {
            0 => String::new(),
            others => format!(", and {others} more"),
        };
        let Self { why, hint } = Self::because(&path, error);
        Some(Self { why: format!("{why}{others}"), hint })
    }

    /// What could not be removed, or be told from another's.
    pub(super) fn because(path: &Path, error: &io::Error) -> Self {
        let (why, hint) = words(error, path);
        Self { why: format!("cannot remove {}: {why}", path.display()), hint }
    }

    /// What came back whenever it was removed.
    pub(super) fn again(path: &Path) -> Self {
        Self { why: format!("cannot remove {}: it is there again", path.display()), hint: WRITTEN }
    }
}

fn words(error: &io::Error, path: &Path) -> (String, &'static str) {
    use io::ErrorKind::{
        CrossesDevices, DirectoryNotEmpty, PermissionDenied, ReadOnlyFilesystem, ResourceBusy,
    };
    match error.kind() {
        CrossesDevices => ("something is mounted there".to_owned(), "`umount` it, and call again"),
        ResourceBusy => {
            ("it is in use, or something is mounted there".to_owned(), "end that, and call again")
        }
        kind => {
            // An error of the house says it in the house's words.
            let copy = error
                .raw_os_error()
                .map_or_else(|| io::Error::other(error.to_string()), io::Error::from_raw_os_error);
            let hint = match kind {
                DirectoryNotEmpty => WRITTEN,
                PermissionDenied => {
                    "call it as the user who owns that, or as root; `lsattr` shows what is immutable"
                }
                ReadOnlyFilesystem => "the file system is mounted read-only",
                _ => "call again once that is mended",
            };
            (Error::io("remove", path, copy).message().to_owned(), hint)
        }
    }
}
