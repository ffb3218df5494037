//! Many stores in one call, several at a time: while one waits for its disk, others are read.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::process;

/// A small store spends most of its sweep waiting for fsync, so that more threads than processors pay.
const PER_PROCESSOR: usize = 16;

/// So many took half as long as 16 on a disk whose syncs take three milliseconds. Each has its buffers and open files.
const MOST: usize = 32;

/// No sweep has more files open at once: thirteen, and two while gateways are looked for.
const FILES: usize = 16;

/// How many hands this machine has for so many pieces of work that may wait for a disk; of the files that may be open half
/// are left to others.
#[must_use]
pub fn hands(pieces: usize) -> usize {
    if pieces <= 1 {
        return 1;
    }
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let most = MOST.min(processors * PER_PROCESSOR).min(process::open_files() / 2 / FILES);
    pieces.clamp(1, most.max(1))
}

/// Does the work on every group of items, with so many hands, until `goes_on` says no; the results in the order of the
/// items. Within a group one item follows the other.
pub fn each<T: Sync, R: Send>(
    groups: &[&[T]],
    hands: usize,
    goes_on: impl Fn() -> bool + Sync,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let starts: Vec<usize> =
        groups.iter().scan(0, |start, group| Some(std::mem::replace(start, *start + group.len()))).collect();
    let next = AtomicUsize::new(0);
    let hand = || {
        let mut done = Vec::new();
        while let Some((start, group)) = take(&next, &starts, groups) {
            for (at, item) in group.iter().enumerate() {
                if !goes_on() {
                    return done;
                }
                done.push((start + at, work(item)));
            }
        }
        done
    };
    let mut done = if hands <= 1 { hand() } else { side_by_side(hands, &hand) };
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The next group that nobody has, and the number of its first item.
fn take<'a, T>(next: &AtomicUsize, starts: &[usize], groups: &[&'a [T]]) -> Option<(usize, &'a [T])> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    Some((*starts.get(number)?, *groups.get(number)?))
}

/// Has so many threads do the same, this one among them; where there is no room for so many, fewer. One that panics panics
/// here.
fn side_by_side<R: Send>(hands: usize, hand: &(impl Fn() -> Vec<R> + Sync)) -> Vec<R> {
    thread::scope(|scope| {
        let begin = |_| thread::Builder::new().spawn_scoped(scope, hand).ok();
        let threads: Vec<_> = (1..hands).map_while(begin).collect();
        let mut done = hand();
        for thread in threads {
            done.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, atomic::AtomicBool};

    use super::*;

    #[test]
    fn every_item_is_worked_on_once_and_told_in_order_however_many_hands_there_are() {
        let items: Vec<usize> = (0..100).collect();
        let groups: Vec<&[usize]> = items.chunk_by(|a, b| a / 3 == b / 3).collect();
        for hands in [1, 2, 7, 200] {
            let done = each(&groups, hands, || true, |item| item * 2);
            let wanted: Vec<_> = (0..100).map(|item| item * 2).collect();
            assert_eq!(done, wanted, "{hands} hands");
        }
        assert!(each::<usize, ()>(&[], 4, || true, |_| ()).is_empty());
    }

    #[test]
    fn of_one_group_one_item_follows_the_other() {
        let items: Vec<usize> = (0..64).collect();
        let groups: Vec<&[usize]> = items.chunks(8).collect();
        let at_work = Mutex::new(std::collections::BTreeSet::new());
        each(
            &groups,
            8,
            || true,
            |item| {
                assert!(at_work.lock().unwrap().insert(item / 8), "two of one group at once");
                thread::yield_now();
                at_work.lock().unwrap().remove(&(item / 8));
            },
        );
    }

    #[test]
    fn once_it_is_over_no_item_is_begun() {
        let items: Vec<usize> = (0..50).collect();
        let groups: Vec<&[usize]> = items.chunks(5).collect();
        let over = AtomicBool::new(false);
        let done = each(
            &groups,
            1,
            || !over.load(Ordering::Relaxed),
            |item| {
                over.store(*item == 7, Ordering::Relaxed);
            },
        );
        assert_eq!(done.len(), 8);
    }
}
