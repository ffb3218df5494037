//! Opening a folder by its real path, straight: what is opened is what the path told, or nothing is.
//!
//! Between the moment in which a path is resolved and the one in which it is opened, whoever owns a folder on the way can
//! put a link in its place, and lead a sweep of root's wherever he likes. So no link is followed here, not one: a real
//! path has none. Linux looks at the whole way by itself; an older one, and other systems, are asked step by step.

use std::{
    ffi::OsStr,
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::{Component, Path},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags},
    io::Errno,
    path::Arg,
};

use super::{
    read_kernel,
    real::{FOLDER, NO_LINK},
};

/// A step on the way: a folder need not be readable to be walked through.
#[cfg(target_os = "linux")]
const STEP: OFlags = FOLDER.difference(OFlags::RDONLY).union(OFlags::PATH);
#[cfg(not(target_os = "linux"))]
const STEP: OFlags = FOLDER;

/// Opens the folder at a real path, following no link.
pub(super) fn folder(path: &Path) -> io::Result<OwnedFd> {
    opened(path, FOLDER)
}

/// The same to go on from it by names: it need not be readable, and cannot be listed.
pub(super) fn way(path: &Path) -> io::Result<OwnedFd> {
    opened(path, STEP)
}

fn opened(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    match at_once(CWD, path, flags.difference(OFlags::NOFOLLOW)) {
        // Unknown to an old kernel, or kept from us by a container that knows no such call.
        Err(Errno::NOSYS | Errno::PERM) => walk(path, flags),
        Err(Errno::LOOP) => Err(became_a_link()),
        folder => Ok(folder?),
    }
}

/// Opens the file at a path from `folder` on for reading, following no link; `None` where that fails, or takes more than
/// one step. Never hangs, whatever stands there.
pub(super) fn file(folder: impl AsFd, path: impl Arg) -> Option<OwnedFd> {
    at_once(folder, path, OFlags::RDONLY | NO_LINK).ok()
}

/// Opens the folder at a real path to walk on from it, following no link; `None` where that fails, or takes more than one
/// step.
pub(super) fn place(path: &Path) -> Option<OwnedFd> {
    at_once(CWD, path, STEP.difference(OFlags::NOFOLLOW)).ok()
}

/// Opens a folder inside another, following no link and entering no mount.
#[cfg(target_os = "linux")]
pub(super) fn folder_here(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
    match rustix::fs::openat2(parent, name, FOLDER, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::PERM) => folder_on_the_same_device(parent, name),
        Err(Errno::LOOP) => Err(io::ErrorKind::NotADirectory.into()),
        folder => Ok(folder?),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn folder_here(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    folder_on_the_same_device(parent, name)
}

/// The same by what can be asked elsewhere.
fn folder_on_the_same_device(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let folder = match rustix::fs::openat(parent, name, FOLDER, Mode::empty()) {
        Err(Errno::LOOP | Errno::MLINK) => return Err(io::ErrorKind::NotADirectory.into()),
        folder => folder?,
    };
    let place = |folder: &OwnedFd| Ok::<_, Errno>((rustix::fs::fstat(folder)?.st_dev, mount(folder)));
    if place(parent)? == place(&folder)? { Ok(folder) } else { Err(io::ErrorKind::CrossesDevices.into()) }
}

/// Which mount an open folder was found in, where the kernel tells: a folder from elsewhere may be on the same device.
fn mount(folder: &OwnedFd) -> Option<Vec<u8>> {
    let about = Path::new("/proc/self/fdinfo").join(folder.as_raw_fd().to_string());
    let about = read_kernel(&about, 4096)?;
    about.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"mnt_id:")).map(<[u8]>::to_vec)
}

