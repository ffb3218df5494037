//! `pin`: put a row out of reach of every rule, or list what is pinned.

use std::path::PathBuf;

use clap::ValueHint;
use serde::Serialize;
use session_reaper::{
    Age, FileStore, Key, Policy, Timestamp,
    inspect::{self, Answer},
    store::Pin,
};

use super::{
    Exit, Failure, Frame, explain, output,
    pinning::{self, Head, Pinning, Shown},
    text,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper pin STORE KEY --reason 'the audit needs it'
  session-reaper pin STORE KEY --until 30d    for thirty days; pinning again replaces the pin
  session-reaper pin STORE                    what is pinned";

/// Protect a row from every rule; without KEY, list the pins
///
/// For good, or for a time. A pinned row stays whatever a rule or a cap says, and its family with it; no other row has to go for it. A dry run
/// that came before knows nothing of it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A sessions.json, or a folder or glob with one store
    #[arg(value_name = "STORE", value_hint = ValueHint::AnyPath)]
    store: PathBuf,

    /// The row's whole key; JSON's escapes such as \ud800 are understood
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    key: Option<String>,

    /// Until when: an age from now such as 7d, RFC 3339, or milliseconds since 1970 [default: for good]
    #[arg(long, value_name = "TIME", requires = "key", allow_hyphen_values = true)]
    until: Option<String>,

    /// What it is pinned for
    #[arg(long, value_name = "TEXT", requires = "key", allow_hyphen_values = true)]
    reason: Option<String>,

    /// Pin the key although the store has no such row yet
    #[arg(long, requires = "key")]
    no_row: bool,

    /// How long to wait for a store that another process holds [default: 5s]
    #[arg(long, value_name = "AGE", allow_hyphen_values = true)]
    lock_timeout: Option<String>,
}

#[derive(Serialize)]
struct Set<'a> {
    pin: Shown<'a>,
    replaced: Option<Shown<'a>>,
}

#[derive(Serialize)]
struct All<'a> {
    pins: Vec<Shown<'a>>,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let until = args.until.as_deref().map(|text| end_of(text, frame.now)).transpose()?;
    let pinning = Pinning::prepare(&args.store, args.lock_timeout.as_deref(), frame)?;
    match &args.key {
        None => list(&pinning, frame),
        Some(key) => set(args, key, until, &pinning, frame),
    }
}

fn set(
    args: &Args,
    key: &str,
    until: Option<Timestamp>,
    pinning: &Pinning,
    frame: &Frame<'_>,
) -> Result<Exit, Failure> {
    let reason = args.reason.clone().filter(|reason| !reason.is_empty());
    let (pin, replaced) = pinning.under_lock(|guard| {
        let key = key_of(&pinning.store, key, args.no_row, frame.now)?;
        let pin = Pin { key, reason, until, at: frame.now, by: Some(pinning::who()) };
        Ok((pin.clone(), pinning.store.pin(guard, pin)?))
    })?;
    if frame.globals.json {
        let replaced = replaced.as_ref().map(|pin| Shown::of(pin, frame.now));
        let set = Set { pin: Shown::of(&pin, frame.now), replaced };
        output::json(&Head::of("pin", frame.now, &pinning.name(), set))?;
    } else if frame.speaks() {
        text::pinned(&pin, replaced.as_ref())?;
    }
    Ok(pinning.exit())
}

fn list(pinning: &Pinning, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let book = pinning.store.pins()?;
    if frame.globals.json {
        let pins = book.all().iter().map(|pin| Shown::of(pin, frame.now)).collect();
        output::json(&Head::of("pin", frame.now, &pinning.name(), All { pins }))?;
    } else if frame.speaks() {
        text::pins(book.all(), frame.now)?;
    }
    Ok(pinning.exit())
}

/// The key of the row that was named. A name that no row has would protect nothing, and nobody would know.
fn key_of(store: &FileStore, key: &str, no_row: bool, now: Timestamp) -> Result<Key, Failure> {
    match inspect::explain(store, &Policy::default(), now, key)? {
        Answer::Row(row) => Ok(row.row.key),
        // As JSON would read it: of two spellings the last.
        Answer::Nearest(_) if no_row => {
            Ok(inspect::spellings(key).last().map(|key| Key::from_wtf8(&key)).unwrap_or_default())
        }
        Answer::Nearest(near) => {
            let name = store.path().to_string_lossy();
            let failure = explain::not_there("pin a row of", key, &name, &near);
            Err(failure.with_more_hint("--no-row pins the key all the same"))
        }
    }
}

/// The end of a pin: an age from now, or a time that is not over.
fn end_of(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let refuse = |why: String| Failure::usage(format!("--until: {why}; nothing was pinned"));
    let until = match (text.parse::<Age>(), text.parse::<Timestamp>()) {
        (Ok(age), _) => now.plus(age),
        (_, Ok(time)) => time,
        _ => {
            let accepted = "an age from now such as 7d, RFC 3339 such as 2026-11-21T08:00:00Z, or milliseconds since 1970";
            return Err(refuse(format!("{text:?} is no time: accepted are {accepted}")));
        }
    };
    if until < now {
        return Err(refuse(format!("{until} is over already, it is {now}")));
    }
    Ok(until)
}
