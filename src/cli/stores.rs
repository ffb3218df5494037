//! What STORE means: a store, a folder with agents below it, or a glob; and which stores that makes.
//!
//! A store that somebody names is taken at his word, links and all. What is found below a folder, or by a pattern, must
//! really be in that folder, or below the names that the pattern begins with: a link that leads out is refused, and told; so it is when it
//! comes to stand there after the store was found.

mod pattern;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use session_reaper::{Error, ErrorKind, FileStore, config::Effective, fs};

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

impl Target {
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
    let mut seen = BTreeSet::new();
    let targets: Vec<Vec<Target>> =
        config.stores.iter().map(|path| expand(path)).collect::<Result<_, _>>()?;
    let mut targets: Vec<Target> = targets.into_iter().flatten().collect();
    targets.retain(|target| match target {
        Target::Store(store) => seen.insert(identity(store.path())),
        Target::None(_) => true,
    });
    Ok(targets)
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

/// What makes two paths the same store.
pub(super) fn identity(path: &Path) -> PathBuf {
    fs::real_path(path).ok().flatten().unwrap_or_else(|| path.to_owned())
}

fn expand(path: &Path) -> Result<Vec<Target>, Failure> {
    if is_folder_of_stores(path) {
        return Ok(some_or(below(path, None), || nothing_below(path)));
    }
    match path.to_str() {
        Some(text) if !fs::is_there(path) && may_be_a_pattern(text) => {
            Ok(some_or(pattern::matching(text)?, || nothing_matches(path)))
        }
        _ => Ok(vec![store(path)]),
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

fn some_or(targets: Vec<Target>, error: impl FnOnce() -> Error) -> Vec<Target> {
    if targets.is_empty() { vec![Target::None(error())] } else { targets }
}

fn store(path: &Path) -> Target {
    Target::Store(FileStore::new(path))
}

/// The stores below a folder, whichever folder of an agent's tree it is. One that was found itself must still be in `outer`.
fn below(folder: &Path, outer: Option<&Path>) -> Vec<Target> {
    let root = match fs::enter(folder).and_then(|()| fs::real_path(folder)) {
        Ok(Some(root)) if outer.is_some_and(|outer| !root.starts_with(outer)) => {
            return vec![Target::None(Error::leads_out(folder))];
        }
        Ok(root) => root.unwrap_or_else(|| folder.to_owned()),
        Err(error) => return vec![Target::None(Error::io("enter the folder", folder, error))],
    };
    let mut targets: Vec<Target> =
        [STORE, OF_AGENT].into_iter().filter_map(|inner| found(&folder.join(inner), &root)).collect();
    targets.extend(of_agents(&folder.join(AGENTS), &root));
    if root.file_name().is_some_and(|name| name == AGENTS) {
        targets.extend(of_agents(folder, &root));
    }
    targets
}

/// The stores of every agent in `agents`.
fn of_agents(agents: &Path, root: &Path) -> Vec<Target> {
    match fs::names_in(agents) {
        Ok(names) => names.iter().filter_map(|name| found(&agents.join(name).join(OF_AGENT), root)).collect(),
        Err(error) => vec![Target::None(Error::io("list the folder", agents, error))],
    }
}

/// The store at `path`, if there is one and it really is below `root`, where it must then be whenever it is touched.
fn found(path: &Path, root: &Path) -> Option<Target> {
    match fs::real_path(path) {
        Ok(None) => None,
        Ok(Some(real)) if real.starts_with(root) => {
            Some(Target::Store(FileStore::new(path).contained_in(root)))
        }
        Ok(Some(_)) => Some(Target::None(Error::leads_out(path))),
        Err(error) => Some(Target::None(Error::io("find", path, error))),
    }
}

fn nothing_below(folder: &Path) -> Error {
    let message = "there is no store below it";
    Error::new(ErrorKind::Missing, "find a store in", folder, message)
        .with_hint("looked for sessions.json, sessions/sessions.json and agents/*/sessions/sessions.json")
}

fn nothing_matches(pattern: &Path) -> Error {
    Error::new(ErrorKind::Missing, "find a store by the pattern", pattern, "nothing matches it")
        .with_hint("check the pattern; `session-reaper config show` prints the stores in force")
}
