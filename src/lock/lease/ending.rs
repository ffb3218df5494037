//! Ending many locks at once: one whose holder is stuck in a call to the system holds up no other.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Ended, slot::Slot};
use crate::{fs::Disk, lock::wait_for};

/// A write takes microseconds. What takes longer is stuck in the kernel, and nobody knows for how long.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a lock ended that was taken from its holder.
pub(super) type Taken<D> = (Arc<Slot<D>>, io::Result<()>);

/// A call to the system is going on under the lock.
#[derive(Debug)]
pub(super) struct Busy;

/// Ends locks, each for its reason, and tells of those that were held. Those that are busy come last and are waited for
/// no longer than a second, all of them together; one that is busy even then is removed by its holder's call when that
/// comes back.
pub(super) fn end_all<D: Disk>(slots: Vec<Arc<Slot<D>>>, why: impl Fn(&Slot<D>) -> Ended) -> Vec<Taken<D>> {
    // Every writer must see it before the first lock is removed.
    for slot in &slots {
        slot.say_ended(why(slot));
    }
    let (mut taken, mut busy) = (Vec::new(), Vec::new());
    for slot in slots {
        match slot.try_take() {
            Ok(ended) => taken.extend(ended.map(|ended| (slot, ended))),
            Err(Busy) => busy.push(slot),
        }
    }
    let begin = Instant::now();
    for slot in busy {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        let ended = wait_for(left, || Ok(slot.try_take().ok())).unwrap_or_default();
        taken.extend(ended.unwrap_or_else(|| Some(Err(stuck()))).map(|ended| (slot, ended)));
    }
    taken
}

fn stuck() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "a call of its holder to the system is still going on")
}
