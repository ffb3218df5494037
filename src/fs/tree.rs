//! Removing a folder with all that is in it, and nothing else.
//!
//! Everything is done by plain names in folders that are open, so that nobody can lead a removal elsewhere by putting a link
//! in a folder's place. A link goes, never what it leads to; what is mounted in there stays. What cannot go keeps nothing
//! else from going.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process,
};

use super::{Disk, Stat};

/// So many folders are open at once, one in the other. What lies deeper is brought up first.
const DEEPEST: usize = 64;

/// So many names in all are looked at again in folders in which something has appeared meanwhile: who writes faster than we
/// remove is not followed for ever.
const AGAIN: usize = 10_000;

/// So many folders are brought up.
const MOST_BROUGHT_UP: u64 = 10_000;

/// So much of what could not be removed is told.
const MOST_TOLD: usize = 8;

/// How much is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freed {
    /// Files, links and whatever else has a name and is no folder.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Bytes of files that had no other name.
    pub bytes: u64,
}

impl Freed {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let (files, folders) = (self.files + other.files, self.folders + other.folders);
        Self { files, folders, bytes: self.bytes + other.bytes }
    }
}

/// What came of a removal.
#[derive(Debug, Default)]
pub struct Removed {
    /// How much is gone.
    pub freed: Freed,
    /// What could not be removed, by its path from there on, and why: the first of it.
    pub left: Vec<(PathBuf, io::Error)>,
    /// How much could not be removed.
    pub left_in_all: u64,
}

/// Removes what has this name, a folder with all that is in it; nothing when there is nothing.
pub fn remove_all<D: Disk>(disk: &D, parent: &D::Folder, name: &OsStr) -> Removed {
    let mut removing =
        Removing { disk, open: Vec::new(), removed: Removed::default(), again: AGAIN, brought_up: 0 };
    removing.entry(parent, name);
    while let Some(level) = removing.open.last_mut() {
        match level.names.pop() {
            Some(name) => removing.inside(&name),
            None => removing.leave(parent),
        }
    }
    removing.removed
}

/// A folder that is being emptied.
struct Level<D: Disk> {
    folder: D::Folder,
    name: OsString,
    names: Vec<OsString>,
    /// Whether something in it must stay.
    keeps: bool,
    is_opened_up: bool,
}

impl<D: Disk> Level<D> {
    /// Its owner may have made it one that nobody can look into.
    fn new(disk: &D, folder: D::Folder, name: &OsStr) -> io::Result<Self> {
        let listed = match disk.list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                disk.open_up(&folder).and_then(|()| disk.list(&folder))
            }
            listed => listed,
        };
        Ok(Self { names: listed?, folder, name: name.to_owned(), keeps: false, is_opened_up: false })
    }
}

struct Removing<'d, D: Disk> {
    disk: &'d D,
    /// From the outermost folder to the one at work.
    open: Vec<Level<D>>,
    removed: Removed,
    /// So many names may still be looked at again.
    again: usize,
    /// How many folders were brought up.
    brought_up: u64,
}

