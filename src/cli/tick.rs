//! `tick`: the scheduler's call. Says nothing when nothing happened, and never asks.

use session_reaper::sweep::{self, Outcome, Report, Verb};

use super::{
    Exit, Failure, Frame,
    flags::{SettingArgs, StoreArgs, SweepArgs},
    report::List,
    sweeping::{self, Sweeping},
};

const EXAMPLES: &str = "\
Examples:
  * * * * * session-reaper -q tick ~/.openclaw   for cron; sweeps every 5 minutes
  session-reaper tick --openclaw --every 1h      as OpenClaw's own files say
  session-reaper tick --log-format json          the config's stores, logged as JSON";

/// Sweep what is due: the scheduler's call
///
/// Sweeps each store that was not swept for `--every` by this or another process, and prints nothing when nothing
/// happened. A store that another session-reaper is just sweeping is left to it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    sweep: SweepArgs,
}

impl Args {
    /// These stores, and no option beside them.
    pub(super) fn over(stores: StoreArgs) -> Self {
        let settings = SettingArgs { stores, ..SettingArgs::default() };
        Self { sweep: SweepArgs { settings, ..SweepArgs::default() } }
    }
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let sweeping = Sweeping::prepare(&args.sweep, frame)?;
    if sweeping.rests_in_silence() {
        // The process ends here, and nobody needs the memory of thousands of stores back.
        std::mem::forget(sweeping);
        return Ok(Exit::Done);
    }
    let report = sweeping.sweep(Verb::Tick, sweep::tick);
    let list = if has_news(&report) { List::of(&args.sweep) } else { List::Nothing };
    sweeping::tell(frame, &report, list, &sweeping.options.stop)
}

/// A store that went, or that failed; one that is busy is none.
fn has_news(report: &Report) -> bool {
    let is_news = |outcome| matches!(outcome, Outcome::Swept | Outcome::Refused | Outcome::Failed);
    let targets = report.targets.iter().map(|target| (target.outcome, target.failed));
    let mut all = report.stores.iter().map(|store| (store.outcome, store.failed)).chain(targets);
    all.any(|(outcome, failed)| is_news(outcome) || failed > 0)
}
