//! The switch: the new text takes the transcript's place, and the old one is in the trash, in one step.
//!
//! The new text waits in the run's bundle. There it changes names with the transcript, if that is still what was read and its lock
//! is still ours; so whoever reads finds one or the other, and wherever we are killed both are known (see [`Successor`]). What came
//! out is looked at: if somebody has written at the last moment it is put back.

use std::{io, time::Duration};

use super::{
    next::Next,
    place::{Place, Source},
    trouble::Trouble,
};
use crate::{
    artifact::nook::Nook,
    fs::Disk,
    lock::{self, Fence, Lease},
    model::{Error, ErrorKind},
    trash::{Line, Moving, Successor, Text, Thing},
};

/// A write through a lease takes microseconds; one that lasts longer meets a process that was stopped.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is needed to switch.
#[derive(Debug)]
pub(super) struct Swap<'s, D: Disk> {
    pub(super) place: &'s Place<'s, D>,
    pub(super) nook: &'s Nook<'s, D>,
    pub(super) lease: &'s Lease<D>,
    pub(super) old: &'s Source<D>,
}

impl<D: Disk> Swap<'_, D> {
    /// Lets the new text take the place of the old one.
    ///
    /// # Errors
    /// [`Trouble::Moved`] when the transcript was written to: then nothing has changed.
    pub(super) fn carry_out(&self, next: &Next<'_, D>, became: Text, line: &Line) -> Result<(), Trouble> {
        let fail = self.place.fail("keep in the trash the old text of");
        let name = self.place.name.to_str().ok_or_else(|| self.no_text())?.to_owned();
        let thing = Thing { of: name.clone(), name, became: Some(became) };
        let new = next.stat().map_err(&fail)?;
        let successor = Successor::new(&new, &self.old.stat);
        self.nook.journal().get_ready().map_err(self.place.fail("open the journal of"))?;
        let attic = self.nook.attic();
        let mut moving = attic.begin(&self.place.base.folder, line, &[thing]).map_err(&fail)?;
        moving.prepare(&successor, next.at()).map_err(&fail)?;
        self.exchange(&mut moving, &successor, &new)?;
        self.record(moving, &successor, line).map_err(|error| {
            let error = self.place.fail("make durable the change of")(error);
            Trouble::Failed(error.after_the_change())
        })
    }

    fn no_text(&self) -> Error {
        self.place.refuse(ErrorKind::Refused, "its name is no UTF-8")
    }

    fn exchange(
        &self,
        moving: &mut Moving<'_, '_, D>,
        successor: &Successor,
        new: &crate::fs::Stat,
    ) -> Result<(), Trouble> {
        let (disk, at, fail) = (self.place.disk(), self.place.at(), self.place.fail("switch"));
        // Whoever had the lock before us may have been stopped in the middle of a write.
        let quiet = lock::wait_for(PATIENCE, || disk.open_to_append(at.0, at.1));
        let _quiet = match quiet {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Trouble::Moved),
            quiet => quiet.map_err(&fail)?.ok_or(Trouble::Moved)?,
        };
        let fence = Fence::around(&self.old.stat);
        let is_here = disk.stat(at.0, at.1).is_ok_and(|stat| fence.holds(&stat));
        if !is_here || !self.lease.is_held() {
            return Err(Trouble::Moved);
        }
        if !moving.exchange(successor, at).map_err(&fail)? {
            let why = "its file system cannot let two files change names";
            return Err(self.place.refuse(ErrorKind::Refused, why).into());
        }
        let is_right = moving.came_out(successor).is_ok_and(|stat| fence.holds_elsewhere(&stat));
        let is_ours = disk.stat(at.0, at.1).is_ok_and(|stat| Fence::around(new).holds_elsewhere(&stat));
        // What somebody has written to the new text is not for us to touch: then the old one stays in the trash.
        if is_right || !is_ours {
            return Ok(());
        }
        moving.exchange_back(successor, at).map_err(|error| fail(error).after_the_change())?;
        Err(Trouble::Moved)
    }

    /// The change is durable, then it stands in the journal, then its bundle is whole.
    fn record(&self, moving: Moving<'_, '_, D>, successor: &Successor, line: &Line) -> io::Result<()> {
        moving.keep(successor, 0)?;
        self.place.disk().sync_folder(&self.place.base.folder)?;
        moving.settle()?;
        self.nook.journal().append(line)?;
        moving.finish()
    }
}
