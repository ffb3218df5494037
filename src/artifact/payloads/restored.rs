//! What an undo brings back is kept for a while: whoever wants it needs time to take it up.
//!
//! A session in the trash has its marker under another name, so that no runtime that had the folder open before can mark it
//! there as its own. Before it comes back it gets the dead owner's marker again, and a file that says since when it is back.

use std::{ffi::OsStr, io};

use super::{
    spool::{Inner, MARK},
    write::there,
};
use crate::{
    fs::{Disk, Owner, Writer as _},
    lock::{Claim, Ownership, Proof, mark_dead, owner_of},
    model::{Age, Timestamp},
};

/// Says in a session's folder that it came back, and by its time when.
pub(super) const RESTORED: &str = ".restored";

/// The marker of a session in the trash.
const ASIDE: &str = ".owner.kept";

/// For so long what came back stays, however short the grace, and however little room there is.
pub(super) const RESPITE: Age = Age::from_hours(24);

/// Puts the marker aside of a session that was moved into the trash, while its claim is still held.
pub(super) fn put_aside<D: Disk>(disk: &D, folder: &D::Folder) -> io::Result<()> {
    disk.rename((folder, OsStr::new(MARK)), (folder, OsStr::new(ASIDE)))
}

/// Makes a session in the trash one that can be taken up again, as soon as it is back: nobody can before the claim is let go,
/// which is had wherever a sweep had put the marker aside.
pub(super) fn make_ready<D: Disk>(
    disk: &D,
    owner: Owner,
    (around, name): (&D::Folder, &OsStr),
) -> io::Result<Option<Claim<D>>> {
    let folder = disk.subfolder(around, name)?;
    // One of an earlier time says an earlier time.
    there(disk.remove(&folder, OsStr::new(RESTORED)))?;
    let file = disk.create(&folder, OsStr::new(RESTORED))?;
    file.keep_private()?;
    file.hand_to(owner)?;
    // All that is in the trash was a dead owner's, by whatever proof.
    let claim = Proof::FreeLock.try_claim(disk, &folder, OsStr::new(ASIDE)).ok();
    // Whoever had the folder open may have left a marker of his own since: that of the dead one takes its place.
    let aside = there(disk.rename((&folder, OsStr::new(ASIDE)), (&folder, OsStr::new(MARK))))?;
    if aside.is_none() {
        mark_again(disk, owner, &folder)?;
    }
    disk.sync_folder(&folder)?;
    Ok(claim)
}

/// A sweep that was killed has not put the marker aside. All that is in the trash was a dead owner's: who has marked it since
/// came too late, has gone on elsewhere, and would be said to own what comes back.
fn mark_again<D: Disk>(disk: &D, owner: Owner, folder: &D::Folder) -> io::Result<()> {
    match owner_of(disk, folder, OsStr::new(MARK)) {
        Ownership::Dead(_) => Ok(()),
        Ownership::None | Ownership::Alive(_) | Ownership::Unknown(_) => {
            mark_dead(disk, folder, OsStr::new(MARK), owner)
        }
    }
}

impl<D: Disk> Inner<D> {
    /// When a session came back from the trash, if nobody has taken it up since.
    pub(super) fn restored(&self, folder: &D::Folder) -> io::Result<Option<Timestamp>> {
        let stat = there(self.disk.stat(folder, OsStr::new(RESTORED)))?;
        Ok(stat.map(|stat| Timestamp::from_nanos(stat.modified_ns)))
    }

    /// Whether a session came back so lately that it stays. One of which that cannot be told does.
    pub(super) fn has_respite(&self, folder: &D::Folder, now: Timestamp) -> bool {
        self.restored(folder)
            .map_or(true, |restored| restored.is_some_and(|back| is_within(RESPITE, back, now)))
    }
}

/// Whether no more than this time has passed since then; what is to come has not passed.
pub(super) fn is_within(age: Age, since: Timestamp, now: Timestamp) -> bool {
    now.millis_since(since) <= age.as_millis()
}
