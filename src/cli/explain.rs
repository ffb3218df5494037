//! `explain`: the verdict on one row, and everything it rests on.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use serde::Serialize;
use session_reaper::{
    Key,
    config::Flags,
    inspect::{self, Answer, Explanation},
};

use super::{
    Exit, Failure, Frame, folders,
    looking::{self, RuleArgs},
    progress::Progress,
    text,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper explain sessions.json agent:main:main
  session-reaper explain --retention 3d STORE KEY   what another retention would do to it
  session-reaper explain STORE daily                no such key: those that contain it are named";

/// The verdict on a row, or on a name in a folder: rule, age, expiry, what protects it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A sessions.json, a folder or glob with one store, or a folder that is swept
    #[arg(value_name = "STORE", value_hint = ValueHint::AnyPath)]
    store: PathBuf,

    /// The row's whole key (JSON's escapes such as \ud800 are understood), or the name in the folder
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    key: String,

    #[command(flatten)]
    rules: RuleArgs,
}

#[derive(Serialize)]
struct Shown<'a> {
    store: String,
    row: &'a Explanation,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    if let Some(target) = folders::meant(Some(&args.store), Flags::default(), frame)? {
        return folders::explain(&target, &args.key, frame);
    }
    let flags = Flags { stores: vec![args.store.clone()], ..Flags::default() };
    let (store, policy) = looking::find_one(flags, &args.rules, frame)?;
    let name = store.path().to_string_lossy().into_owned();
    let progress = Progress::of("reading", frame, 1);
    let answer = progress.over(|| inspect::explain(&store, &policy, frame.now, &args.key))?;
    drop(progress);
    let row = match answer {
        Answer::Row(row) => row,
        Answer::Nearest(near) => return Err(not_there("explain a row of", &args.key, &name, &near)),
    };
    if frame.globals.json {
        looking::json("explain", frame, &policy, Shown { store: name, row: &row })?;
    } else if frame.speaks() {
        text::explanation(&row)?;
    }
    Ok(Exit::Done)
}

/// No row has this key; those that may have been meant are named.
pub(super) fn not_there(step: &'static str, key: &str, store: &str, near: &[Key]) -> Failure {
    let failure = Failure::error(format!("no row of {store} has the key {key:?}")).at(
        "missing",
        step,
        Path::new(store),
    );
    if near.is_empty() {
        return failure.with_hint(format!("`session-reaper list {store}` shows the keys that it has"));
    }
    match near {
        [one] => failure.with_hint(format!("did you mean {one}?")),
        several => {
            let lines: Vec<_> = several.iter().map(ToString::to_string).collect();
            failure.with_hint(format!("did you mean one of these?\n{}", lines.join("\n")))
        }
    }
}
