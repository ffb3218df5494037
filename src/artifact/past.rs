//! What sweeps have done to a folder, and bringing back what one of them took: things return from the trash to where they stood.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::{
    nook::{Kind, Nook},
    workspaces,
};
use crate::{
    fs::{Disk, OUR_FOLDER, Owner},
    trash::{Attic, Line, Opened, RunId, Stage, Thing, Trash, read_journal},
};

/// The runs on a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Oldest first.
    pub lines: Vec<Line>,
    /// How many lines of the journal nobody can read.
    pub unreadable: u64,
    /// The runs of which something is in the trash, oldest first.
    pub in_trash: Vec<Kept>,
    /// Runs in the trash of which nobody can read what they took.
    pub damaged: Vec<RunId>,
    /// How many runs a killed sweep has left on their way: whoever sweeps next sees to them.
    pub on_the_way: usize,
}

/// What is in the trash of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What the run was.
    pub line: Line,
    /// The names of what is still in there.
    pub things: Vec<String>,
}

impl Past {
    /// That of the sweeps of this kind in a folder; nothing where there never was one.
    ///
    /// # Errors
    /// As the operating system says.
    pub(super) fn of<D: Disk>(disk: &D, base: &D::Folder, kind: Kind) -> io::Result<Self> {
        let ours = match disk.subfolder(base, OsStr::new(OUR_FOLDER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            ours => ours?,
        };
        let mut journal = read_journal(disk, &ours)?;
        journal.lines.retain(|line| line.store == kind.told);
        let mut past = Self { lines: journal.lines, unreadable: journal.unreadable, ..Self::default() };
        let attic = attic(disk, &ours, kind);
        for name in attic.names()? {
            match name.stage {
                Stage::Finished if attic.is_of_a_store(&name) => {}
                Stage::Finished => past.add(name.run.clone(), attic.open(&name))?,
                Stage::Unfinished | Stage::Purged => past.on_the_way += 1,
            }
        }
        Ok(past)
    }

    fn add<D: Disk>(&mut self, run: RunId, opened: io::Result<Option<Opened<D>>>) -> io::Result<()> {
        match opened {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => self.damaged.push(run),
            Err(error) => return Err(error),
            Ok(None) => self.damaged.push(run),
            Ok(Some(opened)) => {
                let things = opened.things().map(|(_, thing)| thing.name.clone()).collect();
                self.in_trash.push(Kept { line: opened.line, things });
            }
        }
        Ok(())
    }

    /// The names of the runs in the trash.
    pub fn runs_in_trash(&self) -> impl Iterator<Item = &RunId> {
        self.in_trash.iter().map(|kept| &kept.line.run).chain(&self.damaged)
    }
}

/// To look into it, nobody needs to own it.
pub(super) fn attic<'a, D: Disk>(disk: &'a D, ours: &'a D::Folder, kind: Kind) -> Attic<'a, D> {
    Attic::new(Trash::new(disk, ours, Owner::default(), OsStr::new(kind.files)))
}

/// What the things of a run take on the disk that are still in the trash, as far as that can be looked at.
///
/// # Errors
/// As the operating system says.
pub(super) fn weight<D: Disk>(disk: &D, base: &D::Folder, kind: Kind, run: &RunId) -> io::Result<u64> {
    let ours = disk.subfolder(base, OsStr::new(OUR_FOLDER))?;
    let Some(opened) = attic(disk, &ours, kind).find(run)? else { return Ok(0) };
    let weigh = |number: usize| {
        let (bundle, name) = opened.at(number);
        workspaces::weight(disk, bundle, &name)
    };
    Ok(opened.things().filter_map(|(number, _)| weigh(number)).sum())
}

/// What taking back a run did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undone {
    /// What came back.
    pub restored: Vec<String>,
    /// What could not, because something else has its place by now.
    pub held_up: Vec<String>,
    /// What could not for another reason, and which.
    pub failed: Vec<(String, String)>,
    /// Why what came back could not be written down, if it could not.
    pub record: Option<String>,
}

impl Undone {
    fn take(&mut self, name: &str, is_back: io::Result<bool>) {
        match is_back {
            Ok(true) => self.restored.push(name.to_owned()),
            Ok(false) => self.held_up.push(name.to_owned()),
            Err(error) => self.failed.push((name.to_owned(), error.to_string())),
        }
    }
}

