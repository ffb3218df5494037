//! What stands on the command line: the arguments that every verb takes, and the verbs.

use std::path::PathBuf;

use clap::{
    ArgAction, Args, Parser, Subcommand, ValueHint,
    builder::styling::{AnsiColor, Styles},
};

use super::{
    Exit, Failure, Frame, apply, check, compact, completions, config, demo, doctor, explain, group, history,
    list, man, media, pin, plan, prune, stats, tick, trash, undo, unpin,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Ages are a number and a unit: ms, s, m (minutes), h, d, w; 1d12h and 1.5h are ages too. \
false, off and never turn a rule off.

Exit codes: 0 done or nothing to do, 1 error and nothing changed, 2 usage or configuration, 3 partly done, \
4 refused by a guard, 10 store missing, 11 lock busy.";

const CONFIG_HELP: &str = "The configuration file [default: $SESSION_REAPER_CONFIG, ./session-reaper.toml, the user's config folder]";

/// Prunes expired rows from the session stores of AI-agent gateways, and what sessions leave in folders
#[derive(Debug, Parser)]
#[command(name = "session-reaper", version, styles = STYLES, after_help = AFTER_HELP, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true, subcommand_value_name = "VERB")]
#[command(subcommand_help_heading = "Verbs")]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) globals: Globals,
    #[command(subcommand)]
    pub(super) verb: Verb,
    /// The verb's name, such as `config show`.
    #[arg(skip)]
    pub(super) name: String,
}

/// What every verb takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Globals {
    #[arg(long, help = CONFIG_HELP, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,

    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Say more: the log of every sweep; twice for details
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,

    /// Colours: auto, always or never [default: auto]
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true, value_parser = ["auto", "always", "never"])]
    pub(super) color: Option<String>,

    /// The form of the log on stderr: text or json; giving it shows the log
    #[arg(long, global = true, value_name = "FORMAT", hide_possible_values = true, value_parser = ["text", "json"])]
    pub(super) log_format: Option<String>,

    /// Judge as if it were this time: RFC 3339, or milliseconds since 1970
    #[arg(long, global = true, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) now: Option<String>,
}

/// The verbs, in the order of `--help`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    Tick(tick::Args),
    #[command(visible_aliases = ["gc", "cleanup"])]
    Prune(prune::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    List(list::Args),
    Stats(stats::Args),
    Explain(explain::Args),
    History(history::Args),
    Undo(undo::Args),
    Trash(trash::Args),
    Pin(pin::Args),
    Unpin(unpin::Args),
    Compact(compact::Args),
    Group(group::Args),
    Media(media::Args),
    Check(check::Args),
    Doctor(doctor::Args),
    Config(config::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Verb {
    pub(super) fn run(&self, frame: &Frame<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Tick(args) => tick::run(args, frame),
            Self::Prune(args) => prune::run(args, frame),
            Self::Plan(args) => plan::run(args, frame),
            Self::Apply(args) => apply::run(args, frame),
            Self::List(args) => list::run(args, frame),
            Self::Stats(args) => stats::run(args, frame),
            Self::Explain(args) => explain::run(args, frame),
            Self::History(args) => history::run(args, frame),
            Self::Undo(args) => undo::run(args, frame),
            Self::Trash(args) => trash::run(args, frame),
            Self::Pin(args) => pin::run(args, frame),
            Self::Unpin(args) => unpin::run(args, frame),
            Self::Compact(args) => compact::run(args, frame),
            Self::Group(args) => group::run(args, frame),
            Self::Media(args) => media::run(args, frame),
            Self::Check(args) => check::run(args, frame),
            Self::Doctor(args) => doctor::run(args, frame),
            Self::Config(args) => config::run(args, frame),
            Self::Demo(args) => demo::run(args, frame),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args),
        }
    }
}
