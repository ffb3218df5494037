//! Stores that stand alike, one in each folder of a folder, as agents' stores do: thousands are glanced at from there.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{FileStore, folder};
use crate::{
    fs::{RealDisk, Vantage, plain_path},
    gateway::Lookout,
};

/// The stores `<folder>/<any name>/<rest>`, contained in a root.
#[derive(Debug)]
pub struct Alike {
    vantage: Vantage,
    folder: PathBuf,
    /// The folder as it is called from the root of the machine on, where that is not how it was given.
    real: Option<PathBuf>,
    rest: PathBuf,
    root: Arc<Path>,
    lookout: Arc<Lookout>,
}

impl Alike {
    /// Those below `folder`, as [`FileStore::contained_in`] `root`; `None` where each takes a closer look. No name at all is
    /// the folder that we are in.
    #[must_use]
    pub fn below(folder: &Path, rest: &Path, root: &Path) -> Option<Self> {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let vantage = Vantage::of(here, root, rest, &folder::state_name(rest.file_name()?))?;
        let real = Some(plain_path(here)?).filter(|real| real.as_os_str() != folder.as_os_str());
        let folder = folder.to_owned();
        Some(Self {
            vantage,
            folder,
            real,
            rest: rest.to_owned(),
            root: root.into(),
            lookout: Arc::default(),
        })
    }

    /// The store below `name`, where a glance finds it: then it is plain, as [`FileStore::is_plain`] tells.
    #[must_use]
    pub fn glance(&self, name: &OsStr) -> Option<FileStore> {
        let glanced = Some(self.vantage.beside(name, folder::last_sweep)?);
        let (root, lookout) = (Some(Arc::clone(&self.root)), Some(Arc::clone(&self.lookout)));
        Some(FileStore { disk: RealDisk, path: self.path_in(&self.folder, name), root, lookout, glanced })
    }

    /// The real path of a store that a glance has found; `None` where it is the path that the store has.
    #[must_use]
    pub fn real_path(&self, name: &OsStr) -> Option<PathBuf> {
        Some(self.path_in(self.real.as_ref()?, name))
    }

    fn path_in(&self, folder: &Path, name: &OsStr) -> PathBuf {
        let mut path =
            PathBuf::with_capacity(folder.as_os_str().len() + name.len() + self.rest.as_os_str().len() + 2);
        path.push(folder);
        path.push(name);
        path.push(&self.rest);
        path
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files as any program would")]

    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::{
        Timestamp,
        fs::OUR_FOLDER,
        store::{State, Store},
    };

    const REST: &str = "sessions/sessions.json";

    /// `<root>/agents/<name>/sessions/sessions.json`, one that was swept, one that never was, and a link to the first.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["swept", "new"] {
            let folder = root.join("agents").join(name).join("sessions");
            fs::create_dir_all(folder.join(OUR_FOLDER)).unwrap();
            fs::write(folder.join("sessions.json"), "{}").unwrap();
        }
        let state = serde_json::to_string(&State::swept_at(Timestamp::from_millis(7))).unwrap();
        let ours = root.join("agents/swept/sessions").join(OUR_FOLDER);
        fs::write(ours.join("sessions.json.state"), state).unwrap();
        symlink("swept", root.join("agents/link")).unwrap();
        (dir, root)
    }

    #[test]
    fn a_store_is_the_one_that_a_glance_at_its_path_finds() {
        let (_dir, root) = tree();
        let alike = Alike::below(&root.join("agents"), REST.as_ref(), &root).unwrap();
        let path = root.join("agents/swept").join(REST);
        let (ours, theirs) =
            (alike.glance("swept".as_ref()).unwrap(), FileStore::new(&path).contained_in(&root).glanced_at());
        assert!(ours.is_plain() && theirs.is_plain());
        assert_eq!((ours.path(), ours.root()), (theirs.path(), theirs.root()));
        assert_eq!(ours.last_sweep_at_least(), theirs.last_sweep_at_least());
        assert_eq!(alike.real_path("swept".as_ref()), None);
        let alike = Alike::below(&root.join("./agents"), REST.as_ref(), &root).unwrap();
        assert_eq!(
            alike.glance("swept".as_ref()).unwrap().path().as_os_str(),
            root.join("./agents/swept").join(REST).as_os_str()
        );
        assert_eq!(alike.real_path("swept".as_ref()).unwrap().as_os_str(), path.as_os_str());
    }

    #[test]
    fn what_was_never_swept_is_missing_or_is_behind_a_link_takes_a_closer_look() {
        let (_dir, root) = tree();
        let alike = Alike::below(&root.join("agents"), REST.as_ref(), &root).unwrap();
        assert!(
            ["new", "link", "none", "..", "swept/."].iter().all(|name| alike.glance(name.as_ref()).is_none())
        );
        fs::remove_file(root.join("agents/swept").join(REST)).unwrap();
        assert!(alike.glance("swept".as_ref()).is_none());
    }

    #[test]
    fn i10_no_store_is_glanced_at_from_out_of_its_root() {
        let (_dir, root) = tree();
        let below =
            |folder: &str, rest: &str| Alike::below(&root.join(folder), rest.as_ref(), &root.join("agents"));
        assert!(below("agents", REST).is_some() && below("agents/swept", "sessions.json").is_some());
        assert!(below("", "swept/sessions/sessions.json").is_none() && below("agents", "..").is_none());
        assert!(below("agents/link", "sessions.json").is_none() && below("agents", "").is_none());
    }
}
