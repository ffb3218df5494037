//! `media release`: names go, and files with their last name.

use serde::Serialize;
use session_reaper::{
    Bytes,
    artifact::media::{MediaRef, MediaStore, Released},
};

use super::{DirArgs, Shown, reference, scope};
use crate::cli::{Exit, Failure, Frame, output, words};

const EXAMPLES: &str = "\
Examples:
  session-reaper media release media://1b4e28ba-2fa1-41d2-883f-0016d3cca427
  trap 'session-reaper -q media release --scope \"$TURN\"' EXIT";

/// Let names go, and files that were given to the store with their last name
///
/// Whoever stored them is done with them: nothing goes into a trash. A name that nobody knows is no failure. A file that is
/// leased goes when the lease ends.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Names, as `media store` printed them
    #[arg(value_name = "REF", required_unless_present = "scope", value_parser = reference)]
    references: Vec<MediaRef>,

    /// All names of this scope
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    scope: Option<String>,

    #[command(flatten)]
    dir: DirArgs,
}

/// What went.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Gone {
    references: u64,
    files: u64,
    bytes_freed: u64,
    /// Files that stay: not ours to remove, or with other names.
    kept: u64,
    /// Files that are in use, or could not be removed: they go later.
    waiting: u64,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let store = args.dir.open_old(frame)?;
    let mut gone = Gone::default();
    let released = release(args, &store, &mut gone);
    if let Err(failure) = released {
        let is_partly = gone.references > 0;
        // What is told of one name is not that nothing went of the others.
        let partly =
            |failure: Failure| failure.after(format_args!("{}", gone.line())).with_exit(Exit::Partly);
        return Err(if is_partly { partly(failure) } else { failure });
    }
    if frame.globals.json {
        output::json(&Shown::new("media release", &gone))?;
    } else if frame.speaks() {
        output::line(&gone.line())?;
    }
    Ok(Exit::Done)
}

fn release(args: &Args, store: &MediaStore, gone: &mut Gone) -> Result<(), Failure> {
    for reference in &args.references {
        gone.add(store.release(*reference)?);
    }
    if let Some(scope) = &args.scope {
        gone.add(store.release_all(scope)?);
    }
    Ok(())
}

impl Gone {
    fn add(&mut self, released: Released) {
        self.references += released.references;
        self.files += released.files;
        self.bytes_freed += released.bytes_freed;
        self.kept += released.kept;
        self.waiting += released.waiting;
    }

    fn line(&self) -> String {
        let (names, files) = (words::count(self.references, "name"), words::count(self.files, "file"));
        let later = if self.waiting > 0 { format!(", {} later", self.waiting) } else { String::new() };
        format!("{names} released, {files} gone ({}){later}, {} kept", Bytes(self.bytes_freed), self.kept)
    }
}
