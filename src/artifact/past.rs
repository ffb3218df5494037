//! What sweeps have done to a folder, and bringing back what one of them took: things return from the trash to where they stood.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::nook::Nook;
use crate::{
    fs::{Disk, OUR_FOLDER, Owner},
    trash::{Attic, Line, Opened, RunId, Stage, Trash, read_journal},
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
    pub(super) fn of<D: Disk>(disk: &D, base: &D::Folder, kind: &str) -> io::Result<Self> {
        let ours = match disk.subfolder(base, OsStr::new(OUR_FOLDER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            ours => ours?,
        };
        let mut journal = read_journal(disk, &ours)?;
        journal.lines.retain(|line| line.store == kind);
        let mut past = Self { lines: journal.lines, unreadable: journal.unreadable, ..Self::default() };
        let attic = attic(disk, &ours, kind);
        for name in attic.names()? {
            match name.stage {
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
pub(super) fn attic<'a, D: Disk>(disk: &'a D, ours: &'a D::Folder, kind: &'a str) -> Attic<'a, D> {
    Attic::new(Trash::new(disk, ours, Owner::default(), OsStr::new(kind)))
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

/// What taking back this run would do; `None` when nothing of it is in the trash.
///
/// # Errors
/// As the operating system says.
pub(super) fn plan_undo<D: Disk>(
    disk: &D,
    base: &D::Folder,
    kind: &str,
    run: &RunId,
) -> io::Result<Option<Undone>> {
    let ours = disk.subfolder(base, OsStr::new(OUR_FOLDER))?;
    let Some(opened) = attic(disk, &ours, kind).find(run)? else { return Ok(None) };
    let mut undone = Undone::default();
    for (_, thing) in opened.things() {
        let is_free = plain(&thing.name).map(|name| disk.stat(base, &name).is_err());
        undone.take(&thing.name, is_free);
    }
    Ok(Some(undone))
}

/// Takes back a run; `None` when nothing of it is in the trash. `line` is what the journal is to say of it.
///
/// # Errors
/// As the operating system says.
pub(super) fn undo<D: Disk>(
    disk: &D,
    base: &D::Folder,
    nook: &Nook<'_, D>,
    run: &RunId,
    line: Line,
) -> io::Result<Option<Undone>> {
    let Some(opened) = nook.attic().find(run)? else { return Ok(None) };
    nook.journal().get_ready()?;
    let mut undone = Undone::default();
    let things: Vec<_> = opened.things().map(|(number, thing)| (number, thing.name.clone())).collect();
    for (number, name) in things {
        undone.take(&name, put_back(disk, base, &opened, number, &name));
    }
    undone.record = record(disk, base, nook, &opened, &undone, line).err().map(|error| error.to_string());
    Ok(Some(undone))
}

/// What has come back is durable, then it stands in the journal.
fn record<D: Disk>(
    disk: &D,
    base: &D::Folder,
    nook: &Nook<'_, D>,
    opened: &Opened<D>,
    undone: &Undone,
    line: Line,
) -> io::Result<()> {
    disk.sync_folder(base)?;
    opened.settle()?;
    if undone.restored.is_empty() {
        return Ok(());
    }
    let held_up = (undone.held_up.len() + undone.failed.len()) as u64;
    nook.journal().append(&Line { restored: undone.restored.len() as u64, held_up, ..line })
}

/// What came back is as new: the next sweep would take it again at once otherwise.
fn put_back<D: Disk>(
    disk: &D,
    base: &D::Folder,
    opened: &Opened<D>,
    number: usize,
    name: &str,
) -> io::Result<bool> {
    let name = plain(name)?;
    let is_back = opened.put_back(number, (base, &name))?;
    if is_back {
        // It is back whether or not its time can be changed.
        let _ = disk.touch(base, &name);
    }
    Ok(is_back)
}

/// A list that somebody has changed could lead anywhere.
pub(super) fn plain(name: &str) -> io::Result<OsString> {
    if name.contains(['/', '\0']) || ["", ".", "..", OUR_FOLDER].contains(&name) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "that is no name in a folder"));
    }
    Ok(name.into())
}
