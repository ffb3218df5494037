//! Looking at the disk as another process sees it.
//!
//! A process in a container has a root folder of its own, and its paths and links mean something below that alone:
//! followed from our root, `/data -> /mnt/data` would lead to a folder of ours. So the kernel is asked to stay below the
//! given root. Where it cannot (an old one, another system) the answer is an error, never a guess.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this is the room that touches files"
)]

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use super::{Stat, find::names_in, real::stat_of};

/// What stands at `path` below `root`, links followed; `None` when there is nothing.
///
/// # Errors
/// As the operating system says; also when it cannot look from another root.
pub fn stat_within(root: &Path, path: &Path) -> io::Result<Option<Stat>> {
    let Some(found) = open(root, path)? else { return Ok(None) };
    Ok(Some(stat_of(&rustix::fs::fstat(&found)?)))
}

/// The real path of `path` as it is called below `root`, every link followed; `None` when there is nothing.
///
/// # Errors
/// As for [`stat_within`].
pub fn real_path_within(root: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    open(root, path)?.map(|found| std::fs::read_link(again(&found))).transpose()
}

/// The first `limit` bytes of the regular file at `path` below `root`, and its identity; `None` when there is nothing.
///
/// # Errors
/// As for [`stat_within`]; also when it is no regular file.
pub fn read_within(root: &Path, path: &Path, limit: u64) -> io::Result<Option<(Vec<u8>, Stat)>> {
    let Some(found) = open(root, path)? else { return Ok(None) };
    let stat = stat_of(&rustix::fs::fstat(&found)?);
    if !stat.is_file {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // Only now is it opened for good: the mere opening of a device can do harm, and of a pipe can last for ever.
    let mut bytes = Vec::new();
    File::open(again(&found))?.take(limit).read_to_end(&mut bytes)?;
    Ok(Some((bytes, stat)))
}

/// The names in the folder at `path` below `root`; none when there is no such folder.
///
/// # Errors
/// As for [`stat_within`]; also when it is no folder.
pub fn names_within(root: &Path, path: &Path) -> io::Result<Vec<OsString>> {
    let Some(found) = open(root, path)? else { return Ok(Vec::new()) };
    names_in(&again(&found))
}

/// The way back to what is already found, whatever its path means by now.
fn again(found: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()))
}

/// A hold on what stands there, which neither reads nor wakes anything.
#[cfg(target_os = "linux")]
fn open(root: &Path, path: &Path) -> io::Result<Option<OwnedFd>> {
    use rustix::{
        fs::{Mode, OFlags, ResolveFlags},
        io::Errno,
    };
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = rustix::fs::open(root, flags | OFlags::DIRECTORY, Mode::empty())?;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    match rustix::fs::openat2(root, path.as_os_str().as_bytes(), flags, Mode::empty(), resolve) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        found => Ok(Some(found?)),
    }
}

#[cfg(not(target_os = "linux"))]
fn open(_: &Path, path: &Path) -> io::Result<Option<OwnedFd>> {
    let _ = path.as_os_str().as_bytes();
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_from_the_root_stays_below_the_root() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        std::fs::create_dir_all(root.join("mnt/data")).unwrap();
        std::fs::write(root.join("mnt/data/file"), "inner").unwrap();
        symlink("/mnt/data", root.join("data")).unwrap();
        symlink("../../../../../../mnt", root.join("up")).unwrap();
        for path in ["/data/file", "data/file", "/up/data/file"] {
            let (bytes, stat) = read_within(root, Path::new(path), 99).unwrap().unwrap();
            assert_eq!((&*bytes, stat.size), (&b"inner"[..], 5), "{path}");
        }
        assert_eq!(read_within(root, Path::new("/data/file"), 2).unwrap().unwrap().0, b"in");
        assert_eq!(names_within(root, Path::new("/data")).unwrap(), ["file"]);
        let folder = stat_of(&rustix::fs::stat(root.join("mnt/data")).unwrap());
        assert_eq!(stat_within(root, Path::new("/data")).unwrap().unwrap().ino, folder.ino);
        let real = real_path_within(root, Path::new("/data")).unwrap().unwrap();
        assert_eq!(real, root.canonicalize().unwrap().join("mnt/data"));
    }

    #[test]
    fn what_is_not_there_or_no_file_is_told_without_waiting() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let fifo = root.join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        assert!(read_within(root, Path::new("/fifo"), 9).is_err());
        assert!(read_within(root, Path::new("/"), 9).is_err());
        assert_eq!(stat_within(root, Path::new("/etc/passwd")).unwrap(), None);
        assert!(names_within(root, Path::new("/none")).unwrap().is_empty());
        assert!(stat_within(Path::new("/proc/self/none"), Path::new("/")).is_err());
    }
}
