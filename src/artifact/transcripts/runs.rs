//! The runs on one transcript, of all that its folder knows.

use std::{ffi::OsStr, path::Path};

use super::{KIND, place::Base};
use crate::{
    artifact::{Options, Past},
    fs::{self, OUR_FOLDER, RealDisk},
    model::{Error, ErrorKind},
    trash::RunId,
};

/// Whether this is the path of a transcript in a folder where transcripts were compacted before.
#[must_use]
pub fn is_transcript(path: &Path) -> bool {
    let is_named_so = path.extension().is_some_and(|extension| extension == "jsonl");
    is_named_so && fs::is_file(&folder_of(path).join(OUR_FOLDER).join(format!("{KIND}.lock")))
}

/// The runs on one transcript, as far as the trash knows which it was that a run changed.
///
/// # Errors
/// When the folder, the journal or the trash cannot be read.
pub fn past_of(path: &Path) -> Result<Past, Error> {
    let mut past = super::past(folder_of(path))?;
    let name = path.file_name().and_then(OsStr::to_str);
    past.in_trash.retain(|kept| kept.things.iter().any(|thing| Some(thing.as_str()) == name));
    let is_kept = |run: &RunId| past.in_trash.iter().any(|kept| kept.line.run == *run);
    past.lines.retain(|line| is_kept(&line.run));
    Ok(past)
}

/// Finishes what a killed run has left in the transcript's folder.
///
/// # Errors
/// As for [`super::undo()`]; [`ErrorKind::Refused`] in a dry run, where there is something to finish.
pub fn finish_killed(path: &Path, options: &Options) -> Result<(), Error> {
    let base = Base::open(&RealDisk, folder_of(path))?;
    if super::past(folder_of(path))?.on_the_way == 0 {
        return Ok(());
    }
    if options.dry_run {
        let message = "a run in its folder was killed, or is still at work: it has to be finished first";
        let error = Error::new(ErrorKind::Refused, "look at the runs on", path, message);
        return Err(error.with_hint("`compact`, or undo without -n, finishes it"));
    }
    let _stake = options.stop.enter();
    base.enter(options).map(drop)
}

/// Takes runs out of the trash of the transcript's folder for ever: those that `goes` says, told oldest first. Returns what went,
/// and what went wrong.
pub fn empty_trash(
    path: &Path,
    options: &Options,
    goes: impl FnMut(&RunId) -> bool,
) -> (Vec<RunId>, Option<Error>) {
    const STEP: &str = "empty the trash of";
    let base = match Base::open(&RealDisk, folder_of(path)) {
        Ok(base) => base,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let (gone, emptied) = match base.enter(options) {
        Ok(nook) => nook.empty(goes),
        Err(error) => return (Vec::new(), Some(error)),
    };
    let error = emptied.err().map(base.fail(STEP));
    let error = error.map(|error| if gone.is_empty() { error } else { error.half_way() });
    (gone, error)
}

/// The folder that a transcript is in.
pub(in crate::artifact) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
