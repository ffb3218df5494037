//! Somebody who exchanges a name for a link as fast as he can, while something is done. Shared by tests/media,
//! tests/payloads, tests/transcripts and tests/workspaces.

use std::{
    path::Path,
    sync::{
        Barrier, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// One race at a time: a swapper takes a whole processor.
static RACE: Mutex<()> = Mutex::new(());

/// Ends the swapper even where a test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `work` while somebody exchanges both names, who is at it by then, with pauses in which things stand as they are; tells
/// how often he did. At the end each thing that is still there has its own name.
pub(crate) fn while_swapping<T>(
    (one, other): (&Path, &Path),
    pause: Duration,
    work: impl FnOnce() -> T,
) -> (T, u64) {
    let _alone = RACE.lock().unwrap_or_else(PoisonError::into_inner);
    let (stop, at_work) = (AtomicBool::new(false), Barrier::new(2));
    thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            at_work.wait();
            swap((one, other), pause, &stop)
        });
        at_work.wait();
        let ends = Ends(&stop);
        let done = work();
        drop(ends);
        (done, swapper.join().unwrap())
    })
}

fn swap((one, other): (&Path, &Path), pause: Duration, stop: &AtomicBool) -> u64 {
    let mut swaps = 0;
    loop {
        let is_over = stop.load(Ordering::Relaxed);
        if is_over && swaps % 2 == 0 {
            return swaps;
        }
        match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
            Ok(()) => swaps += 1,
            // What is gone cannot be exchanged.
            Err(_) if is_over => return swaps,
            Err(_) => thread::yield_now(),
        }
        if !pause.is_zero() {
            thread::sleep(pause);
        }
    }
}
