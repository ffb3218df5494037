//! Scanning a store's file: its bytes go by once and in order, whoever looked at them ahead.

use std::{io, ops::ControlFlow};

use super::{
    FileStore,
    crew::Crew,
    desk,
    pieces::{self, room_for},
};
use crate::{
    fs::{Disk, Reader, Stat, read_full},
    json::{Ahead, Asked, Layout, Scanner, Seam, SyntaxError, Visit},
    model::{Error, ErrorKind},
};

/// A shorter text is scanned before others have begun.
const LONG: u64 = 2 << 20;

/// Of larger rows on average too few are whole in a piece, and only those are scanned ahead.
const LARGE_ROW: u64 = 64 << 10;

/// Scans the whole file. What changes while it is read is found out at the commit, by its fence.
pub(super) fn scan<D: Disk>(
    store: &FileStore<D>,
    file: &D::Reader,
    stat: &Stat,
    visit: &mut (impl Visit + Send),
    each_chunk: impl FnMut(&[u8]) + Send,
) -> Result<Layout, Error> {
    let mut course = Course { scanner: Scanner::new(), visit, each_chunk };
    let crew = || if stat.size >= LONG { Crew::claim() } else { None };
    course.run(file, room_for(stat.size.saturating_add(1)), crew).map_err(store.fail("read"))?;
    course.scanner.finish(course.visit).map_err(|error| malformed(store, stat, &error))
}

/// The same by this thread alone, which is as fast where everything is asked for.
pub(super) fn scan_alone<D: Disk>(
    store: &FileStore<D>,
    file: &D::Reader,
    stat: &Stat,
    visit: &mut impl Visit,
) -> Result<Layout, Error> {
    let mut scanner = Scanner::new();
    // What is wrong with the text the scanner says once more at its end.
    let take = |bytes: &[u8]| match scanner.feed(bytes, visit) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    pieces::each(file, 0, take).map_err(store.fail("read"))?;
    scanner.finish(visit).map_err(|error| malformed(store, stat, &error))
}

/// The way through a text.
struct Course<'v, V, E> {
    scanner: Scanner,
    visit: &'v mut V,
    each_chunk: E,
}

