//! The store itself: whether it can be read and swept, whose it is, who else may read it.

use std::ffi::OsStr;

use super::{Finding, Subject, place::Place};
use crate::{
    fs::{Disk, Owner, Reader, RealDisk},
    model::{Bytes, Error, Timestamp},
    policy::{Detail, Policy},
    store::{FileStore, Request, Store},
};

/// The bits of a mode that are not the owner's.
const OTHERS: u32 = 0o077;

/// Reads the store as a sweep would.
pub(super) fn examine(store: &FileStore, now: Timestamp) -> (Vec<Finding>, Option<Error>) {
    let policy = Policy::default();
    match store.plan(&Request { policy: &policy, now, detail: Detail::Counts, digest: false }) {
        Ok(planned) => {
            let (rows, bytes) = (planned.plan.scanned(), Bytes(planned.bytes_before));
            let message =
                format!("it can be read: {rows} {}, {bytes}", if rows == 1 { "row" } else { "rows" });
            (vec![Finding::new(Subject::Store, "ok", message).at(store.path())], None)
        }
        Err(error) => (vec![failed(&error)], Some(error)),
    }
}

/// The store cannot be read, or not be swept.
pub(super) fn failed(error: &Error) -> Finding {
    let message = format!("cannot {} it: {}", error.step(), error.message());
    let finding = Finding::new(Subject::Store, error.kind().name(), message).at(error.path());
    finding.with_remedy(error.hint().unwrap_or("look at what stands there, and mend it by hand"))
}

/// Whose the store is, and who may read it.
pub(super) fn around(place: &Place) -> Vec<Finding> {
    let path = place.path_of(&place.name);
    let folder = RealDisk.stat(&place.folder, OsStr::new(".")).ok().map(|stat| stat.owner);
    let Some(stat) = place.stat.filter(|stat| stat.is_file) else { return Vec::new() };
    let findings =
        [foreign(stat.owner), folder.and_then(|folder| odd_owner(stat.owner, folder)), open(place)];
    findings.into_iter().flatten().map(|finding| finding.at(&path)).collect()
}

fn foreign(owner: Owner) -> Option<Finding> {
    let message = format!("it belongs to another user (uid {})", owner.uid);
    let finding = Finding::new(Subject::Store, "foreign", message);
    (!RealDisk.acts_for(owner))
        .then(|| finding.with_remedy("run session-reaper as the user who owns the store, or as root"))
}

/// A tool that was run as root leaves a store that its gateway cannot read, and takes for empty.
fn odd_owner(owner: Owner, folder: Owner) -> Option<Finding> {
    let message = format!(
        "it belongs to uid {}, and its folder to uid {}, whose gateway may not be able to read it",
        owner.uid, folder.uid
    );
    let remedy = format!("chown {}:{} gives it back", folder.uid, folder.gid);
    let finding = Finding::new(Subject::Store, "odd owner", message);
    (owner.uid != folder.uid).then(|| finding.with_remedy(remedy))
}

/// What agents talk about is nobody else's business.
fn open(place: &Place) -> Option<Finding> {
    let mode = RealDisk.open(&place.folder, &place.name).ok()?.attributes().ok()?.mode;
    let message = format!("other users may read or change it (mode {:03o})", mode & 0o777);
    let finding = Finding::new(Subject::Store, "open", message);
    (mode & OTHERS != 0).then(|| finding.with_remedy("chmod 600 keeps it to its owner"))
}
