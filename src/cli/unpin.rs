//! `unpin`: give a pinned row back to the rules.

use std::path::PathBuf;

use clap::ValueHint;
use serde::Serialize;
use session_reaper::{inspect, store::Pin};

use super::{
    Exit, Failure, Frame, output,
    pinning::{Head, Pinning, Shown},
    text, words,
};

const EXAMPLES: &str = "\
Examples:
  session-reaper unpin STORE KEY
  session-reaper pin STORE         what is pinned";

/// Take the pin from a row: rules judge it again
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A sessions.json, or a folder or glob with one store
    #[arg(value_name = "STORE", value_hint = ValueHint::AnyPath)]
    store: PathBuf,

    /// The whole key; JSON's escapes such as \ud800 are understood
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    key: String,

    /// How long to wait for a store that another process holds [default: 5s]
    #[arg(long, value_name = "AGE", allow_hyphen_values = true)]
    lock_timeout: Option<String>,
}

#[derive(Serialize)]
struct Taken<'a> {
    unpinned: Shown<'a>,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let pinning = Pinning::prepare(&args.store, args.lock_timeout.as_deref(), frame)?;
    let pin = pinning.under_lock(|guard| {
        for key in inspect::spellings(&args.key) {
            if let Some(pin) = pinning.store.unpin(guard, &key)? {
                return Ok(pin);
            }
        }
        Err(not_pinned(&args.key, &pinning))
    })?;
    tell(&pin, &pinning, frame)?;
    Ok(pinning.exit())
}

fn tell(pin: &Pin, pinning: &Pinning, frame: &Frame<'_>) -> Result<(), Failure> {
    if frame.globals.json {
        let unpinned = Shown::of(pin, frame.now);
        output::json(&Head::of("unpin", frame.now, &pinning.name(), Taken { unpinned }))
    } else if frame.speaks() {
        text::unpinned(pin)
    } else {
        Ok(())
    }
}

fn not_pinned(key: &str, pinning: &Pinning) -> Failure {
    let name = pinning.name();
    Failure::error(format!("the key {key:?} is not pinned in {name}"))
        .at("missing", "unpin a row of", pinning.store.path())
        .with_hint(format!("`session-reaper pin {}` shows what is", words::quoted(&name)))
}
