//! `compact` on transcripts: large results of tools go to files beside them.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde::Serialize;
use session_reaper::{
    Age, Bytes, Error, Timestamp,
    artifact::{
        self,
        transcripts::{self, Compacted, Settings},
    },
    config::Effective,
    fs,
    sweep::{Options, Outcome, RunId},
};

use super::Args;
use crate::cli::{
    Exit, Failure, Frame,
    changes::{Change, Changes},
    output::{self, BOLD},
    past,
    words::{self, plain},
};

/// What ends the names of transcripts.
const EXTENSION: &str = "jsonl";

/// Whether a path is named like a transcript.
pub(super) fn is_one(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == EXTENSION)
}

/// What was done to one transcript: its lines are what it has for rows. None goes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    store: String,
    outcome: Outcome,
    /// Each has a run of its own.
    run: Option<RunId>,
    scanned: u64,
    pruned: u64,
    kept: u64,
    failed: u64,
    /// Lines in which something was replaced.
    slimmed: u64,
    unreadable: u64,
    torn: u64,
    torn_bytes: u64,
    /// Where that line was put aside, if anything was changed.
    torn_at: Option<PathBuf>,
    payloads: u64,
    bytes_before: u64,
    bytes_after: u64,
    /// Whether it was written to lately, and is left alone.
    young: bool,
    error: Option<Error>,
}

impl Report {
    /// Of one that a run may still be on.
    fn young(path: &Path) -> Self {
        Self { young: true, ..Self::of(path, Ok(Compacted::default())) }
    }

    fn of(path: &Path, done: Result<Compacted, Error>) -> Self {
        let (done, error) = match done {
            Ok(done) => (done, None),
            Err(error) => (Compacted::default(), Some(error)),
        };
        let outcome = match &error {
            Some(error) => Outcome::of_error(error),
            None if done.touched > 0 => Outcome::Swept,
            None => Outcome::Nothing,
        };
        Self {
            store: path.to_string_lossy().into_owned(),
            outcome,
            run: done.run,
            scanned: done.lines,
            pruned: 0,
            kept: done.lines,
            failed: 0,
            slimmed: done.touched,
            unreadable: done.unreadable,
            torn: done.torn,
            torn_bytes: done.torn_bytes,
            torn_at: done.torn_at,
            payloads: done.payloads,
            bytes_before: done.bytes_before,
            bytes_after: done.bytes_after,
            young: false,
            error,
        }
    }

    const fn freed(&self) -> u64 {
        self.bytes_before.saturating_sub(self.bytes_after)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    stores: usize,
    scanned: u64,
    pruned: u64,
    kept: u64,
    failed: u64,
    slimmed: u64,
    payloads: u64,
    bytes_freed: u64,
}

impl Change for Report {
    type Totals = Totals;
    const DONE: Outcome = Outcome::Swept;

    fn store(&self) -> &str {
        &self.store
    }

    fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    fn own_run(&self) -> Option<&RunId> {
        self.run.as_ref()
    }

    fn totals(stores: &[Self]) -> Totals {
        let sum = |of: fn(&Self) -> u64| stores.iter().map(of).sum();
        Totals {
            stores: stores.len(),
            scanned: sum(|one| one.scanned),
            pruned: 0,
            kept: sum(|one| one.kept),
            failed: 0,
            slimmed: sum(|one| one.slimmed),
            payloads: sum(|one| one.payloads),
            bytes_freed: sum(Self::freed),
        }
    }
}

pub(super) fn run(
    args: &Args,
    config: &Effective,
    options: &Options,
    frame: &Frame<'_>,
) -> Result<Exit, Failure> {
    must_fit(args)?;
    let settings = settings(args, config);
    let wanted = args.stores.iter().take_while(|_| options.stop.signal().is_none());
    let each = |path: &PathBuf| {
        // In a list of many some are always in use.
        if is_young(path, args.quiet(), frame.now) {
            return Report::young(path);
        }
        Report::of(path, transcripts::compact(path, &settings, frame.now, &options_of(config, options)))
    };
    let stores: Vec<Report> = wanted.map(each).collect();
    let changes = Changes::of("compact", frame.now, stores, options);
    let done = format_args!("but it was done: transcripts were compacted");
    let exit = changes.tell(frame, options, || print(&changes), done)?;
    if !frame.globals.json {
        let done = changes.stores.iter().filter_map(|one| Some((one.run.as_ref()?, &one.store)));
        for (run, path) in done {
            frame.note(&past::how_to_take_back(run, std::iter::once(path.clone()), &args.stores));
        }
    }
    Ok(exit)
}

/// What is for rows alone cannot be meant.
fn must_fit(args: &Args) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::usage(format!("{why}; nothing was changed")));
    if !args.stores.iter().all(|path| is_one(path)) {
        return refused("stores and transcripts cannot be compacted in one call");
    }
    if !args.fields.is_empty() {
        return refused("--field speaks of the rows of a store, and a transcript has none");
    }
    if args.no_trash {
        return refused("--no-trash: a transcript is not compacted without a way back");
    }
    Ok(())
}

