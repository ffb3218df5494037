//! `media store`: files get names.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use session_reaper::{
    Error, ErrorKind,
    artifact::media::{CleanupPolicy, Media, Meta},
    fs,
};

use super::{DirArgs, Files, Shown, scope};
use crate::cli::{Exit, Failure, Frame, output, past};

const EXAMPLES: &str = "\
Examples:
  ref=$(session-reaper media store --scope turn-42 --delete-on-cleanup /var/lib/gateway/media/a.png)
  session-reaper media store --dir /var/lib/gateway/media --type image/png a.png";

/// Register files where they are: each gets a name that can stand in a history
///
/// Prints one media:// name a file. Files are neither moved nor copied. Without --delete-on-cleanup only the name goes when
/// it is released or too old.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Regular files; links are followed
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::FilePath)]
    paths: Vec<PathBuf>,

    /// What they belong to: `media release --scope` lets all of it go
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    scope: Option<String>,

    /// Give them to the store: a file in its folder is removed with its last name
    #[arg(long)]
    delete_on_cleanup: bool,

    /// What is in them, such as image/png
    #[arg(long = "type", value_name = "TYPE", default_value = "", hide_default_value = true)]
    content_type: String,

    /// Where they came from: a channel, a tool
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    source: String,

    #[command(flatten)]
    dir: DirArgs,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    // Nothing is made for what cannot be stored.
    args.paths.iter().try_for_each(|path| must_be_a_file(path))?;
    let store = args.dir.open(frame)?;
    let (mut stored, mut failed) = (Vec::new(), None);
    for path in &args.paths {
        match store.store(path, args.meta(path), args.scope.as_deref().unwrap_or_default(), frame.now) {
            Ok(media) => stored.push(media),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    match failed {
        Some(error) if stored.is_empty() => Err(error.into()),
        failed => tell(&stored, failed, frame),
    }
}

impl Args {
    fn meta(&self, path: &Path) -> Meta {
        let policy =
            if self.delete_on_cleanup { CleanupPolicy::DeleteOnCleanup } else { CleanupPolicy::ForgetOnly };
        let filename = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Meta { filename, content_type: self.content_type.clone(), source: self.source.clone(), policy }
    }
}

fn must_be_a_file(path: &Path) -> Result<(), Error> {
    let found = fs::real_path(path).map_err(|error| Error::io("store", path, error))?;
    if found.is_none() {
        return Err(Error::new(ErrorKind::Missing, "store", path, "no such file or directory"));
    }
    if fs::is_file(path) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "store", path, "it is no regular file"))
}

/// Names that nobody is told of could not be released, and to release them here would remove their files: they are told whatever
/// else is to be silent.
fn tell(stored: &[Media], failed: Option<Error>, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let exit = if failed.is_some() { Exit::Partly } else { Exit::Done };
    if let Some(error) = &failed {
        output::error(&error.to_string(), error.hint());
    }
    let names: Vec<String> = stored.iter().map(|media| media.reference.to_string()).collect();
    let told = if frame.globals.json {
        output::json(&Shown::new("media store", Files { error: failed, ..Files::of(stored) }))
    } else {
        output::line(&names.join("\n"))
    };
    past::printed(told, true, format_args!("but it was done: {}", names.join(" ")))?;
    Ok(exit)
}
