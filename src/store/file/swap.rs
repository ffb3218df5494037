//! The swap: survivors take the store's place, and what came out is looked at.
//!
//! Between the last look at the store and a rename another program may have put a new text there, which the rename would
//! destroy. So the two files exchange their names, and what came out is held against what was read: if it is another, it
//! is put back. So it is when the lock turns out to be no longer ours, because we were stopped for too long.
//!
//! Where the file system cannot exchange names a plain rename follows the last look at once. Then an update of a program
//! that honours no lock can be lost in between.

use std::io;

use super::{
    FileStore, Guard, Hold, Snapshot,
    folder::Temp,
    pending::{Pending, put_back, rescue},
};
use crate::{
    fs::{Disk, Reader, Stat},
    model::Error,
    store::Commit,
    trash::Identities,
};

/// A swap in the making: the survivors, whose file's name tells what they are about to replace.
pub(super) struct Swap<'a, D: Disk> {
    store: &'a FileStore<D>,
    guard: &'a Guard<D>,
    snapshot: &'a Snapshot<D>,
    survivors: Temp<'a, D>,
    pending: Pending,
}

impl<'a, D: Disk> Swap<'a, D> {
    /// Gets ready all that can be done before the locks are taken.
    pub(super) fn prepare(
        store: &'a FileStore<D>,
        guard: &'a Guard<D>,
        snapshot: &'a Snapshot<D>,
        mut survivors: Temp<'a, D>,
    ) -> Result<Self, Error> {
        let fail = store.fail("get ready the survivors of");
        let ours = store.disk.stat(&guard.ours, &survivors.name).map_err(&fail)?;
        let replaced = snapshot.file.stat().map_err(&fail)?;
        let pending = Pending::new(&ours, &replaced);
        survivors.rename(pending.name(&guard.place.name)).map_err(&fail)?;
        Ok(Self { store, guard, snapshot, survivors, pending })
    }

    /// What the store was when it was read, and what it becomes.
    pub(super) fn identities(&self) -> Identities {
        self.pending.0
    }

    /// Swaps the survivors in, if the store is still what was read and others are still kept out. What they replace is
    /// removed when `self` is dropped, after the locks.
    pub(super) fn carry_out(&mut self, hold: &Hold<D>) -> Result<Commit, Error> {
        if !self.is_unchanged()? || !hold.is_ours() {
            return Ok(Commit::Moved);
        }
        let fail = self.store.fail("swap in the survivors of");
        let exchanged = self.exchange().map_err(&fail)?;
        if !exchanged {
            self.replace().map_err(&fail)?;
        } else if !self.is_right_one_out() || !hold.is_ours() && self.is_still_in_place() {
            return self.put_back();
        }
        self.store
            .disk
            .sync_folder(&self.guard.place.folder)
            .map_err(|error| undurable(self.store, error))?;
        Ok(Commit::Done)
    }

    /// Whether what stands in the store's place is still what was read, and was not written to meanwhile.
    fn is_unchanged(&self) -> Result<bool, Error> {
        match self.store.disk.stat(&self.guard.place.folder, &self.guard.place.name) {
            Ok(stat) => Ok(self.snapshot.fence.holds(&stat)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.store.fail("look at")(error)),
        }
    }

    fn exchange(&self) -> io::Result<bool> {
        let Guard { ours, place, .. } = self.guard;
        self.store.disk.exchange((ours, &self.survivors.name), (&place.folder, &place.name))
    }

    fn replace(&mut self) -> io::Result<()> {
        let Guard { ours, place, .. } = self.guard;
        self.store.disk.rename((ours, &self.survivors.name), (&place.folder, &place.name))?;
        self.survivors.leave();
        Ok(())
    }

    fn out(&self) -> io::Result<Stat> {
        self.store.disk.stat(&self.guard.ours, &self.survivors.name)
    }

    /// Whether nobody has written since the exchange. Whoever took our lock and wrote has read the survivors, and what he
    /// wrote is not for us to touch.
    fn is_still_in_place(&self) -> bool {
        let Guard { place, .. } = self.guard;
        let found = self.store.disk.stat(&place.folder, &place.name);
        found.is_ok_and(|stat| self.pending.is_survivors(&stat))
    }

    fn is_right_one_out(&self) -> bool {
        self.out().is_ok_and(|stat| self.snapshot.fence.holds_elsewhere(&stat))
    }

    /// Puts back what came out: it is somebody's update, or it is not for us to replace it. Where that fails it is kept
    /// beside.
    fn put_back(&mut self) -> Result<Commit, Error> {
        let name = self.survivors.leave();
        let Err(error) = put_back(self.store, self.guard, name, &self.pending) else {
            return Ok(Commit::Moved);
        };
        let hint = match rescue(self.store, self.guard, name) {
            Ok(kept) => format!("somebody's newer text is kept as .session-reaper/{}", kept.display()),
            Err(error) => format!(
                "somebody's newer text is left as .session-reaper/{}, and could not be renamed: {error}",
                name.display()
            ),
        };
        Err(self.store.fail("put back the newer text of")(error).with_hint(hint).too_late())
    }
}

/// The rename is done but may not survive a power loss.
fn undurable<D: Disk>(store: &FileStore<D>, error: io::Error) -> Error {
    Error::io("make durable the sweep of", &store.path, error)
        .with_hint("look at the disk: until this works a power loss may bring the old rows back")
        .too_late()
}
