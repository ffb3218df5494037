//! Whether the folders to sweep really stand apart: a configuration knows what they are called, and a link or a mount may lead
//! two names to one place.

use std::path::{Path, PathBuf};

use super::{Kind, Target};
use crate::{
    fs,
    model::{Error, ErrorKind},
};

const STEP: &str = "sweep";

/// Where a folder really is.
#[derive(Debug)]
struct Site {
    path: PathBuf,
    /// Device and inode, if it is there.
    itself: Option<(u64, u64)>,
    /// The same of each folder on the way to it, itself included.
    around: Vec<(u64, u64)>,
}

impl Site {
    fn of(path: &Path) -> Self {
        let number = |path: &Path| fs::stat(path).map(|stat| (stat.dev, stat.ino));
        let path = real(path);
        Self { itself: number(&path), around: path.ancestors().filter_map(number).collect(), path }
    }

    fn is_in(&self, outer: &Self) -> bool {
        let is_around = |itself| self.around.contains(&itself);
        self.path.starts_with(&outer.path) || outer.itself.is_some_and(is_around)
    }
}

/// The real path; of what is not there, that of the nearest folder around it with the rest behind.
fn real(path: &Path) -> PathBuf {
    let from = |around: &Path| {
        let rest = path.strip_prefix(around).ok()?;
        let real = fs::real_path(around).ok().flatten()?;
        // An empty rest would leave a slash, and make another path of it.
        Some(if rest.as_os_str().is_empty() { real } else { real.join(rest) })
    };
    path.ancestors().find_map(from).unwrap_or_else(|| path.to_owned())
}

/// Why each of these folders must not be swept, in their order: it is another one, or in another one, or around it; or one of
/// the `stores` of sessions is in there, and it is a media store or a spool. Each sweep knows only its own marks of what
/// lives, and would take what another one keeps. A job may have a store in its folder, which goes with the job.
#[must_use]
pub fn clashes<'p>(targets: &[Target], stores: impl Iterator<Item = &'p Path>) -> Vec<Option<Error>> {
    let sites: Vec<(&Target, Site)> =
        targets.iter().map(|target| (target, Site::of(target.path()))).collect();
    let is_asked = targets.iter().any(|target| target.kind() != Kind::Workspaces);
    let stores: Vec<PathBuf> = stores.filter(|_| is_asked).map(real).collect();
    let clash = |(number, (target, site)): (usize, &(&Target, Site))| {
        let others = sites.iter().enumerate().filter(|(other, _)| *other != number);
        let clash = others.map(|(_, other)| other).find_map(|(other, beside)| overlap(site, (other, beside)));
        let clash = clash.or_else(|| stores_in(target, site, &stores));
        clash.map(|why| refused(target, why))
    };
    sites.iter().enumerate().map(clash).collect()
}

fn overlap(site: &Site, (other, beside): (&Target, &Site)) -> Option<String> {
    let (path, kind) = (other.path().display(), other.kind().name());
    match (site.is_in(beside), beside.is_in(site)) {
        (true, true) => Some(format!("it really is {path}, where {kind} are swept")),
        (true, false) => Some(format!("it really is in {path}, where {kind} are swept")),
        (false, true) => Some(format!("{path} really is in it, where {kind} are swept")),
        (false, false) => None,
    }
}

fn stores_in(target: &Target, site: &Site, stores: &[PathBuf]) -> Option<String> {
    let is_asked = target.kind() != Kind::Workspaces;
    let store = stores.iter().find(|store| is_asked && store.starts_with(&site.path))?;
    Some(format!("the store {} is in it", store.display()))
}

fn refused(target: &Target, why: String) -> Error {
    Error::new(ErrorKind::Refused, STEP, target.path(), why).with_hint(
        "nothing was removed from it; name folders of which none is in another, and none has a store in it",
    )
}