/// Whether somebody has written to a file less long ago.
fn is_young(path: &Path, quiet: Age, now: Timestamp) -> bool {
    fs::stat(path).is_some_and(|stat| Timestamp::from_nanos(stat.modified_ns).plus(quiet) >= now)
}

fn settings(args: &Args, config: &Effective) -> Settings {
    let quiet = args.quiet();
    let inline = i64::try_from(config.payloads.inline_limit).unwrap_or(i64::MAX);
    let settings = Settings::default().with_quiet(Some(quiet));
    settings.clone().with_inline_limit(inline).unwrap_or(settings)
}

fn options_of(config: &Effective, options: &Options) -> artifact::Options {
    artifact::Options {
        verb: "compact",
        lock_timeout: options.lock_timeout,
        dry_run: options.dry_run,
        trash_retention: config.trash_retention,
        stop: options.stop.clone(),
        ..artifact::Options::default()
    }
}

fn print(compacted: &Changes<Report>) -> Result<(), Failure> {
    let mut out = output::stdout();
    compacted.stores.iter().try_for_each(|one| line(&mut out, one, compacted.applied))?;
    if !compacted.applied {
        writeln!(out, "dry run: nothing was changed")?;
    }
    let Totals { kept, slimmed, payloads, bytes_freed, .. } = compacted.totals;
    writeln!(
        out,
        "kept {kept}, slimmed {slimmed}, payloads {payloads}, pruned 0, failed 0, freed {}",
        Bytes(bytes_freed)
    )?;
    Ok(out.flush()?)
}

fn line(out: &mut impl Write, one: &Report, applied: bool) -> Result<(), Failure> {
    let (name, lines) = (plain(&one.store), words::count(one.scanned, "line"));
    let would = if applied { "got" } else { "would get" };
    let what = match one.outcome {
        Outcome::Swept => format!("{} of {lines} {would} slimmer", one.slimmed),
        Outcome::Nothing if one.young => {
            writeln!(out, "{BOLD}{name}{BOLD:#}: left alone, it was written to lately")?;
            return Ok(());
        }
        Outcome::Nothing => format!("nothing to slim among {lines}"),
        outcome => outcome.name().to_owned(),
    };
    writeln!(out, "{BOLD}{name}{BOLD:#}: {what} ({} of {})", Bytes(one.freed()), Bytes(one.bytes_before))?;
    if one.unreadable > 0 {
        writeln!(out, "  {} stayed: no JSON", words::count(one.unreadable, "line"))?;
    }
    torn(out, one, applied)
}

/// What became of a last line that its writer never ended.
fn torn(out: &mut impl Write, one: &Report, applied: bool) -> Result<(), Failure> {
    let bytes = Bytes(one.torn_bytes);
    match &one.torn_at {
        _ if one.torn == 0 => {}
        None => writeln!(out, "  1 line stayed: cut off at the end ({bytes})")?,
        Some(path) => {
            let (went, path) = (if applied { "was put" } else { "would be put" }, path.to_string_lossy());
            writeln!(out, "  1 line {went} aside: cut off at the end ({bytes}), in {}", plain(&path))?;
        }
    }
    Ok(())
}
