//! The machine's own disk.
//!
//! The calls are the same on Linux and macOS, rustix covers what differs; where that ends, a system gets a file of its own.

#![expect(clippy::disallowed_types, reason = "this is the room that touches files")]

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{fd::OwnedFd, unix::fs::FileExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps, UTIME_NOW},
    io::Errno,
};

use super::{
    Appender, Attributes, Disk, Owner, Reader, Stat, born, find::names_of, glance, private, straight,
    writing::RealWriter,
};
use crate::clock;

pub(super) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
pub(super) const NO_LINK: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// The machine's own disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

/// A lock that the kernel frees when this is dropped or the process dies.
#[derive(Debug)]
pub struct RealLock(File);

impl Drop for RealLock {
    /// Closing it is not enough: a process that another thread starts at this moment has the file open as well, until it has
    /// become another program.
    fn drop(&mut self) {
        // Where that fails it is free once nobody has the file open.
        let _ = fs4::FileExt::unlock(&self.0);
    }
}

impl Disk for RealDisk {
    type Folder = OwnedFd;
    type Reader = RealFile;
    type Writer = RealWriter;
    type Appender = RealFile;
    type Lock = RealLock;

    fn now_ns(&self) -> i128 {
        clock::now_ns()
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        glance::resolve(path)
    }

    fn beside(&self, path: &Path, root: Option<&Path>, name: &OsStr) -> Option<Vec<u8>> {
        glance::beside(path, root, name)
    }

    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        straight::folder(path)
    }

    fn way(&self, path: &Path) -> io::Result<OwnedFd> {
        straight::way(path)
    }

    fn subfolder(&self, parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat(parent, name, FOLDER, Mode::empty())?)
    }

    fn subfolder_here(&self, parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
        straight::folder_here(parent, name)
    }

    fn open_up(&self, folder: &OwnedFd) -> io::Result<()> {
        Ok(rustix::fs::fchmod(folder, Mode::RWXU)?)
    }

    fn private_folder(&self, parent: &OwnedFd, name: &OsStr, owner: Owner) -> io::Result<OwnedFd> {
        private::folder(parent, name, owner)
    }

    fn acts_for(&self, owner: Owner) -> bool {
        let user = rustix::process::geteuid();
        user.is_root() || user.as_raw() == owner.uid
    }

    fn stat(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    fn stat_born(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<Stat> {
        Ok(born::stat(folder, name)?)
    }

    fn open(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<RealFile> {
        let file = rustix::fs::openat(folder, name, OFlags::RDONLY | NO_LINK, Mode::empty())?;
        Ok(RealFile(file.into()))
    }

    fn create(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<RealWriter> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | NO_LINK;
        Ok(RealWriter::new(rustix::fs::openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?))
    }

    /// By flock on the file itself, which no other program is known to take: it leaves no file behind.
    fn open_to_append(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<Option<RealFile>> {
        let flags = OFlags::WRONLY | OFlags::APPEND | NO_LINK;
        let file = File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?);
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => Ok(Some(RealFile(file))),
            Err(fs4::TryLockError::WouldBlock) => Ok(None),
            Err(fs4::TryLockError::Error(error)) => Err(error),
        }
    }

    /// By a flock that is shared with others who ask.
    fn open_to_ask(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<(RealFile, bool)> {
        let file = self.open(folder, name)?;
        match fs4::FileExt::try_lock_shared(&file.0) {
            Ok(()) => Ok((file, false)),
            Err(fs4::TryLockError::WouldBlock) => Ok((file, true)),
            Err(fs4::TryLockError::Error(error)) => Err(error),
        }
    }

    fn rename(&self, from: (&OwnedFd, &OsStr), to: (&OwnedFd, &OsStr)) -> io::Result<()> {
        Ok(rustix::fs::renameat(from.0, from.1, to.0, to.1)?)
    }

    /// By link, which every Unix file system has known for ever; where there are no links, by a rename that replaces
    /// nothing.
    fn rename_new(&self, from: (&OwnedFd, &OsStr), to: (&OwnedFd, &OsStr)) -> io::Result<bool> {
        match rustix::fs::linkat(from.0, from.1, to.0, to.1, AtFlags::empty()) {
            Ok(()) => {
                // The file has its new name, whether or not the old one goes too.
                let _ = self.remove(from.0, from.1);
                Ok(true)
            }
            Err(Errno::EXIST) => Ok(false),
            Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {
                match rustix::fs::renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE) {
                    Ok(()) => Ok(true),
                    Err(Errno::EXIST) => Ok(false),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn exchange(&self, one: (&OwnedFd, &OsStr), other: (&OwnedFd, &OsStr)) -> io::Result<bool> {
        match rustix::fs::renameat_with(one.0, one.1, other.0, other.1, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn touch(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        Ok(rustix::fs::utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn remove(&self, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(folder, name, AtFlags::empty())?)
    }

    fn remove_folder(&self, parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?)
    }

    fn list(&self, folder: &OwnedFd) -> io::Result<Vec<OsString>> {
        names_of(folder)
    }

    fn sync_folder(&self, folder: &OwnedFd) -> io::Result<()> {
        Ok(rustix::fs::fsync(folder)?)
    }

    fn try_lock(&self, folder: &OwnedFd, name: &OsStr, owner: Owner) -> io::Result<Option<RealLock>> {
        let file = File::from(private::file(folder, name, owner)?);
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => Ok(Some(RealLock(file))),
            Err(fs4::TryLockError::WouldBlock) => Ok(None),
            Err(fs4::TryLockError::Error(error)) => Err(error),
        }
    }
}

#[expect(
    clippy::cast_sign_loss,
    clippy::allow_attributes,
    reason = "the kernel's numbers, as wide as it has them"
)]
#[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the widths differ between systems")]
pub(super) fn stat_of(stat: &rustix::fs::Stat) -> Stat {
    let nanos = |seconds, nanos| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    Stat {
        dev: stat.st_dev as u64,
        ino: stat.st_ino as u64,
        links: stat.st_nlink as u64,
        size: stat.st_size as u64,
        modified_ns: nanos(stat.st_mtime, stat.st_mtime_nsec),
        changed_ns: nanos(stat.st_ctime, stat.st_ctime_nsec),
        born_ns: None,
        is_file: FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile,
        is_folder: FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
        owner: Owner { uid: stat.st_uid, gid: stat.st_gid },
    }
}

/// An open file.
#[derive(Debug)]
pub struct RealFile(File);

impl Reader for RealFile {
    fn stat(&self) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::fstat(&self.0)?))
    }

    fn attributes(&self) -> io::Result<Attributes> {
        Attributes::of(&self.0)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match FileExt::read_at(&self.0, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl Appender for RealFile {
    fn stat(&self) -> io::Result<Stat> {
        Reader::stat(self)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::write(&self.0, bytes))?)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(&self.0)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_free_once_it_is_dropped_whoever_has_inherited_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, name) = (RealDisk.folder(&dir.path().canonicalize().unwrap()).unwrap(), OsStr::new("l"));
        let lock = || RealDisk.try_lock(&folder, name, Owner::default()).unwrap();
        let held = lock().unwrap();
        // As a process has it that was started meanwhile.
        let inherited = held.0.try_clone().unwrap();
        assert!(lock().is_none());
        drop(held);
        assert!(lock().is_some());
        drop(inherited);
    }
}
