//! Each store once, however often it was found.

use std::{ffi::OsStr, sync::Arc};

use foldhash::{HashSet, HashSetExt};
use session_reaper::gateway::Lookout;

use super::{Find, Real, Target};

/// The targets in their order, of those that are the same store the first. One look at the machine does for all of them
/// while it is fresh.
pub(super) fn each(finds: Vec<Find>) -> Vec<Target> {
    let lookout: Arc<Lookout> = Arc::default();
    let is_first = firsts(&finds);
    let firsts = finds
        .into_iter()
        .enumerate()
        .filter(|(place, _)| is_first.as_ref().is_none_or(|is| is.get(*place) == Some(&true)));
    firsts.map(|(_, find)| find.target.watched_from(&lookout)).collect()
}

/// Which are the first of those that are the same store; `None` where all are.
fn firsts(finds: &[Find]) -> Option<Vec<bool>> {
    // As what was found in one folder mostly is.
    if finds.is_sorted_by(|a, b| real(a).zip(real(b)).is_some_and(|(a, b)| a < b)) {
        return None;
    }
    let mut seen = HashSet::with_capacity(finds.len());
    Some(finds.iter().map(|find| real(find).is_none_or(|real| seen.insert(real))).collect())
}

/// What tells whether two are the same store; `None` for what is no store.
fn real(find: &Find) -> Option<&OsStr> {
    match (&find.real, &find.target) {
        (Real::Path(path), _) => Some(path.as_os_str()),
        (Real::AsGiven, Target::Store(store)) => Some(store.path().as_os_str()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use session_reaper::{Error, FileStore};

    use super::*;

    fn find(text: &str) -> Find {
        let store = |path: &str| Target::Store(FileStore::new(path));
        match text.split_once("->") {
            Some((path, real)) => Find { target: store(path), real: Real::Path(real.into()) },
            None if text == "none" => Find::none(Error::leads_out(Path::new("none"))),
            None => Find { target: store(text), real: Real::AsGiven },
        }
    }

    fn names(finds: &[&str]) -> Vec<String> {
        each(finds.iter().map(|text| find(text)).collect()).iter().map(Target::name).collect()
    }

    #[test]
    fn of_the_same_store_the_first_find_is_kept_and_of_others_all_in_their_order() {
        for (finds, kept) in [
            (&[][..], &[][..]),
            (&["/a", "/b", "/c"], &["/a", "/b", "/c"]),
            (&["/a", "/a"], &["/a"]),
            (&["/c", "/a", "/b", "/a", "/c"], &["/c", "/a", "/b"]),
            (&["/a", "/b", "/link->/a"], &["/a", "/b"]),
            (&["x->/a", "/b", "/a"], &["x", "/b"]),
            (&["none", "none", "/a", "none"], &["none", "none", "/a", "none"]),
        ] {
            assert_eq!(names(finds), kept, "{finds:?}");
        }
    }
}
