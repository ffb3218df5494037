//! The folder that groups are swept in: which one may be, and none that is not there is made.

use std::{io, path::Path};

use super::{Group, home::Home, links::link_on_the_way, look::Base};
use crate::{
    fs::{Disk, RealDisk},
    model::{Error, ErrorKind},
};

pub(super) const STEP: &str = "sweep the workspaces in";

const HINT: &str = "name the folder that jobs have theirs in, from the root on";

/// Opens the folder; `None` when there is none: then no job has had one yet.
///
/// # Errors
/// The path is empty or relative, has a `..` in it, or is the root, the home folder of this process or one that it is in, there
/// is a link on the way to it or in its place, it is no folder, or it cannot be listed.
pub(super) fn open<'a>(path: &'a Path, home: &'a Home) -> Result<Option<Base<'a>>, Error> {
    for home in home.paths.iter().map(|home| Some(home.as_path())).chain([None]) {
        Group::of(path, home).map_err(|error| refused(path, error.message()))?;
    }
    let folder = match RealDisk.folder(path) {
        Ok(folder) => folder,
        Err(error) => return why_not(path, error).map(|()| None),
    };
    let stat = RealDisk.stat(&folder, ".".as_ref()).map_err(|error| Error::io(STEP, path, error))?;
    if home.is_in(&stat) {
        return Err(refused(path, "your home folder is in there"));
    }
    Ok(Some(Base { path, folder, home }))
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Config, STEP, path, why).with_hint(HINT)
}

fn why_not(path: &Path, error: io::Error) -> Result<(), Error> {
    if let Some(refusal) = link_on_the_way(STEP, path, path) {
        return Err(refusal);
    }
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        io::ErrorKind::NotADirectory => Err(refused(path, "it is no folder")),
        _ => Err(Error::io(STEP, path, error).with_hint("run it as the user whose jobs these are")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make folders as any program would")]

    use std::path::PathBuf;

    use super::*;

    fn refusal(path: &Path, home: &Home) -> Error {
        open(path, home).unwrap_err()
    }

    #[test]
    fn i10_no_home_folder_is_swept_nor_one_around_it_whatever_it_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let inner = root.join("home/u");
        std::fs::create_dir_all(inner.join("jobs")).unwrap();
        std::os::unix::fs::symlink(&inner, root.join("link")).unwrap();
        for home in [inner.clone(), root.join("link")] {
            let by_name = Home::at(&home);
            // Bound to another place it has another name, and is the same folder.
            let mut by_number = Home::at(&home);
            by_number.paths.clear();
            for (home, path) in [
                (&by_name, "home/u"),
                (&by_name, "home/u/"),
                (&by_name, "home"),
                (&by_number, "home/u"),
                (&by_number, "home"),
            ] {
                let error = refusal(&root.join(path), home);
                assert_eq!(
                    (error.kind(), error.message()),
                    (ErrorKind::Config, "your home folder is in there"),
                    "{path}"
                );
                assert_eq!(error.hint(), Some(HINT));
            }
            assert!(open(&inner.join("jobs"), &by_name).unwrap().is_some());
        }
    }

    #[test]
    fn i10_a_link_is_known_whatever_stands_behind_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("deep/jobs")).unwrap();
        std::os::unix::fs::symlink("deep/jobs", root.join("link")).unwrap();
        std::os::unix::fs::symlink("deep", root.join("middle")).unwrap();
        for path in ["link", "link/", "link//", "link/.", "link/./", "middle/jobs", "middle//jobs/"] {
            let error = refusal(&PathBuf::from(format!("{}/{path}", root.display())), &Home::default());
            assert_eq!(
                (error.kind(), error.message()),
                (ErrorKind::Refused, "there is a link on the way to it"),
                "{path}"
            );
            let hint = format!("name it by its real path: {}", root.join("deep/jobs").display());
            assert_eq!(error.hint(), Some(&*hint), "{path}");
        }
        assert!(open(&root.join("deep/jobs/"), &Home::default()).unwrap().is_some());
    }
}
