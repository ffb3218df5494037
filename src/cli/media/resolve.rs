//! `media resolve`: where a stored file is.

use std::{
    io::{self, IsTerminal, Write},
    os::unix::ffi::OsStrExt,
};

use session_reaper::{
    Error,
    artifact::media::{Media, MediaRef},
};

use super::{DirArgs, Files, Shown, reference};
use crate::cli::{Exit, Failure, Frame, output, words::plain};

/// Where stored files are; this counts as a use of each
///
/// Prints one path a name.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names, as `media store` printed them
    #[arg(value_name = "REF", required = true, value_parser = reference)]
    references: Vec<MediaRef>,

    #[command(flatten)]
    dir: DirArgs,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let store = args.dir.open_old(frame)?;
    let (mut found, mut failed) = (Vec::new(), None);
    for reference in &args.references {
        match store.resolve(*reference, frame.now) {
            Ok(media) => found.push(media),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(error.into()),
        failed => tell(&found, failed, frame),
    }
}

/// Paths are what was asked for: they are told whatever else is to be silent, and to a program as they are.
fn tell(found: &[Media], failed: Option<Error>, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let exit = if failed.is_some() { Exit::Partly } else { Exit::Done };
    if let Some(error) = &failed {
        output::error(&error.to_string(), error.hint());
    }
    if frame.globals.json {
        output::json(&Shown::new("media resolve", Files { error: failed, ..Files::of(found) }))?;
        return Ok(exit);
    }
    let mut out = output::stdout();
    for media in found {
        if io::stdout().is_terminal() {
            out.write_all(plain(&media.path.to_string_lossy()).as_bytes())?;
        } else {
            out.write_all(media.path.as_os_str().as_bytes())?;
        }
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(exit)
}
