//! A moment in which nobody writes a store: all that can be had beside a program that honours no lock.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{FileStore, Guard, Snapshot};
use crate::{fs::Disk, lock::Stop, model::Error};

/// A gateway that is at work on its store writes it within this time, if the store is small.
const SHORTEST: Duration = Duration::from_millis(250);

/// It takes so much longer for every megabyte that it has to read and write.
const PER_MEGABYTE: Duration = Duration::from_millis(20);

/// How often somebody looks whether it is still quiet.
const STEP: Duration = Duration::from_millis(50);

/// Waits until the store has not been written to for as long as a gateway needs to write it, or for `longest`; `false`
/// when it is no longer what was read.
pub(super) fn wait<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    snapshot: &Snapshot<D>,
    longest: Duration,
    stop: &Stop,
) -> Result<bool, Error> {
    let begin = Instant::now();
    loop {
        let found = store.disk.stat(&guard.place.folder, &guard.place.name);
        let Some(stat) = found.ok().filter(|stat| snapshot.fence.holds(stat)) else { return Ok(false) };
        let window = window(stat.size).min(longest.max(SHORTEST));
        let quiet = store.disk.now_ns() - stat.modified_ns;
        let is_long_enough = |time: Duration| time >= window;
        if u64::try_from(quiet).is_ok_and(|quiet| is_long_enough(Duration::from_nanos(quiet)))
            || is_long_enough(begin.elapsed())
        {
            return Ok(true);
        }
        if stop.signal().is_some() {
            return Err(store.interrupted());
        }
        thread::sleep(STEP);
    }
}

fn window(size: u64) -> Duration {
    let megabytes = u32::try_from(size >> 20).unwrap_or(u32::MAX);
    SHORTEST.saturating_add(PER_MEGABYTE.saturating_mul(megabytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_grows_with_the_store() {
        assert_eq!(window(900), Duration::from_millis(250));
        assert_eq!(window(36 << 20), Duration::from_millis(970));
    }
}
