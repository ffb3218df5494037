//! Files in the store's folder that no reference names: what was made there and never stored, or whose ledger is lost.
//!
//! A folder that was moved here is as young as that, and so is all that is in it.
//!
//! They go only where the folder says that all files in it are the store's, and only when nothing has happened to them for a
//! while. The folder is walked without the store's lock; each file is judged once more under it.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    io, mem,
    path::{Path, PathBuf},
};

use super::{
    bin::{Bin, Carried, Moved},
    carry::Numbered,
    doomed::freed,
    folders::Folders,
    record::{By, Going, Mark, Record},
    report::Outcome,
    room::{Desk, Room},
    spot::Spot,
    sweep::{STEP, Sweep, judge},
    told::{Told, rule},
};
use crate::{
    artifact::{payloads, signs},
    fs::{Disk, OUR_FOLDER, Stat},
    model::{Error, Timestamp},
};

/// No folder deeper than this is looked into.
const DEEPEST: usize = 32;

/// So many names are looked at in one sweep.
const MOST: usize = 1_000_000;

/// A file that no reference names.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    spot: Spot,
    ino: u64,
    bytes: u64,
    last: Timestamp,
    /// When a folder on the way to it came to its place, at the latest.
    since: Timestamp,
}

impl Orphan {
    pub(super) fn told(&self, outcome: Outcome) -> Told {
        let told = Told::of_spot(&self.spot, outcome, rule::ORPHAN).with_last(self.last);
        told.with_bytes(if outcome == Outcome::Removed { self.bytes } else { 0 })
    }
}

/// A folder that is to be looked into.
#[derive(Debug)]
struct Branch {
    path: PathBuf,
    /// When a folder on the way came to its place, at the latest: who moves a folder here does not touch the files in it.
    since: Timestamp,
}

/// What a walk has found.
#[derive(Debug, Default)]
struct Walk {
    orphans: Vec<Orphan>,
    /// What is said of the others.
    told: Vec<Told>,
    folders: Vec<Branch>,
    /// Empty folders in which nothing has happened for a while.
    empty: Vec<PathBuf>,
    names: usize,
    /// The folders that this walk has seen, and those of the one before.
    seen: Folders,
    before: Folders,
}

/// What a walk has found that is to go: files, and folders in which nothing is.
pub(super) type Found = (Vec<Orphan>, Vec<PathBuf>);

impl<D: Disk> Sweep<'_, D> {
    /// Looks for files that no reference names, and takes the old ones.
    pub(super) fn find_orphans(&mut self, bin: &mut Bin<'_, '_, D>) -> Result<(), Error> {
        let found = self.look_for_orphans()?;
        self.take_orphans(found, bin)
    }

    /// Looks for files that no reference names, and remembers what the next one is to know.
    pub(super) fn look_for_orphans(&mut self) -> Result<Found, Error> {
        if !self.may_go_on() {
            return Ok(Found::default());
        }
        let found = self.walk()?;
        self.room.remember_folders();
        Ok(found)
    }

    /// Takes those that were found, each judged once more.
    pub(super) fn take_orphans(
        &mut self,
        (orphans, empty): Found,
        bin: &mut Bin<'_, '_, D>,
    ) -> Result<(), Error> {
        let (room, now) = (self.room, self.now);
        let carried = |orphan: &Orphan| Carried { path: orphan.spot.clone(), refs: Vec::new() };
        let passed = |orphan: &Orphan| vec![orphan.told(Outcome::Passed)];
        let orphans = self.listed(bin, orphans, carried, passed);
        let result = self.in_batches(
            &orphans,
            |(_, orphan)| passed(orphan),
            |desk, batch| {
                if bin.keeps() {
                    Ok(desk.put_orphans_away(batch, now, bin))
                } else {
                    desk.end_orphans(batch, now)
                }
            },
        );
        if self.may_go_on() {
            room.remove_empty(&empty);
        }
        result
    }

    /// Looks for files that no reference names: tells which of them are to go, and the folders in which nothing is.
    pub(super) fn walk(&mut self) -> Result<Found, Error> {
        let Walk { orphans, told, empty, .. } = self.room.walk(self.now, MOST)?;
        self.count_all(told);
        Ok((orphans, empty))
    }
}

