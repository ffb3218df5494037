//! The newest time anywhere in a member of a group. No link is followed, no mount entered, and nobody is followed for ever.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::verdict::Kept;
use crate::{
    fs::{Disk, Stat},
    model::Timestamp,
};

/// So many folders are open at once, one in the other.
const DEEPEST: usize = 128;

/// So many names are looked at in one member: what holds more is nothing that a walk in each sweep could judge.
const MOST: u64 = 2_000_000;

/// What was found in a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The newest time, or one that is new enough.
    pub(super) newest: Timestamp,
    /// Whether all of it was looked at. Where it was not, neither its newest time nor its bytes are known.
    pub(super) is_whole: bool,
    /// Bytes of the files that were looked at, but for those that have another name.
    pub(super) bytes: u64,
}

/// Looks through what has this name, a folder with all that is in it, until something is `new_enough`. `stat` is what the name
/// itself was seen to be.
///
/// # Errors
/// Why nobody can tell.
pub(super) fn walk<D: Disk>(
    disk: &D,
    parent: &D::Folder,
    (name, stat): (&OsStr, &Stat),
    new_enough: impl Fn(Timestamp) -> bool,
) -> Result<Found, Kept> {
    walk_at_most(MOST, disk, parent, (name, stat), new_enough)
}

/// The same, through so many names.
fn walk_at_most<D: Disk>(
    most: u64,
    disk: &D,
    parent: &D::Folder,
    (name, stat): (&OsStr, &Stat),
    new_enough: impl Fn(Timestamp) -> bool,
) -> Result<Found, Kept> {
    let found = Found { newest: Timestamp::from_nanos(i128::MIN), is_whole: false, bytes: 0 };
    let mut walk = Walk { disk, open: Vec::new(), found, left: most };
    walk.see(stat);
    if stat.is_folder {
        let outermost = walk.entered(parent, name)?;
        walk.open.push(outermost);
    }
    while !new_enough(walk.found.newest) && walk.step()? {}
    Ok(Found { is_whole: walk.open.is_empty(), ..walk.found })
}

/// What all of it takes on the disk; `None` where nobody can tell.
pub(in crate::artifact) fn weight<D: Disk>(disk: &D, parent: &D::Folder, name: &OsStr) -> Option<u64> {
    let stat = disk.stat(parent, name).ok()?;
    walk(disk, parent, (name, &stat), |_| false).ok().map(|found| found.bytes)
}

struct Walk<'d, D: Disk> {
    disk: &'d D,
    /// From the outermost folder to the one at work, each with the names that are left.
    open: Vec<(D::Folder, Vec<OsString>)>,
    found: Found,
    left: u64,
}

impl<D: Disk> Walk<'_, D> {
    fn see(&mut self, stat: &Stat) {
        self.found.newest = self.found.newest.max(Timestamp::from_nanos(stat.modified_ns));
        self.found.bytes += if stat.is_file && stat.links < 2 { stat.size } else { 0 };
    }

    /// One name; `false` when there is none left.
    fn step(&mut self) -> Result<bool, Kept> {
        let Some((folder, mut names)) = self.open.pop() else { return Ok(false) };
        let Some(name) = names.pop() else { return Ok(true) };
        let stat = self.disk.stat(&folder, &name).map_err(|error| why(&error))?;
        self.see(&stat);
        let inner = if stat.is_folder { Some(self.entered(&folder, &name)?) } else { None };
        self.open.push((folder, names));
        self.open.extend(inner);
        if self.open.len() > DEEPEST { Err(Kept::TooLarge) } else { Ok(true) }
    }

    fn entered(&mut self, parent: &D::Folder, name: &OsStr) -> Result<(D::Folder, Vec<OsString>), Kept> {
        let folder = self.disk.subfolder_here(parent, name).map_err(|error| why(&error))?;
        let names = self.disk.list(&folder).map_err(|error| why(&error))?;
        self.left = self.left.checked_sub(names.len() as u64).ok_or(Kept::TooLarge)?;
        Ok((folder, names))
    }
}

/// What has gone, or become something else, since it was seen: whoever did that is at work.
fn why(error: &io::Error) -> Kept {
    match error.kind() {
        io::ErrorKind::CrossesDevices => Kept::Mount,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Kept::Touched,
        _ => Kept::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests make files as any program would"
    )]

    use std::{
        fs::{self, File},
        path::Path,
        time::{Duration, SystemTime},
    };

    use super::*;
    use crate::fs::RealDisk;

    /// Gives a path a time of so many seconds after 1970.
    fn age(path: &Path, seconds: u64) {
        File::open(path)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .unwrap();
    }

    fn found(base: &Path, enough: i64) -> Result<Found, Kept> {
        let parent = RealDisk.way(&base.canonicalize().unwrap()).unwrap();
        let stat = RealDisk.stat(&parent, OsStr::new("w")).unwrap();
        walk(&RealDisk, &parent, (OsStr::new("w"), &stat), |at| at >= Timestamp::from_millis(enough))
    }

    #[test]
    fn the_newest_time_counts_however_deep_it_is_and_no_link_does() {
        let base = tempfile::tempdir().unwrap();
        let deep = base.path().join("w/a/b/c");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("new"), "12345").unwrap();
        fs::write(base.path().join("outside"), "x").unwrap();
        std::os::unix::fs::symlink(base.path(), base.path().join("w/up")).unwrap();
        age(&deep.join("new"), 9_000);
        for folder in ["w/a/b/c", "w/a/b", "w/a"] {
            age(&base.path().join(folder), 1_000);
        }
        // A link has a time of its own: when it was made.
        let newest = found(base.path(), i64::MAX).unwrap();
        assert!(newest.newest > Timestamp::from_millis(1_700_000_000_000) && newest.bytes == 5);
        fs::remove_file(base.path().join("w/up")).unwrap();
        age(&base.path().join("w"), 1_000);
        let newest = Found { newest: Timestamp::from_millis(9_000_000), is_whole: true, bytes: 5 };
        assert_eq!(found(base.path(), i64::MAX), Ok(newest));
    }

    #[test]
    fn so_many_names_are_looked_through_and_one_more_is_unknown() {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir_all(base.path().join("w/a")).unwrap();
        for name in ["w/1", "w/a/2", "w/a/3"] {
            fs::write(base.path().join(name), "x").unwrap();
        }
        let parent = RealDisk.way(&base.path().canonicalize().unwrap()).unwrap();
        let stat = RealDisk.stat(&parent, OsStr::new("w")).unwrap();
        let through = |most| walk_at_most(most, &RealDisk, &parent, (OsStr::new("w"), &stat), |_| false);
        assert_eq!(through(4).map(|found| (found.is_whole, found.bytes)), Ok((true, 3)));
        assert_eq!(through(3), Err(Kept::TooLarge));
    }

    #[test]
    fn what_is_new_enough_ends_the_walk_and_what_is_too_deep_is_unknown() {
        let base = tempfile::tempdir().unwrap();
        let way = "d/".repeat(DEEPEST + 1);
        fs::create_dir_all(base.path().join("w").join(way)).unwrap();
        assert_eq!(found(base.path(), i64::MAX), Err(Kept::TooLarge));
        assert!(!found(base.path(), 0).unwrap().is_whole);
        fs::remove_dir_all(base.path().join("w")).unwrap();
        fs::write(base.path().join("w"), "a file is never more than itself").unwrap();
        assert!(found(base.path(), 0).unwrap().is_whole);
    }
}
