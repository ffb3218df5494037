//! `trash list`: the bundles of some stores, or the rows of one run.

use std::{cmp::Reverse, io::Write};

use serde::Serialize;
use session_reaper::{
    Bytes, FileStore, Timestamp,
    artifact::{self, Folder, Kept, Undone},
    config::Effective,
    store::{Returning, Wish},
    sweep::{RunId, SCHEMA},
    trash::Listed,
};

use crate::cli::{
    Exit, Failure, Frame,
    output::{self, DIM},
    past::{self, Found, Past, PastArgs, Place},
    table::{self, Cell, Side},
    words::{self, plain},
};

const EXAMPLES: &str = "\
Examples:
  session-reaper trash list --store sessions.json
  session-reaper trash list --store sessions.json 1f2e3d4c   the rows of that run";

/// What is in the trash: a line for each run, or the rows of one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The rows of this run
    run: Option<String>,

    #[command(flatten)]
    past: PastArgs,
}

#[derive(Serialize)]
struct Shown<T> {
    schema: &'static str,
    verb: &'static str,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize)]
struct Bundles {
    bundles: Vec<Bundle>,
}

/// A run's bundle.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    store: String,
    run: RunId,
    at: Timestamp,
    verb: String,
    rows: u64,
    bytes: u64,
    compressed: bool,
    undoes: Option<RunId>,
    /// When it may leave the trash; `null` when never.
    expires_at: Option<Timestamp>,
    #[serde(skip)]
    is_of_store: bool,
}

#[derive(Serialize)]
struct OfRun {
    run: RunId,
    rows: Vec<Returning>,
    #[serde(skip_serializing_if = "Paths::is_empty")]
    paths: Paths,
}

/// What would become of things that are no rows.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Paths {
    restored: Vec<String>,
    held_up: Vec<String>,
}

impl Paths {
    /// A run may have swept several folders.
    fn add(&mut self, undone: Undone) {
        self.restored.extend(undone.restored);
        self.held_up.extend(undone.held_up);
    }

    fn is_empty(&self) -> bool {
        self.restored.is_empty() && self.held_up.is_empty()
    }
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let found = args.past.find_all(None, frame)?;
    match &args.run {
        None => bundles(&found, frame),
        Some(run) => rows(found, run, frame),
    }
}

fn bundles(Found { config, stores, folders }: &Found, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let (mut bundles, mut exit) = (Vec::new(), Exit::Done);
    for folder in folders {
        let past = folder.past()?;
        // Where the last thing has come back, nothing is left but the list.
        let kept = past.in_trash.into_iter().filter(|kept| !kept.things.is_empty());
        bundles.extend(kept.map(|kept| bundle_of_things(folder, kept, config)));
        for run in past.damaged {
            output::error(&format!("cannot read what run {run} took from {}", folder.path.display()), None);
            exit = Exit::Partly;
        }
    }
    for store in stores {
        let trashed = store.trashed()?;
        bundles.extend(trashed.bundles.into_iter().map(|listed| bundle(store, listed, config)));
        for (_, error) in &trashed.damaged {
            output::error(&error.to_string(), error.hint());
            exit = Exit::Partly;
        }
    }
    bundles.sort_by_key(|bundle| Reverse(bundle.at));
    if frame.globals.json {
        output::json(&Shown { schema: SCHEMA, verb: "trash list", rest: Bundles { bundles } })?;
    } else if frame.speaks() {
        print(&bundles, stores.len() + folders.len() > 1)?;
    }
    Ok(exit)
}

fn bundle(store: &FileStore, listed: Listed, config: &Effective) -> Bundle {
    let manifest = listed.manifest;
    let rows = |file: &Option<session_reaper::trash::RowsFile>| file.as_ref().map_or(0, |file| file.rows);
    Bundle {
        store: store.path().display().to_string(),
        at: manifest.line.at,
        expires_at: past::leaves(&manifest.line, config),
        rows: rows(&manifest.removed) + rows(&manifest.replaced),
        bytes: listed.bytes,
        compressed: listed.is_compressed,
        run: manifest.line.run,
        verb: manifest.line.verb,
        undoes: manifest.line.undoes,
        is_of_store: true,
    }
}

/// What came of a folder of what sessions leave behind: things are its rows.
fn bundle_of_things(folder: &Folder, kept: Kept, config: &Effective) -> Bundle {
    Bundle {
        store: folder.path.display().to_string(),
        at: kept.line.at,
        expires_at: past::leaves(&kept.line, config),
        rows: kept.things.len() as u64,
        bytes: folder.weight(&kept.line.run),
        compressed: false,
        run: kept.line.run,
        verb: kept.line.verb,
        undoes: None,
        is_of_store: false,
    }
}

