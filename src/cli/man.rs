//! `man`: the manual page, on stdout, for packagers.

use std::io::Write;

use clap::CommandFactory;

use super::{Exit, Failure, args::Cli, output};

const EXAMPLES: &str = "\
Examples:
  session-reaper man > session-reaper.1
  session-reaper man prune > session-reaper-prune.1";

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The page of this verb instead of the first page
    verb: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command(args)?).render(&mut page)?;
    let mut out = output::stdout();
    out.write_all(&page)?;
    out.flush()?;
    Ok(Exit::Done)
}

fn command(args: &Args) -> Result<clap::Command, Failure> {
    let mut whole = Cli::command();
    whole.build();
    let Some(verb) = &args.verb else { return Ok(whole) };
    let found = whole.find_subcommand(verb).cloned();
    let page = found.ok_or_else(|| Failure::usage(format!("there is no verb {verb:?}")))?;
    let version = whole.get_version().unwrap_or_default().to_owned();
    let name = format!("session-reaper-{}", page.get_name());
    Ok(page.name(name).version(version))
}
