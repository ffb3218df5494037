//! What came back, for people.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use session_reaper::{
    store::Returned,
    sweep::{Outcome, ROW, UndoReport},
};

use crate::cli::{
    Failure,
    changes::Changes,
    output::{self, BOLD, DIM, GOES},
    undo::Totals,
    words::{self, plain},
};

/// So many rows are named of each store.
const NAMED: usize = 10;

/// Prints what was brought back, to its last line. `named` are the stores as they were named.
pub(crate) fn undone(undone: &Changes<UndoReport>, named: &[PathBuf]) -> Result<(), Failure> {
    let mut out = output::stdout();
    for store in &undone.stores {
        writeln!(out, "{BOLD}{}{BOLD:#}: {}", plain(&store.store), headline(store, undone.applied))?;
        held_up(&mut out, store)?;
    }
    if !undone.applied {
        writeln!(out, "dry run: nothing was changed")?;
    }
    let Totals { restored, kept, pruned, failed, held_up, .. } = undone.totals;
    if undone.applied && restored > 0 {
        outlook(&mut out, undone)?;
    }
    if let Some(line) = undone.how_to_take_back(named) {
        writeln!(out, "{DIM}{}{DIM:#}", plain(&line))?;
    }
    writeln!(out, "restored {restored}, kept {kept}, pruned {pruned}, failed {failed}, held up {held_up}")?;
    Ok(out.flush()?)
}

/// What becomes of what came back, by what it is.
const OUTLOOKS: [(&str, &str); 5] = [
    (ROW, "what a rule took, the next sweep takes again, unless the policy changes or it is pinned"),
    ("path", "what came back of a job counts as new; secrets are not kept, and do not"),
    ("file", "media that came back count as used now, and have the names that they had"),
    ("session", "payloads that came back stay for a day at least: a runtime takes them up by their session"),
    ("transcript", "results of tools stand in the transcript again; their files stay beside it"),
];

/// Says it.
fn outlook(out: &mut impl Write, undone: &Changes<UndoReport>) -> io::Result<()> {
    let came_back = |unit| undone.stores.iter().any(|store| store.restored > 0 && store.unit == unit);
    let lines = OUTLOOKS.iter().filter(|(unit, _)| came_back(*unit));
    lines.map(|(_, line)| line).try_for_each(|line| writeln!(out, "{DIM}{line}{DIM:#}"))
}

fn headline(store: &UndoReport, applied: bool) -> String {
    let run = &store.undoes;
    let would = if applied { "" } else { "would " };
    match store.outcome {
        Outcome::Restored => {
            let come = if applied { "came back" } else { "come back" };
            let go = if applied { "went again" } else { "go again" };
            let back = (store.restored > 0)
                .then(|| format!("{} {would}{come}", words::count(store.restored, store.unit)));
            let out =
                (store.pruned > 0).then(|| format!("{} {would}{go}", words::count(store.pruned, store.unit)));
            format!("{} from run {run}", back.into_iter().chain(out).collect::<Vec<_>>().join(", "))
        }
        Outcome::Nothing => format!("all of run {run} is as it was before it already"),
        Outcome::Refused if store.error.is_none() => format!("nothing of run {run} can come back"),
        outcome => outcome.name().to_owned(),
    }
}

/// Rows that newer ones stand in the way of.
fn held_up(out: &mut impl Write, store: &UndoReport) -> io::Result<()> {
    for name in store.in_the_way.iter().take(NAMED) {
        writeln!(out, "  {GOES}left alone{GOES:#}  {}: something else has its place", plain(name))?;
    }
    let held: Vec<_> = store.items.iter().filter(|row| row.what.is_held_up()).collect();
    for row in held.iter().take(NAMED) {
        let why = match row.what {
            Returned::ChangedSince => "it has changed since",
            Returned::Pinned => "it is pinned",
            _ => "a newer row has its key",
        };
        writeln!(out, "  {GOES}left alone{GOES:#}  {}: {why}", plain(&row.key.to_text()))?;
    }
    if held.len() > NAMED {
        writeln!(out, "  {DIM}... and {} more{DIM:#}", held.len() - NAMED)?;
    }
    if !held.is_empty() {
        writeln!(
            out,
            "  {DIM}undo {} --force-key overwrites them all, --force-key=KEY one of them{DIM:#}",
            store.undoes
        )?;
    }
    Ok(())
}