fn print(bundles: &[Bundle], with_store: bool) -> Result<(), Failure> {
    let mut out = output::stdout();
    let head = [
        ("RUN", Side::Left),
        ("VERB", Side::Left),
        (heading(bundles), Side::Right),
        ("SIZE", Side::Right),
        ("LEAVES", Side::Left),
        ("STORE", Side::Left),
    ];
    let rows: Vec<[Cell; 6]> = bundles.iter().map(|bundle| row(bundle, with_store)).collect();
    if !rows.is_empty() {
        table::write(&mut out, head, &rows)?;
    }
    let bytes = bundles.iter().map(|bundle| bundle.bytes).sum();
    let (runs, amount) = (words::count(bundles.len() as u64, "run"), amount(bundles));
    if bundles.iter().any(|bundle| bundle.expires_at.is_some()) {
        let dim = "what leaves does so with the first sweep after that time";
        // Whatever else is moved here takes room that somebody waits for.
        let but = if bundles.iter().any(|bundle| bundle.is_of_store) {
            "; of a store, the newest run stays"
        } else {
            ""
        };
        let dim = format!("{dim}{but}");
        writeln!(out, "{DIM}{dim}{DIM:#}")?;
    }
    writeln!(out, "{runs} in the trash, {amount}, {}", Bytes(bytes))?;
    Ok(out.flush()?)
}

/// What a bundle has so many of: of stores rows, of folders paths, files and sessions.
fn heading(bundles: &[Bundle]) -> &'static str {
    if bundles.iter().all(|bundle| bundle.is_of_store) { "ROWS" } else { "THINGS" }
}

/// `2 rows, 1 thing`, of either only where there is a run on such.
fn amount(bundles: &[Bundle]) -> String {
    let of = |is_of_store: bool, what| {
        let mut those = bundles.iter().filter(|bundle| bundle.is_of_store == is_of_store).peekable();
        let is_any = those.peek().is_some();
        let number = those.map(|bundle| bundle.rows).sum();
        is_any.then(|| words::count(number, what))
    };
    let all: Vec<String> = [of(true, "row"), of(false, "thing")].into_iter().flatten().collect();
    if all.is_empty() { words::count(0, "row") } else { all.join(", ") }
}

fn row(bundle: &Bundle, with_store: bool) -> [Cell; 6] {
    let leaves = bundle.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let store = if with_store { plain(&bundle.store).into_owned() } else { String::new() };
    [
        bundle.run.to_string().into(),
        plain(&bundle.verb).into_owned().into(),
        bundle.rows.to_string().into(),
        Bytes(bundle.bytes).to_string().into(),
        leaves.into(),
        Cell::dim(store),
    ]
}

/// The rows of a run, with what an undo would do to each.
fn rows(found: Found, run: &str, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let pasts = Past::of_all(found.stores, found.folders, frame)?;
    let (run, pasts) = past::meant(pasts, Some(run))?;
    let (mut rows, mut paths) = (Vec::new(), Paths::default());
    for past in pasts {
        match past.place {
            Place::Store(store) => rows.extend(store.plan_undo(&run, &Wish::default())?.rows),
            Place::Folder(folder) => {
                let options = artifact::Options { dry_run: true, ..artifact::Options::default() };
                paths.add(folder.undo(&run, frame.now, &options)?);
            }
        }
    }
    if frame.globals.json {
        let rest = OfRun { run, rows, paths };
        output::json(&Shown { schema: SCHEMA, verb: "trash list", rest })?;
    } else if frame.speaks() {
        let mut out = output::stdout();
        let all = (rows.len() + paths.restored.len() + paths.held_up.len()) as u64;
        let row = |what: &'static str, key: &str| [what.into(), plain(key).into_owned().into()];
        let rows = rows.iter().map(|returning| row(returning.what.name(), &returning.key.to_text()));
        let back = paths.restored.iter().map(|path| row("restored", path));
        let held = paths.held_up.iter().map(|path| row("held-up", path));
        let cells: Vec<[Cell; 2]> = rows.chain(back).chain(held).collect();
        table::write(&mut out, [("IF UNDONE", Side::Left), ("KEY", Side::Left)], &cells)?;
        writeln!(out, "{} of run {run}", words::count(all, "row"))?;
        out.flush()?;
    }
    Ok(Exit::Done)
}
