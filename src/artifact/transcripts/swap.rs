//! The switch: the new text takes the transcript's place, and the old one is in the trash, in one step.
//!
//! The new text waits in the run's bundle. There it changes names with the transcript, if that is still what was read and its lock
//! is still ours; so whoever reads finds one or the other, and wherever we are killed both are known (see [`Successor`]). What came
//! out is looked at: if somebody has written at the last moment it is put back, unless he has written to the new text as well.

use std::{io, time::Duration};

use super::{
    next::Next,
    place::{Place, Source},
    trouble::Trouble,
};
use crate::{
    artifact::nook::Nook,
    fs::{Disk, Stat},
    lock::{self, Fence, Lease},
    model::{Error, ErrorKind},
    trash::{Became, Identity, Line, Moving, Successor, Text, Thing},
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
    pub(super) fn carry_out(&self, next: &Next<'_, D>, text: Text, line: &Line) -> Result<(), Trouble> {
        let fail = self.place.fail("keep in the trash the old text of");
        let name = self.place.text()?.to_owned();
        let new = next.stat().map_err(&fail)?;
        let became = Became { was: Identity::of(&self.old.stat), is: Identity::of(&new), text };
        let thing = Thing { became: Some(became), ..Thing::new(name.clone(), name) };
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

    fn exchange(
        &self,
        moving: &mut Moving<'_, '_, D>,
        successor: &Successor,
        new: &Stat,
    ) -> Result<(), Trouble> {
        let _quiet = self.quiet()?;
        self.must_be_as_read()?;
        match moving.exchange(successor, self.place.at()) {
            Err(error) => return Err(self.not_exchanged(moving, error).into()),
            Ok(true) => {}
            Ok(false) => {
                let why = "its file system cannot let two files change names";
                return Err(self.place.refuse(ErrorKind::Refused, why).into());
            }
        }
        let seen = self.see(moving, successor, new);
        if seen.map_err(|error| self.unseen(error))? {
            return Ok(());
        }
        Err(if self.lease.is_held() { Trouble::Moved } else { self.lost().into() })
    }

    /// Whoever had the lock before us may have been stopped in the middle of a write: he is waited for, and kept away.
    fn quiet(&self) -> Result<D::Appender, Trouble> {
        let (disk, at) = (self.place.disk(), self.place.at());
        match lock::wait_for(PATIENCE, || disk.open_to_append(at.0, at.1)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Trouble::Moved),
            quiet => quiet.map_err(self.place.fail("switch"))?.ok_or(Trouble::Moved),
        }
    }

    fn must_be_as_read(&self) -> Result<(), Trouble> {
        let stat = self.place.stat().map_err(self.place.fail("look at"))?;
        if !stat.is_some_and(|stat| Fence::around(&self.old.stat).holds(&stat)) {
            return Err(Trouble::Moved);
        }
        if self.lease.is_held() { Ok(()) } else { Err(self.lost().into()) }
    }

    fn lost(&self) -> Error {
        self.place.refuse(ErrorKind::Held, "somebody has taken its lock from us")
    }

    /// An error says nothing about whether the two have changed names: the bundle was looked at.
    fn not_exchanged(&self, moving: &Moving<'_, '_, D>, error: io::Error) -> Error {
        let error = self.place.fail("switch")(error);
        if moving.moved() == 0 { error } else { error.after_the_change() }
    }

    fn unseen(&self, error: io::Error) -> Error {
        let error = self.place.fail("see what came of the switch of")(error).after_the_change();
        error.with_hint("the next compaction or undo in its folder looks again, and finishes it")
    }

    /// Looks at what came out. `false` when somebody had written to it, and it is back: then nothing has changed.
    fn see(&self, moving: &mut Moving<'_, '_, D>, successor: &Successor, new: &Stat) -> io::Result<bool> {
        let out = moving.came_out(successor)?;
        // A name that somebody has given it meanwhile would go on to lead to the old text.
        let is_right = Fence::around(&self.old.stat).holds_elsewhere(&out) && out.links == 1;
        if is_right && self.lease.is_held() {
            return Ok(true);
        }
        let here = self.place.stat()?;
        // What somebody has written to the new text is not for us to touch: then the old one stays in the trash.
        let is_ours = here.is_some_and(|stat| Fence::around(new).holds_elsewhere(&stat));
        if is_ours && moving.exchange_back(successor, self.place.at())? {
            return Ok(false);
        }
        if !is_right {
            let path = self.place.path.display();
            tracing::warn!(target: "session_reaper", %path, "somebody wrote at the last moment: his lines are with the old text in the trash, and an undo brings them back");
        }
        Ok(true)
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
