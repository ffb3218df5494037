//! A base with the folders of jobs in it.

use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use session_reaper::artifact::workspaces::{Outcome, Removal, Shape, remove_group};

use crate::folder::Folder;

/// A base of its own, and what stands outside of it.
pub(crate) struct World(Folder);

impl World {
    /// With a group `w` in its base.
    pub(crate) fn new() -> Self {
        let world = Self(Folder::new());
        world.write("base/w/src/deep/main.rs", "1234567890");
        world.write("base/w/notes", "12345");
        world.write("base/w.cred.sh", "token");
        world.write("base/w-artifacts/summary.md", "done");
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        self.0.write(name, text)
    }

    /// So many folders, one in the other, and a file at the end.
    pub(crate) fn dig(&self, folder: &str, depth: usize) {
        let mut at = rustix::fs::open(self.path(folder), OFlags::PATH, Mode::empty()).unwrap();
        for _ in 0..depth {
            rustix::fs::mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = rustix::fs::openat(&at, "d", OFlags::PATH, Mode::empty()).unwrap();
        }
        rustix::fs::openat(&at, "file", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap();
    }

    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        self.0.names(folder)
    }

    pub(crate) fn remove(&self) -> Removal {
        remove_at(&self.path("base/w"))
    }
}

pub(crate) fn remove_at(path: &Path) -> Removal {
    remove_group(path, &Shape::default()).unwrap()
}

/// What became of the members, in their order.
pub(crate) fn outcomes(removal: &Removal) -> Vec<&Outcome> {
    removal.members.iter().map(|member| &member.outcome).collect()
}
