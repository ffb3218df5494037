//! `list`: the rows of a store, their age and weight, and when they go; or what is in a folder.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use session_reaper::{
    Kind,
    inspect::{self, Choice, Listing, Sort},
};

use super::{
    Exit, Failure, Frame, folders,
    looking::{self, OneStoreArgs, RuleArgs},
    progress::Progress,
    table, text,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper list ~/.openclaw/agents/main/sessions/sessions.json
  session-reaper list --kind cron-run --sort expiry STORE   what goes first
  session-reaper list --sort size --limit 10 STORE          what weighs most";

/// So many rows are shown on a terminal where nobody said how many.
const ON_TERMINAL: usize = 50;

/// The rows of a store, by age, weight or expiry; or what is in a folder that is swept
///
/// One line a row, newest first; of a folder, what a sweep would do to each name. GOES says when a row goes: now, in so much time, or what keeps it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    store: OneStoreArgs,

    /// The order: age (newest first), size (heaviest first), key, kind, expiry (what goes first), or store
    #[arg(
        long,
        value_name = "BY",
        default_value = "age",
        hide_default_value = true,
        hide_possible_values = true
    )]
    #[arg(value_parser = PossibleValuesParser::new(Sort::ALL.map(|(_, name)| name)).try_map(|name| name.parse::<Sort>()))]
    sort: Sort,

    /// Only rows of this kind, such as cron-run or subagent
    #[arg(long, value_name = "KIND", hide_possible_values = true)]
    #[arg(value_parser = PossibleValuesParser::new(Kind::all().map(Kind::name)).try_map(|name| name.parse::<Kind>()))]
    kind: Option<Kind>,

    /// At most so many rows [default: 50 on a terminal, else all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Show keys in full on a terminal too
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    rules: RuleArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    store: String,
    scanned: u64,
    matched: u64,
    prunable: u64,
    bytes: u64,
    rows: &'a Listing,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    if let Some(target) = args.store.folder(frame)? {
        return folders::list(&target, frame);
    }
    let (store, policy) = args.store.find(&args.rules, frame)?;
    let screen = table::screen_width(&std::io::stdout()).filter(|_| !frame.globals.json);
    let limit = args.limit.or_else(|| screen.map(|_| ON_TERMINAL));
    let choice = Choice { kind: args.kind, sort: args.sort, limit };
    let progress = Progress::of("reading", frame, 1);
    let listing = progress.over(|| inspect::list(&store, &policy, frame.now, &choice))?;
    drop(progress);
    if frame.globals.json {
        let (scanned, matched) = (listing.scanned, listing.matched);
        let (prunable, bytes) = (listing.prunable, listing.bytes);
        let store = store.path().to_string_lossy().into_owned();
        looking::json(
            "list",
            frame,
            &policy,
            Shown { store, scanned, matched, prunable, bytes, rows: &listing },
        )?;
    } else if frame.speaks() {
        text::rows(&listing, screen.filter(|_| !args.full))?;
        args.store.note_folders(frame)?;
    }
    Ok(Exit::Done)
}