impl<D: Disk> Removing<'_, D> {
    /// A name in the innermost folder.
    fn inside(&mut self, name: &OsStr) {
        let Some(level) = self.open.pop() else { return };
        let done =
            self.disk.stat(&level.folder, name).and_then(|stat| self.lift_or_take(&level, name, &stat));
        self.open.push(level);
        match done {
            Ok(None) => {}
            Ok(Some(inner)) => self.open.push(inner),
            Err(error) if self.may_be_opened_up(&error) => self.inside(name),
            Err(error) => self.stays(name, error),
        }
    }

    /// The outermost name.
    fn entry(&mut self, parent: &D::Folder, name: &OsStr) {
        match self.disk.stat(parent, name).and_then(|stat| self.take(parent, name, &stat)) {
            Ok(inner) => self.open.extend(inner),
            Err(error) => self.stays(name, error),
        }
    }

    fn lift_or_take(&mut self, level: &Level<D>, name: &OsStr, stat: &Stat) -> io::Result<Option<Level<D>>> {
        let is_deep = stat.is_folder && self.open.len() + 1 >= DEEPEST;
        if is_deep {
            self.bring_up(&level.folder, name).map(|()| None)
        } else {
            self.take(&level.folder, name, stat)
        }
    }

    /// Removes a file, or opens a folder to empty it.
    fn take(&mut self, folder: &D::Folder, name: &OsStr, stat: &Stat) -> io::Result<Option<Level<D>>> {
        if stat.is_folder {
            match self.disk.subfolder_here(folder, name) {
                // Somebody has put something else in its place.
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
                inner => return Level::new(self.disk, inner?, name).map(Some),
            }
        }
        self.disk.remove(folder, name)?;
        self.removed.freed.files += 1;
        self.removed.freed.bytes += if stat.is_file && stat.links < 2 { stat.size } else { 0 };
        Ok(None)
    }

    /// The innermost folder's names have gone by: it goes, or what is there by now is looked at again.
    fn leave(&mut self, parent: &D::Folder) {
        let Some(level) = self.open.pop() else { return };
        if level.keeps {
            return self.open.last_mut().into_iter().for_each(|outer| outer.keeps = true);
        }
        let around = self.open.last().map_or(parent, |outer| &outer.folder);
        let Err(error) = self.disk.remove_folder(around, &level.name) else {
            return self.removed.freed.folders += 1;
        };
        if error.kind() == io::ErrorKind::DirectoryNotEmpty && self.again > 0 {
            self.look_again(parent, &level.name);
        } else if self.may_be_opened_up(&error) {
            self.open.push(level);
        } else {
            self.stays(&level.name, error);
        }
    }

    /// By its name once more: another folder may have come to stand there.
    fn look_again(&mut self, parent: &D::Folder, name: &OsStr) {
        let depth = self.open.len();
        if depth == 0 {
            self.entry(parent, name);
        } else {
            self.inside(name);
        }
        let names = self.open.get(depth).map_or(0, |level| level.names.len());
        self.again = self.again.saturating_sub(1 + names);
    }

    /// Whether the innermost folder refused, is ours, and was not asked to be more open yet.
    fn may_be_opened_up(&mut self, error: &io::Error) -> bool {
        let Some(level) = self.open.last_mut() else { return false };
        let is_first = error.kind() == io::ErrorKind::PermissionDenied && !level.is_opened_up;
        level.is_opened_up |= is_first;
        is_first && self.disk.open_up(&level.folder).is_ok()
    }

    /// A folder that lies too deep is moved into the outermost one, to be emptied there.
    fn bring_up(&mut self, folder: &D::Folder, name: &OsStr) -> io::Result<()> {
        let up = self.free_name()?;
        let Some(top) = self.open.first_mut() else { return Ok(()) };
        if !top.is_opened_up {
            // It may be read-only, as what is brought up: neither can be seen from the other's refusal.
            top.is_opened_up = true;
            let _ = self.disk.open_up(&top.folder);
        }
        let moved = match self.disk.rename((folder, name), (&top.folder, &up)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.disk.subfolder_here(folder, name).and_then(|inner| self.disk.open_up(&inner))?;
                self.disk.rename((folder, name), (&top.folder, &up))
            }
            moved => moved,
        };
        moved.map_err(|error| match error.kind() {
            io::ErrorKind::CrossesDevices => io::Error::other("it lies too deep, and cannot be moved"),
            _ => error,
        })?;
        top.names.push(up);
        Ok(())
    }

    /// A name that nothing has in the outermost folder.
    fn free_name(&mut self) -> io::Result<OsString> {
        while self.brought_up < MOST_BROUGHT_UP {
            self.brought_up += 1;
            let name = OsString::from(format!(".session-reaper.{}.{}", process::id(), self.brought_up));
            let taken = self.open.first().map_or(Ok(()), |top| self.disk.stat(&top.folder, &name).map(drop));
            match taken {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(name),
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("it lies too deep, as too many others did"))
    }

    /// What is gone already is no failure.
    fn stays(&mut self, name: &OsStr, error: io::Error) {
        if error.kind() == io::ErrorKind::NotFound {
            return;
        }
        self.open.last_mut().into_iter().for_each(|level| level.keeps = true);
        self.removed.left_in_all += 1;
        if self.removed.left.len() < MOST_TOLD {
            let way: PathBuf = self.open.iter().map(|level| Path::new(&level.name)).collect();
            self.removed.left.push((way.join(name), error));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{super::MemDisk, *};

    const FILE: &str = "/base/w/a/file";

    /// What is left of a group's main folder when somebody writes into it at each of the first calls of its removal.
    fn remove_beside(writes: u32, path: fn(u32) -> String) -> (MemDisk, Removed) {
        let disk = MemDisk::with_file(Path::new(FILE), b"x");
        let (other, calls) = (disk.clone(), AtomicU32::new(0));
        let busy = disk.clone().with_hook(move || {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            // Not before the removal has begun, and not by making anew what is gone.
            if (2..writes).contains(&call) && !other.names(Path::new("/base/w")).is_empty() {
                other.put(Path::new(&path(call)), b"y");
            }
        });
        let parent = busy.folder(Path::new("/base")).unwrap();
        let removed = remove_all(&busy, &parent, OsStr::new("w"));
        (disk, removed)
    }

    #[test]
    fn what_appears_meanwhile_goes_as_well() {
        for path in
            [|call| format!("/base/w/a/{call}"), |call| format!("/base/w/{call}/b")] as [fn(u32) -> String; 2]
        {
            let (disk, removed) = remove_beside(40, path);
            assert!(removed.left.is_empty(), "{removed:?}");
            assert!(removed.freed.files > 5, "{removed:?}");
            assert_eq!(disk.names(Path::new("/base")), [""; 0]);
        }
    }

    #[test]
    fn who_never_stops_writing_is_told_of() {
        let (disk, removed) = remove_beside(u32::MAX, |call| format!("/base/w/a/{call}"));
        let (path, error) = &removed.left[0];
        assert_eq!((path.as_path(), error.kind()), (Path::new("w/a"), io::ErrorKind::DirectoryNotEmpty));
        assert_eq!(disk.names(Path::new("/base")), ["w"]);
    }

    #[test]
    fn a_name_that_is_taken_is_not_brought_up_to_and_too_many_end_it() {
        let deep: PathBuf = std::iter::repeat_n("d", DEEPEST + 5).collect();
        let disk = MemDisk::with_file(&Path::new("/base/w").join(deep).join("file"), b"x");
        let taken = |number: u64| format!("/base/w/.session-reaper.{}.{number}", process::id());
        for number in 1..4 {
            disk.put(Path::new(&taken(number)), b"mine");
        }
        let parent = disk.folder(Path::new("/base")).unwrap();
        let removed = remove_all(&disk, &parent, OsStr::new("w"));
        assert!(removed.left.is_empty() && disk.names(Path::new("/base")).is_empty(), "{removed:?}");
        assert_eq!(removed.freed.files, 4);
        let mut removing = Removing {
            disk: &disk,
            open: Vec::new(),
            removed: Removed::default(),
            again: 0,
            brought_up: MOST_BROUGHT_UP + 1,
        };
        disk.put(Path::new("/base/w/x/file"), b"x");
        removing.entry(&parent, OsStr::new("w"));
        let folder = disk.folder(Path::new("/base/w")).unwrap();
        assert!(removing.bring_up(&folder, OsStr::new("x")).is_err());
    }
}
