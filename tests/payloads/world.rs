//! A spool in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use session_reaper::{
    Timestamp,
    artifact::payloads::{BlobHash, BlobRef, Options, Session, Spool, Stored},
    now,
};
use tempfile::TempDir;

pub(crate) struct World {
    _dir: TempDir,
    root: PathBuf,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        Self { _dir: dir, root }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.path("spool")
    }

    pub(crate) fn spool(&self) -> Spool {
        self.spool_with(small())
    }

    pub(crate) fn spool_with(&self, options: Options) -> Spool {
        Spool::open(&self.dir(), options, now()).unwrap()
    }

    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Ten bytes stay inline; what is shown is as long as ever.
pub(crate) fn small() -> Options {
    let shown = (Options::BYTES.try_into().unwrap(), Options::LINES.try_into().unwrap());
    Options::default().with_inline_limit(10).unwrap().with_excerpt(shown.0, shown.1).unwrap()
}

pub(crate) fn put(session: &Session, payload: &[u8]) -> BlobRef {
    match session.put(payload, "text/plain") {
        Stored::Spooled(blob) => *blob,
        Stored::Inline(why) => panic!("{why:?}"),
    }
}

/// A time so long after this one.
pub(crate) fn after(millis: i64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() + millis)
}

/// How many payloads there are in all sessions; each must be what its name says.
pub(crate) fn whole_blobs(dir: &Path) -> usize {
    let folders = names(dir).into_iter().map(|name| dir.join(name)).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| names(&folder).into_iter().map(move |name| folder.join(name)));
    let blobs = files.filter(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.len() == 64 && !name.contains('.')
    });
    blobs
        .inspect(|blob| {
            let bytes = fs::read(blob).unwrap();
            assert_eq!(BlobHash::of(&bytes).to_string(), blob.file_name().unwrap().to_str().unwrap());
        })
        .count()
}
