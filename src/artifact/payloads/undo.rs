//! The runs on a spool, and taking one back: its sessions are again those of dead owners, which somebody can take up.

use std::{io, path::Path};

use super::{Options as Settings, restored::make_ready, spool::Inner, target::KIND};
use crate::{
    artifact::{
        Options, Past, Undone,
        nook::was_here,
        past::{Plain, Way},
        runs::{self, Site},
    },
    fs::{Disk, Owner, RealDisk},
    model::{Error, Timestamp},
    trash::{Opened, RunId, Thing},
};

/// Whether a folder was opened or swept as a spool before, be it that the sweep was killed.
#[must_use]
pub fn is_spool(dir: &Path) -> bool {
    was_here(dir, KIND.into())
}

/// The runs on a spool.
///
/// # Errors
/// As for [`super::sweep()`], and when the journal or the trash cannot be read.
pub fn past(dir: &Path) -> Result<Past, Error> {
    find(RealDisk, dir)?.map_or_else(|| Ok(Past::default()), |spool| site(&spool).past())
}

/// Finishes what a killed sweep has left: before that, nobody knows which run is the newest.
///
/// # Errors
/// As for [`undo`].
pub fn finish_killed(dir: &Path, options: &Options) -> Result<(), Error> {
    find(RealDisk, dir)?.map_or(Ok(()), |spool| site(&spool).finish_killed(options))
}

/// Takes back a run: what it moved into the trash returns, unless a session of that name has begun since. It stays for a day at
/// least, however short the grace, for somebody to take it up. In a dry run nothing is done.
///
/// # Errors
/// [`crate::ErrorKind::Gone`] when nothing of the run is in the trash; [`crate::ErrorKind::Busy`] when somebody else is at work
/// there; as for [`super::sweep()`].
pub fn undo(dir: &Path, run: &RunId, now: Timestamp, options: &Options) -> Result<Undone, Error> {
    undo_on(RealDisk, dir, run, now, options)
}

/// The same on another disk.
pub(super) fn undo_on<D: Disk>(
    disk: D,
    dir: &Path,
    run: &RunId,
    now: Timestamp,
    options: &Options,
) -> Result<Undone, Error> {
    let spool = find(disk, dir)?.ok_or_else(|| runs::gone(KIND, dir, run))?;
    let plain = Plain { disk: &spool.disk, base: &spool.dir };
    site(&spool).undo(run, now, options, &Back { plain, owner: spool.owner })
}

/// Takes runs out of the trash for ever: those that `goes` says, told oldest first. Returns what went, and what went wrong.
pub fn empty_trash(
    dir: &Path,
    options: &Options,
    goes: impl FnMut(&RunId) -> bool,
) -> (Vec<RunId>, Option<Error>) {
    match find(RealDisk, dir) {
        Err(error) => (Vec::new(), Some(error)),
        Ok(None) => (Vec::new(), None),
        Ok(Some(spool)) => site(&spool).empty_trash(options, goes),
    }
}

/// Sessions come back as they stood, but for what makes them ready to be taken up.
struct Back<'s, D: Disk> {
    plain: Plain<'s, D>,
    owner: Owner,
}

impl<D: Disk> Way<D> for Back<'_, D> {
    fn is_free(&self, opened: &Opened<D>, number: usize, thing: &Thing) -> io::Result<bool> {
        self.plain.is_free(opened, number, thing)
    }

    fn put_back(&self, opened: &Opened<D>, things: &[(usize, &Thing)]) -> Vec<io::Result<bool>> {
        let one = |(number, thing): &(usize, &Thing)| {
            let (bundle, name) = opened.at(*number);
            let _claim = make_ready(self.plain.disk, self.owner, (bundle, &name))?;
            self.plain.put_one(opened, *number, &thing.name)
        };
        things.iter().map(one).collect()
    }

    fn settle(&self) -> io::Result<()> {
        self.plain.settle()
    }
}

/// What sessions may keep is of no account here.
fn find<D: Disk>(disk: D, dir: &Path) -> Result<Option<Inner<D>>, Error> {
    Inner::find(disk, dir, Settings::default())
}

fn site<D: Disk>(spool: &Inner<D>) -> Site<'_, D> {
    Site { disk: &spool.disk, folder: &spool.dir, path: &spool.path, kind: KIND.into() }
}