impl<V: Visit + Send, E: FnMut(&[u8]) + Send> Course<'_, V, E> {
    /// So many bytes tell how others may look ahead in the rest, if there are others.
    fn run(
        &mut self,
        file: &impl Reader,
        first: usize,
        crew: impl FnOnce() -> Option<Crew>,
    ) -> io::Result<()> {
        let mut buffer = vec![0; first];
        let length = read_full(file, &mut buffer, 0)?;
        if self.take(buffer.get(..length).unwrap_or_default(), None).is_break() || length < first {
            return Ok(());
        }
        let seam = self.seam(&buffer);
        drop(buffer);
        let (from, asked) = (length as u64, self.visit.asks());
        match seam.and_then(|seam| Some((seam, crew()?))) {
            None => pieces::each(file, from, |bytes| self.take(bytes, None)),
            Some((seam, crew)) => {
                let make = |bytes: &[u8], offset| Ahead::scan(bytes, offset, &seam, asked);
                desk::each_made(&crew, file, from, make, |bytes, ahead| self.take(bytes, ahead))
            }
        }
    }

    /// What stands between rows, if it is worth to look for it.
    fn seam(&self, first: &[u8]) -> Option<Seam> {
        let average = first.len() as u64 / self.scanner.rows().max(1);
        let is_worth_it = average <= LARGE_ROW && self.visit.asks() != Asked::Everything;
        self.scanner.seam(first).filter(|_| is_worth_it)
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

    use super::{
        super::pieces::{CHUNK, tests::Text},
        *,
    };
    use crate::json::{
        Pace,
        testing::{Dice, Document, Record, record_at, spoil},
    };

    /// What one scan of a file tells, and how it ends: in an I/O error, or with a layout or what is wrong
    /// with the text.
    fn read(
        file: &Text,
        asked: Asked,
        first: usize,
        processors: usize,
    ) -> (Record, Result<Option<Layout>, SyntaxError>, usize) {
        let (mut record, mut length) = (Record::of(asked), 0);
        let each_chunk = |chunk: &[u8]| length += chunk.len();
        let mut course = Course { scanner: Scanner::new(), visit: &mut record, each_chunk };
        let crew = || (processors > 0).then(|| Crew::any(processors));
        let outcome = match course.run(file, first, crew) {
            Ok(()) => course.scanner.finish(course.visit).map(Some),
            Err(_) => Ok(None),
        };
        (record, outcome, length)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn i6_what_several_readers_find_is_what_one_finds(
            entropy in any::<Vec<u8>>(),
            processors in 0..4_usize,
            first in 20..3_000_usize,
        ) {
            let mut dice = Dice::from_bytes(&entropy);
            let text = Document::any(&mut dice, 40).text(&mut dice).into_bytes();
            for bytes in [spoil(&text, &mut dice), text] {
                for asked in [Asked::Field("updatedAt"), Asked::Nothing, Asked::Everything] {
                    let file = Text { bytes: bytes.clone(), at_once: 1_000, until: u64::MAX };
                    let (record, outcome, length) = read(&file, asked, first, processors);
                    prop_assert!(length == bytes.len() || outcome.is_err() && length < bytes.len());
                    let plain = record_at(Pace::walk(), asked, &bytes, || usize::MAX);
                    prop_assert_eq!((record, outcome), (plain.0, plain.1.map(Some)));
                }
            }
        }
    }

    /// So many rows as gateways write them, each a little longer than so many bytes.
    fn rows(count: u32, bytes: usize) -> Vec<u8> {
        let row = |number: u32| {
            format!(
                "\n  \"k{number}\": {{\n    \"updatedAt\": {number},\n    \"x\": \"{}\"\n  }}",
                "y".repeat(bytes)
            )
        };
        format!("{{{}\n}}", (0..count).map(row).collect::<Vec<_>>().join(",")).into_bytes()
    }

    /// In more pieces than there are readers.
    fn long() -> Vec<u8> {
        rows(2_000, 1_000)
    }

    #[test]
    fn a_long_text_is_told_the_same_by_any_number_of_readers() {
        for (bytes, rows) in [(long(), 2_000), (rows(200, 20_000), 200), (rows(40, 100_000), 40)] {
            let file = Text { bytes, at_once: usize::MAX, until: u64::MAX };
            let plain = read(&file, Asked::Field("updatedAt"), CHUNK, 0);
            assert_eq!(plain.0.0.len(), 2 * rows);
            for processors in 1..7 {
                assert_eq!(read(&file, Asked::Field("updatedAt"), CHUNK, processors), plain);
            }
        }
    }

    #[test]
    fn readers_take_part_where_that_is_worth_it() {
        let takes_part = |bytes: &[u8], asked| {
            let mut record = Record::of(asked);
            let mut course =
                Course { scanner: Scanner::new(), visit: &mut record, each_chunk: |_: &[u8]| () };
            assert!(course.take(bytes, None).is_continue());
            course.seam(bytes).is_some()
        };
        for (bytes, expected) in [
            (rows(100, 1_000), true),
            (rows(20, 20_000), true),
            (rows(6, 60_000), true),
            (rows(3, 100_000), false),
        ] {
            assert_eq!(takes_part(&bytes, Asked::Nothing), expected);
            assert!(!takes_part(&bytes, Asked::Everything));
        }
    }

    #[test]
    fn a_bad_block_ends_it_wherever_it_is_and_a_fault_before_it_is_told_first() {
        let mut bytes = long();
        for until in [0, 1, 300_000, 1_000_000, 1_900_000] {
            let file = Text { bytes: bytes.clone(), at_once: usize::MAX, until };
            let (_, outcome, length) = read(&file, Asked::Nothing, CHUNK, 3);
            assert_eq!(outcome, Ok(None), "{until}");
            // All that could be read before it was taken.
            assert!((until..until + CHUNK as u64).contains(&(length as u64)), "{until}: {length}");
        }
        bytes[600_000] = 0;
        // The first piece that cannot be read lies right behind the one with the fault.
        let file = Text { bytes, at_once: usize::MAX, until: 700_000 };
        assert!(read(&file, Asked::Nothing, CHUNK, 3).1.is_err());
    }
}
