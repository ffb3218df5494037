//! Where the things go that a sweep takes: into the trash, or nowhere.

use std::{ffi::OsStr, io};

use crate::{
    fs::{Disk, Stat},
    trash::{Attic, Line, Moving, Thing},
};

/// Where the things of a sweep go.
#[derive(Debug)]
pub(super) enum Bin<'t, 'a, D: Disk> {
    /// Into the trash.
    Trash(Moving<'t, 'a, D>),
    /// Nowhere: they are gone for ever.
    Nowhere,
    /// The trash cannot be used, and why: they stay, but for what needs none.
    Shut(String),
}

impl<'t, 'a, D: Disk> Bin<'t, 'a, D> {
    /// Opens the bin for these things, which stand in the folder `beside` that ours is in.
    pub(super) fn open(attic: &'t Attic<'a, D>, beside: &D::Folder, line: &Line, things: &[Thing]) -> Self {
        if !line.trash || things.is_empty() {
            return Self::Nowhere;
        }
        attic.begin(beside, line, things).map_or_else(|error| Self::Shut(error.to_string()), Self::Trash)
    }

    /// Whether something is in the trash.
    pub(super) const fn has_things(&self) -> bool {
        match self {
            Self::Trash(moving) => moving.moved() > 0,
            Self::Nowhere | Self::Shut(_) => false,
        }
    }

    /// Makes durable what has gone from this folder.
    ///
    /// # Errors
    /// As the operating system says.
    pub(super) fn settle(&self, disk: &D, folder: &D::Folder) -> io::Result<()> {
        disk.sync_folder(folder)?;
        match self {
            Self::Trash(moving) => moving.settle(),
            Self::Nowhere | Self::Shut(_) => Ok(()),
        }
    }

    /// Its run has its line in the journal.
    ///
    /// # Errors
    /// As the operating system says.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Trash(moving) => moving.finish(),
            Self::Nowhere | Self::Shut(_) => Ok(()),
        }
    }
}

/// Puts back what was not looked at: somebody has put it there since.
pub(super) fn must_be<D: Disk>(
    disk: &D,
    moving: &mut Moving<'_, '_, D>,
    number: usize,
    to: (&D::Folder, &OsStr),
    is_it: impl Fn(&Stat) -> bool,
) -> Result<(), String> {
    let (folder, name) = moving.at(number);
    if disk.stat(folder, &name).is_ok_and(|stat| is_it(&stat)) {
        return Ok(());
    }
    let what = to.1.to_string_lossy();
    match moving.put_back(number, to) {
        Ok(true) => Err(format!("{what} was exchanged for another meanwhile: it is left alone")),
        Ok(false) => Err(format!("{what} was exchanged for another meanwhile, which is in the trash")),
        Err(error) => Err(format!("cannot remove {what}: {error}")),
    }
}