impl<D: Disk> Room<D> {
    fn walk(&self, now: Timestamp, most: usize) -> Result<Walk, Error> {
        let is_marked = self.place.is_marked().map_err(self.fail(STEP))?;
        let root = Branch { path: PathBuf::new(), since: Timestamp::from_millis(0) };
        let mut walk = Walk { folders: vec![root], before: self.folders_before(), ..Walk::default() };
        while let Some(branch) = walk.folders.pop() {
            if self.is_stopping() || walk.names > most {
                walk.folders.push(branch);
                break;
            }
            self.visit(branch, is_marked, now, &mut walk)?;
        }
        self.end_walk(&mut walk, most);
        Ok(walk)
    }

    /// What was not come to is told, and what was known of it is not forgotten.
    fn end_walk(&self, walk: &mut Walk, most: usize) {
        if !walk.folders.is_empty() {
            walk.seen.keep(mem::take(&mut walk.before));
        }
        if !walk.folders.is_empty() && !self.is_stopping() {
            self.give_up(walk, most);
        }
        *super::room::held(&self.folders) = Some(mem::take(&mut walk.seen));
    }

    /// What is in the other folders nobody knows: each of them is counted.
    fn give_up(&self, walk: &mut Walk, most: usize) {
        let folders = mem::take(&mut walk.folders);
        walk.told.extend(folders.iter().map(|branch| odd(&branch.path)));
        let folders = folders.len();
        let path = self.place.path.display();
        tracing::warn!(target: "session_reaper", %path, most, folders, "media folder has too many names: these folders were not looked into");
    }

