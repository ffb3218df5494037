//! What is wrong with a text, and where.

use std::fmt;

use super::word::Word;

/// The text is not the JSON object that a store is; nothing of it may be trusted.
///
/// The place is that of the first byte that no JSON object could have there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{cause} at byte {offset} (line {line}, column {column})")]
pub struct SyntaxError {
    cause: Cause,
    offset: u64,
    line: u64,
    column: u64,
}

impl SyntaxError {
    pub(super) const fn new(cause: Cause, offset: u64, line: u64, column: u64) -> Self {
        Self { cause, offset, line, column }
    }

    /// How many bytes stand before the place; for a text that ends too early, its length.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The line of the place; the first is 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The place in its line, in bytes; the first is 1.
    #[must_use]
    pub const fn column(&self) -> u64 {
        self.column
    }
}

/// What a text must go on with. Also what it lacks when it ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Object,
    KeyOrBrace,
    Key,
    Colon,
    Value,
    ValueOrBracket,
    CommaOrBrace,
    CommaOrBracket,
    Digit,
    Quote,
    Escape,
    HexDigit,
    Word(Word),
}

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Something else stands here.
    Expected(Wanted),
    /// Nothing more stands here.
    Ends(Wanted),
    /// A byte below 0x20 inside a string.
    Control,
    /// Bytes that are no UTF-8.
    Utf8,
    /// Something follows the object.
    Trailing,
    /// More white space between two rows than anybody writes.
    Gap,
}

/// A cause, at an index of the slice in hand. Boxed, since what says on every step that nothing is wrong should be small.
#[derive(Debug)]
pub(super) struct Fault(Box<(Cause, usize)>);

impl Fault {
    /// This is wrong with the byte at `at`.
    #[cold]
    pub(super) fn new(cause: Cause, at: usize) -> Self {
        Self(Box::new((cause, at)))
    }

    /// The byte at `at` is none of those wanted.
    #[cold]
    pub(super) fn expected(wanted: Wanted, at: usize) -> Self {
        Self::new(Cause::Expected(wanted), at)
    }

    pub(super) const fn cause(&self) -> Cause {
        self.0.0
    }

    pub(super) const fn at(&self) -> usize {
        self.0.1
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "a { (a store is a JSON object)",
            Self::KeyOrBrace => "a key in double quotes or }",
            Self::Key => "a key in double quotes",
            Self::Colon => "a colon",
            Self::Value => "a value",
            Self::ValueOrBracket => "a value or ]",
            Self::CommaOrBrace => "a comma or }",
            Self::CommaOrBracket => "a comma or ]",
            Self::Digit => "a digit",
            Self::Quote => "the closing quote of a string",
            Self::Escape => "an escape such as \\n",
            Self::HexDigit => "a hexadecimal digit",
            Self::Word(word) => word.text(),
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(wanted) => write!(f, "expected {wanted}"),
            Self::Ends(wanted) => write!(f, "the text ends too early, expected {wanted}"),
            Self::Control => f.write_str("raw control character in a string"),
            Self::Utf8 => f.write_str("invalid UTF-8"),
            Self::Trailing => f.write_str("expected nothing more after the object"),
            Self::Gap => f.write_str("more than 4 GB of white space between two rows"),
        }
    }
}
