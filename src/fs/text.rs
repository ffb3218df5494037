//! Small text files that people write and read: configuration, plans.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this is the room that touches files"
)]

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
};

/// Most files that the kernel makes up are shorter; it tells no size beforehand.
const KERNEL: usize = 4096;

/// The text of a file; `None` when it is not there.
///
/// # Errors
/// As the operating system says; also when it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// The first `limit` bytes of a file that the kernel makes up, as those in `/proc` are; `None` when it is not there or
/// not ours to read. The kernel gives as much as there is room for, so that whatever is shorter is all of it.
#[must_use]
pub fn read_kernel(path: &Path, limit: usize) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let (mut bytes, mut buffer) = (Vec::new(), [0; KERNEL]);
    loop {
        let room = buffer.get_mut(..KERNEL.min(limit - bytes.len()))?;
        let length = read(&mut file, room).ok()?;
        bytes.extend_from_slice(room.get(..length)?);
        if length < KERNEL {
            return Some(bytes);
        }
    }
}

fn read(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// What a link says, without following it; `None` when there is none that can be read.
#[must_use]
pub fn read_link(path: &Path) -> Option<PathBuf> {
    std::fs::read_link(path).ok()
}

/// Writes a file that only its owner can read: the whole text or, after an error, what was there before. A link stays a
/// link, and a device or a pipe gets the text as it is.
///
/// # Errors
/// As the operating system says.
pub fn write_text(path: &Path, text: &[u8]) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => replace(&std::fs::canonicalize(path)?, text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, text),
        _ => OpenOptions::new().write(true).open(path)?.write_all(text),
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let temp = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temp)?;
    let written =
        file.write_all(text).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&temp, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&temp);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_of_a_file_is_read_as_there_is_and_as_may_be() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        for size in [0, 1, KERNEL - 1, KERNEL, KERNEL + 1, 2 * KERNEL] {
            let text: Vec<u8> = (0..=255).cycle().take(size).collect();
            std::fs::write(&file, &text).unwrap();
            for limit in [0, 1, KERNEL - 1, KERNEL, KERNEL + 1, usize::MAX] {
                let most = size.min(limit);
                assert_eq!(read_kernel(&file, limit).as_deref(), text.get(..most), "{size}, {limit}");
            }
        }
        assert_eq!(read_kernel(&dir.path().join("none"), 1), None);
    }

    #[test]
    fn a_text_takes_the_place_of_another_behind_its_link_and_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("plan"), dir.path().join("link"));
        write_text(&file, b"one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_text(&link, b"two").unwrap();
        assert_eq!(read_text(&file).unwrap().as_deref(), Some("two"));
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        assert_eq!(read_text(&dir.path().join("none")).unwrap(), None);
    }

    #[test]
    fn an_error_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        assert!(write_text(&dir.path().join("no/plan"), b"x").is_err());
        assert!(write_text(dir.path(), b"x").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
