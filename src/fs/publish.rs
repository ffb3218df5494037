//! A small file that takes its place whole or not at all.

use std::{ffi::OsStr, io};

use super::{Disk, Owner, Writer, temp_name};

/// Writes a file under a name of its own and lets it take the place of `name`, in no hurry to be durable. What is on its way
/// is called after `of`, so that whoever clears up knows whose it is.
///
/// # Errors
/// As the operating system says; then nothing has changed.
pub fn publish<D: Disk>(
    disk: &D,
    folder: &D::Folder,
    (name, of): (&OsStr, &OsStr),
    bytes: &[u8],
    owner: Owner,
) -> io::Result<()> {
    let temp = temp_name(of);
    let mut file = disk.create(folder, &temp)?;
    let written = file.write_all(bytes).and_then(|()| file.hand_to(owner));
    let published = written.and_then(|()| disk.rename((folder, &temp), (folder, name)));
    if published.is_err() {
        // Nothing can be done about a failure here.
        let _ = disk.remove(folder, &temp);
    }
    published
}
