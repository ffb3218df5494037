//! Several threads that read one file, piece by piece, and what they make of the pieces taken in order.
//!
//! Each thread reads a piece and makes of it what can be made without its predecessors. Whoever hands in the piece whose turn
//! it is takes it, and those behind it that came before their turn. So nobody waits for anybody, but for a buffer when all are
//! ahead of one that is slow, or of whoever takes them; there are never more pieces at hand than there are buffers.

use std::{
    collections::BTreeMap,
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use super::{crew::Crew, pieces};
use crate::fs::{Reader, read_full};

/// How much each reader reads at once.
const PIECE: usize = 128 * 1024;

/// Buffers, beside one for each reader.
const TO_SPARE: usize = 2;

/// More readers only wait for whoever takes the pieces.
const MOST: usize = 4;

/// Takes the file's bytes from `from` on, in order, until they end or `take` says so, piece by piece, with what a reader has
/// made of each.
///
/// # Errors
/// As the operating system says.
pub(super) fn each_made<R: Reader, T: Send>(
    crew: &Crew,
    file: &R,
    from: u64,
    make: impl Fn(&[u8], u64) -> Option<T> + Sync,
    take: impl FnMut(&[u8], Option<T>) -> ControlFlow<()> + Send,
) -> io::Result<()> {
    each_made_of(PIECE, crew.processors.min(MOST), file, from, make, take)
}

/// The same in pieces of so many bytes with so many readers; this thread is one of them.
fn each_made_of<R: Reader, T: Send>(
    piece: usize,
    readers: usize,
    file: &R,
    from: u64,
    make: impl Fn(&[u8], u64) -> Option<T> + Sync,
    mut take: impl FnMut(&[u8], Option<T>) -> ControlFlow<()> + Send,
) -> io::Result<()> {
    let desk =
        Desk { file, from, piece, make, tray: Mutex::new(Tray::new(&mut take)), changed: Condvar::new() };
    thread::scope(|scope| {
        let begin = |_| thread::Builder::new().spawn_scoped(scope, || desk.work()).ok();
        let beside: Vec<_> = (1..readers).filter_map(begin).collect();
        if !beside.is_empty() {
            desk.lay_out(beside.len() + 1 + TO_SPARE);
            desk.work();
        }
        for reader in beside {
            reader.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
    let ended = desk.tray.into_inner().unwrap_or_else(PoisonError::into_inner).ended;
    // Nobody was there to help.
    ended.unwrap_or_else(|| pieces::each(file, from, |bytes| take(bytes, None)))
}

/// A piece of the file; shorter than its buffer only at the file's end.
struct Piece<T> {
    buffer: Vec<u8>,
    length: usize,
    /// What was made of it.
    made: Option<T>,
}

impl<T> Piece<T> {
    /// Its buffer, when there is more to come.
    fn taken(self, take: impl FnOnce(&[u8], Option<T>) -> ControlFlow<()>) -> Option<Vec<u8>> {
        let Self { buffer, length, made } = self;
        let bytes = buffer.get(..length).unwrap_or_default();
        let is_over = bytes.is_empty() || take(bytes, made).is_break() || length < buffer.len();
        Some(buffer).filter(|_| !is_over)
    }
}

/// What lies between the readers.
struct Tray<T, F> {
    buffers: Vec<Vec<u8>>,
    /// The number of the first piece that is in nobody's hands.
    unread: u64,
    /// The piece whose turn it is.
    turn: u64,
    /// Pieces that came before their turn.
    early: BTreeMap<u64, io::Result<Piece<T>>>,
    /// What takes them; away while somebody does.
    take: Option<F>,
    ended: Option<io::Result<()>>,
}

impl<T, F> Tray<T, F> {
    fn new(take: F) -> Self {
        let (buffers, early) = (Vec::new(), BTreeMap::new());
        Self { buffers, unread: 0, turn: 0, early, take: Some(take), ended: None }
    }

    /// A piece to read. Only who has a buffer gets one, so that the one whose turn it is is always in somebody's hands.
    fn begin(&mut self) -> Option<(u64, Vec<u8>)> {
        let buffer = self.buffers.pop()?;
        let number = self.unread;
        self.unread += 1;
        Some((number, buffer))
    }

    /// The piece whose turn it is, and what takes it, if nobody is at that.
    fn next(&mut self) -> Option<(io::Result<Piece<T>>, F)> {
        let piece = self.take.is_some().then(|| self.early.remove(&self.turn)).flatten()?;
        self.turn += 1;
        Some((piece, self.take.take()?))
    }

    /// The piece was taken: its buffer is back, or this was the last one.
    fn done(&mut self, take: F, buffer: io::Result<Option<Vec<u8>>>) {
        match buffer {
            Ok(Some(buffer)) => {
                self.buffers.push(buffer);
                self.take = Some(take);
            }
            Ok(None) => self.ended = Some(Ok(())),
            Err(error) => self.ended = Some(Err(error)),
        }
    }
}

/// Where the readers work.
struct Desk<'a, R, M, T, F> {
    file: &'a R,
    from: u64,
    piece: usize,
    make: M,
    tray: Mutex<Tray<T, F>>,
    changed: Condvar,
}

impl<R, M, T, F> Desk<'_, R, M, T, F> {
    fn tray(&self) -> MutexGuard<'_, Tray<T, F>> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts so many buffers there, which readers wait for.
    fn lay_out(&self, buffers: usize) {
        // New memory costs nothing until somebody reads into it.
        let buffers = (0..buffers).map(|_| vec![0; self.piece]).collect();
        self.tray().buffers = buffers;
        self.changed.notify_all();
    }

    /// A piece to read, as long as there are any.
    fn begin(&self) -> Option<(u64, Vec<u8>)> {
        let mut tray = self.tray();
        while tray.ended.is_none() {
            if let Some(begun) = tray.begin() {
                return Some(begun);
            }
            tray = self.changed.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }
}

impl<R, M, T, F> Desk<'_, R, M, T, F>
where
    R: Reader,
    M: Fn(&[u8], u64) -> Option<T>,
    F: FnMut(&[u8], Option<T>) -> ControlFlow<()>,
{
    /// Reads pieces and takes those whose turn it is, until they end.
    fn work(&self) {
        let _leaving = Leaving(self);
        while let Some((number, buffer)) = self.begin() {
            // Who panicked would leave the others waiting for ever.
            let piece = catch_unwind(AssertUnwindSafe(|| self.read(number, buffer)));
            self.hand_in(number, piece.unwrap_or_else(|_| Err(panicked())));
        }
    }

    fn read(&self, number: u64, mut buffer: Vec<u8>) -> io::Result<Piece<T>> {
        let offset = self.from + number * self.piece as u64;
        let length = read_full(self.file, &mut buffer, offset)?;
        let made = (self.make)(buffer.get(..length).unwrap_or_default(), offset);
        Ok(Piece { buffer, length, made })
    }

    /// Takes the pieces whose turn has come, if nobody else is at that: who is looks again before he goes.
    fn hand_in(&self, number: u64, piece: io::Result<Piece<T>>) {
        let mut tray = self.tray();
        tray.early.insert(number, piece);
        while let Some((piece, mut take)) = tray.next() {
            drop(tray);
            let buffer = piece.map(|piece| piece.taken(&mut take));
            tray = self.tray();
            tray.done(take, buffer);
            // A buffer is of use to one; that it is over concerns all.
            if tray.ended.is_some() { self.changed.notify_all() } else { self.changed.notify_one() }
        }
    }
}

/// Lets nobody wait for one who panicked while he took a piece.
struct Leaving<'a, R, M, T, F>(&'a Desk<'a, R, M, T, F>);

impl<R, M, T, F> Drop for Leaving<'_, R, M, T, F> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.tray().ended = Some(Err(panicked()));
            self.0.changed.notify_all();
        }
    }
}

