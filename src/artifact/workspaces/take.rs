//! Taking groups away that have expired: secrets for ever, everything else into the trash.

use std::{ffi::OsStr, io, path::Path};

use super::{
    Role, Settings,
    look::{Base, look, mark},
    roster::Names,
    verdict::{Kept, Owned, Rule, Verdict, judge},
};
use crate::{
    fs::{self, Disk, RealDisk, Removed},
    model::Timestamp,
    trash::{Attic, Line, Moving, Thing},
};

/// A group that is to go, and what it is to keep in the trash.
#[derive(Debug)]
pub(super) struct Doomed<'g> {
    pub(super) main: &'g str,
    pub(super) names: &'g Names,
    pub(super) rule: Rule,
    /// Whether somebody worked in it when it was judged.
    pub(super) owned: Owned,
}

/// What became of a group that was to go.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is gone.
    Gone,
    /// It stays after all.
    Stays(Kept),
    /// Something of it could not go, and why.
    Failed(String),
}

impl Doomed<'_> {
    /// The members that go into the trash.
    fn kept(&self) -> impl Iterator<Item = &str> {
        let goes = |role: Role| role != Role::Secret && self.rule == Rule::Ttl;
        self.names.members.iter().filter(move |(role, _)| goes(*role)).map(|(_, name)| name.as_str())
    }

    /// How many they are.
    pub(super) fn things(&self) -> usize {
        self.kept().count()
    }
}

/// The things that these groups have for the trash, in their order.
pub(super) fn things(doomed: &[Doomed<'_>]) -> Vec<Thing> {
    let of = |group: &Doomed<'_>| {
        let main = group.main.to_owned();
        group
            .kept()
            .map(|name| Thing { name: name.to_owned(), of: main.clone(), became: None })
            .collect::<Vec<_>>()
    };
    doomed.iter().flat_map(of).collect()
}

/// Where the things of the groups go.
#[derive(Debug)]
pub(super) enum Bin<'t, 'a> {
    /// Into the trash.
    Trash(Moving<'t, 'a, RealDisk>),
    /// Nowhere: they are gone for ever.
    Nowhere,
}

/// Opens the bin for these things.
///
/// # Errors
/// As the operating system says; then nothing may go.
pub(super) fn bin<'t, 'a>(
    attic: &'t Attic<'a, RealDisk>,
    base: &Base<'_>,
    line: &Line,
    things: &[Thing],
) -> io::Result<Bin<'t, 'a>> {
    if line.trash && !things.is_empty() {
        attic.begin(&base.folder, line, things).map(Bin::Trash)
    } else {
        Ok(Bin::Nowhere)
    }
}

/// What is needed to take groups away.
#[derive(Debug)]
pub(super) struct Taker<'w, 'b> {
    pub(super) base: &'w Base<'b>,
    pub(super) settings: &'w Settings,
    pub(super) now: Timestamp,
}

impl Taker<'_, '_> {
    /// Takes one group, whose first thing has the number `first`.
    pub(super) fn take(&self, group: &Doomed<'_>, bin: &mut Bin<'_, '_>, first: usize) -> Taken {
        // Whoever would begin to work in it now finds its mark taken.
        let held = group.names.is_marked.then(|| self.hold(group.main));
        let _held = match held {
            None => None,
            Some(Ok(Some(held))) => Some(held),
            Some(Ok(None)) => return Taken::Stays(Kept::Owned),
            Some(Err(error)) => return failed(&mark(group.main), &error),
        };
        // Between the look at all groups and now somebody may have written to this one.
        // Its mark is ours by now, and tells nothing any more.
        match look(self.base, (group.main, group.names), group.owned, self.settings, self.now) {
            Err(kept) => return Taken::Stays(kept),
            Ok(looked) if judge(&looked.seen, self.settings, self.now) != Verdict::Sweep(group.rule) => {
                return Taken::Stays(Kept::Touched);
            }
            Ok(_) => {}
        }
        self.take_members(group, bin, first)
    }

    fn hold(&self, main: &str) -> io::Result<Option<<RealDisk as Disk>::Appender>> {
        match RealDisk.open_to_append(&self.base.folder, OsStr::new(&mark(main))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            held => held,
        }
    }

    /// Secrets first; what cannot go keeps nothing else of the group from going, but for its mark.
    fn take_members(&self, group: &Doomed<'_>, bin: &mut Bin<'_, '_>, first: usize) -> Taken {
        let secrets = group.names.members.iter().filter(|(role, _)| *role == Role::Secret);
        let mut wrong: Vec<String> = secrets.filter_map(|(_, name)| self.remove(name)).collect();
        for (number, name) in group.kept().enumerate() {
            wrong.extend(self.put(name, bin, first + number));
        }
        if wrong.is_empty() && group.rule == Rule::Ttl && group.names.is_marked {
            wrong.extend(self.remove(&mark(group.main)));
        }
        if wrong.is_empty() { Taken::Gone } else { Taken::Failed(wrong.join("; ")) }
    }

    fn put(&self, name: &str, bin: &mut Bin<'_, '_>, number: usize) -> Option<String> {
        let Bin::Trash(moving) = bin else { return self.remove(name) };
        let from = (&self.base.folder, OsStr::new(name));
        let moved = match moving.take(number, from) {
            // A folder that nobody may write to cannot be moved either.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let opened = RealDisk.subfolder_here(from.0, from.1);
                opened.and_then(|folder| RealDisk.open_up(&folder)).and_then(|()| moving.take(number, from))
            }
            moved => moved,
        };
        moved.err().filter(|error| error.kind() != io::ErrorKind::NotFound).map(|error| told(name, &error))
    }

    /// For ever. Tells what is left of it, if anything is.
    fn remove(&self, name: &str) -> Option<String> {
        let Removed { left, .. } = fs::remove_all(&RealDisk, &self.base.folder, OsStr::new(name));
        left.first().map(|(path, error)| format!("cannot remove {}: {error}", Path::new(path).display()))
    }
}

fn failed(name: &str, error: &io::Error) -> Taken {
    Taken::Failed(told(name, error))
}

fn told(name: &str, error: &io::Error) -> String {
    format!("cannot remove {name}: {error}")
}

impl Bin<'_, '_> {
    /// Makes durable what has gone.
    ///
    /// # Errors
    /// As the operating system says.
    pub(super) fn settle(&self, base: &Base<'_>) -> io::Result<()> {
        RealDisk.sync_folder(&base.folder)?;
        match self {
            Self::Trash(moving) => moving.settle(),
            Self::Nowhere => Ok(()),
        }
    }

    /// Its run has its line in the journal.
    ///
    /// # Errors
    /// As the operating system says.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Trash(moving) => moving.finish(),
            Self::Nowhere => Ok(()),
        }
    }
}
