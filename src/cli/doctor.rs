//! `doctor`: what is wrong with stores, beside them and in the folders of the configuration, and what to do about it.

use serde::Serialize;
use session_reaper::{
    Timestamp,
    artifact::{self, Target as Folder},
    config::Flags,
    doctor::{self, Checkup, FolderCheckup},
    sweep::SCHEMA,
};

use super::{
    Exit, Failure, Frame,
    flags::StoreArgs,
    output,
    progress::Progress,
    stores::{self, Target},
    text,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper doctor ~/.openclaw
  session-reaper doctor --fix --openclaw   and remove the locks of the dead";

/// What is wrong here: stores, folders, stale locks, odd owners, live gateways
///
/// Folders that the configuration names are looked at beside the stores, where no STORE is named.
/// Looks and changes nothing, unless it is to mend. That something is wrong is no error: the exit code says whether the
/// look could be taken.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    stores: StoreArgs,

    /// Remove locks whose owners are proven to be dead, and nothing else
    #[arg(long)]
    fix: bool,
}

/// All of it in JSON.
#[derive(Serialize)]
struct Shown<'a> {
    schema: &'static str,
    verb: &'static str,
    applied: bool,
    now: Timestamp,
    stores: &'a [Checkup],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    targets: &'a [FolderCheckup],
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let config = frame.configure(args.stores.lay_into(Flags::default()))?;
    let folders = args.stores.folders(&config);
    let targets = stores::find_beside(&config, &folders)?;
    let folders = examine_folders(&folders, &targets, frame.now);
    let progress = Progress::of("reading", frame, targets.len());
    let look = |target| progress.over(|| examine(target, frame.now, args.fix));
    let stores: Vec<Checkup> = targets.into_iter().map(look).collect();
    drop(progress);
    if frame.globals.json {
        let (schema, verb, applied) = (SCHEMA, "doctor", args.fix);
        output::json(&Shown { schema, verb, applied, now: frame.now, stores: &stores, targets: &folders })?;
    } else {
        if frame.speaks() {
            text::checkups(&stores, &folders)?;
        }
        let missing = stores.iter().filter(|store| exit(store) != Exit::Done);
        missing.filter_map(|store| store.error.as_ref()).for_each(|error| {
            output::error(&error.to_string(), error.hint());
        });
    }
    Ok(stores.iter().map(exit).reduce(Exit::and).unwrap_or(Exit::Done))
}

fn examine(target: Target, now: Timestamp, mends: bool) -> Checkup {
    match target {
        Target::Store(store) => doctor::examine(&store, now, mends),
        Target::None(error) => Checkup::of_error(error),
    }
}

fn examine_folders(folders: &[Folder], stores: &[Target], now: Timestamp) -> Vec<FolderCheckup> {
    let clashes = artifact::clashes(folders, stores.iter().filter_map(Target::path));
    let one = |(folder, clash): (&Folder, Option<_>)| doctor::examine_folder(folder, clash.as_ref(), now);
    folders.iter().zip(clashes).map(one).collect()
}

/// A store that is broken has been looked at; one that is missing has not.
fn exit(store: &Checkup) -> Exit {
    store.error.as_ref().map(Exit::of_error).filter(|exit| *exit == Exit::Missing).unwrap_or(Exit::Done)
}
