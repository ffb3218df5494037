//! An open folder from which thousands of files are glanced at that stand alike below it, as agents' stores do: what is
//! above them is walked once, and not for each.

use std::{
    ffi::OsStr,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Component, Path},
};

use super::{OUR_FOLDER, glance, straight};

/// A folder with no link on the way to it, and where files stand below each name in it.
#[derive(Debug)]
pub struct Vantage {
    folder: OwnedFd,
    /// How the file is called from a folder in there, and the small file of ours beside it.
    file: Vec<u8>,
    near: Vec<u8>,
}

impl Vantage {
    /// The folder at `path`, to glance from at `file` in each folder in it and at our small file `near` beside that; `None`
    /// where that takes a closer look: when there is a link on the way to the folder, when it is not surely in `root`, and
    /// when `file` may lead out of it.
    #[must_use]
    pub fn of(path: &Path, root: &Path, file: &Path, near: &OsStr) -> Option<Self> {
        if !glance::is_in(path, root) || !file.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let near = file.parent()?.join(OUR_FOLDER).join(near);
        let folder = straight::place(path)?;
        Some(Self {
            folder,
            file: file.as_os_str().as_bytes().into(),
            near: near.into_os_string().into_encoded_bytes(),
        })
    }

    /// What `read` makes of all of the small file, below the folder `name`; `None` where that takes a closer look: when
    /// there is a link on the way to it, and when the file beside is no regular file.
    pub fn beside<T>(&self, name: &OsStr, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let name = Some(name.as_bytes()).filter(|name| is_single(name))?;
        if !glance::is_file(&self.folder, [name, b"/", &self.file].concat().as_slice()) {
            return None;
        }
        let near = straight::file(&self.folder, [name, b"/", &self.near].concat().as_slice())?;
        glance::small(&near, read)
    }
}

/// Whether it is the name of something in a folder, and leads nowhere else.
fn is_single(name: &[u8]) -> bool {
    !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/')
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files as any program would")]

    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::*;

    const FILE: &str = "s/store";
    const STATE: &str = "store.state";

    /// `<root>/all/<name>/s/store` with a state beside it for two names, and links to all of it.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["a", "b"] {
            let ours = root.join("all").join(name).join("s").join(OUR_FOLDER);
            fs::create_dir_all(&ours).unwrap();
            fs::write(ours.join("../store"), "{}").unwrap();
            fs::write(ours.join(STATE), name).unwrap();
        }
        symlink("all", root.join("to-all")).unwrap();
        symlink("a", root.join("all/to-a")).unwrap();
        (dir, root)
    }

    fn from(path: &Path, root: &Path, file: &str) -> Option<Vantage> {
        Vantage::of(path, root, file.as_ref(), STATE.as_ref())
    }

    fn seen(vantage: &Vantage, name: &str) -> Option<Vec<u8>> {
        vantage.beside(name.as_ref(), |text| Some(text.to_vec()))
    }

    #[test]
    fn what_stands_alike_is_seen_from_one_folder() {
        let (_dir, root) = tree();
        let vantage = from(&root.join("all"), &root, FILE).unwrap();
        assert_eq!(["a", "b"].map(|name| seen(&vantage, name)), [b"a", b"b"].map(|text| Some(text.to_vec())));
        assert_eq!(vantage.beside("a".as_ref(), |_| None::<()>), None);
    }

    #[test]
    fn i10_no_glance_is_from_a_folder_behind_a_link_or_out_of_its_root() {
        let (_dir, root) = tree();
        for (path, inside) in [
            ("to-all", root.clone()),
            ("none", root.clone()),
            ("all/a/s/store", root.clone()),
            ("all/../all", root.clone()),
            ("all", root.join("b")),
            ("b/../all", root.join("b")),
        ] {
            assert!(from(&root.join(path), &inside, FILE).is_none(), "{path}");
        }
        for file in ["../all/a/s/store", "s/../s/store", "/etc/passwd", ""] {
            assert!(from(&root.join("all"), &root, file).is_none(), "{file}");
        }
    }

    #[test]
    fn i10_no_glance_follows_a_link_or_leaves_the_folder() {
        let (_dir, root) = tree();
        let vantage = from(&root.join("all"), &root, FILE).unwrap();
        for name in ["to-a", "none", "../all/a", "a/../b", "a/.", ".", "..", "", "/", "a\0"] {
            assert_eq!(seen(&vantage, name), None, "{name}");
        }
        let (a, b) = (root.join("all/a/s"), root.join("all/b/s"));
        fs::rename(a.join("store"), a.join("elsewhere")).unwrap();
        symlink("elsewhere", a.join("store")).unwrap();
        fs::rename(b.join(OUR_FOLDER), b.join("elsewhere")).unwrap();
        symlink("elsewhere", b.join(OUR_FOLDER)).unwrap();
        assert_eq!(["a", "b"].map(|name| seen(&vantage, name)), [None, None]);
    }

    #[test]
    fn i10_a_folder_or_a_state_that_becomes_a_link_later_is_not_glanced_at() {
        let (_dir, root) = tree();
        let vantage = from(&root.join("all"), &root, FILE).unwrap();
        let (a, b) = (root.join("all/a/s"), root.join("all/b").join("s").join(OUR_FOLDER));
        fs::rename(&a, root.join("planted")).unwrap();
        symlink(root.join("planted"), &a).unwrap();
        fs::rename(b.join(STATE), b.join("elsewhere")).unwrap();
        symlink("elsewhere", b.join(STATE)).unwrap();
        assert_eq!(["a", "b"].map(|name| seen(&vantage, name)), [None, None]);
    }
}