    fn visit(
        &self,
        mut branch: Branch,
        is_marked: bool,
        now: Timestamp,
        walk: &mut Walk,
    ) -> Result<(), Error> {
        let path = branch.path.clone();
        let found = self.place.with_folder(&path, |folder| self.look_into(folder, &mut branch, now, walk));
        match found {
            // The store's folder itself must be readable; what is in there may change, or be somebody else's.
            Err(error) if path.as_os_str().is_empty() => return Err(self.fail(STEP)(error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => walk.told.push(odd(&path)),
            Ok(files) => self.sort(files, (is_marked, branch.since), now, walk),
        }
        Ok(())
    }

    /// Removes folders in which nothing is any more. One that is not empty by now stays.
    fn remove_empty(&self, empty: &[PathBuf]) {
        if !self.place.is_marked().unwrap_or(false) {
            return;
        }
        for path in empty {
            let remove = |folder: &D::Folder, name: &OsStr| self.disk.remove_folder(folder, name);
            if let Err(error) = self.place.within(&Spot::new(path), remove) {
                tracing::debug!(target: "session_reaper", path = %path.display(), %error, "empty media folder stays");
            }
        }
    }

    /// Whether the store's own folder, with these names in it, is a spool as well, or a session of one.
    fn is_spool(&self, names: &[OsString]) -> io::Result<bool> {
        if names.iter().any(|name| name == payloads::MARK) {
            return Ok(true);
        }
        let has_ours = self.place.has_ours();
        Ok(has_ours && signs::has_files_of(&self.disk, &self.place.ours, &[payloads::KIND])?)
    }

    /// The files in a folder; its folders are to be looked into later.
    fn look_into(
        &self,
        folder: &D::Folder,
        branch: &mut Branch,
        now: Timestamp,
        walk: &mut Walk,
    ) -> io::Result<Vec<(Spot, Stat)>> {
        let names = self.disk.list(folder)?;
        let path = branch.path.as_path();
        let is_root = path.as_os_str().is_empty();
        if !is_root && signs::are_ours(&names) {
            return Err(io::Error::other("it is the folder of another store, or of a session in a spool"));
        }
        if is_root && self.is_spool(&names)? {
            // What lives in a spool only its own sweep knows: none of it is an orphan.
            let others = names.iter().filter(|name| *name != OUR_FOLDER);
            walk.told.extend(others.map(|name| odd(Path::new(name))));
            return Ok(Vec::new());
        }
        // In the store's folder itself something happens all the time, and nobody moves it into itself.
        if !is_root {
            let stat = self.disk.stat_born(folder, OsStr::new("."))?;
            let last = last(&stat);
            branch.since = branch.since.max(walk.seen.arrival(&walk.before, path, &stat, last));
            let last = branch.since.max(last);
            if names.is_empty() && judge(last, now, self.options.orphan_grace()).is_none() {
                walk.empty.push(path.to_owned());
            }
        }
        walk.names += names.len();
        let mut files = Vec::new();
        for name in names.iter().filter(|name| !is_root || *name != OUR_FOLDER) {
            let Ok(stat) = self.disk.stat(folder, name) else { continue };
            let at = path.join(name);
            if stat.is_file {
                files.push((Spot::new(&at), stat));
            } else if stat.is_folder && at.components().count() < DEEPEST {
                walk.folders.push(Branch { path: at, since: branch.since });
            } else {
                walk.told.push(odd(&at));
            }
        }
        Ok(files)
    }

    /// Those that no reference names, by what is to become of them.
    fn sort(
        &self,
        files: Vec<(Spot, Stat)>,
        (is_marked, since): (bool, Timestamp),
        now: Timestamp,
        walk: &mut Walk,
    ) {
        let ledger = self.known();
        for (spot, stat) in files.into_iter().filter(|(spot, _)| !ledger.state.files.contains_key(spot)) {
            let last = last(&stat).max(since);
            let orphan = Orphan { spot, ino: stat.ino, bytes: freed(&stat), last, since };
            match judge(last, now, self.options.orphan_grace()) {
                _ if !is_marked => walk.told.push(orphan.told(Outcome::Unmarked)),
                Some(outcome) => walk.told.push(orphan.told(outcome)),
                None if ledger.state.is_older_than_doubt(&stat) => {
                    walk.told.push(orphan.told(Outcome::Doubted));
                }
                None => walk.orphans.push(orphan),
            }
        }
    }
}

/// When something last happened to a file: also when it got its name, which a download that was moved here has from then on.
fn last(stat: &Stat) -> Timestamp {
    Timestamp::from_nanos(stat.modified_ns.max(stat.changed_ns))
}

/// What is no file, or cannot be looked into.
fn odd(path: &Path) -> Told {
    Told::of_spot(&Spot::new(path), Outcome::Odd, rule::ORPHAN)
}

impl<D: Disk> Desk<'_, D> {
    fn put_orphans_away(
        &self,
        batch: &[Numbered<Orphan>],
        now: Timestamp,
        bin: &mut Bin<'_, '_, D>,
    ) -> Vec<Told> {
        let mut take = |(number, orphan): &Numbered<Orphan>| match self.judge_orphan(orphan, now) {
            Ok((orphan, mark)) => self.put_orphan_away(&orphan, (*number, mark), bin),
            Err(outcome) => orphan.told(outcome),
        };
        let told = batch.iter().map(&mut take).collect();
        let parents: BTreeSet<&Path> =
            batch.iter().filter_map(|(_, orphan)| orphan.spot.path().parent()).collect();
        // Where that fails a power cut may bring one back: it is as it was then.
        let synced =
            bin.sync().and_then(|()| parents.into_iter().try_for_each(|path| self.room.place.sync(path)));
        if let Err(error) = synced {
            super::log::failed("what no reference named went, but that may not be durable", &error);
        }
        told
    }

    /// Where there is no trash they go as files do that were let go: that they go is written down before, so that whoever comes
    /// after somebody was killed knows what he was at.
    fn end_orphans(&mut self, batch: &[Numbered<Orphan>], now: Timestamp) -> Result<Vec<Told>, Error> {
        let (mut told, mut goes, mut records) = (Vec::new(), Vec::new(), Vec::new());
        let at_ns = i64::try_from(self.room.disk.now_ns()).unwrap_or(i64::MAX);
        for (_, orphan) in batch {
            match self.judge_orphan(orphan, now) {
                Err(outcome) => told.push(orphan.told(outcome)),
                Ok((orphan, mark)) => {
                    let going = Going { by: By::Net, at_ns };
                    records.push(Record::Going { path: orphan.spot.clone(), mark, going });
                    goes.push(orphan);
                }
            }
        }
        if goes.is_empty() {
            return Ok(told);
        }
        self.write(STEP, records, true)?;
        let fates = self.remove(STEP, goes.iter().map(|orphan| orphan.spot.clone()).collect(), false);
        told.extend(goes.iter().map(|orphan| {
            match fates.get(&orphan.spot).map_or(Outcome::Passed, |fate| fate.outcome) {
                Outcome::Absent | Outcome::Replaced => orphan.told(Outcome::Passed),
                Outcome::NotRemoved => orphan.told(Outcome::NotRemoved).with_error("it could not be removed"),
                outcome => orphan.told(outcome),
            }
        }));
        Ok(told)
    }

    /// What it is by now, if it is to go; else what becomes of it.
    fn judge_orphan(&self, orphan: &Orphan, now: Timestamp) -> Result<(Orphan, Mark), Outcome> {
        let (room, spot) = (self.room, &orphan.spot);
        if self.ledger.state.files.contains_key(spot) {
            return Err(Outcome::Passed);
        }
        let stat = match room.place.look(spot) {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Outcome::Passed),
            Err(_) => return Err(Outcome::Odd),
        };
        if !stat.is_file || stat.ino != orphan.ino {
            return Err(Outcome::Passed);
        }
        if self.ledger.state.is_older_than_doubt(&stat) {
            return Err(Outcome::Doubted);
        }
        let last = last(&stat).max(orphan.since);
        match judge(last, now, room.options.orphan_grace()) {
            Some(outcome) => Err(outcome),
            None => Ok((Orphan { bytes: freed(&stat), last, ..orphan.clone() }, Mark::of(&stat))),
        }
    }

