//! Numbers and words among 64 bytes.

use fearless_simd::Simd;

use super::{
    bits::{LAST, below, each},
    masks::Bytes,
};
use crate::json::number::Number;

/// The numbers and words of a block: whatever is no string, no mark and no white space is taken for part of one.
#[derive(Clone, Copy)]
pub(super) struct Atoms {
    all: u64,
    /// What of it is more than digits, or too many of them.
    odd: u64,
}

impl Atoms {
    #[inline(always)]
    pub(super) fn find<S: Simd>(bytes: Bytes<S>, all: u64) -> Self {
        let (digits, zeros) = bytes.digits();
        let leading = all & !(all << 1) & zeros & all >> 1;
        Self { all, odd: all & !digits | leading }
    }

    /// Their first bytes.
    #[inline(always)]
    pub(super) const fn starts(self) -> u64 {
        self.all & !(self.all << 1)
    }

    /// Their last bytes.
    #[inline(always)]
    pub(super) const fn ends(self) -> u64 {
        self.all & !(self.all >> 1)
    }

    /// Whether the block does not show one whole.
    #[inline(always)]
    pub(super) const fn are_cut(self) -> bool {
        self.all >> (LAST - 1) == 0b11
    }

    /// How many bytes there are before that one.
    pub(super) const fn whole(self) -> u32 {
        if self.are_cut() { LAST - (self.all << 1).leading_ones() } else { LAST }
    }

    /// Whether each that begins before `end` is a number or a word of JSON.
    #[inline(always)]
    pub(super) fn are_fine(self, text: &[u8], end: u32) -> bool {
        self.odd & below(end) == 0 || each(self.starts() & below(end)).all(|start| self.is_fine(text, start))
    }

    fn is_fine(self, text: &[u8], start: u32) -> bool {
        let length = (self.all >> start).trailing_ones();
        let start = start as usize;
        let Some(atom) = text.get(start..start + length as usize) else { return false };
        match atom {
            b"true" | b"false" | b"null" => true,
            _ => Number::is_whole(atom),
        }
    }
}
