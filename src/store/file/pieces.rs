//! Reading a file piece by piece, several pieces at a time where that is of use.
//!
//! Pieces are taken in their order by whoever asks for them. Before that a reader beside him may look at each; what it
//! makes of it comes with the piece. There are never more pieces at hand than readers are given buffers for.

use std::{
    collections::BTreeMap,
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use super::crew::Crew;
use crate::fs::{Reader, read_full};

/// How much is read at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// How large a buffer is for a text of so many bytes. Most stores are small, and so are their buffers: each page of memory
/// that is new to the process has to be asked for and cleared.
pub(super) fn room_for(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(CHUNK).clamp(1, CHUNK)
}

/// How much each of several readers reads at once: there is a buffer for each of them, and two more on their way.
pub(super) const PIECE: usize = 128 * 1024;

/// The same where rows are large: most of a piece has to be whole rows.
pub(super) const LARGE_PIECE: usize = 512 * 1024;

const ON_THEIR_WAY: usize = 2;

/// More readers only wait for whoever takes the pieces.
const MOST: usize = 4;

/// A piece of the file; shorter than its buffer only at the file's end.
struct Piece<T> {
    buffer: Vec<u8>,
    length: usize,
    /// What was made of it.
    made: Option<T>,
}

/// A piece's number, and the piece if it could be read.
type Filled<T> = (u64, io::Result<Piece<T>>);

/// Pieces that came before their turn.
type Early<T> = BTreeMap<u64, io::Result<Piece<T>>>;

/// Takes the file's bytes from `from` on, in order, until they end or `take` says so.
///
/// # Errors
/// As the operating system says.
pub(super) fn each<R: Reader>(
    file: &R,
    from: u64,
    mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    let (mut buffer, mut offset) = (vec![0; CHUNK], from);
    loop {
        let length = file.read_at(&mut buffer, offset)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() || take(bytes).is_break() {
            return Ok(());
        }
        offset += length as u64;
    }
}

/// The same with what readers beside have made of each piece, `piece` bytes of the file.
///
/// # Errors
/// As the operating system says.
pub(super) fn each_made<R: Reader, T: Send>(
    crew: &Crew,
    piece: usize,
    file: &R,
    from: u64,
    make: impl Fn(&[u8], u64) -> Option<T> + Sync,
    take: impl FnMut(&[u8], Option<T>) -> ControlFlow<()>,
) -> io::Result<()> {
    each_made_of(piece, crew.processors.min(MOST), file, from, make, take)
}

/// The same with so many readers, who read so much at once.
fn each_made_of<R: Reader, T: Send>(
    piece: usize,
    readers: usize,
    file: &R,
    from: u64,
    make: impl Fn(&[u8], u64) -> Option<T> + Sync,
    mut take: impl FnMut(&[u8], Option<T>) -> ControlFlow<()>,
) -> io::Result<()> {
    let (free, to_fill) = mpsc::channel();
    let (filled, done) = mpsc::channel();
    let desk = &Desk { file, from, piece, make, next: AtomicU64::new(0), to_fill: Mutex::new(to_fill) };
    thread::scope(|scope| {
        // As long as this is there readers wait for buffers, so it must be gone before the scope waits for them.
        let free = free;
        let begin = |filled: Sender<_>| {
            thread::Builder::new().spawn_scoped(scope, move || desk.work(&filled)).is_ok()
        };
        let at_work = (0..readers).filter(|_| begin(filled.clone())).count();
        if at_work == 0 {
            return each(file, from, |bytes| take(bytes, None));
        }
        (0..at_work + ON_THEIR_WAY).for_each(|_| give(&free, vec![0; piece]));
        drop(filled);
        in_order(&done, &free, take)
    })
}

/// Takes the pieces in their order, and gives their buffers back.
fn in_order<T>(
    done: &Receiver<Filled<T>>,
    free: &Sender<Vec<u8>>,
    mut take: impl FnMut(&[u8], Option<T>) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut early = BTreeMap::new();
    for number in 0.. {
        let Piece { buffer, length, made } = await_piece(number, &mut early, done)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() || take(bytes, made).is_break() || length < buffer.len() {
            break;
        }
        give(free, buffer);
    }
    Ok(())
}

/// Waits for a piece, and keeps those that come before their turn.
fn await_piece<T>(number: u64, early: &mut Early<T>, done: &Receiver<Filled<T>>) -> io::Result<Piece<T>> {
    loop {
        if let Some(piece) = early.remove(&number) {
            return piece;
        }
        let (number, piece) = done.recv().map_err(io::Error::other)?;
        early.insert(number, piece);
    }
}

/// Nobody takes it once the last reader has gone.
fn give(free: &Sender<Vec<u8>>, buffer: Vec<u8>) {
    let _ = free.send(buffer);
}

/// Where readers get their work.
struct Desk<'a, R, M> {
    file: &'a R,
    from: u64,
    piece: usize,
    make: M,
    next: AtomicU64,
    to_fill: Mutex<Receiver<Vec<u8>>>,
}

