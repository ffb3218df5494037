//! `trash restore`: one row, from the newest run that took it.

use session_reaper::{Error, ErrorKind, FileStore, Key, store::Wish, sweep::RunId};

use crate::cli::{
    Exit, Failure, Frame,
    past::{self, ChangeArgs, PastArgs, Place},
    undo::{self, ForceArgs},
};

const EXAMPLES: &str = "\
Examples:
  session-reaper trash restore --store sessions.json agent:main:telegram:direct:42
  session-reaper trash restore --run 1f2e3d4c KEY   from that run, not from the newest that took it";

/// Bring one row back
///
/// From the newest run that took it. It is a run itself, and can be undone.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The row's whole key; JSON's escapes such as \ud800 are understood
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    key: String,

    /// From this run
    #[arg(long, value_name = "RUN")]
    run: Option<String>,

    #[command(flatten)]
    past: PastArgs,

    #[command(flatten)]
    force: ForceArgs,

    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let (config, stores) = args.past.find(Some(&args.change), frame)?;
    let options = past::options(&config, &args.change, frame)?;
    past::finish_killed(&stores, &options)?;
    let key = undo::key(&args.key);
    let (store, run) = find(&stores, &key, args, frame)?;
    let wish = Wish { only: Some(key), force: args.force.force(), ..Wish::default() };
    let undone =
        undo::bring_back("restore", std::iter::once(Place::Store(store)), &run, &wish, frame, &options);
    undo::tell(&undone, args.past.named(), frame, &options)
}

/// The newest run that took the row. What is damaged is passed over, and told: an older run may have taken it too.
fn find(
    stores: &[FileStore],
    key: &Key,
    args: &Args,
    frame: &Frame<'_>,
) -> Result<(FileStore, RunId), Failure> {
    let mut runs = Vec::new();
    let mut damaged = 0;
    let mut pass_over = |run: &RunId, error: &Error| {
        damaged += 1;
        let path = error.path().display();
        frame.note(&format!("run {run} on {path} is damaged or cannot be read: {}", error.message()));
    };
    let is_meant = |run: &RunId| args.run.as_deref().is_none_or(|text| run.is_meant_by(text));
    for store in stores {
        let trashed = store.trashed()?;
        let unreadable = trashed.damaged.iter().filter(|(run, _)| is_meant(run));
        unreadable.for_each(|(run, error)| pass_over(run, error));
        let lines = trashed.bundles.into_iter().map(|bundle| bundle.manifest.line);
        runs.extend(lines.filter(|line| is_meant(&line.run)).map(|line| (line.at, line.run, store)));
    }
    runs.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
    for (_, run, store) in runs {
        match store.bundle_has(&run, key) {
            Ok(true) => return Ok((store.clone(), run)),
            Ok(false) => {}
            Err(error) => pass_over(&run, &error),
        }
    }
    Err(none_took(stores, args, damaged > 0))
}

fn none_took(stores: &[FileStore], args: &Args, some_are_damaged: bool) -> Failure {
    let path = stores.first().map(|store| store.path().to_owned()).unwrap_or_default();
    let sound = if some_are_damaged { " that can be read" } else { "" };
    let message = format!("no run in the trash{sound} took {:?}", args.key);
    Error::new(ErrorKind::Gone, "bring a row back into", &path, message)
        .with_hint("`session-reaper trash list` shows the runs, and `trash list RUN` their rows")
        .into()
}
