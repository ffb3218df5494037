//! The command line: arguments to options, and the only room that prints.
//!
//! One file per verb, each with its `Args` and a `run` that ends in an [`Exit`] or a [`Failure`]. What verbs share:
//! [`read`] (the command line), [`frame`] (globals, configuration, log), [`flags`] (arguments that several verbs take), [`stores`] (what STORE means),
//! [`looking`] (verbs that only look), [`past`] (verbs on what was done), [`changes`] (what they did), [`pinning`] (the two verbs for pins), [`report`], [`text`], [`table`] and [`words`] (text for people), [`output`] (stdout and stderr), [`ask`], [`consent`] and [`progress`] (terminals only), [`signals`] (how a sweep is asked to end).
//!
//! A new verb is a file here, its `mod` line, and its two lines in `args.rs`.

mod apply;
mod args;
mod ask;
mod changes;
mod check;
mod compact;
mod completions;
mod config;
mod consent;
mod demo;
mod doctor;
mod exit;
mod explain;
mod failure;
mod flags;
mod folders;
mod frame;
mod group;
mod history;
mod list;
mod log;
mod looking;
mod man;
mod media;
mod output;
mod past;
mod pin;
mod pinning;
mod plan;
mod progress;
mod prune;
mod read;
mod report;
mod signals;
mod stats;
mod stores;
mod sweeping;
mod table;
mod text;
mod tick;
mod trash;
mod undo;
mod unpin;
mod upkeep;
mod words;

use self::{
    args::{Cli, Verb},
    frame::Frame,
};

pub(crate) use exit::Exit;
use failure::Failure;

/// Runs the command line of this process.
pub(crate) fn run() -> Exit {
    match Cli::read() {
        Ok(cli) => run_verb(&cli).unwrap_or_else(|failure| match &cli.verb {
            Verb::Check(_) => check::unknown(failure, cli.object()),
            _ => failure.tell(cli.object()),
        }),
        Err(exit) => exit,
    }
}

fn run_verb(cli: &Cli) -> Result<Exit, Failure> {
    let frame = Frame::new(&cli.globals)?;
    cli.verb.run(&frame)
}
