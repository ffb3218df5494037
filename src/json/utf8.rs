//! Is it UTF-8? Asked slice by slice, with a character that a border cuts in two held back until it is whole.

use simdutf8::compat;

/// A slice up to the first byte that does not belong, and what is behind it.
pub(super) struct Checked<'a> {
    /// Whole characters.
    pub(super) valid: &'a [u8],
    /// What follows them.
    pub(super) tail: Tail<'a>,
}

/// What follows the whole characters of a slice.
pub(super) enum Tail<'a> {
    /// Nothing, or the beginning of a character.
    Cut(&'a [u8]),
    /// Bytes that are no UTF-8.
    Invalid,
}

/// Splits a slice behind its last whole character.
pub(super) fn check(slice: &[u8]) -> Checked<'_> {
    let Err(error) = compat::from_utf8(slice) else {
        return Checked { valid: slice, tail: Tail::Cut(&[]) };
    };
    let (valid, rest) = slice.split_at_checked(error.valid_up_to()).unwrap_or((slice, &[]));
    let tail = if error.error_len().is_some() { Tail::Invalid } else { Tail::Cut(rest) };
    Checked { valid, tail }
}

/// The beginning of a character, at most three bytes, held back from the slice before.
#[derive(Debug, Default)]
pub(super) struct Carry {
    bytes: [u8; 4],
    len: usize,
}

/// What one more byte makes of a carry.
pub(super) enum Joined {
    /// Still not a whole character.
    Cut,
    /// A character, in the first so many bytes.
    Whole([u8; 4], usize),
    /// No UTF-8.
    Invalid,
}

impl Carry {
    /// Holds these bytes back.
    pub(super) fn hold(&mut self, tail: &[u8]) {
        self.len = 0;
        for (room, byte) in self.bytes.iter_mut().zip(tail) {
            *room = *byte;
            self.len += 1;
        }
    }

    /// Whether nothing is held back.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One more byte. A whole character is held back no longer.
    pub(super) fn join(&mut self, byte: u8) -> Joined {
        if let Some(room) = self.bytes.get_mut(self.len) {
            *room = byte;
            self.len += 1;
        }
        match std::str::from_utf8(self.bytes.get(..self.len).unwrap_or_default()) {
            Ok(_) => Joined::Whole(self.bytes, std::mem::take(&mut self.len)),
            Err(error) if error.error_len().is_none() => Joined::Cut,
            Err(_) => Joined::Invalid,
        }
    }
}
