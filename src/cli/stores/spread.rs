//! Looking at many places at once: for each of thousands of stores the system is asked a few questions, and every
//! processor can ask.

use std::{num::NonZero, thread};

use session_reaper::sweep::many;

/// Fewer than this are not worth another thread.
const WORTH_IT: usize = 128;

/// So many one takes at a time: few enough that in the end none waits long for another.
const AT_A_TIME: usize = 32;

/// The work done on every item, in their order.
pub(super) fn over<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if items.len() <= WORTH_IT {
        return items.iter().map(work).collect();
    }
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let groups: Vec<&[T]> = items.chunks(AT_A_TIME).collect();
    many::each(&groups, processors.min(groups.len()), || true, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_worked_on_in_their_order() {
        for count in [0, 1, WORTH_IT, WORTH_IT + 1, 10 * WORTH_IT] {
            let items: Vec<usize> = (0..count).collect();
            let wanted: Vec<usize> = (0..count).map(|item| item * 3).collect();
            assert_eq!(over(&items, |item| item * 3), wanted, "{count}");
        }
    }
}
