//! New folders, for what only a person asks for: the demonstration.

#![expect(clippy::disallowed_types, reason = "this is the room that touches files")]

use std::{fs::DirBuilder, io, os::unix::fs::DirBuilderExt, path::Path};

/// Makes a folder that only its owner can open; it must not be there yet.
///
/// # Errors
/// As the operating system says; `AlreadyExists` when the name is taken.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}
