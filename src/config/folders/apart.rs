//! The folders that are swept stand apart: what one sweep keeps as alive, another one in the same place knows nothing of, and
//! would take. The disk is not asked here, only what the folders are called.

use std::path::{Component, Path, PathBuf};

use crate::config::{
    Effective, Setting,
    error::{Problem, Problems},
};

const REMEDY: &str =
    "what one keeps, the sweep of the other would take; name folders of which none is another or in another";

impl Effective {
    /// Every two folders that do not stand apart are told.
    pub(in crate::config) fn must_stand_apart(&self) -> Result<(), crate::config::ConfigError> {
        let base = (Setting::WorkspacesBase, self.workspaces_base.as_deref());
        let media = (Setting::MediaDir, self.media.dir.as_deref());
        let payloads = (Setting::PayloadsDir, self.payloads.dir.as_deref());
        let mut problems = Problems::default();
        for (one, other) in [(media, base), (payloads, base), (payloads, media)] {
            if let ((one, Some(path)), (other, Some(beside))) = (one, other) {
                self.clash((one, path), (other, beside))
                    .into_iter()
                    .for_each(|problem| problems.add(problem));
            }
        }
        problems.check()
    }

    fn clash(&self, (one, path): (Setting, &Path), (other, beside): (Setting, &Path)) -> Option<Problem> {
        let (plain, plain_beside) = (plain(path), plain(beside));
        let how = match (plain.starts_with(&plain_beside), plain_beside.starts_with(&plain)) {
            (true, true) => "is the same folder as",
            (true, false) => "is inside of",
            (false, true) => "is around",
            (false, false) => return None,
        };
        let (path, beside) = (path.display(), beside.display());
        let (key, other_key, origin) = (one.key(), other.key(), self.origin(other));
        let why = format!("{key} {path} {how} {other_key} {beside} (from {origin}): {REMEDY}");
        Some(Problem::at(self.origin(one), why))
    }
}

/// A path as its words say: nothing doubled, nothing that leads back.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