fn panicked() -> io::Error {
    io::Error::other("a reader panicked")
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        time::Duration,
    };

    use proptest::prelude::*;

    use super::{super::pieces::tests::Text, *};
    use crate::fs::{Attributes, Stat};

    /// All that was taken, what was made of it, and how it ended.
    fn read(file: &Text, readers: usize, from: u64, stop: usize) -> (Vec<u8>, Vec<u64>, Option<String>) {
        let (mut taken, mut found) = (Vec::new(), Vec::new());
        // Of one piece in five nothing can be made.
        let make = |bytes: &[u8], offset| (!bytes.is_empty() && offset / 10 % 5 != 1).then_some(offset);
        let ended = each_made_of(10, readers, file, from, make, |bytes, made| {
            taken.extend_from_slice(bytes);
            found.extend(made);
            if taken.len() >= stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (taken, found, ended.err().map(|error| error.to_string()))
    }

    proptest! {
        #[test]
        fn i6_pieces_come_whole_and_in_order_however_many_read_them(
            length in 0..400_usize,
            at_once in 1..15_usize,
            readers in 0..6_usize,
            from in 0..20_u64,
            stop in 1..500_usize,
            until in prop_oneof![3 => Just(u64::MAX), 1 => 0..400_u64],
        ) {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let file = Text { bytes, at_once, until };
            let (taken, found, failed) = read(&file, readers, from, stop);
            let all = file.bytes.get(usize::try_from(from).unwrap()..).unwrap_or_default();
            prop_assert!(all.starts_with(&taken));
            prop_assert!(readers < 2 || taken.len() < stop + 10, "taken after the end");
            if failed.is_none() {
                prop_assert!(taken.len() == all.len() || taken.len() >= stop);
            } else {
                prop_assert!(until <= from + taken.len() as u64 + 10);
            }
            let pieces = (from..from + taken.len() as u64).step_by(10);
            let wanted: Vec<u64> = pieces.filter(|offset| readers > 1 && offset / 10 % 5 != 1).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    /// What `work` finds, or a failure where somebody is kept waiting.
    fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, found) = mpsc::channel();
        thread::spawn(move || done.send(work()));
        found.recv_timeout(Duration::from_secs(30)).expect("it ends")
    }

    fn sevens() -> Text {
        Text { bytes: vec![7; 1_000], at_once: 100, until: u64::MAX }
    }

    #[test]
    fn a_reader_that_panics_ends_it_and_keeps_nobody_waiting() {
        for readers in 2..5 {
            let found = in_time(move || {
                let make = |_: &[u8], offset| -> Option<()> {
                    if offset == 500 { resume_unwind(Box::new(())) } else { None }
                };
                let mut taken = 0;
                let ended = each_made_of(10, readers, &sevens(), 0, make, |bytes, _| {
                    taken += bytes.len();
                    ControlFlow::Continue(())
                });
                (taken, ended.is_err())
            });
            assert_eq!(found, (500, true));
        }
    }

    #[test]
    fn who_panics_while_he_takes_a_piece_keeps_nobody_waiting_and_is_heard() {
        for readers in 2..5 {
            let (taken, why) = in_time(move || {
                let taken = AtomicUsize::new(0);
                let take = |_: &[u8], offset| {
                    if offset == Some(500) {
                        resume_unwind(Box::new("why"));
                    }
                    taken.fetch_add(10, Ordering::Relaxed);
                    ControlFlow::Continue(())
                };
                let reading = || each_made_of(10, readers, &sevens(), 0, |_, offset| Some(offset), take);
                let panic = catch_unwind(AssertUnwindSafe(reading)).expect_err("it panicked");
                (taken.into_inner(), panic.downcast_ref::<&str>().copied())
            });
            assert_eq!((taken, why), (500, Some("why")));
        }
    }

    /// The first piece is done only when two more have been begun.
    fn slow_at_first(begun: &AtomicUsize, offset: u64) {
        while offset == 0 && begun.load(Ordering::Acquire) < 2 {
            thread::yield_now();
        }
        begun.fetch_add(1, Ordering::Release);
    }

    #[test]
    fn pieces_wait_for_the_one_whose_turn_it_is() {
        let (taken, is_fine) = in_time(|| {
            let file = Text { bytes: (0..100).collect(), at_once: 100, until: u64::MAX };
            let (begun, mut taken) = (AtomicUsize::new(0), Vec::new());
            let make = |_: &[u8], offset| {
                slow_at_first(&begun, offset);
                Some(offset)
            };
            let ended = each_made_of(10, 2, &file, 0, make, |bytes, made| {
                taken.extend_from_slice(bytes);
                if made.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            (taken, ended.is_ok())
        });
        assert!(is_fine && taken == (0..100).collect::<Vec<u8>>());
    }

    #[test]
    fn an_error_waits_for_its_turn_too() {
        // All but the first piece cannot be read, which is known before the first one is done.
        let (taken, is_error) = in_time(|| {
            let file = Text { bytes: vec![7; 100], at_once: 100, until: 10 };
            let tries = AtomicUsize::new(0);
            let file = Counting { file, tries: &tries };
            let make = |_: &[u8], offset| {
                slow_at_first(&tries, offset);
                Some(offset)
            };
            let mut taken = 0;
            let ended = each_made_of(10, 2, &file, 0, make, |bytes, _| {
                taken += bytes.len();
                ControlFlow::Continue(())
            });
            (taken, ended.is_err())
        });
        assert_eq!((taken, is_error), (10, true));
    }

    /// A file that counts who has read behind its first piece.
    #[derive(Debug)]
    struct Counting<'t> {
        file: Text,
        tries: &'t AtomicUsize,
    }

    impl Reader for Counting<'_> {
        fn stat(&self) -> io::Result<Stat> {
            self.file.stat()
        }

        fn attributes(&self) -> io::Result<Attributes> {
            self.file.attributes()
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let read = self.file.read_at(buffer, offset);
            self.tries.fetch_add(usize::from(offset > 0), Ordering::Release);
            read
        }
    }
}
