//! Our own mutex: an flock on a file that is never removed, freed by the kernel when its holder dies.
//!
//! It is polled, not waited for in the kernel, so that a deadline holds on every system. The pauses grow and vary, so that
//! fifty processes started by one minute's cron do not all knock at once.

use std::{
    hash::{BuildHasher, RandomState},
    io, thread,
    time::{Duration, Instant},
};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Tries to take a lock until it has it or `wait` is over; `None` when somebody else had it all the time.
///
/// # Errors
/// Whatever `attempt` fails with.
pub fn wait_for<L>(
    wait: Duration,
    mut attempt: impl FnMut() -> io::Result<Option<L>>,
) -> io::Result<Option<L>> {
    let begin = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(lock) = attempt()? {
            return Ok(Some(lock));
        }
        let left = wait.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        thread::sleep(vary(pause).min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits a little, longer with each attempt, before what somebody else spoiled is tried again.
pub fn pause(attempt: u32) {
    thread::sleep(vary((FIRST_PAUSE * 2_u32.pow(attempt.min(7))).min(LONGEST_PAUSE * 4)));
}

/// Between half and all of `pause`.
fn vary(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(0) % 1_000;
    pause / 2 + pause * u32::try_from(chance).unwrap_or(0) / 2_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_lock_is_taken_at_once_and_a_held_one_given_up_in_time() {
        let begin = Instant::now();
        assert_eq!(wait_for(Duration::from_secs(9), || Ok(Some(1))).unwrap(), Some(1));
        assert_eq!(wait_for(Duration::from_millis(60), || Ok(None::<()>)).unwrap(), None);
        let took = begin.elapsed();
        assert!(took >= Duration::from_millis(60) && took < Duration::from_secs(5), "{took:?}");
    }

    #[test]
    fn without_patience_there_is_exactly_one_try() {
        let mut tries = 0;
        let got = wait_for(Duration::ZERO, || {
            tries += 1;
            Ok(None::<()>)
        });
        assert_eq!((got.unwrap(), tries), (None, 1));
    }
}
