//! `group`: paths that live and die together.

mod guard;
mod remove;

use clap::Subcommand;

use super::{Exit, Failure, Frame};

/// Paths that live and die together: a job's folder, its secrets, its results
///
/// A group is named by its main folder W; its other members are W.cred.sh, a secret, and W-artifacts, unless --secret and
/// --sibling say otherwise.
#[derive(Debug, clap::Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Remove(remove::Args),
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Remove(args) => remove::run(args, frame),
    }
}
