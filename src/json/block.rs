//! Eight bytes at a time: the first one that ends a stretch of string text or of white space.
//!
//! For where the machine goes token by token; what a sprint passes over is looked at in wider steps.

/// How many bytes are looked at at once.
const WIDTH: usize = 8;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The index of the first quote, backslash or control byte from `at` on, or the end of the text.
#[inline]
pub(super) fn find_special(text: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(text, at) {
        let hits = specials(word);
        if hits != 0 {
            return at + first(hits);
        }
        at += WIDTH;
    }
    find(text, at, |byte| matches!(byte, b'"' | b'\\' | ..0x20))
}

/// The index of the first byte from `at` on that is no white space, or the end of the text.
#[inline]
pub(super) fn skip_space(text: &[u8], mut at: usize) -> usize {
    if text.get(at).is_some_and(|byte| *byte > b' ') {
        return at;
    }
    while let Some(word) = word_at(text, at) {
        let hits = solids(word);
        if hits != 0 {
            return at + first(hits);
        }
        at += WIDTH;
    }
    find(text, at, |byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
}

/// The top bit of every quote, backslash and control byte, up to the first: behind it a carry may set more.
#[inline]
const fn specials(word: u64) -> u64 {
    zeros(word ^ repeat(b'"')) | zeros(word ^ repeat(b'\\')) | below(word, 0x20)
}

/// The top bit of every byte that is no white space.
#[inline]
const fn solids(word: u64) -> u64 {
    let blank = exact_zeros(word ^ repeat(b' ')) | exact_zeros(word ^ repeat(b'\t'));
    let ending = exact_zeros(word ^ repeat(b'\n')) | exact_zeros(word ^ repeat(b'\r'));
    !(blank | ending) & HIGHS
}

/// The top bit of every byte that is zero; behind the first such byte a borrow may set more.
#[inline]
const fn zeros(word: u64) -> u64 {
    below(word, 1)
}

/// The top bit of every byte below `limit` (at most 0x80); behind the first such byte a borrow may set more.
#[inline]
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(repeat(limit)) & !word & HIGHS
}

/// The top bit of every byte that is zero, and of no other.
#[inline]
const fn exact_zeros(word: u64) -> u64 {
    !(((word & !HIGHS) + !HIGHS) | word) & HIGHS
}

#[inline]
const fn repeat(byte: u8) -> u64 {
    ONES * byte as u64
}

/// Which byte the lowest bit is in.
#[inline]
const fn first(hits: u64) -> usize {
    hits.trailing_zeros() as usize / WIDTH
}

#[inline]
fn word_at(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..).and_then(<[u8]>::first_chunk).copied().map(u64::from_le_bytes)
}

#[inline]
fn find(text: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| wanted(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn special(byte: u8) -> bool {
        matches!(byte, b'"' | b'\\' | ..0x20)
    }

    fn solid(byte: u8) -> bool {
        !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
    }

    #[test]
    fn every_byte_is_told_apart_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..2 * WIDTH {
                let mut text = [b'a'; 2 * WIDTH];
                text[place] = byte;
                assert_eq!(find_special(&text, 0), if special(byte) { place } else { text.len() });
                let mut blank = [b' '; 2 * WIDTH];
                blank[place] = byte;
                assert_eq!(skip_space(&blank, 0), if solid(byte) { place } else { blank.len() });
            }
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_plain_search(
            text in prop::collection::vec(prop_oneof![4 => Just(b'a'), 4 => Just(b' '), 1 => any::<u8>()], 0..80),
            at in 0..90_usize,
        ) {
            let rest = text.get(at..).unwrap_or_default();
            let end = |found: Option<usize>| at + found.unwrap_or(rest.len());
            prop_assert_eq!(find_special(&text, at), end(rest.iter().position(|byte| special(*byte))));
            prop_assert_eq!(skip_space(&text, at), end(rest.iter().position(|byte| solid(*byte))));
        }
    }
}
