//! How references go, and their files with them.
//!
//! First it is written down, durably, that they go; then the files are removed; then it is written down that they are gone.
//! Who is killed in between leaves files that are written down as going: the next store to open the folder, or the next sweep,
//! ends what he began. A file that cannot be removed stays written down, and is tried again. What goes into the trash does not go
//! through here.
//!
//! What goes is moved aside before it is unlinked, and looked at there (`aside`).

use std::{collections::BTreeSet, io, path::PathBuf};

use foldhash::{HashMap, HashMapExt, HashSet};

use super::{
    MediaRef,
    doomed::freed,
    record::{By, Going, Record},
    report::Outcome,
    room::Desk,
    spot::Spot,
    state::{File, dropped},
};
use crate::{fs::Disk, model::Error};

/// So many references go at once, under one lock and one fsync.
pub(super) const BATCH: usize = 512;

/// What came of files that were to go.
pub(super) type Fates = HashMap<Spot, Fate>;

/// What came of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) outcome: Outcome,
    pub(super) bytes: u64,
}

impl Fate {
    const fn of(outcome: Outcome) -> Self {
        Self { outcome, bytes: 0 }
    }
}

impl<D: Disk> Desk<'_, D> {
    /// Drops references, which are there, and removes the files that have no other. Tells what became of each file that was
    /// named.
    pub(super) fn let_go(&mut self, step: &'static str, refs: Vec<MediaRef>, by: By) -> Result<Fates, Error> {
        let state = &self.ledger.state;
        let spots: HashSet<Spot> =
            refs.iter().filter_map(|reference| Some(state.refs.get(reference)?.spot.clone())).collect();
        if spots.is_empty() {
            return Ok(Fates::new());
        }
        let doubted: HashSet<Spot> = spots.iter().filter(|spot| self.is_doubted(spot)).cloned().collect();
        let now_ns = self.room.disk.now_ns();
        self.write(step, vec![dropped(refs, by, now_ns)], true)?;
        let state = &self.ledger.state;
        let (going, others): (Vec<Spot>, Vec<Spot>) =
            spots.into_iter().partition(|spot| state.going.contains(spot));
        let mut fates = self.remove(step, going, false);
        for spot in others {
            // It has other references, or stays when the last one goes.
            let is_last = self.ledger.state.spared.contains(&spot);
            let outcome =
                if is_last && doubted.contains(&spot) { Outcome::Doubted } else { Outcome::Forgotten };
            fates.insert(spot, Fate::of(outcome));
        }
        Ok(fates)
    }

    fn is_doubted(&self, spot: &Spot) -> bool {
        self.ledger.state.files.get(spot).is_some_and(|file| file.is_doubted && file.kept.is_none())
    }

    /// Removes files that are written down as going. `is_late`: somebody else wrote it down, or it failed before.
    pub(super) fn remove(&mut self, step: &'static str, spots: Vec<Spot>, is_late: bool) -> Fates {
        let mut fates = Fates::new();
        for spot in spots {
            let file = self.ledger.state.files.get(&spot);
            let Some((file, going)) = file.and_then(|file| Some((file, file.going?))) else { continue };
            // What goes into the trash is not for anybody to unlink.
            if going.by == By::Trash {
                continue;
            }
            let is_leased = self.ledger.state.is_leased(&spot);
            let fate = if is_leased {
                Fate::of(Outcome::Leased)
            } else {
                self.remove_one(&spot, file, going, is_late)
            };
            fates.insert(spot, fate);
        }
        self.note_gone(step, &fates);
        fates
    }

    fn remove_one(&self, spot: &Spot, file: &File, going: Going, is_late: bool) -> Fate {
        let place = &self.room.place;
        let stat = match place.look(spot) {
            Err(error) if place.is_absent(spot, &error) => return Fate::of(Outcome::Absent),
            Err(error) => return failed(spot, &error),
            Ok(stat) => stat,
        };
        let is_news = is_late && going.is_news(stat.modified_ns.max(stat.changed_ns));
        if is_news || !stat.is_file || !file.mark.fits(&stat, is_late.then_some(going.at_ns)) {
            return Fate::of(Outcome::Replaced);
        }
        if self.ledger.state.is_older_than_doubt(&stat) {
            return Fate::of(Outcome::Doubted);
        }
        match self.room.unlink(spot, &stat) {
            // Where it was looked at nothing stands any more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Fate::of(Outcome::Absent),
            Err(error) => failed(spot, &error),
            Ok(false) => Fate::of(Outcome::Replaced),
            Ok(true) => Fate { outcome: Outcome::Removed, bytes: freed(&stat) },
        }
    }

    /// Once their names are gone for good, they need not be tried again. Where that cannot be written down, they are: what was
    /// removed is removed all the same, and whoever counts must know.
    fn note_gone(&mut self, step: &'static str, fates: &Fates) {
        let is_over = |fate: &Fate| !matches!(fate.outcome, Outcome::NotRemoved | Outcome::Leased);
        let over = || fates.iter().filter(|(_, fate)| is_over(fate));
        let removed = over().filter(|(_, fate)| fate.outcome == Outcome::Removed);
        let folders: BTreeSet<PathBuf> =
            removed.filter_map(|(spot, _)| Some(spot.path().parent()?.to_owned())).collect();
        // Where that cannot be said for certain, they are tried again.
        let place = &self.room.place;
        let is_synced = folders.is_empty() || self.room.disk.sync_folder(&place.ours).is_ok();
        let is_unsure = |folder: &PathBuf| !is_synced || place.sync(folder).is_err();
        let unsure: BTreeSet<PathBuf> = folders.into_iter().filter(is_unsure).collect();
        let is_sure = |spot: &Spot| spot.path().parent().is_none_or(|parent| !unsure.contains(parent));
        let paths: Vec<Spot> = over().map(|(spot, _)| spot.clone()).filter(is_sure).collect();
        if paths.is_empty() {
            return;
        }
        if let Err(error) = self.write(step, vec![Record::Gone { paths }], false) {
            super::log::failed("files are gone, but that could not be written down", &error);
        }
    }
}

fn failed(spot: &Spot, error: &io::Error) -> Fate {
    tracing::warn!(target: "session_reaper", path = %spot.path().display(), %error, "media file could not be removed: tried again at the next sweep");
    Fate::of(Outcome::NotRemoved)
}