impl<R: Reader, M> Desk<'_, R, M> {
    /// Reads pieces as long as there are buffers to come.
    fn work<T>(&self, filled: &Sender<Filled<T>>)
    where
        M: Fn(&[u8], u64) -> Option<T>,
    {
        while let Some((number, buffer)) = self.begin() {
            // Who panicked would leave the others waiting for ever.
            let piece = catch_unwind(AssertUnwindSafe(|| self.piece(number, buffer)));
            let piece = piece.unwrap_or_else(|_| Err(io::Error::other("a reader panicked")));
            if filled.send((number, piece)).is_err() {
                return;
            }
        }
    }

    /// The next piece's number. Only who has a buffer gets one, so that the piece that is waited for is always in somebody's
    /// hands.
    fn begin(&self) -> Option<(u64, Vec<u8>)> {
        let to_fill = self.to_fill.lock().unwrap_or_else(PoisonError::into_inner);
        let buffer = to_fill.recv().ok()?;
        Some((self.next.fetch_add(1, Ordering::Relaxed), buffer))
    }

    fn piece<T>(&self, number: u64, mut buffer: Vec<u8>) -> io::Result<Piece<T>>
    where
        M: Fn(&[u8], u64) -> Option<T>,
    {
        let offset = self.from + number * self.piece as u64;
        let length = read_full(self.file, &mut buffer, offset)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        let made = (self.make)(bytes, offset);
        Ok(Piece { buffer, length, made })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fs::{Attributes, Stat};

    /// A file that is read in little bits, and can be read up to some offset.
    #[derive(Debug)]
    pub(in super::super) struct Text {
        pub(in super::super) bytes: Vec<u8>,
        pub(in super::super) at_once: usize,
        pub(in super::super) until: u64,
    }

    impl Reader for Text {
        fn stat(&self) -> io::Result<Stat> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn attributes(&self) -> io::Result<Attributes> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            if offset >= self.until {
                return Err(io::Error::other("a bad block"));
            }
            let rest = self.bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
            let length = rest.len().min(buffer.len()).min(self.at_once);
            buffer[..length].copy_from_slice(&rest[..length]);
            Ok(length)
        }
    }

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
            if failed.is_none() {
                prop_assert!(taken.len() == all.len() || taken.len() >= stop);
            } else {
                prop_assert!(until <= from + taken.len() as u64 + 10);
            }
            let pieces = (from..from + taken.len() as u64).step_by(10);
            let wanted: Vec<u64> = pieces.filter(|offset| readers > 0 && offset / 10 % 5 != 1).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_reader_that_panics_ends_it_and_keeps_nobody_waiting() {
        let file = Text { bytes: vec![7; 1_000], at_once: 100, until: u64::MAX };
        for readers in 1..4 {
            let make = |_: &[u8], offset| -> Option<()> {
                if offset == 500 { std::panic::resume_unwind(Box::new(())) } else { None }
            };
            let mut taken = 0;
            let ended = each_made_of(10, readers, &file, 0, make, |bytes, _| {
                taken += bytes.len();
                ControlFlow::Continue(())
            });
            assert_eq!((taken, ended.is_err()), (500, true));
        }
    }
}
