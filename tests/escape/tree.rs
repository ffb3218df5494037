//! All that can be known of a folder and what is in it, for it to be held against the same a moment later.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Everything about a file but when it was read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    bytes: Vec<u8>,
    inode: u64,
    links: u64,
    mode: u32,
    owner: (u32, u32),
    /// When its bytes changed last, and when anything about it did. A folder's tell of every name that came or went.
    times: [(i64, i64); 2],
}

/// What is in a folder, itself included.
pub(crate) type Tree = BTreeMap<PathBuf, Trace>;

pub(crate) fn look(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let stat = fs::symlink_metadata(&path).unwrap();
        if stat.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let trace = Trace {
            bytes: if stat.is_file() { fs::read(&path).unwrap() } else { Vec::new() },
            inode: stat.ino(),
            links: stat.nlink(),
            mode: stat.mode(),
            owner: (stat.uid(), stat.gid()),
            times: [(stat.mtime(), stat.mtime_nsec()), (stat.ctime(), stat.ctime_nsec())],
        };
        tree.insert(path.strip_prefix(folder).unwrap().to_owned(), trace);
    }
    tree
}

/// The names of all that is not the same in both.
pub(crate) fn differences(before: &Tree, after: &Tree) -> Vec<PathBuf> {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[test]
fn a_byte_a_name_and_a_touch_are_all_seen() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a/file");
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(&file, "x").unwrap();
    let seen = |change: &dyn Fn()| {
        let before = look(dir.path());
        assert_eq!(differences(&before, &look(dir.path())), Vec::<PathBuf>::new());
        // A file system tells times by the tick of the kernel.
        std::thread::sleep(std::time::Duration::from_millis(20));
        change();
        differences(&before, &look(dir.path()))
    };
    assert_eq!(seen(&|| fs::write(&file, "y").unwrap()), [Path::new("a/file")]);
    assert_eq!(
        seen(&|| fs::write(file.with_file_name("new"), "").unwrap()),
        [Path::new("a"), Path::new("a/new")]
    );
    let gone = || {
        fs::write(dir.path().join("a/passing"), "").unwrap();
        fs::remove_file(dir.path().join("a/passing")).unwrap();
    };
    assert_eq!(seen(&gone), [Path::new("a")]);
}
