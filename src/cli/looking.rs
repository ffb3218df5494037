//! What the verbs that only look have in common: their arguments, and JSON on stdout.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde::Serialize;
use session_reaper::{FileStore, Policy, Timestamp, artifact::Target, config::Flags, sweep::SCHEMA};

use super::{Failure, Frame, folders, output, stores};

/// The rules that verdicts go by.
#[derive(Debug, Args)]
pub(super) struct RuleArgs {
    /// Judge by this retention of cron runs; other rules are the configuration's [default: 24h]
    #[arg(long, value_name = "AGE|false", allow_hyphen_values = true)]
    retention: Option<String>,
}

/// One store.
#[derive(Debug, Args)]
pub(super) struct OneStoreArgs {
    /// A sessions.json, a folder or glob with one store, or a folder that is swept; the config's store if none
    #[arg(value_name = "STORE", value_hint = ValueHint::AnyPath)]
    store: Option<PathBuf>,

    /// Take store and retention from an OpenClaw state folder and its openclaw.json [default folder: ~/.openclaw]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "true", value_hint = ValueHint::DirPath)]
    openclaw: Option<String>,
}

impl RuleArgs {
    /// These arguments laid into `flags`.
    pub(super) fn lay_into(&self, flags: Flags) -> Flags {
        Flags { retention: self.retention.clone(), ..flags }
    }
}

impl OneStoreArgs {
    /// The folder of what sessions leave behind that is meant instead of a store, if one is.
    pub(super) fn folder(&self, frame: &Frame<'_>) -> Result<Option<Target>, Failure> {
        folders::meant(self.store.as_deref(), self.flags(Vec::new()), frame)
    }

    /// Says which folders the configuration names beside the store, to who has named nothing.
    pub(super) fn note_folders(&self, frame: &Frame<'_>) -> Result<(), Failure> {
        if self.store.is_some() { Ok(()) } else { folders::note(self.flags(Vec::new()), frame) }
    }

    fn flags(&self, stores: Vec<PathBuf>) -> Flags {
        Flags { stores, openclaw: self.openclaw.clone(), ..Flags::default() }
    }

    /// The store, and the policy in force.
    pub(super) fn find(&self, rules: &RuleArgs, frame: &Frame<'_>) -> Result<(FileStore, Policy), Failure> {
        find_one(self.flags(self.store.iter().cloned().collect()), rules, frame)
    }
}

/// The one store of these flags, and the policy in force.
pub(super) fn find_one(
    flags: Flags,
    rules: &RuleArgs,
    frame: &Frame<'_>,
) -> Result<(FileStore, Policy), Failure> {
    let config = frame.configure(rules.lay_into(flags))?;
    let store = stores::only(&stores::find(&config)?)?.clone();
    Ok((store, config.policy))
}

/// What every object of these verbs begins with.
#[derive(Serialize)]
pub(super) struct Head<'a, T> {
    schema: &'static str,
    verb: &'static str,
    now: Timestamp,
    policy: &'a Policy,
    #[serde(flatten)]
    rest: T,
}

/// Prints one JSON object.
pub(super) fn json<T: Serialize>(
    verb: &'static str,
    frame: &Frame<'_>,
    policy: &Policy,
    rest: T,
) -> Result<(), Failure> {
    output::json(&Head { schema: SCHEMA, verb, now: frame.now, policy, rest })
}
