//! What STORE means: a store, a folder with agents below it, or a glob; and which stores that makes.
//!
//! A store that somebody names is taken at his word, links and all. What is found below a folder, or by a pattern, must
//! really be in that folder, or below the names that the pattern begins with: a link that leads out is refused, and told; so it is when it
//! comes to stand there after the store was found.

mod once;
mod pattern;
mod spread;

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::Arc,
};

use session_reaper::{
    Age, Error, ErrorKind, FileStore, Timestamp,
    artifact::{self, Folder},
    config::Effective,
    fs,
    gateway::Lookout,
    store::{Alike, Store},
};

use super::Failure;

/// A store's own name.
const STORE: &str = "sessions.json";
/// The folder that agents' folders are in.
const AGENTS: &str = "agents";
/// Where an agent's folder has its store.
const OF_AGENT: &str = "sessions/sessions.json";
/// So many stores are named for one to be chosen.
const NAMED: usize = 5;
/// What a STORE came to.
#[derive(Debug)]
pub(super) enum Target {
    /// A store; nobody has looked whether it is there.
    Store(FileStore),
    /// No store, and why: its path is in the error.
    None(Error),
}

/// A target, and what tells whether two are the same store.
#[derive(Debug)]
struct Find {
    target: Target,
    real: Real,
}

/// The real path of a target.
#[derive(Debug)]
enum Real {
    /// It is no store.
    None,
    /// The path that its store was given.
    AsGiven,
    Path(PathBuf),
}

impl Target {
    fn watched_from(self, lookout: &Arc<Lookout>) -> Self {
        match self {
            Self::Store(store) => Self::Store(store.watched_from(Arc::clone(lookout))),
            none @ Self::None(_) => none,
        }
    }

    /// Whether both are stores in one folder.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Store(a), Self::Store(b)) => {
                // As bytes: paths compare name by name, and of ten thousand nearly all differ at their ends.
                a.path().parent().map(Path::as_os_str) == b.path().parent().map(Path::as_os_str)
            }
            _ => false,
        }
    }

    /// Whether a tick at `now` is known to find it not due.
    pub(super) fn rests(&self, now: Timestamp, every: Age) -> bool {
        let Self::Store(store) = self else { return false };
        let last = store.last_sweep_at_least().filter(|_| store.is_plain());
        last.is_some_and(|last| last.rests_until(now, every).is_some())
    }

    /// Where the store is, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Store(store) => Some(store.path()),
            Self::None(_) => None,
        }
    }

    /// Its path.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Store(store) => store.path().display().to_string(),
            Self::None(error) => error.path().display().to_string(),
        }
    }
}

/// The stores of the configuration, each once.
pub(super) fn find(config: &Effective) -> Result<Vec<Target>, Failure> {
    if config.stores.is_empty() {
        return Err(Failure::usage(
            "no store is named, and the configuration names none; nothing was removed",
        )
        .with_hint(
            "name a sessions.json, a folder or a glob, give --openclaw, or set `stores` in the configuration",
        ));
    }
    let mut finds = Vec::new();
    for found in spread::over(&config.stores, |path| expand(path)) {
        join(&mut finds, found?);
    }
    Ok(once::each(finds))
}

/// The same; none where the configuration names nothing but folders of what sessions leave behind.
pub(super) fn find_beside(config: &Effective, folders: &[artifact::Target]) -> Result<Vec<Target>, Failure> {
    if config.stores.is_empty() && !folders.is_empty() { Ok(Vec::new()) } else { find(config) }
}

/// The only store among what was found.
pub(super) fn only(targets: &[Target]) -> Result<&FileStore, Failure> {
    match targets {
        [Target::Store(store)] => Ok(store),
        [Target::None(error)] => Err(Failure::of(error)),
        _ => Err(too_many(targets)),
    }
}

/// Where one store is wanted and several were found: they are named, for one to be chosen.
fn too_many(targets: &[Target]) -> Failure {
    let mut lines: Vec<String> = targets.iter().take(NAMED).map(Target::name).collect();
    if let more @ 1.. = targets.len().saturating_sub(NAMED) {
        lines.push(format!("... and {more} more"));
    }
    Failure::usage(format!("one store is wanted here, and there are {}", targets.len()))
        .with_hint(format!("name one of them:\n{}", lines.join("\n")))
}

/// Whether a folder, whatever else it is, is one of agents.
pub(super) fn are_in(path: &Path) -> bool {
    fs::is_folder(&path.join(AGENTS))
}

/// What makes two paths the same store.
pub(super) fn identity(path: &Path) -> PathBuf {
    let real = fs::real_path(path).ok().flatten().or_else(|| fs::plain_path(path));
    real.unwrap_or_else(|| path.to_owned())
}

