//! `plan`: decide and show, nothing else; with `-o` the plan is written down for `apply`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clap::ValueHint;
use session_reaper::{
    Error, FileStore, fs,
    sweep::{self, Report, Verb},
};

use super::{
    Exit, Failure, Frame,
    flags::SweepArgs,
    report::List,
    stores,
    sweeping::{self, Sweeping},
};

const EXAMPLES: &str = "\
Examples:
  session-reaper plan ~/.openclaw                   every row that would go, and why
  session-reaper plan -o plan.json sessions.json    then: session-reaper apply plan.json
  session-reaper plan --detailed-exitcode -q STORE  for scripts: 20 means work to do";

/// Show what would go, and write the plan down
///
/// Lists every row that would go and changes nothing. The file that -o writes holds the plan and a digest of the store:
/// `apply` carries out exactly this plan, or refuses.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Write the plan of one store to this file, for `apply`
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,

    /// Exit with 20 when there is something to prune, with 0 when there is nothing
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    sweep: SweepArgs,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let sweeping = Sweeping::prepare(&args.sweep, frame)?.must_have_stores()?.dry();
    let report = match &args.output {
        None => sweeping
            .sweep(Verb::Plan, |store, policy, now, options| sweep::plan(store, policy, now, options, None)),
        Some(file) => write_down(&sweeping, frame, file)?,
    };
    let exit = sweeping::tell(frame, &report, List::All, &sweeping.options.stop)?;
    let is_pending = args.detailed_exitcode && report.totals().pruned > 0;
    Ok(if exit == Exit::Done && is_pending { Exit::Pending } else { exit })
}

/// Plans one store and writes the plan to a file.
fn write_down(sweeping: &Sweeping<'_>, frame: &Frame<'_>, file: &Path) -> Result<Report, Failure> {
    let store = as_apply_finds_it(sweeping.only_store()?)?;
    if stores::identity(store.path()) == stores::identity(file) {
        return Err(Failure::usage(format!(
            "{} is the store itself: name another file for its plan",
            file.display()
        )));
    }
    let text = Mutex::new(Vec::new());
    let report = sweeping.sweep(Verb::Plan, |_, policy, now, options| {
        let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
        sweep::plan(&store, policy, now, options, Some(&mut *text))
    });
    let text = text.into_inner().unwrap_or_else(PoisonError::into_inner);
    if report.stores.iter().all(|store| store.error.is_none()) {
        fs::write_text(file, &text).map_err(|error| unwritten(file, error))?;
        let name = file.display();
        frame.note(&format!("the plan is in {name}; carry it out with `session-reaper apply {name}`"));
    }
    Ok(report)
}

/// The store by a path that means the same in another folder.
fn as_apply_finds_it(store: &FileStore) -> Result<FileStore, Failure> {
    let path = std::path::absolute(store.path())
        .map_err(|error| Error::io("find the folder of", store.path(), error))?;
    match path.to_str() {
        Some(_) => Ok(match store.root() {
            Some(root) => FileStore::new(path).contained_in(root),
            None => FileStore::new(path),
        }),
        None => Err(Failure::usage(format!(
            "{} is no UTF-8 text, and a plan file can name no such store",
            path.display()
        ))),
    }
}

fn unwritten(file: &Path, error: io::Error) -> Failure {
    let exit = Exit::Failed;
    Failure::from(Error::io("write the plan to", file, error)).with_exit(exit)
}
