//! Scanning a piece of a text before its turn, from a place where a row seems to begin.
//!
//! In a text with a line for each row the same line break and indentation stands before every row's key, and within a
//! string there is no line break. So a piece from the midst can be scanned at once, by somebody else. That it is a guess
//! does no harm: a scan takes over what was found only when it has itself come to that very place and awaits a row there.
//! From there on both would have gone the same way.

use std::ops::Range;

use memchr::memmem;

use super::{
    scanner::Scanner,
    told::Told,
    visit::{Asked, Visit},
};

/// Nobody indents further.
const WIDEST: usize = 64;

/// What stands between two rows, as it was seen before the first one: a line break, indentation, and the key's quote.
#[derive(Debug, Clone)]
pub struct Seam(Vec<u8>);

impl Seam {
    /// The seam in these bytes: all that stand between the object's bracket and its first key, and the key's quote.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let is_line = bytes.first().is_some_and(|byte| matches!(byte, b'\n' | b'\r'));
        (is_line && bytes.len() <= WIDEST).then(|| Self(bytes.to_vec()))
    }

    /// Anything, taken for a seam.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn any(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// From the first key in a piece to the last.
    fn part(&self, piece: &[u8]) -> Option<Range<usize>> {
        let to_quote = self.0.len().saturating_sub(1);
        let part = memmem::find(piece, &self.0)? + to_quote..memmem::rfind(piece, &self.0)? + to_quote;
        Some(part).filter(|part| !part.is_empty())
    }
}

/// So much is scanned before it is asked whether what was found becomes too much.
const STRETCH: usize = 16 * 1024;

/// What was found in a piece of a text, should its rows begin where they seem to.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// Which part of the piece was scanned: from one key to another.
    pub(super) part: Range<usize>,
    /// The offset of the first key.
    pub(super) begin: u64,
    /// How far the scan came.
    pub(super) scanner: Scanner,
    /// What it told.
    pub(super) told: Told,
}

impl Ahead {
    /// Scans the rows of a piece whose first byte has this offset, up to the last one that begins in it; `None` when that
    /// is no row, or nothing that a text can hold, or when too much would have to be told of it.
    #[must_use]
    pub(crate) fn scan(piece: &[u8], offset: u64, seam: &Seam, asked: Asked) -> Option<Self> {
        let part = seam.part(piece)?;
        let begin = offset + part.start as u64;
        let (mut scanner, mut told) = (Scanner::awaiting_row_at(begin), Told::of(asked));
        for stretch in piece.get(part.clone())?.chunks(STRETCH) {
            scanner.feed(stretch, &mut told).ok()?;
            if told.weight() > 2 * piece.len() {
                return None;
            }
        }
        scanner.awaits_row().then_some(Self { part, begin, scanner, told })
    }
}

impl Scanner {
    /// Reads the text's next bytes like [`Scanner::feed`]. Something may have been found ahead, in these very bytes and of what
    /// this visitor asks for.
    ///
    /// # Errors
    /// As for [`Scanner::feed`].
    pub(crate) fn feed_ahead(
        &mut self,
        chunk: &[u8],
        ahead: Option<Ahead>,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<(), super::SyntaxError> {
        let Some(ahead) = ahead else { return self.feed(chunk, visit) };
        let Range { start, end } = ahead.part;
        self.feed(chunk.get(..start).unwrap_or(chunk), visit)?;
        let done = if self.take_over(ahead, visit) { end } else { start };
        self.feed(chunk.get(done..).unwrap_or_default(), visit)
    }
}
