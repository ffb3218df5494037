//! Notes in a bundle that a killed sweep has left: they say that references went whose files stay.
//!
//! A note is durable before its references go. Who is killed in between leaves notes of references that stand: an undo would
//! bring them back after their owner has let them go.

use std::{ffi::OsStr, io};

use super::{
    bin::Carried,
    ledger::Ledger,
    place::Place,
    room::{LOCK, PATIENCE},
};
use crate::{fs::Disk, lock::wait_for, trash::Opened};

/// Takes away the notes of references that never went. For who has the lock of the net, and finishes the bundle.
///
/// # Errors
/// As the operating system says, or somebody else has the store's lock all the time; then all notes may still be there.
pub(in crate::artifact) fn take_idle_notes<D: Disk>(
    disk: &D,
    base: &D::Folder,
    opened: &Opened<D>,
) -> io::Result<()> {
    let notes = opened.things().filter(|(number, _)| opened.is_note(*number));
    let carried = notes.filter_map(|(number, thing)| Some((number, thing.more.as_ref()?.read().ok()?)));
    let carried: Vec<(usize, Carried)> = carried.collect();
    if carried.is_empty() {
        return Ok(());
    }
    let place = Place::of(disk.clone(), base)?;
    let lock = wait_for(PATIENCE, || disk.try_lock(&place.ours, OsStr::new(LOCK), place.owner))?;
    let _lock = lock.ok_or_else(|| io::Error::from(io::ErrorKind::WouldBlock))?;
    let mut ledger = Ledger::new(disk.clone());
    ledger.follow(&place)?;
    // They go together: where one stands, none of them went with its note, and the others were let go by their owners.
    let stands = |carried: &Carried| {
        carried.refs.iter().any(|stored| ledger.state.refs.contains_key(&stored.reference))
    };
    let mut idle = carried.iter().filter(|(_, carried)| stands(carried));
    idle.try_for_each(|(number, _)| opened.take_note(*number))
}
