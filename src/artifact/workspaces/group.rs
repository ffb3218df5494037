//! Which group a path means, or why it means none that may be removed.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use crate::model::{Error, ErrorKind};

/// What is being done, for errors.
pub(super) const STEP: &str = "remove the group of";

/// Why a group with somebody's home in it is refused, and what to do.
pub(super) const HOME_IS_IN_THERE: (&str, &str) = (
    "your home folder is in there",
    "name the main folder of one job; if a job has its HOME in there, call it with another",
);

/// An error that says why this path is refused, and what to do.
pub(super) fn refused(path: &Path, (why, hint): (&str, &str)) -> Error {
    Error::new(ErrorKind::Config, STEP, path, why).with_hint(hint)
}

/// A group: the folder that it is in, and the name of its main member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub(super) parent: PathBuf,
    name: OsString,
}

impl Group {
    /// The group whose main path this is. Slashes at its end and doubled ones do not count: `W/` is `W`, and its siblings
    /// are those of `W`.
    ///
    /// # Errors
    /// The path is empty or relative, has a `..` in it, or is the root, `home`, or a folder that `home` is in.
    pub fn of(path: &Path, home: Option<&Path>) -> Result<Self, Error> {
        if path.as_os_str().is_empty() {
            return Err(refused(path, ("the path is empty", "a variable without a value, perhaps")));
        }
        if !path.is_absolute() {
            return Err(refused(path, ("the path is relative", "name the main folder from the root on")));
        }
        let parts: Vec<&OsStr> = parts(path).collect();
        if parts.contains(&OsStr::new("..")) {
            return Err(refused(path, ("there is a .. in the path", "name the folder itself")));
        }
        let Some((name, around)) = parts.split_last() else {
            return Err(refused(path, ("this is the root of everything", "name the main folder of one job")));
        };
        let home = home.map(|home| self::parts(home).collect::<Vec<_>>()).unwrap_or_default();
        if home.starts_with(&parts) {
            return Err(refused(path, HOME_IS_IN_THERE));
        }
        let parent = Path::new("/").join(around.iter().collect::<PathBuf>());
        Ok(Self { parent, name: (*name).to_owned() })
    }

    /// The main path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.parent.join(&self.name)
    }

    /// The name of the member with this behind the main name.
    pub(super) fn member(&self, suffix: &str) -> OsString {
        OsString::from_vec([self.name.as_bytes(), suffix.as_bytes()].concat())
    }
}

/// The names on the way, but for those that stay where they are.
fn parts(path: &Path) -> impl Iterator<Item = &OsStr> {
    let names = path.as_os_str().as_bytes().split(|byte| *byte == b'/').map(OsStr::from_bytes);
    names.filter(|name| !name.is_empty() && *name != ".")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn group(path: &str) -> Result<Group, String> {
        Group::of(Path::new(path), Some(Path::new("/home/u"))).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn slashes_and_dots_change_nothing() {
        let plain = group("/base/w").unwrap();
        assert_eq!((plain.path(), plain.member(".cred.sh")), (PathBuf::from("/base/w"), "w.cred.sh".into()));
        for path in ["/base/w/", "/base/w///", "//base//w", "/base/./w/.", "/./base/w/"] {
            assert_eq!(group(path).as_ref(), Ok(&plain), "{path}");
        }
    }

    #[test]
    fn i10_what_no_job_works_in_is_refused() {
        for (path, why) in [
            ("", "the path is empty"),
            ("w", "the path is relative"),
            ("./w", "the path is relative"),
            ("../w", "the path is relative"),
            ("/base/..", "there is a .. in the path"),
            ("/base/../w", "there is a .. in the path"),
            ("/", "this is the root of everything"),
            ("///", "this is the root of everything"),
            ("/.", "this is the root of everything"),
            ("/home/u", "your home folder is in there"),
            ("/home/u/", "your home folder is in there"),
            ("/home", "your home folder is in there"),
        ] {
            assert_eq!(group(path), Err(why.to_owned()), "{path:?}");
        }
        assert!(group("/home/u/w").is_ok() && group("/home/uu").is_ok() && group("/hom").is_ok());
        assert!(Group::of(Path::new("/home/u"), None).is_ok());
    }

    proptest! {
        #[test]
        fn i10_a_member_stands_right_in_its_parent(path in "[a./]{0,12}") {
            if let Ok(group) = group(&path) {
                let member = group.member("-x");
                prop_assert!(!member.as_bytes().contains(&b'/') && member != "-x");
                let path = group.path();
                prop_assert_eq!(path.parent(), Some(&*group.parent));
                prop_assert!(!parts(&path).any(|part| part == ".."));
            }
        }
    }
}
