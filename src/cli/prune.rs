//! `prune`: sweep now. On a terminal it shows what will go and asks; elsewhere it must be told `--yes`.

use session_reaper::sweep::{self, Report, Verb};

use super::{
    Exit, Failure, Frame,
    ask::Answer,
    consent,
    flags::SweepArgs,
    output, past,
    report::List,
    sweeping::{self, Sweeping},
};

const EXAMPLES: &str = "\
Examples:
  session-reaper prune -n ~/.openclaw                what would go
  session-reaper prune --retention 3d sessions.json  list it, ask, and sweep
  session-reaper prune --yes --rule subagent=7d ~/.openclaw";

/// Sweep now
///
/// On a terminal it lists what will go and asks; elsewhere it needs --yes, or -n. The throttle of `tick` does not hold it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    sweep: SweepArgs,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let sweeping = Sweeping::prepare(&args.sweep, frame)?;
    let (answer, report) = if args.sweep.yes || args.sweep.dry_run {
        (Answer::Yes, sweeping.sweep(Verb::Prune, sweep::prune))
    } else {
        consent::prune(&sweeping)?
    };
    match answer {
        Answer::Yes => {
            let exit = sweeping::tell(frame, &report, List::of(&args.sweep), &sweeping.options.stop)?;
            if sweeping.options.trash {
                past::note_how_to_take_back(frame, &report, &args.sweep.settings.stores.stores);
            }
            Ok(exit)
        }
        Answer::No => refrain(frame, &report),
    }
}

/// Somebody said no: that is all there is to say, except to a program.
fn refrain(frame: &Frame<'_>, report: &Report) -> Result<Exit, Failure> {
    frame.note("nothing was removed");
    if frame.globals.json {
        output::json(report)?;
    }
    Ok(Exit::Failed)
}
