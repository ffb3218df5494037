//! `stats`: which kinds of rows a store has, how old they are, and which fields cost the bytes.

use serde::Serialize;
use session_reaper::{
    Error, Policy, Timestamp,
    config::Flags,
    inspect::{self, Survey},
};

use super::{
    Exit, Failure, Frame,
    flags::StoreArgs,
    looking::{self, RuleArgs},
    output,
    progress::Progress,
    stores::{self, Target},
    text,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper stats ~/.openclaw
  session-reaper stats --retention 3d sessions.json   how many would go then
  session-reaper stats --json ~/.openclaw | jq '.stores[].weights.fields[0]'";

/// What costs the bytes: kinds of rows, their age, their heaviest fields
///
/// SHARE is a share of the file. HEAVIEST is the field that costs most among the rows of a kind, and its share of these.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    stores: StoreArgs,

    /// Name so many fields; the others are added up [default: 8]
    #[arg(long, value_name = "N", default_value_t = 8, hide_default_value = true)]
    fields: usize,

    #[command(flatten)]
    rules: RuleArgs,
}

/// A store in JSON: its survey, or what went wrong.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    survey: Option<&'a Survey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    error: Option<&'a Error>,
}

#[derive(Serialize)]
struct All<'a> {
    stores: Vec<Shown<'a>>,
    totals: Totals,
}

/// The sums over all stores.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Totals {
    pub(super) stores: u64,
    pub(super) rows: u64,
    pub(super) prunable: u64,
    pub(super) bytes_before: u64,
    pub(super) bytes_after: u64,
}

impl Totals {
    fn of<'s>(surveys: impl Iterator<Item = &'s Survey>) -> Self {
        surveys.fold(Self::default(), |sum, survey| Self {
            stores: sum.stores + 1,
            rows: sum.rows + survey.census.total.rows,
            prunable: sum.prunable + survey.census.total.prunable,
            bytes_before: sum.bytes_before + survey.bytes_before,
            bytes_after: sum.bytes_after + survey.bytes_after,
        })
    }
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let config = frame.configure(args.rules.lay_into(args.stores.lay_into(Flags::default())))?;
    if config.stores.is_empty() && !config.targets().is_empty() {
        return Err(knows_stores_alone());
    }
    let targets = stores::find(&config)?;
    let progress = Progress::of("reading", frame, targets.len());
    let look = |target| progress.over(|| survey(target, &config.policy, frame.now));
    let results: Vec<_> = targets.into_iter().map(look).collect();
    drop(progress);
    let totals = Totals::of(results.iter().flatten());
    if frame.globals.json {
        let stores = results.iter().map(shown).collect();
        looking::json("stats", frame, &config.policy, All { stores, totals })?;
    } else {
        let errors = results.iter().filter_map(|result| result.as_ref().err());
        errors.for_each(|error| output::error(&error.to_string(), error.hint()));
        if frame.speaks() {
            text::surveys(results.iter().flatten(), &totals, args.fields)?;
        }
    }
    let exits = results.iter().map(|result| result.as_ref().map_or_else(Exit::of_error, |_| Exit::Done));
    Ok(exits.reduce(Exit::and).unwrap_or(Exit::Done))
}

fn knows_stores_alone() -> Failure {
    let message = "no store is named, and the configuration names folders alone; nothing was removed";
    Failure::usage(message).with_hint(
        "`stats` speaks of the rows of stores; `session-reaper list FOLDER` shows what is in a folder",
    )
}

fn survey(target: Target, policy: &Policy, now: Timestamp) -> Result<Survey, Error> {
    match target {
        Target::Store(store) => inspect::survey(&store, policy, now),
        Target::None(error) => Err(error),
    }
}

fn shown(result: &Result<Survey, Error>) -> Shown<'_> {
    match result {
        Ok(survey) => Shown { survey: Some(survey), store: None, error: None },
        Err(error) => {
            let store = error.path().to_string_lossy().into_owned();
            Shown { survey: None, store: Some(store), error: Some(error) }
        }
    }
}
