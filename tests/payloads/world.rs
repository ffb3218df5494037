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

use crate::folder::{Folder, names};

pub(crate) struct World(Folder);

impl World {
    pub(crate) fn new() -> Self {
        Self(Folder::new())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        self.0.write(name, text)
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

    /// What is in a folder, but for our own.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let mut names = self.0.names(folder);
        names.retain(|name| name != ".session-reaper");
        names
    }
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
