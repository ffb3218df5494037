//! A scan written down, to be compared with another one.

use std::ops::Range;

use crate::json::{
    Ahead, Asked, Layout, Pace, RawField, RawRow, Scanner, Seam, Span, SyntaxError, ValueKind, Visit, scan,
};

/// What a visitor was told, as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A field, as [`RawField`] has it.
    Field {
        /// Raw text of the name, and whether it is longer.
        name: (Vec<u8>, bool),
        /// What the value is.
        kind: ValueKind,
        /// Where it stands.
        value: Range<u64>,
        /// Its text, and whether it is longer.
        text: (Vec<u8>, bool),
    },
    /// A row, as [`RawRow`] has it.
    Row {
        /// Raw text of the key.
        key: Vec<u8>,
        /// Where the row stands.
        span: Span,
        /// Where its value stands.
        value: Range<u64>,
        /// Whether that is an object.
        is_object: bool,
    },
}

/// Everything that a visitor was told, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(pub Vec<Event>, Asked);

impl Default for Record {
    fn default() -> Self {
        Self::of(Asked::Everything)
    }
}

impl Visit for Record {
    fn asks(&self) -> Asked {
        self.1
    }

    fn field(&mut self, field: RawField<'_>) {
        self.0.push(Event::Field {
            name: (field.name.to_vec(), field.truncated),
            kind: field.kind,
            value: field.value,
            text: (field.text.to_vec(), field.text_truncated),
        });
    }

    fn row(&mut self, row: RawRow<'_>) {
        let RawRow { key, span, value, is_object } = row;
        self.0.push(Event::Row { key: key.to_vec(), span, value, is_object });
    }
}

/// A row's raw key, the bytes of its value, and its span.
pub type KeptRow = (Vec<u8>, Vec<u8>, Span);

impl Record {
    /// Nothing told yet, of what will be asked for.
    #[must_use]
    pub const fn of(asked: Asked) -> Self {
        Self(Vec::new(), asked)
    }

    /// The rows of `text`, whose scan this is.
    #[must_use]
    pub fn rows(&self, text: &[u8]) -> Vec<KeptRow> {
        let bytes = |range: &Range<u64>| Some(text.get(index(range.start)..index(range.end))?.to_vec());
        let row = |event: &Event| match event {
            Event::Row { key, span, value, .. } => {
                Some((key.clone(), bytes(value).unwrap_or_default(), *span))
            }
            Event::Field { .. } => None,
        };
        self.0.iter().filter_map(row).collect()
    }
}

/// What a scan of the whole text tells, and how it ends.
pub fn record(text: &[u8]) -> (Record, Result<Layout, SyntaxError>) {
    let mut record = Record::default();
    let outcome = scan(text, &mut record);
    (record, outcome)
}

/// The same, fed in chunks that `size` gives the sizes of; 0 counts as 1.
pub fn record_in_chunks(text: &[u8], size: impl FnMut() -> usize) -> (Record, Result<Layout, SyntaxError>) {
    record_at(Pace::best(), Asked::Everything, text, size)
}

/// The same, at a pace, of fields that are asked for.
pub fn record_at(
    pace: Pace,
    asked: Asked,
    mut text: &[u8],
    mut size: impl FnMut() -> usize,
) -> (Record, Result<Layout, SyntaxError>) {
    let (mut record, mut scanner) = (Record::of(asked), Scanner::at_pace(pace));
    while !text.is_empty() {
        let (chunk, rest) = text.split_at_checked(size().max(1)).unwrap_or((text, &[]));
        if let Err(error) = scanner.feed(chunk, &mut record) {
            return (record, Err(error));
        }
        text = rest;
    }
    let outcome = scanner.finish(&mut record);
    (record, outcome)
}

/// The same, of which every piece but the first is looked at ahead, with a guess at what stands between rows or with what
/// the first row shows; and how many of those looks may have been of use.
pub fn record_ahead(
    text: &[u8],
    asked: Asked,
    guess: Option<&Seam>,
    mut size: impl FnMut() -> usize,
) -> ((Record, Result<Layout, SyntaxError>), usize) {
    let (mut record, mut scanner, mut used) = (Record::of(asked), Scanner::new(), 0);
    let (mut at, mut seam) = (0, guess.cloned());
    while at < text.len() {
        let end = text.len().min(at.saturating_add(size().max(1)));
        let piece = text.get(at..end).unwrap_or_default();
        let ahead = seam.as_ref().and_then(|seam| Ahead::scan(piece, at as u64, seam, asked));
        used += usize::from(ahead.is_some());
        if let Err(error) = scanner.feed_ahead(piece, ahead, &mut record) {
            return ((record, Err(error)), used);
        }
        at = end;
        seam = seam.or_else(|| scanner.seam(text.get(..end)?));
    }
    let outcome = scanner.finish(&mut record);
    ((record, outcome), used)
}

/// The text without these ranges, which are in order.
#[must_use]
pub fn leave_out(text: &[u8], cuts: &[Range<u64>]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    for cut in cuts {
        kept.extend_from_slice(text.get(from..index(cut.start)).unwrap_or_default());
        from = index(cut.end);
    }
    kept.extend_from_slice(text.get(from..).unwrap_or_default());
    kept
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
