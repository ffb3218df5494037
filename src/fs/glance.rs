//! Paths that lead straight to what they name, as nearly all do: one call tells so, where finding each link takes one call
//! a folder. What is not so plain is left to those who look closer.

#![expect(clippy::disallowed_methods, reason = "this is the room that touches files")]

use std::{
    borrow::Cow,
    ffi::OsStr,
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, FileType},
    path::Arg,
};

use super::{private::OUR_FOLDER, straight};

/// A glance takes in no more than this.
const MOST: usize = 4096;

/// The real path behind `path`, every link followed.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    match plain(path).filter(|_| straight::leads_to_something(path)) {
        Some(real) => Ok(real),
        None => std::fs::canonicalize(path),
    }
}

/// All of the small file `name` in our folder beside the file at `path`; `None` where that takes a closer look: when there
/// is a link on the way to either, when `path` is no regular file, and when it is not surely in `root`.
pub(super) fn beside(path: &Path, root: Option<&Path>, name: &OsStr) -> Option<Vec<u8>> {
    if root.is_some_and(|root| !is_in(path, root)) {
        return None;
    }
    if !is_file(CWD, path) {
        return None;
    }
    let near: PathBuf = [path.parent()?.as_os_str(), OUR_FOLDER.as_ref(), name].iter().collect();
    small(&straight::file(CWD, &near)?, |text| Some(text.to_vec()))
}

/// Whether a regular file stands at `path` from `folder` on, and no link to one.
pub(super) fn is_file(folder: impl AsFd, path: impl Arg) -> bool {
    let stat = rustix::fs::statat(folder, path, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// What `read` makes of all of a small file; `None` when it is larger.
pub(super) fn small<T>(file: &OwnedFd, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    let mut buffer = [MaybeUninit::uninit(); MOST];
    // A file that is cut short here is no text of ours, and what is not understood is looked at again.
    let (text, _) = rustix::io::read(file, &mut buffer).ok()?;
    (text.len() < MOST).then(|| read(text))?
}

/// Whether the words of a path alone tell that it leads into `root`.
pub(super) fn is_in(path: &Path, root: &Path) -> bool {
    if path.is_absolute() {
        !goes_back(path) && path.starts_with(root)
    } else {
        plain(path).is_some_and(|real| real.starts_with(root))
    }
}

/// The path from the root on, if its words alone tell that.
pub(super) fn plain(path: &Path) -> Option<PathBuf> {
    if goes_back(path) {
        return None;
    }
    let whole =
        if path.is_absolute() { Cow::Borrowed(path) } else { Cow::Owned(std::path::absolute(path).ok()?) };
    Some(whole.components().collect())
}

fn goes_back(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const STATE: &str = "store.state";

    /// `<root>/a/store` with a state beside it, and links to all of it.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a").join(OUR_FOLDER)).unwrap();
        std::fs::write(root.join("a/store"), "{}").unwrap();
        std::fs::write(root.join("a").join(OUR_FOLDER).join(STATE), "state").unwrap();
        symlink("a", root.join("to-a")).unwrap();
        symlink("store", root.join("a/to-store")).unwrap();
        (dir, root)
    }

    fn seen(path: &Path, root: Option<&Path>) -> Option<Vec<u8>> {
        beside(path, root, STATE.as_ref())
    }

    #[test]
    fn every_path_resolves_as_the_system_resolves_it() {
        let (_dir, root) = tree();
        let inner = ["", "a", "a/.", "a//store", "./a/store", "a/../a/store", "to-a/store", "a/to-store"];
        let none = ["none", "a/none", "a/store/none", "a/store/.", "a/store/"];
        for path in inner
            .iter()
            .chain(&none)
            .map(|path| root.join(path))
            .chain(["src/../src".into(), "src/fs".into()])
        {
            let (ours, theirs) = (resolve(&path), std::fs::canonicalize(&path));
            let kind = |found: io::Result<PathBuf>| found.map_err(|error| error.kind());
            assert_eq!(kind(ours), kind(theirs), "{}", path.display());
        }
        assert!(resolve(Path::new("")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn i10_a_glance_follows_no_link_and_leaves_no_root() {
        let (_dir, root) = tree();
        let store = root.join("a/store");
        for inside in [None, Some(&*root), Some(&*root.join("a"))] {
            assert_eq!(seen(&store, inside).as_deref(), Some(&b"state"[..]));
        }
        assert_eq!(seen(&root.join("a/./store"), Some(&root)).as_deref(), Some(&b"state"[..]));
        for (path, inside) in [
            ("to-a/store", None),
            ("a/to-store", None),
            ("a/none", None),
            ("a", None),
            ("a/store", Some(root.join("b"))),
            ("b/../a/store", Some(root.join("b"))),
            ("a/../a/store", Some(root.clone())),
        ] {
            assert_eq!(seen(&root.join(path), inside.as_deref()), None, "{path}");
        }
    }

    #[test]
    fn i10_a_state_or_a_folder_of_ours_that_is_a_link_is_not_glanced_at() {
        let (_dir, root) = tree();
        let (store, ours) = (root.join("a/store"), root.join("a").join(OUR_FOLDER));
        std::fs::rename(ours.join(STATE), root.join("elsewhere")).unwrap();
        symlink(root.join("elsewhere"), ours.join(STATE)).unwrap();
        assert_eq!(seen(&store, None), None);
        std::fs::remove_dir_all(&ours).unwrap();
        std::fs::create_dir(root.join("planted")).unwrap();
        std::fs::write(root.join("planted").join(STATE), "state").unwrap();
        symlink("../planted", &ours).unwrap();
        assert_eq!(seen(&store, None), None);
    }

    #[test]
    fn what_is_large_or_no_file_is_left_to_a_closer_look() {
        let (_dir, root) = tree();
        let state = root.join("a").join(OUR_FOLDER).join(STATE);
        std::fs::write(&state, vec![b' '; MOST]).unwrap();
        assert_eq!(seen(&root.join("a/store"), None), None);
        std::fs::remove_file(&state).unwrap();
        assert_eq!(seen(&root.join("a/store"), None), None);
        std::fs::create_dir(&state).unwrap();
        assert_eq!(seen(&root.join("a/store"), None), None);
    }
}
