//! From the words of this process's command line to a [`Cli`].

use std::ffi::OsString;

use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches};

use super::{
    Exit,
    args::{Cli, Globals},
    tick,
};

impl Cli {
    /// Reads the command line of this process. Help, version and complaints are told here.
    pub(super) fn read() -> Result<Self, Exit> {
        read_tick(std::env::args_os()).map_or_else(Self::read_any, Ok)
    }

    fn read_any() -> Result<Self, Exit> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(std::env::args_os());
        let parsed = matches.and_then(|matches| {
            let cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
            Ok(Self { name: verb_name(&matches), ..cli })
        });
        parsed.map_err(|told| {
            // Nobody is left to tell when this fails.
            let _ = told.print();
            if told.use_stderr() { Exit::Usage } else { Exit::Done }
        })
    }

    /// The verb's name, where an object of JSON is wanted.
    pub(super) fn object(&self) -> Option<&str> {
        self.globals.json.then_some(&*self.name)
    }
}

/// The scheduler's call, which comes every minute: of some twenty verbs its own alone is set up for it. Whatever is another,
/// or is to be complained about, is read again by all of them.
fn read_tick(words: impl IntoIterator<Item = OsString>) -> Option<Cli> {
    let tick = tick::Args::augment_args(Command::new("tick"));
    let command = Globals::augment_args(Command::new("session-reaper")).subcommand(tick);
    let matches = command.subcommand_required(true).try_get_matches_from(words).ok()?;
    let cli = Cli::from_arg_matches(&matches).ok()?;
    Some(Cli { name: verb_name(&matches), ..cli })
}

/// The verb and the verbs below it, such as `config show`.
fn verb_name(matches: &ArgMatches) -> String {
    match matches.subcommand() {
        None => String::new(),
        Some((name, inner)) => format!("{name} {}", verb_name(inner)).trim_end().to_owned(),
    }
}
