//! From the words of this process's command line to a [`Cli`].

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches};

use super::{
    Exit,
    args::{Cli, Globals, Verb},
    flags::StoreArgs,
    tick,
};

impl Cli {
    /// Reads the command line of this process. Help, version and complaints are told here.
    pub(super) fn read() -> Result<Self, Exit> {
        let words = std::env::args_os;
        read_plain_tick(words()).or_else(|| read_tick(words())).map_or_else(Self::read_any, Ok)
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

/// The scheduler's call as it mostly stands in a table, `[-q] tick [STORE]... [--openclaw]`. To set up what tells options
/// apart takes longer than a tick with nothing due. Whatever has another option, or may be wrong, is read by others.
fn read_plain_tick(words: impl IntoIterator<Item = OsString>) -> Option<Cli> {
    let mut words = words.into_iter().skip(1).peekable();
    let quiet = words.next_if(|word| word == "-q" || word == "--quiet").is_some();
    words.next_if(|word| word == "tick")?;
    let mut stores = StoreArgs::default();
    for word in words {
        match word.as_encoded_bytes() {
            // What comes behind it is its folder.
            _ if stores.openclaw.is_some() => return None,
            b"--openclaw" => stores.openclaw = Some(StoreArgs::OPENCLAW.to_owned()),
            [] | [b'-', ..] => return None,
            _ => stores.stores.push(PathBuf::from(word)),
        }
    }
    let globals = Globals { quiet, ..Globals::default() };
    Some(Cli { globals, verb: Verb::Tick(tick::Args::over(stores)), name: "tick".to_owned() })
}

/// The scheduler's call in any form, which comes every minute: of some twenty verbs its own alone is set up for it. Whatever
/// is another, or is to be complained about, is read again by all of them.
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

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 11] =
        ["-q", "--quiet", "tick", "prune", "a", "help", "-", "--", "--openclaw", "--openclaw=x", ""];

    /// All lists of so many words.
    fn lists(words: u32) -> impl Iterator<Item = Vec<&'static str>> {
        (0..WORDS.len().pow(words)).map(move |number| {
            (0..words).map(|place| WORDS[number / WORDS.len().pow(place) % WORDS.len()]).collect()
        })
    }

    fn read(how: fn(Vec<OsString>) -> Option<Cli>, words: &[&str]) -> Option<String> {
        let all = std::iter::once("session-reaper").chain(words.iter().copied());
        how(all.map(OsString::from).collect()).map(|cli| format!("{cli:?}"))
    }

    #[test]
    fn a_plain_tick_is_what_all_the_options_make_of_it() {
        let mut plain = 0;
        for words in (0..=4).flat_map(lists) {
            if let Some(cli) = read(read_plain_tick, &words) {
                assert_eq!(Some(cli), read(read_tick, &words), "{words:?}");
                plain += 1;
            }
        }
        assert!(plain > 100, "{plain}");
    }

    #[test]
    fn the_scheduler_s_calls_are_plain() {
        for line in ["tick", "tick /a/sessions.json b", "-q tick --openclaw", "--quiet tick a --openclaw"] {
            assert!(read(read_plain_tick, &line.split(' ').collect::<Vec<_>>()).is_some(), "{line}");
        }
        for line in ["", "prune a", "tick -n", "tick a -q", "-q -q tick", "tick --openclaw a", "tick -- a"] {
            assert!(read(read_plain_tick, &line.split(' ').collect::<Vec<_>>()).is_none(), "{line}");
        }
    }
}
