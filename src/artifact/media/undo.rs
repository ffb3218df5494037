//! The runs of the net on a folder for media, and taking one back.

use std::{path::Path, sync::Mutex};

use super::{Options, back::Back, ledger::LEDGER, place::Place, room::Room, sweep::NET};
use crate::{
    artifact::{
        self, Past, Undone,
        runs::{self, Site},
    },
    fs::{self, Disk, RealDisk},
    model::{Error, Timestamp},
    trash::RunId,
};

/// Whether a folder was opened or swept as a store for media before.
#[must_use]
pub fn is_store(dir: &Path) -> bool {
    let ours = dir.join(fs::OUR_FOLDER);
    fs::is_file(&ours.join(LEDGER)) || fs::is_file(&ours.join(format!("{}.state", NET.files)))
}

/// The runs of the net on a folder.
///
/// # Errors
/// The folder, the journal or the trash cannot be read.
pub fn past(dir: &Path) -> Result<Past, Error> {
    Place::look_in(RealDisk, dir)?.map_or_else(|| Ok(Past::default()), |place| site(dir, &place).past())
}

/// Finishes what a killed sweep has left: before that, nobody knows which run is the newest.
///
/// # Errors
/// As for [`undo`].
pub fn finish_killed(dir: &Path, options: &artifact::Options) -> Result<(), Error> {
    Place::look_in(RealDisk, dir)?.map_or(Ok(()), |place| site(dir, &place).finish_killed(options))
}

/// Takes back a run: what it moved into the trash returns, unless something else has its place by now, and references are
/// registered as they were, as if stored at `now`. In a dry run nothing is done.
///
/// # Errors
/// [`crate::ErrorKind::Gone`] when nothing of the run is in the trash; [`crate::ErrorKind::Busy`] when somebody else is at work
/// there; as for [`super::MediaStore::open`].
pub fn undo(dir: &Path, run: &RunId, now: Timestamp, options: &artifact::Options) -> Result<Undone, Error> {
    undo_on(&RealDisk, dir, run, now, options)
}

/// [`undo`] on another disk.
///
/// # Errors
/// As for [`undo`].
pub fn undo_on<D: Disk>(
    disk: &D,
    dir: &Path,
    run: &RunId,
    now: Timestamp,
    options: &artifact::Options,
) -> Result<Undone, Error> {
    let settings = Options::new(dir)?;
    let place = Place::look_in(disk.clone(), dir)?.ok_or_else(|| runs::gone(super::KIND, dir, run))?;
    if !place.has_ours() {
        return Err(runs::gone(super::KIND, dir, run));
    }
    let mut room = Room::of(disk.clone(), settings, place);
    room.asked = options.stop.clone();
    let way = Back { room: &room, now, parents: Mutex::default() };
    site(dir, &room.place).undo(run, now, options, &way)
}

/// Takes runs out of the trash for ever: those that `goes` says, told oldest first. Returns what went, and what went wrong.
pub fn empty_trash(
    dir: &Path,
    options: &artifact::Options,
    goes: impl FnMut(&RunId) -> bool,
) -> (Vec<RunId>, Option<Error>) {
    match Place::look_in(RealDisk, dir) {
        Err(error) => (Vec::new(), Some(error)),
        Ok(Some(place)) if place.has_ours() => site(dir, &place).empty_trash(options, goes),
        // Where nothing of ours is, nothing is made to look for it.
        Ok(_) => (Vec::new(), None),
    }
}

fn site<'s, D: Disk>(path: &'s Path, place: &'s Place<D>) -> Site<'s, D> {
    Site { disk: place.disk(), folder: &place.folder, path, kind: NET }
}
