//! `apply`: carry out a plan that was written down, exactly or not at all. It was reviewed, so nobody is asked.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use session_reaper::{
    FileStore,
    config::Flags,
    fs,
    policy::Detail,
    sweep::{self, Options, PlanFile, Report, Verb},
};

use super::{
    Exit, Failure, Frame,
    flags::{GuardArgs, TrashArgs},
    report::List,
    signals,
    sweeping::{self, has_removed},
};

const EXAMPLES: &str = "\
Example:
  session-reaper plan -o plan.json sessions.json
  session-reaper apply plan.json";

/// Carry out a plan that `plan -o` wrote
///
/// Exactly this plan or nothing: it is refused when the store, a row of it or the plan file has changed since.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The plan
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Show the rows that stay as well, and why
    #[arg(long)]
    show_kept: bool,

    /// How long to wait for a store that another process holds [default: 5s]
    #[arg(long, value_name = "AGE", allow_hyphen_values = true)]
    lock_timeout: Option<String>,

    /// Nobody is asked in any case
    #[arg(short, long, hide = true)]
    yes: bool,

    #[command(flatten)]
    trash: TrashArgs,

    #[command(flatten)]
    guards: GuardArgs,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let own = Flags { lock_timeout: args.lock_timeout.clone(), ..Flags::default() };
    let config = frame.configure(args.trash.lay_into(args.guards.lay_into(own)))?;
    let plan = read(&args.file)?;
    let items = match (args.show_kept, frame.globals.json) {
        (true, _) => Some(Detail::Everything),
        (_, true) => Some(Detail::Doomed),
        _ => None,
    };
    let options = Options { stop: signals::watch()?, items, ..sweeping::configured(&config, frame) };
    let stop = options.stop.clone();
    let report = carry_out(&plan, options);
    let list = if args.show_kept { List::All } else { List::Counts };
    sweeping::tell(frame, &report, list, &stop)
}

fn carry_out(plan: &PlanFile, options: Options) -> Report {
    let store = sweep::apply(&FileStore::new(plan.store()), plan, &options);
    Report {
        verb: Verb::Apply,
        applied: true,
        done: true,
        run: options.run.filter(|_| has_removed(&store)),
        now: plan.now(),
        policy: plan.policy().clone(),
        stores: vec![store],
        targets: Vec::new(),
    }
}

fn read(file: &Path) -> Result<PlanFile, Failure> {
    let refuse = |kind: &'static str, why: &str| {
        Failure::usage(format!("cannot read the plan {}: {why}; nothing was removed", file.display()))
            .at(kind, "read the plan", file)
            .with_hint("make one with `session-reaper plan STORE -o FILE`")
    };
    match fs::read_text(file) {
        Ok(Some(text)) => Ok(PlanFile::parse(file, &text)?),
        Ok(None) => Err(refuse("missing", "there is no such file")),
        Err(error) => Err(refuse("io", &error.to_string()).with_exit(Exit::Failed)),
    }
}
