//! Whether the state folder of a live gateway is the one that a store lies in.
//!
//! Folders are compared by what they are, not by their paths: a gateway in a container calls them otherwise. Which one is
//! the gateway's follows from its environment, and is known only in part: a profile changes it, and a title hides the
//! profile; a file `.env` that it reads may name another. So there are candidates, and another one it is only when all are known and none is the store's.

use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::{fs, process::Environment};

/// What state folders in a home begin with: OpenClaw's name with and without a profile, and its names before.
const NAMES: [&str; 3] = [".openclaw", ".clawdbot", ".moltbot"];
/// The variables that name a state folder.
const NAMED_BY: [&str; 3] = ["OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR", "MOLTBOT_STATE_DIR"];
/// The variables that name a home.
const HOMES: [&str; 2] = ["OPENCLAW_HOME", "HOME"];

/// The file in which a gateway looks for more variables, in the folder that it was started in and in its state folder.
const MORE: &str = ".env";
/// No such file is longer.
const MAX_MORE: u64 = 256 * 1024;
/// What the names of variables that matter here have in common.
const TELLING: [&[u8]; 2] = [b"STATE_DIR", b"OPENCLAW_HOME"];

/// What is known of a live gateway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traces<'a> {
    /// The way to its root folder.
    pub(super) root: &'a Path,
    /// What it was started with, where that can be read.
    pub(super) environment: Option<&'a Environment>,
    /// The folder that it was started in.
    pub(super) working: Option<&'a Path>,
    /// Its configuration, where its lock names one.
    pub(super) config: Option<&'a Path>,
}

/// A folder's device and number.
type Identity = (u64, u64);

/// Where a store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Around {
    /// The folders that it lies in, its own first.
    ancestors: Vec<Identity>,
    /// Whether they are those that OpenClaw makes: `<state>/agents/<id>/sessions`.
    is_usual: bool,
}

impl Around {
    pub(super) fn of(place: &Path) -> Self {
        let identity = |path: &Path| fs::stat(path).map(|stat| (stat.dev, stat.ino));
        let name = |up: usize| place.ancestors().nth(up).and_then(Path::file_name);
        let is_usual = name(0) == Some(OsStr::new("sessions")) && name(2) == Some(OsStr::new("agents"));
        Self { ancestors: place.ancestors().filter_map(identity).collect(), is_usual }
    }

    /// Whether a gateway may write this store: not when its state folder is certainly another one.
    pub(super) fn may_concern(&self, gateway: Traces<'_>) -> bool {
        let candidates = gateway.environment.and_then(|variables| candidates(gateway, variables));
        let Some(mut candidates) = candidates.filter(|_| self.is_usual) else { return true };
        candidates.extend(gateway.config.and_then(Path::parent).map(Path::to_owned));
        candidates.iter().any(|folder| self.is_below(gateway.root, folder).unwrap_or(true))
    }

    /// Whether the store lies below a state folder, or is what a link below it leads to.
    fn is_below(&self, root: &Path, folder: &Path) -> io::Result<bool> {
        if is_one_of(&self.ancestors, root, folder)? {
            return Ok(true);
        }
        let agents = folder.join("agents");
        for agent in fs::names_within(root, &agents)? {
            if is_one_of(
                self.ancestors.get(..1).unwrap_or_default(),
                root,
                &agents.join(agent).join("sessions"),
            )? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_one_of(folders: &[Identity], root: &Path, path: &Path) -> io::Result<bool> {
    Ok(fs::stat_within(root, path)?.is_some_and(|stat| folders.contains(&(stat.dev, stat.ino))))
}

/// All folders that can be the gateway's; `None` when there may be others.
fn candidates(gateway: Traces<'_>, variables: &Environment) -> Option<Vec<PathBuf>> {
    let homes: Vec<&OsStr> = HOMES.iter().filter_map(|name| variables.get(name)).collect();
    let named: Vec<&OsStr> = NAMED_BY.iter().filter_map(|name| variables.get(name)).collect();
    if named.is_empty() {
        let folders = in_homes(gateway.root, &homes)?;
        let working = gateway.working?;
        let in_doubt = |place: &Path| names_another(gateway.root, place);
        let is_sure = !in_doubt(working) && !folders.iter().any(|folder| in_doubt(folder));
        return is_sure.then_some(folders);
    }
    let mut folders = Vec::new();
    for name in named {
        folders.extend(expand(name, &homes)?);
    }
    Some(folders)
}

/// Whether the variables that a gateway reads in this folder may name its state folder.
fn names_another(root: &Path, folder: &Path) -> bool {
    match fs::read_within(root, &folder.join(MORE), MAX_MORE) {
        Ok(Some((text, _))) => TELLING.iter().any(|name| memchr::memmem::find(&text, name).is_some()),
        Ok(None) => false,
        Err(_) => true,
    }
}

/// Every folder in these homes that has a state folder's name.
fn in_homes(root: &Path, homes: &[&OsStr]) -> Option<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for home in homes {
        let home = absolute(home)?;
        let names = fs::names_within(root, home).ok()?;
        let is_state = |name: &OsStr| NAMES.iter().any(|begin| name.as_bytes().starts_with(begin.as_bytes()));
        folders.extend(names.iter().filter(|name| is_state(name)).map(|name| home.join(name)));
    }
    (!homes.is_empty()).then_some(folders)
}

/// `~/x` in every home, or the path as it is.
fn expand(path: &OsStr, homes: &[&OsStr]) -> Option<Vec<PathBuf>> {
    match path.as_bytes() {
        [b'~', rest @ ..] if rest.is_empty() || rest.starts_with(b"/") => {
            let rest = Path::new(OsStr::from_bytes(rest.strip_prefix(b"/").unwrap_or(rest)));
            let inside = |home: &&OsStr| absolute(home).map(|home| home.join(rest));
            homes.iter().map(inside).collect::<Option<Vec<_>>>().filter(|found| !found.is_empty())
        }
        _ => absolute(path).map(|path| vec![path.to_owned()]),
    }
}

/// From where a relative path would be meant nobody can know.
fn absolute(path: &OsStr) -> Option<&Path> {
    Some(Path::new(path)).filter(|path| path.is_absolute())
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "tests make files as any program would")]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A machine with a home, a state folder in it, and one that another gateway has.
    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in ["home/u/.openclaw-work/agents/main/sessions", "srv/other/agents/main/sessions", "x/y"]
        {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        root
    }

