//! The switch: the new text takes the transcript's place, and the old one is in the trash, in one step.
//!
//! The new text waits in the run's bundle. There it changes names with the transcript, if that is still what was read and its lock
//! is still ours; so whoever reads finds one or the other, and wherever we are killed both are known (see [`Successor`]). What came
//! out is looked at: if somebody has written at the last moment it is put back, unless he has written to the new text as well.

use std::{cell::Cell, io};

use super::{
    next::Next,
    place::{Place, Source},
    trouble::Trouble,
};
use crate::{
    artifact::nook::Nook,
    fs::{Disk, Stat},
    lock::{Fence, Lease},
    model::{Error, ErrorKind},
    trash::{Became, Identity, Line, Moving, Successor, Text, Thing},
};

/// What is needed to switch.
#[derive(Debug)]
pub(super) struct Swap<'s, D: Disk> {
    pub(super) place: &'s Place<'s, D>,
    pub(super) nook: &'s Nook<'s, D>,
    pub(super) lease: &'s Lease<D>,
    pub(super) old: &'s Source<D>,
    was_there: Cell<bool>,
}

impl<'s, D: Disk> Swap<'s, D> {
    pub(super) const fn new(
        place: &'s Place<'s, D>,
        nook: &'s Nook<'s, D>,
        lease: &'s Lease<D>,
        old: &'s Source<D>,
    ) -> Self {
        Self { place, nook, lease, old, was_there: Cell::new(false) }
    }

    /// Whether the new text stands in its place, or has stood there: somebody may have read it, and may write it down again.
    pub(super) const fn was_there(&self) -> bool {
        self.was_there.get()
    }

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
        if !self.exchange(&mut moving, &successor, &new)? {
            return Err(self.put_away(moving, line).into());
        }
        self.record(moving, line).map_err(|error| {
            let error = self.place.fail("make durable the change of")(error);
            Trouble::Failed(error.after_the_change())
        })
    }

    /// `false` when the old text has its place again.
    fn exchange(
        &self,
        moving: &mut Moving<'_, '_, D>,
        successor: &Successor,
        new: &Stat,
    ) -> Result<bool, Trouble> {
        let _quiet = self.quiet()?;
        self.must_be_as_read()?;
        let exchanged = moving.exchange(successor, self.place.at());
        self.was_there.set(moving.moved() > 0);
        match exchanged {
            Err(error) => return Err(self.not_exchanged(moving, error).into()),
            Ok(true) => {}
            Ok(false) => {
                let why = "its file system cannot let two files change names";
                return Err(self.place.refuse(ErrorKind::Refused, why).into());
            }
        }
        Ok(self.see(moving, successor, new).map_err(|error| self.unseen(error))?)
    }

    /// Whoever had the lock before us may have been stopped in the middle of a write: he is waited for, and kept away.
    fn quiet(&self) -> Result<D::Appender, Trouble> {
        match self.place.quiet() {
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

    /// Looks at what came out. `false` when somebody had written to it, and it is back.
    fn see(&self, moving: &mut Moving<'_, '_, D>, successor: &Successor, new: &Stat) -> io::Result<bool> {
        let out = moving.came_out(successor)?;
        // A name that somebody has given it meanwhile would go on to lead to the old text.
        let is_right = Fence::around(&self.old.stat).holds_elsewhere(&out) && out.links == 1;
        let keep = |moving: &Moving<'_, '_, D>| moving.keep(successor, self.place.at().0, 0);
        if is_right && self.lease.is_held() {
            return keep(moving).map(|()| true);
        }
        let here = self.place.stat()?;
        // What somebody has written to the new text is not for us to touch: then the old one stays in the trash.
        let is_ours = here.is_some_and(|stat| Fence::around(new).holds_elsewhere(&stat));
        if !is_ours {
            keep(moving)?;
        } else if moving.exchange_back(successor, self.place.at(), 0)? {
            return Ok(false);
        }
        if !is_right {
            let path = self.place.path.display();
            tracing::warn!(target: "session_reaper", %path, "somebody wrote at the last moment: his lines are with the old text in the trash, and an undo brings them back");
        }
        Ok(true)
    }

    /// The old text is back: the new one stays in the trash, for somebody may have it open, and write to it later. Nothing has
    /// changed, so what goes wrong here is left for the next one.
    fn put_away(&self, moving: Moving<'_, '_, D>, line: &Line) -> Error {
        let why = "somebody wrote to it at the last moment";
        let error = self.place.refuse(ErrorKind::Unsettled, why);
        let error = if self.lease.is_held() { error } else { self.lost() };
        if let Err(error) = self.record(moving, &line.came_to_nothing()) {
            let path = self.place.path.display();
            tracing::warn!(target: "session_reaper", %path, %error, "a text that was taken back stays in the trash as it is for now");
        }
        error
    }

    /// The change is durable, then it stands in the journal, then its bundle is whole.
    fn record(&self, moving: Moving<'_, '_, D>, line: &Line) -> io::Result<()> {
        // First the trash: otherwise a power cut could leave the new text there and here, and the old one nowhere.
        moving.settle()?;
        self.place.disk().sync_folder(&self.place.base.folder)?;
        self.nook.journal().append(line)?;
        moving.finish()
    }
}