/// How the things of one kind come back from the trash.
pub(super) trait Way<D: Disk> {
    /// Whether nothing keeps a thing from coming back, as far as can be told without trying.
    ///
    /// # Errors
    /// Nobody can tell where it stood.
    fn is_free(&self, opened: &Opened<D>, number: usize, thing: &Thing) -> io::Result<bool>;

    /// Brings things back, and tells of each whether it is; `false` where something else has its place by now.
    fn put_back(&self, opened: &Opened<D>, things: &[(usize, &Thing)]) -> Vec<io::Result<bool>>;

    /// Makes durable what came back.
    ///
    /// # Errors
    /// As the operating system says.
    fn settle(&self) -> io::Result<()>;
}

/// Things that stood in the folder itself.
#[derive(Debug)]
pub(super) struct Plain<'p, D: Disk> {
    pub(super) disk: &'p D,
    pub(super) base: &'p D::Folder,
}

impl<D: Disk> Way<D> for Plain<'_, D> {
    fn is_free(&self, opened: &Opened<D>, number: usize, thing: &Thing) -> io::Result<bool> {
        let name = plain(&thing.name)?;
        match self.disk.stat(self.base, &name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            there => there.map(|_| opened.is_also_at(number, (self.base, &name))),
        }
    }

    fn put_back(&self, opened: &Opened<D>, things: &[(usize, &Thing)]) -> Vec<io::Result<bool>> {
        things.iter().map(|(number, thing)| self.put_one(opened, *number, &thing.name)).collect()
    }

    fn settle(&self) -> io::Result<()> {
        self.disk.sync_folder(self.base)
    }
}

impl<D: Disk> Plain<'_, D> {
    /// What came back is as new: the next sweep would take it again at once otherwise.
    ///
    /// # Errors
    /// As the operating system says; the name is none.
    pub(super) fn put_one(&self, opened: &Opened<D>, number: usize, name: &str) -> io::Result<bool> {
        let name = plain(name)?;
        let is_back = opened.put_back(number, (self.base, &name))?;
        if is_back {
            // It is back whether or not its time can be changed.
            let _ = self.disk.touch(self.base, &name);
        }
        Ok(is_back)
    }
}

/// What taking back this run would do; `None` when nothing of it is in the trash.
///
/// # Errors
/// As the operating system says.
pub(super) fn plan_undo<D: Disk>(
    disk: &D,
    ours: &D::Folder,
    kind: Kind,
    run: &RunId,
    way: &impl Way<D>,
) -> io::Result<Option<Undone>> {
    let Some(opened) = attic(disk, ours, kind).find(run)? else { return Ok(None) };
    let mut undone = Undone::default();
    for (number, thing) in opened.things() {
        undone.take(&thing.name, way.is_free(&opened, number, thing));
    }
    Ok(Some(undone))
}

/// Takes back a run; `None` when nothing of it is in the trash. `line` is what the journal is to say of it.
///
/// # Errors
/// As the operating system says.
pub(super) fn undo<D: Disk>(
    nook: &Nook<'_, D>,
    run: &RunId,
    line: Line,
    way: &impl Way<D>,
) -> io::Result<Option<Undone>> {
    let Some(opened) = nook.attic().find(run)? else { return Ok(None) };
    nook.journal().get_ready()?;
    let mut undone = Undone::default();
    let things: Vec<(usize, &Thing)> = opened.things().collect();
    for ((_, thing), is_back) in things.iter().zip(way.put_back(&opened, &things)) {
        undone.take(&thing.name, is_back);
    }
    undone.record = record(nook, &opened, &undone, line, way).err().map(|error| error.to_string());
    Ok(Some(undone))
}

/// What has come back is durable, then it stands in the journal.
fn record<D: Disk>(
    nook: &Nook<'_, D>,
    opened: &Opened<D>,
    undone: &Undone,
    line: Line,
    way: &impl Way<D>,
) -> io::Result<()> {
    way.settle()?;
    opened.settle()?;
    if undone.restored.is_empty() {
        return Ok(());
    }
    let held_up = (undone.held_up.len() + undone.failed.len()) as u64;
    nook.journal().append(&Line { restored: undone.restored.len() as u64, held_up, ..line })
}

/// A list that somebody has changed could lead anywhere.
pub(super) fn plain(name: &str) -> io::Result<OsString> {
    if name.contains(['/', '\0']) || ["", ".", "..", OUR_FOLDER].contains(&name) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "that is no name in a folder"));
    }
    Ok(name.into())
}
