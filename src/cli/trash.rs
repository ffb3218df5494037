//! `trash`: what was removed and can still be brought back.

mod empty;
mod list;
mod restore;

use clap::Subcommand;

use super::{Exit, Failure, Frame};

/// What was removed and can still be brought back
///
/// What a run removes stays in `.session-reaper/trash/` beside the store, for seven days unless --trash-retention says
/// otherwise; the newest run's stays until there is a newer one.
#[derive(Debug, clap::Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::Args),
    Restore(restore::Args),
    Empty(empty::Args),
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::List(args) => list::run(args, frame),
        Verb::Restore(args) => restore::run(args, frame),
        Verb::Empty(args) => empty::run(args, frame),
    }
}
