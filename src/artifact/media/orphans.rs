//! Files in the store's folder that no reference names: what was made there and never stored, or whose ledger is lost.
//!
//! They go only where the folder says that all files in it are the store's, and only when nothing has happened to them for a
//! while. The folder is walked without the store's lock; each file is judged once more under it.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use super::{
    report::Outcome,
    room::{Desk, Room},
    spot::Spot,
    sweep::{STEP, Sweep, judge},
    take::take,
};
use crate::{
    fs::{Disk, OUR_FOLDER, Stat},
    model::{Error, Timestamp},
};

/// No folder deeper than this is looked into.
const DEEPEST: usize = 32;

/// So many names are looked at in one sweep.
const MOST: usize = 1_000_000;

/// A file that no reference names.
#[derive(Debug)]
struct Orphan {
    spot: Spot,
    ino: u64,
}

/// What a walk has found.
#[derive(Debug, Default)]
struct Walk {
    orphans: Vec<Orphan>,
    /// What became of the others.
    outcomes: Vec<Outcome>,
    folders: Vec<PathBuf>,
    names: usize,
}

impl<D: Disk> Sweep<'_, D> {
    /// Looks for files that no reference names, and takes the old ones.
    pub(super) fn find_orphans(&mut self) -> Result<(), Error> {
        if !self.may_go_on() {
            return Ok(());
        }
        let (room, now) = (self.room, self.now);
        let Walk { orphans, outcomes, .. } = room.walk(now)?;
        self.report.scanned += outcomes.len() as u64;
        for outcome in outcomes {
            self.report.add(outcome);
        }
        let result = self.in_batches(&orphans, |desk, batch, bytes| {
            Ok(batch.iter().map(|orphan| desk.take_orphan(orphan, now, bytes)).collect())
        });
        self.may_go_on();
        result
    }
}

impl<D: Disk> Room<D> {
    fn walk(&self, now: Timestamp) -> Result<Walk, Error> {
        let is_marked = self.place.is_marked().map_err(self.fail(STEP))?;
        let mut walk = Walk { folders: vec![PathBuf::new()], ..Walk::default() };
        while let Some(path) = walk.folders.pop() {
            if self.is_stopping() || walk.names > MOST {
                break;
            }
            let found = self.place.with_folder(&path, |folder| self.look_into(folder, &path, &mut walk));
            match found {
                // The store's folder itself must be readable; what is in there may change, or be somebody else's.
                Err(error) if path.as_os_str().is_empty() => return Err(self.fail(STEP)(error)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => walk.outcomes.push(Outcome::Odd),
                Ok(files) => self.sort(files, is_marked, now, &mut walk),
            }
        }
        Ok(walk)
    }

    /// The files in a folder; its folders are to be looked into later.
    fn look_into(&self, folder: &D::Folder, path: &Path, walk: &mut Walk) -> io::Result<Vec<(Spot, Stat)>> {
        let names = self.disk.list(folder)?;
        let is_root = path.as_os_str().is_empty();
        if !is_root && names.iter().any(|name| name == OUR_FOLDER) {
            return Err(io::Error::other("it is the folder of another store"));
        }
        walk.names += names.len();
        let mut files = Vec::new();
        for name in names.iter().filter(|name| !is_root || *name != OUR_FOLDER) {
            let Ok(stat) = self.disk.stat(folder, name) else { continue };
            let at = path.join(name);
            if stat.is_file {
                files.push((Spot::new(&at), stat));
            } else if stat.is_folder && at.components().count() < DEEPEST {
                walk.folders.push(at);
            } else {
                walk.outcomes.push(Outcome::Odd);
            }
        }
        Ok(files)
    }

    /// Those that no reference names, by what is to become of them.
    fn sort(&self, files: Vec<(Spot, Stat)>, is_marked: bool, now: Timestamp, walk: &mut Walk) {
        let ledger = self.known();
        for (spot, stat) in files.into_iter().filter(|(spot, _)| !ledger.state.files.contains_key(spot)) {
            match judge(last(&stat), now, self.options.orphan_grace()) {
                _ if !is_marked => walk.outcomes.push(Outcome::Unmarked),
                Some(outcome) => walk.outcomes.push(outcome),
                None => walk.orphans.push(Orphan { spot, ino: stat.ino }),
            }
        }
    }
}

/// When something last happened to a file: also when it got its name, which a download that was moved here has from then on.
fn last(stat: &Stat) -> Timestamp {
    Timestamp::from_nanos(stat.modified_ns.max(stat.changed_ns))
}

impl<D: Disk> Desk<'_, D> {
    fn take_orphan(&self, orphan: &Orphan, now: Timestamp, bytes: &mut u64) -> Outcome {
        let (room, spot) = (self.room, &orphan.spot);
        if self.ledger.state.files.contains_key(spot) {
            return Outcome::Passed;
        }
        let stat = match room.place.look(spot) {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Outcome::Passed,
            Err(_) => return Outcome::Odd,
        };
        if !stat.is_file || stat.ino != orphan.ino {
            return Outcome::Passed;
        }
        if self.is_older_than_doubt(&stat) {
            return Outcome::Doubted;
        }
        if let Some(outcome) = judge(last(&stat), now, room.options.orphan_grace()) {
            return outcome;
        }
        let taken =
            room.place.within(spot, |folder: &D::Folder, name: &OsStr| take(&room.disk, folder, name));
        match taken {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Passed,
            Err(error) => {
                super::log::failed("a file that no reference names could not be removed", &error);
                Outcome::NotRemoved
            }
            Ok(()) => {
                *bytes += if stat.links < 2 { stat.size } else { 0 };
                Outcome::Removed
            }
        }
    }
}
