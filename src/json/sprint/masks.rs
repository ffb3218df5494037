//! What stands at each of 64 places, a bit a place: the only file that knows of vectors.
//!
//! One text for every processor: the crate behind it has the same operations for SSE2, AVX2, AVX-512, NEON and plain
//! words, and picks one when the program runs.

use fearless_simd::{Simd, prelude::*, u8x64};

/// How many bytes are looked at at once.
pub(super) const WIDTH: usize = 64;

/// Sixty-four bytes of text.
#[derive(Clone, Copy)]
pub(super) struct Bytes<S: Simd>(u8x64<S>);

/// What matters within strings.
#[derive(Clone, Copy)]
pub(super) struct Quoting {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// Bytes below 0x20.
    pub(super) control: u64,
}

/// What matters between strings.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    pub(super) space: u64,
    pub(super) comma: u64,
    pub(super) colon: u64,
    /// Brackets that open, of either kind.
    pub(super) open: u64,
    /// Brackets that close.
    pub(super) close: u64,
}

impl Marks {
    /// Those at these places.
    #[inline(always)]
    pub(super) const fn only(&self, places: u64) -> Self {
        Self {
            space: self.space & places,
            comma: self.comma & places,
            colon: self.colon & places,
            open: self.open & places,
            close: self.close & places,
        }
    }

    #[inline(always)]
    pub(super) const fn all(&self) -> u64 {
        self.space | self.comma | self.colon | self.open | self.close
    }
}

impl<S: Simd> Bytes<S> {
    #[inline(always)]
    pub(super) fn load(simd: S, bytes: &[u8; WIDTH]) -> Self {
        Self(u8x64::from_slice(simd, bytes))
    }

    /// Where this byte stands.
    #[inline(always)]
    pub(super) fn find(self, byte: u8) -> u64 {
        self.0.simd_eq(byte).to_bitmask()
    }

    #[inline(always)]
    pub(super) fn quoting(self) -> Quoting {
        Quoting {
            quote: self.find(b'"'),
            backslash: self.find(b'\\'),
            control: self.0.simd_lt(b' ').to_bitmask(),
        }
    }

    #[inline(always)]
    pub(super) fn marks(self, control: u64) -> Marks {
        // This bit alone tells curly brackets from square ones.
        let brackets = Self(self.0 | 0x20);
        Marks {
            space: self.space(control),
            comma: self.find(b','),
            colon: self.find(b':'),
            open: brackets.find(b'{'),
            close: brackets.find(b'}'),
        }
    }

    /// White space: of control bytes most texts have no other than the line feed.
    #[inline(always)]
    fn space(self, control: u64) -> u64 {
        let feed = self.find(b'\n');
        let rare = if control == feed { 0 } else { self.find(b'\t') | self.find(b'\r') };
        self.find(b' ') | feed | rare
    }

    /// The digits, and of these the zeros.
    #[inline(always)]
    pub(super) fn digits(self) -> (u64, u64) {
        ((self.0 - b'0').simd_le(9).to_bitmask(), self.find(b'0'))
    }

    /// Bytes that may follow a backslash, but for quote and backslash themselves.
    #[inline(always)]
    pub(super) fn escapable(self) -> u64 {
        let is = |byte: u8| self.0.simd_eq(byte);
        let letters = (is(b'b') | is(b'f')) | (is(b'n') | is(b'r')) | (is(b't') | is(b'u'));
        (letters | is(b'/')).to_bitmask()
    }
}
