//! What is below a folder. Shared by tests/payloads and tests/transcripts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// All that is below a folder: files with what is in them, folders and links with nothing.
pub(crate) type Tree = BTreeMap<PathBuf, Vec<u8>>;

pub(crate) fn all_below(folder: &Path) -> Tree {
    let mut found = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let text = if kind.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            found.insert(path.clone(), text);
            folders.extend(kind.is_dir().then_some(path));
        }
    }
    found
}
