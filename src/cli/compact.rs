//! `compact`: fields that a gateway makes anew go from rows that nobody uses, and large results from transcripts.

mod transcripts;

use std::{io::Write, path::PathBuf};

use clap::ValueHint;
use serde::Serialize;
use session_reaper::{
    Age, Bytes, Error,
    config::{Effective, Flags},
    store::Slimming,
    sweep::{self, CompactReport, Options, Outcome},
};

use super::{
    Exit, Failure, Frame,
    changes::{Change, Changes},
    output::{self, BOLD},
    past::{self, ChangeArgs},
    stores::{self, Target},
    words::{self, plain},
};

const EXAMPLES: &str = "\
Examples:
  session-reaper compact -n ~/.openclaw           what it would save
  session-reaper compact --inactive 3d ~/.openclaw
  session-reaper undo --store sessions.json       brings the fields back
  session-reaper compact ~/.openclaw/agents/main/sessions/*.jsonl
  session-reaper undo --store sessions/1f2e.jsonl brings a transcript back";

/// Shrink without pruning: fields that a gateway makes anew go from inactive rows, large results from transcripts
///
/// Every row stays. What goes is kept in the trash like rows that were pruned, and an undo brings it back. Rows without a
/// time, pinned ones and those that --keep patterns of the configuration match stay as they are.
///
/// A path that ends in .jsonl is a transcript: results of tools that are larger than 50 KiB, or what the configuration says, go to files
/// beside it, with an excerpt and the file's name in their place. Every other byte stays.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// sessions.json files, folders or globs; or transcripts (*.jsonl); the config's stores if none
    #[arg(value_name = "STORE", value_hint = ValueHint::AnyPath)]
    stores: Vec<PathBuf>,

    /// Only rows, or transcripts, that nobody has updated for so long [default: 1d]
    #[arg(long, value_name = "AGE", value_parser = |text: &str| text.parse::<Age>())]
    inactive: Option<Age>,

    /// A field that goes, instead of skillsSnapshot and systemPromptReport (repeatable)
    #[arg(long = "field", value_name = "NAME")]
    fields: Vec<String>,

    /// Keep nothing of what goes: it cannot be brought back
    #[arg(long)]
    no_trash: bool,

    /// Do it although the clock is behind what the store has seen, or far ahead of all of it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    allow_clock_jump: Option<String>,

    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Totals {
    stores: usize,
    scanned: u64,
    pruned: u64,
    kept: u64,
    failed: u64,
    slimmed: u64,
    bytes_freed: u64,
}

impl Change for CompactReport {
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

    fn totals(stores: &[Self]) -> Totals {
        let sum = |of: fn(&Self) -> u64| stores.iter().map(of).sum();
        Totals {
            stores: stores.len(),
            scanned: sum(|store| store.scanned),
            pruned: sum(|store| store.pruned),
            kept: sum(|store| store.kept),
            failed: sum(|store| store.failed),
            slimmed: sum(|store| store.slimmed),
            bytes_freed: sum(freed),
        }
    }
}

const fn freed(store: &CompactReport) -> u64 {
    store.bytes_before.saturating_sub(store.bytes_after)
}

impl Args {
    /// How long nobody must have updated what is compacted.
    fn quiet(&self) -> Age {
        self.inactive.unwrap_or(Age::from_hours(24))
    }
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let config = frame.configure(Flags {
        stores: args.stores.clone(),
        no_trash: args.no_trash,
        allow_clock_jump: args.allow_clock_jump.clone(),
        ..args.change.lay_into(Flags::default())
    })?;
    let options = Options {
        trash: config.trash,
        allow_clock_jump: config.allow_clock_jump,
        what_if: frame.globals.now.is_some(),
        ..past::options(&config, &args.change, frame)?
    };
    if args.stores.iter().any(|path| transcripts::is_one(path)) {
        return transcripts::run(args, &config, &options, frame);
    }
    must_be_made_anew(&args.fields)?;
    let slimming = slimming(args, &config, frame);
    let targets = stores::find(&config)?;
    let wanted = targets.iter().take_while(|_| options.stop.signal().is_none());
    let stores: Vec<_> = wanted.map(|target| one(target, &slimming, &options)).collect();
    let changes = Changes::of("compact", frame.now, stores, &options);
    let done = format_args!("but it was done: rows were compacted");
    let exit = changes.tell(frame, &options, || print(&changes), done)?;
    if options.trash && !frame.globals.json {
        changes.how_to_take_back(&args.stores).iter().for_each(|line| frame.note(line));
    }
    Ok(exit)
}

/// What a row is known by, or judged by, no gateway makes anew.
fn must_be_made_anew(fields: &[String]) -> Result<(), Failure> {
    const LASTING: [&str; 4] = ["updatedAt", "sessionId", "sessionFile", ""];
    match fields.iter().find(|field| LASTING.contains(&field.as_str())) {
        Some(field) => {
            Err(Failure::usage(format!("--field {field:?}: no gateway makes this anew; nothing was removed")))
        }
        None => Ok(()),
    }
}

fn slimming(args: &Args, config: &Effective, frame: &Frame<'_>) -> Slimming {
    let fields = if args.fields.is_empty() {
        Slimming::FIELDS.map(str::to_owned).to_vec()
    } else {
        args.fields.clone()
    };
    Slimming { fields, inactive: args.quiet(), now: frame.now, policy: config.policy.clone() }
}

fn one(target: &Target, slimming: &Slimming, options: &Options) -> CompactReport {
    match target {
        Target::Store(store) => sweep::compact(store, slimming, options),
        Target::None(error) => CompactReport::of_error(target.name(), error.clone()),
    }
}

fn print(compacted: &Changes<CompactReport>) -> Result<(), Failure> {
    let mut out = output::stdout();
    let would = if compacted.applied { "got" } else { "would get" };
    for store in &compacted.stores {
        let (name, rows) = (plain(&store.store), words::count(store.scanned, "row"));
        let what = match store.outcome {
            Outcome::Swept => format!("{} of {rows} {would} slimmer", store.slimmed),
            Outcome::Nothing => format!("nothing to slim among {rows}"),
            outcome => outcome.name().to_owned(),
        };
        writeln!(
            out,
            "{BOLD}{name}{BOLD:#}: {what} ({} of {})",
            Bytes(freed(store)),
            Bytes(store.bytes_before)
        )?;
    }
    if !compacted.applied {
        writeln!(out, "dry run: nothing was changed")?;
    }
    let Totals { kept, slimmed, bytes_freed, .. } = compacted.totals;
    writeln!(out, "kept {kept}, slimmed {slimmed}, pruned 0, failed 0, freed {}", Bytes(bytes_freed))?;
    Ok(out.flush()?)
}
