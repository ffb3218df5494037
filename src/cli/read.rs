//! From the words of this process's command line to a [`Cli`].

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::{Exit, args::Cli};

impl Cli {
    /// Reads the command line of this process. Help, version and complaints are told here.
    pub(super) fn read() -> Result<Self, Exit> {
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

/// The verb and the verbs below it, such as `config show`.
fn verb_name(matches: &ArgMatches) -> String {
    match matches.subcommand() {
        None => String::new(),
        Some((name, inner)) => format!("{name} {}", verb_name(inner)).trim_end().to_owned(),
    }
}