/// Whether there is something at `path`, and no link on the way nor at its end. `false` where that takes more than one
/// step to find out.
#[cfg(target_os = "linux")]
pub(super) fn leads_to_something(path: &Path) -> bool {
    at_once(CWD, path, OFlags::PATH | OFlags::CLOEXEC).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn leads_to_something(_: &Path) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn at_once(folder: impl AsFd, path: impl Arg, flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(folder, path, flags, Mode::empty(), resolve)
}

#[cfg(not(target_os = "linux"))]
fn at_once(_: impl AsFd, _: impl Arg, _: OFlags) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// The same, step by step: each folder is opened in the one before.
fn walk(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let mut at: Option<OwnedFd> = None;
    for part in path.components() {
        let name = match part {
            Component::RootDir | Component::CurDir | Component::Normal(_) => part.as_os_str(),
            Component::ParentDir | Component::Prefix(_) => return Err(io::ErrorKind::InvalidInput.into()),
        };
        at = Some(step(at.as_ref(), name, STEP)?);
    }
    // All were opened to walk through; the last one may have to be listed too.
    step(at.as_ref(), OsStr::new("."), flags)
}

fn step(at: Option<&OwnedFd>, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    let opened = match at {
        Some(at) => rustix::fs::openat(at, name, flags, Mode::empty()),
        None => rustix::fs::openat(CWD, name, flags, Mode::empty()),
    };
    match opened {
        // Systems differ in how they say it.
        Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) if is_link(at, name) => Err(became_a_link()),
        folder => Ok(folder?),
    }
}

fn is_link(at: Option<&OwnedFd>, name: &OsStr) -> bool {
    let stat = match at {
        Some(at) => rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW),
        None => rustix::fs::statat(CWD, name, AtFlags::SYMLINK_NOFOLLOW),
    };
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

/// No word of the system's: "too many levels of symbolic links" would send people looking for a circle.
fn became_a_link() -> io::Error {
    io::Error::other("a folder on the way became a link meanwhile")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files as any program would")]

    use std::{os::unix::fs::symlink, path::PathBuf};

    use super::*;

    const WAYS: [fn(&Path) -> io::Result<OwnedFd>; 4] =
        [folder, |path| walk(path, FOLDER), way, |path| walk(path, STEP)];

    /// `<root>/a/b/c`, and links to each of them beside.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b/c")).unwrap();
        symlink("a", root.join("to-a")).unwrap();
        symlink("b", root.join("a/to-b")).unwrap();
        symlink(root.join("a/b/c"), root.join("a/b/to-c")).unwrap();
        (dir, root)
    }

    #[test]
    fn i10_no_link_is_followed_wherever_on_the_way_it_stands() {
        let (_dir, root) = tree();
        let inode = |folder: &OwnedFd| rustix::fs::fstat(folder).unwrap().st_ino;
        let expected = rustix::fs::stat(root.join("a/b/c")).unwrap().st_ino;
        for way in WAYS {
            assert_eq!(inode(&way(&root.join("a/b/c")).unwrap()), expected);
            for path in ["to-a/b/c", "a/to-b/c", "a/b/to-c"] {
                let error = way(&root.join(path)).unwrap_err();
                assert_eq!(error.to_string(), "a folder on the way became a link meanwhile", "{path}");
            }
        }
    }

    #[test]
    fn what_is_no_folder_or_not_there_is_told_as_the_system_tells_it() {
        let (_dir, root) = tree();
        std::fs::write(root.join("file"), "").unwrap();
        for way in WAYS {
            assert_eq!(way(&root.join("a/none")).unwrap_err().kind(), io::ErrorKind::NotFound);
            assert_eq!(way(&root.join("none/b")).unwrap_err().kind(), io::ErrorKind::NotFound);
            for path in ["file", "file/b"] {
                assert_eq!(way(&root.join(path)).unwrap_err().kind(), io::ErrorKind::NotADirectory, "{path}");
            }
            assert!(way(Path::new("/")).is_ok() && way(Path::new(".")).is_ok());
        }
        assert_eq!(walk(&root.join("a/../a"), FOLDER).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
