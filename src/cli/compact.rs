//! `compact`: fields that a gateway makes anew go from rows that nobody uses.

use std::{io::Write, path::PathBuf};

use clap::ValueHint;
use serde::{Serialize, Serializer, ser::SerializeStruct};
use session_reaper::{
    Age, Bytes, Error, Timestamp,
    config::{Effective, Flags},
    store::Slimming,
    sweep::{self, CompactReport, Options, Outcome, RunId, SCHEMA},
};

use super::{
    Exit, Failure, Frame,
    output::{self, BOLD},
    past::{self, ChangeArgs},
    stores::{self, Target},
    words::{self, plain},
};

const EXAMPLES: &str = "\
Examples:
  session-reaper compact -n ~/.openclaw           what it would save
  session-reaper compact --inactive 3d ~/.openclaw
  session-reaper undo --store sessions.json       brings the fields back";

/// Shrink without pruning: fields that a gateway makes anew go from inactive rows
///
/// Every row stays. What goes is kept in the trash like rows that were pruned, and an undo brings it back. Rows without a
/// time, pinned ones and those that --keep patterns of the configuration match stay as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// sessions.json files, folders or globs; the config's stores if none
    #[arg(value_name = "STORE", value_hint = ValueHint::AnyPath)]
    stores: Vec<PathBuf>,

    /// Only rows that nobody has updated for so long [default: 1d]
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

/// What got slimmer, over all stores.
struct Compacted {
    applied: bool,
    run: Option<RunId>,
    now: Timestamp,
    stores: Vec<CompactReport>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    stores: usize,
    scanned: u64,
    pruned: u64,
    kept: u64,
    failed: u64,
    slimmed: u64,
    bytes_freed: u64,
}

impl Compacted {
    fn sum(&self, of: impl Fn(&CompactReport) -> u64) -> u64 {
        self.stores.iter().map(of).sum()
    }
}

impl Serialize for Compacted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let totals = Totals {
            stores: self.stores.len(),
            scanned: self.sum(|store| store.scanned),
            pruned: self.sum(|store| store.pruned),
            kept: self.sum(|store| store.kept),
            failed: self.sum(|store| store.failed),
            slimmed: self.sum(|store| store.slimmed),
            bytes_freed: self.sum(freed),
        };
        let mut object = serializer.serialize_struct("Compacted", 7)?;
        object.serialize_field("schema", SCHEMA)?;
        object.serialize_field("verb", "compact")?;
        object.serialize_field("applied", &self.applied)?;
        object.serialize_field("run", &self.run)?;
        object.serialize_field("now", &self.now)?;
        object.serialize_field("stores", &self.stores)?;
        object.serialize_field("totals", &totals)?;
        object.end()
    }
}

const fn freed(store: &CompactReport) -> u64 {
    store.bytes_before.saturating_sub(store.bytes_after)
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
    must_be_made_anew(&args.fields)?;
    let slimming = slimming(args, &config, frame);
    let targets = stores::find(&config)?;
    let wanted = targets.iter().take_while(|_| options.stop.signal().is_none());
    let stores: Vec<_> = wanted.map(|target| one(target, &slimming, &options)).collect();
    let has_changed = |store: &CompactReport| {
        store.outcome == Outcome::Swept || store.error.as_ref().is_some_and(Error::is_too_late)
    };
    let applied = !options.dry_run;
    let run = options.run.clone().filter(|_| applied && stores.iter().any(has_changed));
    let compacted = Compacted { applied, run, now: frame.now, stores };
    let exit = tell(&compacted, frame, &options)?;
    if let Some(run) = compacted.run.as_ref().filter(|_| options.trash && !frame.globals.json) {
        let changed = compacted.stores.iter().filter(|store| has_changed(store));
        let changed = changed.map(|store| store.store.clone());
        frame.note(&past::how_to_take_back(run, changed, &args.stores));
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
    let inactive = args.inactive.unwrap_or(Age::from_hours(24));
    Slimming { fields, inactive, now: frame.now, policy: config.policy.clone() }
}

fn one(target: &Target, slimming: &Slimming, options: &Options) -> CompactReport {
    match target {
        Target::Store(store) => sweep::compact(store, slimming, options),
        Target::None(error) => {
            let again = Error::new(error.kind(), error.step(), error.path(), error.message());
            let hint = error.hint().unwrap_or_default().to_owned();
            CompactReport::of_error(target.name(), again.with_hint(hint))
        }
    }
}

fn tell(compacted: &Compacted, frame: &Frame<'_>, options: &Options) -> Result<Exit, Failure> {
    let _stake = compacted.run.as_ref().map(|_| options.stop.enter());
    let printed = if frame.globals.json {
        output::json(compacted)
    } else {
        let errors = compacted.stores.iter().filter_map(|store| store.error.as_ref());
        errors.for_each(|error| output::error(&error.to_string(), error.hint()));
        if frame.speaks() { print(compacted) } else { Ok(()) }
    };
    past::printed(printed, compacted.run.is_some(), format_args!("but it was done: rows were compacted"))?;
    let exits = compacted.stores.iter().map(|store| store.error.as_ref().map_or(Exit::Done, Exit::of_error));
    Ok(exits.reduce(Exit::and).unwrap_or(Exit::Done).unless_stopped(&options.stop))
}

fn print(compacted: &Compacted) -> Result<(), Failure> {
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
    let (kept, slimmed) = (compacted.sum(|store| store.kept), compacted.sum(|store| store.slimmed));
    writeln!(
        out,
        "kept {kept}, slimmed {slimmed}, pruned 0, failed 0, freed {}",
        Bytes(compacted.sum(freed))
    )?;
    Ok(out.flush()?)
}