    fn concerns(root: &Path, place: &str, variables: Option<&str>, config: Option<&str>) -> bool {
        let variables = variables.map(|text| Environment::of(text.replace(' ', "\0").as_bytes()));
        let (environment, config) = (variables.as_ref(), config.map(Path::new));
        let gateway = Traces { root, environment, working: Some(Path::new("/")), config };
        Around::of(&root.join(place)).may_concern(gateway)
    }

    #[test]
    fn a_gateway_with_another_state_folder_is_none_of_our_business_and_any_doubt_makes_it_one() {
        let machine = machine();
        let root = machine.path();
        let (work, other) = ("home/u/.openclaw-work/agents/main/sessions", "srv/other/agents/main/sessions");
        for (place, variables, config, expected) in [
            (work, Some("HOME=/home/u"), None, true),
            (work, Some("HOME=/home/v"), None, false),
            (work, Some("HOME=/home/v"), Some("/home/u/.openclaw-work/openclaw.json"), true),
            (work, Some("HOME=/home/u OPENCLAW_STATE_DIR=/srv/other"), None, false),
            (work, Some("HOME=/home/u OPENCLAW_STATE_DIR=~/.openclaw-work"), None, true),
            (work, Some("OPENCLAW_HOME=/home/u HOME=/root"), None, true),
            (other, Some("HOME=/home/u"), None, false),
            (other, Some("HOME=/home/u OPENCLAW_STATE_DIR=/srv/other"), None, true),
            (other, Some("HOME=/home/u OPENCLAW_STATE_DIR=/srv/other/agents/.."), None, true),
            // What is not known.
            (other, None, None, true),
            (other, Some("PATH=/bin"), None, true),
            (other, Some("HOME=home/u"), None, true),
            (other, Some("HOME=/home/u OPENCLAW_STATE_DIR=srv"), None, true),
            (other, Some("OPENCLAW_STATE_DIR=~/x"), None, true),
            ("x/y", Some("HOME=/home/u"), None, true),
        ] {
            assert_eq!(
                concerns(root, place, variables, config),
                expected,
                "{place} {variables:?} {config:?}"
            );
        }
    }

    #[test]
    fn a_link_anywhere_on_the_way_hides_nothing() {
        let machine = machine();
        let root = machine.path();
        std::fs::create_dir_all(root.join("home/v/.openclaw/agents")).unwrap();
        std::fs::create_dir_all(root.join("home/w")).unwrap();
        symlink("/srv/other/agents/main", root.join("home/v/.openclaw/agents/moved")).unwrap();
        symlink("/srv/other", root.join("home/w/.openclaw")).unwrap();
        for home in ["HOME=/home/v", "HOME=/home/w"] {
            assert!(concerns(root, "srv/other/agents/main/sessions", Some(home), None), "{home}");
        }
        assert!(!concerns(root, "home/u/.openclaw-work/agents/main/sessions", Some("HOME=/home/v"), None));
    }

    #[test]
    fn a_root_that_cannot_be_looked_into_means_doubt() {
        let machine = machine();
        let around = Around::of(&machine.path().join("srv/other/agents/main/sessions"));
        let variables = Environment::of(b"OPENCLAW_STATE_DIR=/elsewhere");
        let root = Path::new("/proc/none/root");
        assert!(around.may_concern(Traces {
            root,
            environment: Some(&variables),
            working: None,
            config: None
        }));
    }

    #[test]
    fn variables_in_a_file_may_name_any_folder() {
        let machine = machine();
        let (root, place) = (machine.path(), "srv/other/agents/main/sessions");
        for file in [".env", "home/u/.openclaw-work/.env"] {
            std::fs::write(root.join(file), "KEY=1\n").unwrap();
            assert!(!concerns(root, place, Some("HOME=/home/u"), None), "{file}");
            std::fs::write(root.join(file), "OPENCLAW_STATE_DIR=/srv/other\n").unwrap();
            assert!(concerns(root, place, Some("HOME=/home/u"), None), "{file}");
            // They take the place of no variable that is set.
            assert!(
                !concerns(root, place, Some("HOME=/home/u OPENCLAW_STATE_DIR=/home/u/x"), None),
                "{file}"
            );
            std::fs::remove_file(root.join(file)).unwrap();
        }
    }
}
