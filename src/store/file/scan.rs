//! Scanning a store's file: its bytes go by once and in order, whoever looked at them ahead.

use std::{io, ops::ControlFlow};

use super::{
    FileStore,
    pieces::{self, Readers, read_full},
};
use crate::{
    fs::{Disk, Reader, Stat},
    json::{Ahead, Asked, Layout, Scanner, SyntaxError, Visit},
    model::{Error, ErrorKind},
};

/// Scans the whole file. What changes while it is read is found out at the commit, by its fence.
pub(super) fn scan<D: Disk>(
    store: &FileStore<D>,
    file: &D::Reader,
    stat: &Stat,
    visit: &mut impl Visit,
    each_chunk: impl FnMut(&[u8]),
) -> Result<Layout, Error> {
    let mut course = Course { scanner: Scanner::new(), visit, each_chunk };
    course.run(file, &Readers::of(stat.size)).map_err(store.fail("read"))?;
    course.scanner.finish(course.visit).map_err(|error| malformed(store, stat, &error))
}

/// Rows that are larger than this on average are passed over about as fast as they are read, and nothing is won by readers.
const LARGE_ROW: u64 = 4096;

/// The way through a text.
struct Course<'v, V, E> {
    scanner: Scanner,
    visit: &'v mut V,
    each_chunk: E,
}

impl<V: Visit, E: FnMut(&[u8])> Course<'_, V, E> {
    /// The first piece tells how others may look ahead in the rest of it.
    fn run(&mut self, file: &impl Reader, readers: &Readers) -> io::Result<()> {
        let mut buffer = vec![0; readers.piece];
        let length = read_full(file, &mut buffer, 0)?;
        let first = buffer.get(..length).unwrap_or_default();
        if self.take(first, None).is_break() || length < buffer.len() {
            return Ok(());
        }
        let (from, asked) = (length as u64, self.visit.asks());
        let is_worth_it = asked != Asked::Everything && self.scanner.rows() * LARGE_ROW >= from;
        match self.scanner.seam(first).filter(|_| is_worth_it) {
            None => pieces::each(file, from, buffer, |bytes| self.take(bytes, None)),
            Some(seam) => {
                let make = |bytes: &[u8], offset| Ahead::scan(bytes, offset, &seam, asked);
                let take = |bytes: &[u8], ahead| self.take(bytes, ahead);
                pieces::each_made(readers, file, from, buffer, make, take)
            }
        }
    }

    /// What is wrong with the text the scanner says once more at its end.
    fn take(&mut self, bytes: &[u8], ahead: Option<Ahead>) -> ControlFlow<()> {
        (self.each_chunk)(bytes);
        match self.scanner.feed_ahead(bytes, ahead, self.visit) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

fn malformed<D: Disk>(store: &FileStore<D>, stat: &Stat, error: &SyntaxError) -> Error {
    let hint = if stat.size == 0 {
        "an empty store is a damaged one: bring it back from a backup, or write {} to begin anew"
    } else {
        "a gateway takes such a store for empty; stop it and mend the text, or bring it back from a backup"
    };
    Error::new(ErrorKind::Malformed, "read", &store.path, error.to_string()).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::pieces::tests::Text, *};
    use crate::json::{
        Pace,
        testing::{Dice, Document, Record, record_at, spoil},
    };

    proptest! {
        #[test]
        fn i6_what_several_readers_find_is_what_one_finds(
            entropy in any::<Vec<u8>>(),
            beside in 0..4_usize,
            piece in 20..3_000_usize,
        ) {
            let mut dice = Dice::from_bytes(&entropy);
            let text = Document::any(&mut dice, 40).text(&mut dice).into_bytes();
            for bytes in [spoil(&text, &mut dice), text] {
                for asked in [Asked::Field("updatedAt"), Asked::Nothing, Asked::Everything] {
                    let file = Text { bytes: bytes.clone(), at_once: 1_000, until: u64::MAX };
                    let (mut record, mut length) = (Record::of(asked), 0);
                    let mut course = Course {
                        scanner: Scanner::new(),
                        visit: &mut record,
                        each_chunk: |chunk: &[u8]| length += chunk.len(),
                    };
                    let readers = std::mem::ManuallyDrop::new(Readers::any(beside, piece));
                    course.run(&file, &readers).unwrap();
                    let layout = course.scanner.finish(course.visit);
                    let is_whole = layout.is_ok();
                    prop_assert_eq!((record, layout), record_at(Pace::walk(), asked, &bytes, || usize::MAX));
                    prop_assert!(length == bytes.len() || !is_whole && length < bytes.len());
                }
            }
        }
    }
}
