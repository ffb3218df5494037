//! `completions`: a script for a shell, on stdout.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Exit, Failure, args::Cli, output};

const EXAMPLES: &str = "\
Examples:
  session-reaper completions bash > /etc/bash_completion.d/session-reaper
  session-reaper completions fish > ~/.config/fish/completions/session-reaper.fish";

/// The script for bash names the states of its verbs in one way where it enters them and in another where it looks them
/// up, if the program has a hyphen in its name: then no verb's flags are completed.
const WRONG: &str = "session__subcmd__reaper";
const RIGHT: &str = "session__reaper";

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "session-reaper", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if args.shell == Shell::Bash {
        script = script.replace(WRONG, RIGHT);
    }
    let mut out = output::stdout();
    out.write_all(script.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}
