//! How the net removes a file: the one place for all that nobody asked for by name.
//!
//! What an owner lets go he is done with. What the net takes somebody may still miss: here is the seam for keeping it for a
//! while. Whoever calls has made sure, under the store's lock, that the name still has the file that was judged.

use std::{ffi::OsStr, io};

use crate::fs::Disk;

/// Takes a file out of the store's folder.
///
/// # Errors
/// As the operating system says; then it is still there.
pub(super) fn take<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> io::Result<()> {
    disk.remove(folder, name)
}
