//! Where the net puts what it takes: into a bundle in the trash, whose list is durable before the first thing goes, or nowhere.
//!
//! The list holds for each thing what its references were, so that an undo can register them again.

use std::{ffi::OsStr, io};

use serde::{Deserialize, Serialize};

use super::{
    record::{Mark, Stored},
    spot::Spot,
    told::name_of,
};
use crate::{
    artifact::nook::Nook,
    fs::{Disk, Stat},
    trash::{Attic, Line, More, Moving, Thing},
};

/// So many things go in one run, and so long is the list of them, at most: it is held in memory, and written whole. The next run
/// goes on.
pub(super) const MOST: usize = 100_000;
const LONGEST: usize = 64 << 20;

/// What is needed to bring a thing back, beside itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    /// Where it stood.
    pub(super) path: Spot,
    /// Its references.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) refs: Vec<Stored>,
}

impl Carried {
    /// The thing in the list.
    pub(super) fn thing(self) -> io::Result<Thing> {
        let name = name_of(&self.path, self.refs.first().map(|stored| stored.reference));
        Ok(Thing { more: Some(More::of(&self)?), ..Thing::new(name.clone(), name) })
    }
}

/// How a move has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// It is in the trash.
    Gone,
    /// Another had its place by then, and has it again.
    Exchanged,
    /// The same, and it could not be put back: it is in the trash.
    Stuck,
}

/// Where things go.
#[derive(Debug)]
pub(super) struct Bin<'t, 'a, D: Disk> {
    nook: &'t Nook<'a, D>,
    attic: &'t Attic<'a, D>,
    beside: &'t D::Folder,
    line: Line,
    most: usize,
    things: Vec<Thing>,
    /// How many bytes are said of them.
    bytes: usize,
    moving: Option<Moving<'t, 'a, D>>,
    /// Why nothing can be kept any more, if it cannot.
    shut: Option<String>,
}

impl<'t, 'a, D: Disk> Bin<'t, 'a, D> {
    pub(super) fn new(
        nook: &'t Nook<'a, D>,
        attic: &'t Attic<'a, D>,
        beside: &'t D::Folder,
        (line, most): (Line, usize),
    ) -> Self {
        Self { nook, attic, beside, line, most, things: Vec::new(), bytes: 0, moving: None, shut: None }
    }

    /// Whether what goes is kept.
    pub(super) const fn keeps(&self) -> bool {
        self.line.trash
    }

    /// Why nothing goes, if nothing does.
    pub(super) fn shut(&self) -> Option<&str> {
        self.shut.as_deref().filter(|_| self.keeps())
    }

    /// Puts things on the list, as many as it has room for, and makes it durable. Tells the number of the first.
    pub(super) fn list(&mut self, things: impl Iterator<Item = Carried>) -> usize {
        let first = self.things.len();
        if self.keeps()
            && self.shut.is_none()
            && let Err(error) = self.try_list(things)
        {
            self.shut = Some(format!("the trash cannot be used: {error}"));
        }
        first
    }

    /// How many of the things that were to be listed from this number on are on the list, where there is one.
    pub(super) fn left_out(&self, first: usize) -> Option<usize> {
        (self.keeps() && self.shut.is_none()).then(|| self.things.len().saturating_sub(first))
    }

    /// What moves under a number that is not on the list could never come back.
    fn must_hold(&self, number: usize) -> io::Result<()> {
        if number < self.things.len() {
            return Ok(());
        }
        Err(io::Error::other("the list of this run is full: the next one goes on"))
    }

    fn try_list(&mut self, things: impl Iterator<Item = Carried>) -> io::Result<()> {
        let before = self.things.len();
        for thing in things {
            if self.things.len() >= self.most || self.bytes >= LONGEST {
                break;
            }
            let thing = thing.thing()?;
            self.bytes += thing.name.len() + thing.of.len() + thing.more.as_ref().map_or(0, More::bytes);
            self.things.push(thing);
        }
        if self.things.len() == before {
            return Ok(());
        }
        self.line.scanned = self.things.len() as u64;
        if let Some(moving) = &self.moving {
            return moving.list(&self.line, &self.things);
        }
        self.nook.journal().get_ready()?;
        self.moving = Some(self.attic.begin(self.beside, &self.line, &self.things)?);
        Ok(())
    }

    /// Notes that the references with this number go without their file.
    pub(super) fn note(&mut self, number: usize) -> io::Result<()> {
        self.must_hold(number)?;
        self.moving.as_mut().map_or_else(|| Err(not_open()), |moving| moving.note(number))
    }

    /// Takes away the note: the references stay after all.
    pub(super) fn take_note(&mut self, number: usize) -> io::Result<()> {
        self.moving.as_mut().map_or_else(|| Err(not_open()), |moving| moving.take_note(number))
    }

    /// Moves a file here, if it is the one that was judged: what was put in its place goes back there.
    pub(super) fn take(
        &mut self,
        disk: &D,
        (number, mark): (usize, Mark),
        from: (&D::Folder, &OsStr),
    ) -> io::Result<Moved> {
        self.must_hold(number)?;
        let moving = self.moving.as_mut().ok_or_else(not_open)?;
        moving.take(number, from)?;
        let (bundle, name) = moving.at(number);
        let is_it = |stat: Stat| mark.is_of(&stat);
        if disk.stat_born(bundle, &name).is_ok_and(is_it) {
            return Ok(Moved::Gone);
        }
        let is_back = moving.put_back(number, from).unwrap_or(false);
        Ok(if is_back { Moved::Exchanged } else { Moved::Stuck })
    }

    /// Makes durable what has been moved here.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.moving.as_ref().map_or(Ok(()), Moving::settle)
    }

    /// Whether something is in here.
    pub(super) fn has_things(&self) -> bool {
        self.moving.as_ref().is_some_and(|moving| moving.moved() > 0)
    }

    /// What has gone stands in the journal, then the bundle is whole. Without a line nothing has gone.
    ///
    /// # Errors
    /// As the operating system says; the bundle stays, for the next one to finish.
    pub(super) fn finish(self, line: Option<Line>) -> io::Result<()> {
        let trash = self.has_things();
        if let Some(line) = line {
            self.sync()?;
            self.nook.journal().append(&Line { trash, ..line })?;
        }
        self.moving.map_or(Ok(()), Moving::finish)
    }

    /// The line of this run, before anything is counted.
    pub(super) const fn line(&self) -> &Line {
        &self.line
    }
}

fn not_open() -> io::Error {
    io::Error::other("the trash is not open")
}