fn expand(path: &Path) -> Result<Vec<Find>, Failure> {
    let store = FileStore::new(path).glanced_at();
    if store.is_plain() {
        return Ok(vec![Find::plain(store)]);
    }
    if is_folder_of_stores(path) {
        return Ok(some_or(below(path, None), || nothing_below(path)));
    }
    match path.to_str() {
        Some(text) if may_be_a_pattern(text) && !fs::is_there(path) => {
            Ok(some_or(pattern::matching(text)?, || nothing_matches(path)))
        }
        _ => Ok(vec![Find::at(identity(path), store)]),
    }
}

/// A folder in the place of a store is a broken store, not a folder of stores.
fn is_folder_of_stores(path: &Path) -> bool {
    fs::is_folder(path) && path.file_name().is_none_or(|name| name != STORE)
}

/// A lone bracket makes no pattern, and is a character of a name.
fn may_be_a_pattern(text: &str) -> bool {
    pattern::is_pattern(text) && (text.contains(['*', '?']) || glob::Pattern::new(text).is_ok())
}

/// Adds to what was found, which is mostly nothing, so that nothing has to move.
fn join(finds: &mut Vec<Find>, more: Vec<Find>) {
    if finds.is_empty() {
        *finds = more;
    } else {
        finds.extend(more);
    }
}

fn some_or(finds: Vec<Find>, error: impl FnOnce() -> Error) -> Vec<Find> {
    if finds.is_empty() { vec![Find::none(error())] } else { finds }
}

impl Find {
    /// A store that a glance has found.
    fn plain(store: FileStore) -> Self {
        let real = fs::plain_path(store.path()).unwrap_or_else(|| identity(store.path()));
        Self::at(real, store)
    }

    const fn at(real: PathBuf, store: FileStore) -> Self {
        Self { target: Target::Store(store), real: Real::Path(real) }
    }

    /// The store below `name`, if a glance finds it.
    fn glanced(alike: &Alike, name: &OsStr) -> Option<Self> {
        let target = Target::Store(alike.glance(name)?);
        let real = alike.real_path(name).map_or(Real::AsGiven, Real::Path);
        Some(Self { target, real })
    }

    const fn none(error: Error) -> Self {
        Self { target: Target::None(error), real: Real::None }
    }
}

/// The stores below a folder, whichever folder of an agent's tree it is. One that was found itself must still be in `outer`.
fn below(folder: &Path, outer: Option<&Path>) -> Vec<Find> {
    let root = match fs::enter(folder).and_then(|()| fs::real_path(folder)) {
        Ok(Some(root)) if outer.is_some_and(|outer| !root.starts_with(outer)) => {
            return vec![Find::none(Error::leads_out(folder))];
        }
        Ok(root) => root.unwrap_or_else(|| folder.to_owned()),
        Err(error) => return vec![Find::none(Error::io("enter the folder", folder, error))],
    };
    let mut finds: Vec<Find> =
        [STORE, OF_AGENT].into_iter().filter_map(|inner| found(&folder.join(inner), &root)).collect();
    finds.extend(of_agents(&folder.join(AGENTS), &root));
    if root.file_name().is_some_and(|name| name == AGENTS) {
        finds.extend(of_agents(folder, &root));
    }
    finds
}

/// The stores of every agent in `agents`.
fn of_agents(agents: &Path, root: &Path) -> Vec<Find> {
    match fs::names_in(agents) {
        Ok(names) => {
            let alike = Alike::below(agents, OF_AGENT.as_ref(), root);
            let glance = |name: &OsString| alike.as_ref().and_then(|alike| Find::glanced(alike, name));
            let find =
                |name: &OsString| glance(name).or_else(|| found(&agents.join(name).join(OF_AGENT), root));
            spread::over(&names, find).into_iter().flatten().collect()
        }
        Err(error) => vec![Find::none(Error::io("list the folder", agents, error))],
    }
}

/// The store at `path`, if there is one and it really is below `root`, where it must then be whenever it is touched.
fn found(path: &Path, root: &Path) -> Option<Find> {
    let store = FileStore::new(path).contained_in(root).glanced_at();
    if store.is_plain() {
        return Some(Find::plain(store));
    }
    match fs::real_path(path) {
        Ok(None) => None,
        Ok(Some(real)) if real.starts_with(root) => Some(Find::at(real, store)),
        Ok(Some(_)) => Some(Find::none(Error::leads_out(path))),
        Err(error) => Some(Find::none(Error::io("find", path, error))),
    }
}

fn nothing_below(folder: &Path) -> Error {
    let error = Error::new(ErrorKind::Missing, "find a store in", folder, "there is no store below it");
    match Folder::at(&identity(folder)).first() {
        None => error
            .with_hint("looked for sessions.json, sessions/sessions.json and agents/*/sessions/sessions.json"),
        Some(other) => error.with_hint(format!(
            "it was swept for {}: `tick` and `prune` do so where the configuration names it, and no store is named",
            other.kind.name()
        )),
    }
}

fn nothing_matches(pattern: &Path) -> Error {
    Error::new(ErrorKind::Missing, "find a store by the pattern", pattern, "nothing matches it")
        .with_hint("check the pattern; `session-reaper config show` prints the stores in force")
}
