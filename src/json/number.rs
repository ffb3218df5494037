//! Numbers: the grammar alone, since what a number means is not asked here.

use super::error::{Fault, Wanted};

/// How far into a number the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Behind `-`.
    Minus,
    /// Behind a leading `0`, which no digit may follow.
    Zero,
    /// Behind digits other than a leading `0`.
    Whole,
    /// Behind the point.
    Point,
    /// Behind digits that follow the point.
    Fraction,
    /// Behind `e`.
    Mark,
    /// Behind the exponent's sign.
    Sign,
    /// Behind the exponent's digits.
    Exponent,
}

impl Number {
    /// The number that this byte begins, if any.
    #[inline]
    pub(super) const fn begin(byte: u8) -> Option<Self> {
        match byte {
            b'-' => Some(Self::Minus),
            b'0' => Some(Self::Zero),
            b'1'..=b'9' => Some(Self::Whole),
            _ => None,
        }
    }

    /// Whether a text is a number from its first byte to its last.
    pub(super) fn is_whole(text: &[u8]) -> bool {
        let Some(mut number) = text.first().copied().and_then(Self::begin) else { return false };
        matches!(number.read(text, 1), Ok(None)) && number.may_end()
    }

    /// Reads on from `at`: the index behind the number, or `None` when the slice ends first.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8], mut at: usize) -> Result<Option<usize>, Fault> {
        loop {
            at = self.skip_digits(text, at);
            let Some(byte) = text.get(at) else { return Ok(None) };
            match self.after(*byte) {
                Some(next) => *self = next,
                None if self.may_end() => return Ok(Some(at)),
                None => return Err(Fault::expected(Wanted::Digit, at)),
            }
            at += 1;
        }
    }

    #[inline]
    fn skip_digits(self, text: &[u8], mut at: usize) -> usize {
        if matches!(self, Self::Whole | Self::Fraction | Self::Exponent) {
            while text.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
        }
        at
    }

    /// The state behind one more byte, which is no digit among digits; `None` when it does not belong to the number.
    #[inline]
    const fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Minus, b'0') => Some(Self::Zero),
            (Self::Minus, b'1'..=b'9') => Some(Self::Whole),
            (Self::Zero | Self::Whole, b'.') => Some(Self::Point),
            (Self::Point, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Whole | Self::Fraction, b'e' | b'E') => Some(Self::Mark),
            (Self::Mark, b'+' | b'-') => Some(Self::Sign),
            (Self::Mark | Self::Sign, b'0'..=b'9') => Some(Self::Exponent),
            _ => None,
        }
    }

    /// Whether a number may end here.
    pub(super) const fn may_end(self) -> bool {
        matches!(self, Self::Zero | Self::Whole | Self::Fraction | Self::Exponent)
    }
}
