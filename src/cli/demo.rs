//! `demo`: a store such as gateways leave it, what a sweep does to it, and how that is taken back.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use clap::ValueHint;
use session_reaper::{
    Error, ErrorKind, FileStore, Policy, fs,
    inspect::{self, Survivors},
    policy::Detail,
    specimen::{self, Recipe, Weight},
    store::Wish,
    sweep::{self, Options, Report, RunId, Verb},
};

use super::{
    Exit, Failure, Frame, output,
    text::{Back, Shown},
};

/// So many rows are swept in the blink of an eye and weigh some megabytes.
const ROWS: u64 = 400;

/// Make a store as gateways leave it, sweep it, take that back, and show what happened
///
/// Nothing but the folder DIR is touched; it must be new or empty. What is in it afterwards is yours to try other verbs
/// on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to make the store [default: a new folder among the temporary files]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let folder = args.folder.as_deref().map_or_else(fresh_folder, empty_folder)?;
    let store = FileStore::new(folder.join("sessions.json")).unknown_to_gateways();
    let text = fill(&store, frame)?;
    let policy = Policy::default();
    let before = inspect::survey(&store, &policy, frame.now)?;
    let items = frame.globals.json.then_some(Detail::Doomed);
    let options =
        Options { run: Some(RunId::new(frame.now)), items, allow_clock_jump: true, ..Options::default() };
    let begin = Instant::now();
    let mut swept = sweep::prune(&store, &policy, frame.now, &options);
    if let Some(error) = swept.error.take_if(|_| !frame.globals.json) {
        return Err(error.into());
    }
    let millis = begin.elapsed().as_millis();
    let same = compare(&store, &text)?;
    let back = there_and_back(&store, &policy, &options, &text, frame)?;
    let is_well = same.identical == same.after && back.is_whole;
    let (run, stores, targets) = (options.run, vec![swept], Vec::new());
    let (verb, applied, done, now) = (Verb::Prune, true, true, frame.now);
    let report = Report { verb, applied, done, run, now, policy, stores, targets };
    if frame.globals.json {
        output::json(&report)?;
    } else if frame.speaks() {
        Shown { folder, before, millis, same, back }.print(&report)?;
    }
    Ok(if is_well { Exit::of_report(&report) } else { Exit::Failed })
}

/// Takes the sweep back, looks whether the store is what it was, and sweeps again.
fn there_and_back(
    store: &FileStore,
    policy: &Policy,
    swept: &Options,
    text: &[u8],
    frame: &Frame<'_>,
) -> Result<Back, Failure> {
    let Some(run) = &swept.run else { return Ok(Back::default()) };
    let another =
        || Options { run: Some(RunId::new(frame.now)), allow_clock_jump: true, ..Options::default() };
    let begin = Instant::now();
    let undone = sweep::undo(store, run, &Wish::default(), "undo", frame.now, &another());
    if let Some(error) = undone.error {
        return Err(error.into());
    }
    let millis = begin.elapsed().as_millis();
    let is_whole = read(store)?.as_bytes() == text;
    match sweep::prune(store, policy, frame.now, &another()).error {
        Some(error) => Err(error.into()),
        None => Ok(Back { rows: undone.restored, millis, is_whole }),
    }
}

/// A folder that nobody has yet.
fn fresh_folder() -> Result<PathBuf, Failure> {
    let taken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::AlreadyExists;
    let process = std::process::id();
    for number in process..process.saturating_add(100) {
        let folder = std::env::temp_dir().join(format!("session-reaper-demo-{number}"));
        match fs::make_folder(&folder) {
            Err(error) if taken(&error) => {}
            made => return Ok(made.map(|()| folder.clone()).map_err(|error| unmade(&folder, error))?),
        }
    }
    Err(Failure::error("every name for a folder is taken").with_hint("name a new folder: demo DIR"))
}

/// The folder that was named, if it is new or empty.
fn empty_folder(folder: &Path) -> Result<PathBuf, Failure> {
    if !fs::is_there(folder) {
        fs::make_folder(folder).map_err(|error| unmade(folder, error))?;
    }
    let names = fs::names_in(folder).map_err(|error| Error::io("list the folder", folder, error))?;
    if names.is_empty() {
        return Ok(folder.to_owned());
    }
    let refused = Error::new(ErrorKind::Refused, "make a demonstration in", folder, "it is not empty");
    Err(refused.with_hint("name a folder that is new or empty, or none at all").into())
}

fn unmade(folder: &Path, error: std::io::Error) -> Error {
    Error::io("make the folder", folder, error)
}

/// Writes the store, and returns its text.
fn fill(store: &FileStore, frame: &Frame<'_>) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let recipe = Recipe { rows: ROWS, weight: Weight::Heavy, ..Recipe::new(frame.now) };
    specimen::write(&recipe, &mut text)?;
    fs::write_text(store.path(), &text).map_err(|error| Error::io("make", store.path(), error))?;
    Ok(text)
}

/// Compares the rows that are left with those that were.
fn compare(store: &FileStore, before: &[u8]) -> Result<Survivors, Failure> {
    inspect::survivors(before, read(store)?.as_bytes())
        .map_err(|error| Failure::error(format!("what is left is no store: {error}")))
}

fn read(store: &FileStore) -> Result<String, Failure> {
    let text = fs::read_text(store.path()).map_err(|error| Error::io("read", store.path(), error))?;
    Ok(text.unwrap_or_default())
}
