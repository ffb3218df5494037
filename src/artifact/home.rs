//! The home folder of who runs this, which no sweep takes anything from, whatever it is called by.

use std::path::{Path, PathBuf};

use crate::{
    fs::{self, Stat},
    process,
};

/// A home folder, and every folder that it is in.
#[derive(Debug, Default)]
pub(super) struct Home {
    /// How it is called, and its real path.
    pub(super) paths: Vec<PathBuf>,
    /// Device and inode of each folder on the way to it.
    around: Vec<(u64, u64)>,
}

impl Home {
    /// That of this process: what `HOME` says, or the machine's list of users where that says nothing.
    pub(super) fn of_this_process() -> Self {
        let named = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        named.or_else(of_this_user).map_or_else(Self::default, |home| Self::at(&home))
    }

    pub(super) fn at(home: &Path) -> Self {
        let real = fs::real_path(home).ok().flatten();
        let paths: Vec<PathBuf> = real.into_iter().chain([home.to_owned()]).collect();
        let around = paths.iter().flat_map(|path| path.ancestors()).filter_map(fs::stat);
        let around = around.map(|stat| (stat.dev, stat.ino)).collect();
        Self { paths, around }
    }

    /// Whether this is the home folder, or one that it is in.
    pub(super) fn is_in(&self, stat: &Stat) -> bool {
        self.around.contains(&(stat.dev, stat.ino))
    }
}

fn of_this_user() -> Option<PathBuf> {
    process::listed_user(rustix::process::geteuid().as_raw())?.home
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i10_it_is_known_whatever_it_is_called_and_so_is_what_it_is_in() {
        let home = Home::at(Path::new("/usr/bin"));
        for (path, expected) in [("/usr/bin/../bin", true), ("/usr", true), ("/", true), ("/usr/lib", false)]
        {
            assert_eq!(home.is_in(&fs::stat(Path::new(path)).unwrap()), expected, "{path}");
        }
    }
}
