//! What a scan tells: rows, and the direct fields of rows.

use std::ops::Range;

use super::decode::means;

/// Where a row stands in the text: all that is needed to cut it out again.
///
/// Small on purpose, since one is kept for every doomed row. Offsets are absolute, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The key's opening quote.
    pub start: u64,
    /// The next row's key quote; for the last row the end of its value.
    pub end: u64,
    /// How far `start` is behind the end of the previous row's value, or behind the `{` for the first row.
    pub gap: u32,
}

/// One row, when all of it has been seen.
///
/// A key may stand twice in a store. Every occurrence is told; which one counts is for others to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow<'a> {
    /// The raw text between the key's quotes, escapes unresolved: see [`decode`](super::decode()).
    pub key: &'a [u8],
    /// Where the row stands.
    pub span: Span,
    /// The bytes of the row's value.
    pub value: Range<u64>,
    /// Whether the value is an object. If not, no field was told.
    pub is_object: bool,
}

/// One direct field of a row that is an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawField<'a> {
    /// The raw text between the name's quotes, escapes unresolved, at most [`MAX_NAME`] bytes of it.
    pub name: &'a [u8],
    /// Whether the name is longer than that.
    pub truncated: bool,
    /// What the value is.
    pub kind: ValueKind,
    /// The bytes of the value, quotes included.
    pub value: Range<u64>,
    /// A number as it is written, or the raw text between a string's quotes; at most [`MAX_TEXT`] bytes, and empty
    /// for other kinds.
    pub text: &'a [u8],
    /// Whether that text is longer.
    pub text_truncated: bool,
}

/// How much of a field's name is kept.
pub const MAX_NAME: usize = 256;

/// How much of a field's number or string is kept: enough for every path that Linux opens.
pub const MAX_TEXT: usize = 4096;

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// `{...}`
    Object,
    /// `[...]`
    Array,
    /// `"..."`
    String,
    /// Any number, also one that JavaScript reads as infinity.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// Which direct fields of rows a visitor wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// All of them.
    Everything,
    /// Those whose name means this, however it is written. It is ASCII and not empty.
    Field(&'static str),
    /// None.
    Nothing,
}

impl Asked {
    /// Whether a field is asked for, of whose name this much is kept.
    #[inline]
    pub(super) fn is(self, name: &[u8], truncated: bool) -> bool {
        match self {
            Self::Everything => true,
            Self::Field(asked) => !truncated && means(name, asked),
            Self::Nothing => false,
        }
    }

    /// The first letter of the name that is asked for.
    #[inline]
    pub(super) fn letter(self) -> Option<u8> {
        match self {
            Self::Field(name) => name.bytes().next(),
            _ => None,
        }
    }
}

/// Takes what a scan finds, in the order of the text.
///
/// Nothing told counts before the whole text has been found well-formed: a scan that fails has told rows of a text that
/// is no store.
pub trait Visit {
    /// The fields to be told; the same at every call. Others are checked as well, but faster.
    fn asks(&self) -> Asked {
        Asked::Everything
    }

    /// A direct field of a row has been read; its row follows after its last field.
    fn field(&mut self, field: RawField<'_>) {
        let _ = field;
    }

    /// A row is complete. Told when the next key starts or the object closes, since only then its span has an end.
    fn row(&mut self, row: RawRow<'_>);
}
