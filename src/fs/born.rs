//! Looking at a file so that also the moment is told in which it was made, which tells it from the next one with its number.

use std::{ffi::OsStr, os::fd::OwnedFd};

use rustix::{
    fs::{AtFlags, statat},
    io::Errno,
};

use super::{Stat, real::stat_of};

/// Looks at a name in a folder, following no link.
#[cfg(target_os = "linux")]
pub(super) fn stat(folder: &OwnedFd, name: &OsStr) -> Result<Stat, Errno> {
    use rustix::fs::{StatxFlags, statx};
    let seen = statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS | StatxFlags::BTIME);
    match seen {
        Ok(seen) if has_all(seen.stx_mask) => Ok(told(&seen)),
        // An old kernel, or one that lets nobody ask; a file system that cannot tell all.
        Ok(_) | Err(Errno::NOSYS | Errno::PERM) => plain(folder, name),
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
const fn has_all(mask: u32) -> bool {
    let all = rustix::fs::StatxFlags::BASIC_STATS.bits();
    mask & all == all
}

#[cfg(target_os = "linux")]
fn told(seen: &rustix::fs::Statx) -> Stat {
    use rustix::fs::{FileType, StatxFlags, StatxTimestamp, makedev};
    let nanos = |time: StatxTimestamp| i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    let has_birth = seen.stx_mask & StatxFlags::BTIME.bits() != 0;
    let kind = FileType::from_raw_mode(seen.stx_mode.into());
    Stat {
        dev: makedev(seen.stx_dev_major, seen.stx_dev_minor),
        ino: seen.stx_ino,
        links: seen.stx_nlink.into(),
        size: seen.stx_size,
        modified_ns: nanos(seen.stx_mtime),
        changed_ns: nanos(seen.stx_ctime),
        born_ns: has_birth.then(|| nanos(seen.stx_btime)),
        is_file: kind == FileType::RegularFile,
        is_folder: kind == FileType::Directory,
        owner: super::Owner { uid: seen.stx_uid, gid: seen.stx_gid },
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn stat(folder: &OwnedFd, name: &OsStr) -> Result<Stat, Errno> {
    plain(folder, name)
}

fn plain(folder: &OwnedFd, name: &OsStr) -> Result<Stat, Errno> {
    Ok(stat_of(&statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_the_older_way_tells() {
        let dir = tempfile::tempdir().unwrap();
        let folder = rustix::fs::openat(
            rustix::fs::CWD,
            dir.path(),
            super::super::real::FOLDER,
            rustix::fs::Mode::empty(),
        )
        .unwrap();
        for name in [".", ".."] {
            let (new, old) =
                (stat(&folder, OsStr::new(name)).unwrap(), plain(&folder, OsStr::new(name)).unwrap());
            assert_eq!(Stat { born_ns: None, ..new }, old);
        }
        assert_eq!(stat(&folder, OsStr::new("none")), Err(Errno::NOENT));
    }
}
