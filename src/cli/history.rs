//! `history`: the journal, newest run first.

use std::{collections::HashMap, io::Write};

use serde::Serialize;
use session_reaper::{
    Bytes,
    sweep::{RunId, SCHEMA},
    trash::{Line, Outcome},
};

use super::{
    Exit, Failure, Frame, output,
    past::{Found, Past, PastArgs},
    table::{self, Cell, Side},
    words::plain,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper history                            the config's stores
  session-reaper history --store sessions.json -n 5";

/// So many runs are shown on a terminal where nobody said how many.
const ON_TERMINAL: usize = 20;

/// What was done to a store or a folder: every run and every undo
///
/// The journal lies beside the store, or in the folder, and is never changed. STATE says whether a run can be taken back.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    past: PastArgs,

    /// Only the newest so many runs [default: 20 on a terminal, else all]
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

/// A run, and whether it can be taken back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    store: String,
    #[serde(flatten)]
    line: &'a Line,
    state: State,
    undone_by: Option<&'a RunId>,
}

/// Whether a run can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Its rows are in the trash.
    InTrash,
    /// It was taken back.
    Undone,
    /// It was taken back, but for rows that somebody had newer ones of.
    PartlyUndone,
    /// Its rows have left the trash.
    Purged,
    /// It kept nothing.
    NoTrash,
}

impl State {
    const fn words(self) -> &'static str {
        match self {
            Self::InTrash => "can be undone",
            Self::Undone => "undone",
            Self::PartlyUndone => "partly undone",
            Self::Purged => "purged",
            Self::NoTrash => "kept nothing",
        }
    }
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    schema: &'static str,
    verb: &'static str,
    runs: &'a [Entry<'a>],
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let Found { stores, folders, .. } = args.past.find_all(None, frame)?;
    let pasts = Past::of_all(stores, folders, frame)?;
    let mut runs: Vec<Entry<'_>> = pasts.iter().flat_map(entries).collect();
    // Runs of one moment stay in the order of their journal.
    runs.reverse();
    runs.sort_by_key(|entry| std::cmp::Reverse(entry.line.at));
    let screen = table::screen_width(&std::io::stdout()).filter(|_| !frame.globals.json);
    let most = args.limit.or_else(|| screen.map(|_| ON_TERMINAL)).unwrap_or(usize::MAX);
    let all = runs.len();
    runs.truncate(most);
    if frame.globals.json {
        output::json(&Shown { schema: SCHEMA, verb: "history", runs: &runs })?;
    } else if frame.speaks() {
        print(&runs, all, pasts.len())?;
    }
    Ok(Exit::Done)
}

fn entries(past: &Past) -> impl Iterator<Item = Entry<'_>> {
    let undone = undone(&past.lines);
    past.lines.iter().map(move |line| {
        let undo = undone.get(&line.run);
        let undone_by = undo.map(|undo| undo.by);
        let state = match undo {
            Some(undo) if undo.is_whole => State::Undone,
            Some(_) => State::PartlyUndone,
            None if !line.trash => State::NoTrash,
            None if past.in_trash.contains(&line.run) => State::InTrash,
            None => State::Purged,
        };
        Entry { store: past.place.path().display().to_string(), line, state, undone_by }
    })
}

/// How a run was taken back.
#[derive(Debug, Clone, Copy)]
struct Undo<'a> {
    by: &'a RunId,
    /// Whether no row of it was held up.
    is_whole: bool,
}

/// The runs that were taken back, and by which. An undo that was undone itself does not count; where that was done in part,
/// a part of it still does.
fn undone(lines: &[Line]) -> HashMap<&RunId, Undo<'_>> {
    let mut undone = HashMap::<&RunId, Undo<'_>>::new();
    for line in lines.iter().rev().filter(|line| line.verb == "undo") {
        let itself = undone.get(&line.run).copied();
        let Some(run) = line.undoes.as_ref().filter(|_| itself.is_none_or(|undo| !undo.is_whole)) else {
            continue;
        };
        let is_whole = line.held_up == 0 && itself.is_none();
        undone.entry(run).or_insert(Undo { by: &line.run, is_whole });
    }
    undone
}

fn print(runs: &[Entry<'_>], all: usize, stores: usize) -> Result<(), Failure> {
    let mut out = output::stdout();
    if runs.is_empty() {
        writeln!(out, "no run has changed anything yet")?;
        return Ok(out.flush()?);
    }
    let head = [
        ("RUN", Side::Left),
        ("VERB", Side::Left),
        ("PRUNED", Side::Right),
        ("RESTORED", Side::Right),
        ("SIZE AFTER", Side::Right),
        ("STATE", Side::Left),
        ("STORE", Side::Left),
    ];
    let rows: Vec<[Cell; 7]> = runs.iter().map(|entry| row(entry, stores > 1)).collect();
    table::write(&mut out, head, &rows)?;
    if all > runs.len() {
        writeln!(out, "... and {} older; --limit {all} shows them all", all - runs.len())?;
    }
    Ok(out.flush()?)
}

fn row(entry: &Entry<'_>, with_store: bool) -> [Cell; 7] {
    let line = entry.line;
    let some = |number: u64| if number == 0 { String::new() } else { number.to_string() };
    let outcome = match entry.line.outcome {
        Outcome::Done => "",
        Outcome::Recovered => ", finished after a kill",
        Outcome::Uncertain => ", killed, and nobody knows whether the rows had gone",
    };
    let state = match entry.undone_by {
        Some(run) => format!("{} by {run}{outcome}", entry.state.words()),
        None => format!("{}{outcome}", entry.state.words()),
    };
    let store = if with_store { plain(&entry.store).into_owned() } else { String::new() };
    let verb = match &line.undoes {
        Some(run) => format!("{} of {run}", plain(&line.verb)),
        None => plain(&line.verb).into_owned(),
    };
    [
        line.run.to_string().into(),
        verb.into(),
        some(line.pruned).into(),
        some(line.restored).into(),
        Bytes(line.bytes_after).to_string().into(),
        state.into(),
        Cell::dim(store),
    ]
}
