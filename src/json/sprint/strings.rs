//! Where strings begin and end among 64 bytes, and that nothing in them is forbidden.

use fearless_simd::Simd;

use super::{
    bits::{LAST, below, each, prefix_xor},
    masks::{Bytes, Quoting},
};

/// The strings of a block.
#[derive(Clone, Copy)]
pub(super) struct Strings {
    /// From each opening quote up to the closing one, which does not belong.
    pub(super) inside: u64,
    /// Quotes that are no part of a string's text.
    pub(super) quotes: u64,
    /// Bytes that no string may have.
    pub(super) wrong: u64,
    /// Bytes below 0x20 anywhere.
    pub(super) control: u64,
    /// How many bytes there are before an escape that the block does not show whole.
    pub(super) whole: u32,
}

impl Strings {
    /// `continues` is all ones where the block begins within a string.
    #[inline(always)]
    pub(super) fn find<S: Simd>(bytes: Bytes<S>, text: &[u8], continues: u64) -> Self {
        let Quoting { quote, backslash, control } = bytes.quoting();
        if backslash == 0 {
            let inside = prefix_xor(quote) ^ continues;
            return Self { inside, quotes: quote, wrong: control & inside, control, whole: LAST };
        }
        let begin = escapes(backslash);
        let escaped = begin << 1;
        let quotes = quote & !escaped;
        let inside = prefix_xor(quotes) ^ continues;
        let (unicode, whole) = unicode(text, escaped & inside & bytes.find(b'u'), begin);
        let wrong = (control | escaped & !(bytes.escapable() | quote | backslash)) & inside | unicode;
        Self { inside, quotes, wrong, control, whole }
    }

    /// Whether a single string fills the block.
    #[inline(always)]
    pub(super) const fn are_all(&self) -> bool {
        (!self.inside | self.quotes) & below(LAST) == 0
    }
}

/// The backslashes that begin an escape. No escape goes on from the block before.
#[inline(always)]
const fn escapes(backslash: u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    // Of a run of backslashes the first, the third and so on begin an escape. A carry empties those runs that start at
    // an even place.
    let starts = backslash & !(backslash << 1);
    let even_runs = backslash & !backslash.wrapping_add(starts & EVEN);
    even_runs & EVEN | backslash & !even_runs & !EVEN
}

/// Which `\u` lack their four digits, and how many bytes there are before the first escape that is cut off.
#[inline(always)]
fn unicode(text: &[u8], letters: u64, escapes: u64) -> (u64, u32) {
    // The last byte of a block only tells whether something goes on.
    let mut whole = if escapes >> 62 & 1 == 1 { LAST - 1 } else { LAST };
    let mut wrong = 0;
    for letter in each(letters) {
        let digits = text.get(letter as usize + 1..letter as usize + 5).unwrap_or_default();
        if letter + 5 > LAST {
            whole = whole.min(letter - 1);
        } else if !digits.iter().all(u8::is_ascii_hexdigit) {
            wrong |= 1 << letter;
        }
    }
    (wrong & below(whole), whole)
}
