//! A new text on its way to its file: gathered, so that the disk is asked seldom, and where there is much of it written by
//! another thread while more is read.

use std::{
    io, mem,
    panic::resume_unwind,
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use crate::fs::Writer;

/// So much is handed over at once.
const PIECE: usize = 128 * 1024;

/// Full pieces that wait to be written. Three more are about: one that is written, one that is handed over, one to fill.
const WAITING: usize = 1;

/// A text in the making.
pub(super) struct Outbox<'a> {
    piece: Vec<u8>,
    /// Takes a piece and leaves an empty one.
    send: &'a mut dyn FnMut(&mut Vec<u8>) -> io::Result<()>,
}

impl Outbox<'_> {
    /// Adds to the text.
    ///
    /// # Errors
    /// As the operating system says of what was added before.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at_checked(PIECE - self.piece.len()).unwrap_or((bytes, &[]));
            self.piece.extend_from_slice(now);
            if self.piece.len() == PIECE {
                (self.send)(&mut self.piece)?;
            }
            bytes = later;
        }
        Ok(())
    }
}

/// Writes what `fill` puts into an outbox.
///
/// # Errors
/// As the operating system says, and as `fill` does.
pub(super) fn write(
    to: &mut impl Writer,
    fill: impl FnOnce(&mut Outbox<'_>) -> io::Result<()>,
) -> io::Result<()> {
    fill_all(fill, |piece| {
        to.write_all(piece)?;
        piece.clear();
        Ok(())
    })
}

/// The same, with another thread that writes; where there is no room for one, without it.
///
/// # Errors
/// As for [`write()`].
pub(super) fn write_beside(
    to: &mut impl Writer,
    fill: impl FnOnce(&mut Outbox<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut fill = Some(fill);
    let done = thread::scope(|scope| {
        let (ready, pieces) = mpsc::sync_channel(WAITING);
        let (written, empty) = mpsc::channel();
        let to = &mut *to;
        let begun = thread::Builder::new().spawn_scoped(scope, move || write_each(to, &pieces, &written));
        let (writer, fill) = (begun.ok()?, fill.take()?);
        let filled = fill_all(fill, move |piece| {
            let spare = empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE));
            // Nobody takes it any more when a write has failed; the writer says which.
            ready.send(mem::replace(piece, spare)).map_err(io::Error::other)
        });
        let wrote = writer.join().unwrap_or_else(|panic| resume_unwind(panic));
        Some(wrote.and(filled))
    });
    done.unwrap_or_else(|| fill.map_or(Err(io::ErrorKind::Other.into()), |fill| write(to, fill)))
}

fn fill_all(
    fill: impl FnOnce(&mut Outbox<'_>) -> io::Result<()>,
    mut send: impl FnMut(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    let mut outbox = Outbox { piece: Vec::with_capacity(PIECE), send: &mut send };
    fill(&mut outbox)?;
    let mut last = outbox.piece;
    if last.is_empty() { Ok(()) } else { send(&mut last) }
}

/// Writes pieces until there are no more, and gives them back empty.
fn write_each(to: &mut impl Writer, pieces: &Receiver<Vec<u8>>, written: &Sender<Vec<u8>>) -> io::Result<()> {
    for mut piece in pieces {
        to.write_all(&piece)?;
        piece.clear();
        // Nobody wants it back once the text is filled.
        let _ = written.send(piece);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{Attributes, Owner};

    /// A file that takes so many bytes.
    #[derive(Debug, Default)]
    struct File(Vec<u8>, usize);

    impl Writer for File {
        fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.extend_from_slice(bytes);
            if self.0.len() > self.1 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        fn adopt(&self, _: &Attributes) -> io::Result<()> {
            Ok(())
        }

        fn hand_to(&self, _: Owner) -> io::Result<()> {
            Ok(())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// So many bytes, in bits of odd lengths.
    fn fill(outbox: &mut Outbox<'_>, length: usize) -> io::Result<()> {
        let text: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        text.chunks(70_001).try_for_each(|bits| outbox.write(bits))
    }

    #[test]
    fn what_is_filled_is_written_by_whichever_thread() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 7 * PIECE + 13] {
            let (mut one, mut other) = (File(Vec::new(), usize::MAX), File(Vec::new(), usize::MAX));
            write(&mut one, |outbox| fill(outbox, length)).unwrap();
            write_beside(&mut other, |outbox| fill(outbox, length)).unwrap();
            assert_eq!(one.0.len(), length);
            assert!(one.0 == other.0);
        }
    }

    #[test]
    fn a_disk_that_is_full_is_told_whoever_finds_out_and_whenever() {
        for room in [0, PIECE, 3 * PIECE, 6 * PIECE] {
            let mut file = File(Vec::new(), room);
            let error = write_beside(&mut file, |outbox| fill(outbox, 6 * PIECE + 1)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
        }
    }

    #[test]
    fn who_cannot_fill_says_so_himself() {
        let mut file = File(Vec::new(), usize::MAX);
        let interrupted = |outbox: &mut Outbox<'_>| {
            fill(outbox, 3 * PIECE)?;
            Err(io::ErrorKind::Interrupted.into())
        };
        assert_eq!(write_beside(&mut file, interrupted).unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(file.0.len(), 3 * PIECE);
    }
}