    fn put_orphan_away(&self, orphan: &Orphan, numbered: (usize, Mark), bin: &mut Bin<'_, '_, D>) -> Told {
        if let Some(why) = bin.shut() {
            return orphan.told(Outcome::NotRemoved).with_error(why);
        }
        let room = self.room;
        let take = |folder: &D::Folder, name: &OsStr| bin.take(&room.disk, numbered, (folder, name));
        match room.place.within(&orphan.spot, take) {
            Ok(Moved::Gone) => orphan.told(Outcome::Removed),
            Ok(Moved::Exchanged) => orphan.told(Outcome::Passed),
            Ok(Moved::Stuck) => orphan
                .told(Outcome::NotRemoved)
                .with_error("another took its place meanwhile, which is in the trash"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => orphan.told(Outcome::Passed),
            Err(error) => {
                super::log::failed("a file that no reference names could not be removed", &error);
                orphan.told(Outcome::NotRemoved).with_error(&error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{artifact::media::Options, fs::MemDisk};

    #[test]
    fn i9_folders_that_are_not_looked_into_are_counted() {
        let disk = MemDisk::with_file(Path::new("/base/x"), b"x");
        let room = Room::open(disk.clone(), Options::new("/base/media").unwrap()).unwrap();
        for name in ["a/1", "b/1", "c/1", "2", "3"] {
            disk.put(&Path::new("/base/media").join(name), b"x");
        }
        let odd = |most| {
            let walk = room.walk(Timestamp::from_millis(0), most).unwrap();
            walk.told.iter().filter(|told| told.outcome == Outcome::Odd).count()
        };
        // Six names in the store's own folder, our own among them.
        assert_eq!((odd(2), odd(7), odd(MOST)), (3, 1, 0));
    }
}
