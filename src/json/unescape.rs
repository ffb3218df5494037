//! The same as [`decode`](super::decode()) for text that goes by in pieces: however long a string is, nothing of it is held.

use super::decode::push_char;

/// How far into an escape the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Plain,
    Backslash,
    /// So many digits of a unit have been read.
    Hex(u8, u16),
}

/// Resolves the escapes of a string that is well-formed, to WTF-8. What is no escape is dropped.
#[derive(Debug, Default)]
pub(crate) struct Unescaper {
    at: At,
    /// A high surrogate that awaits its other half.
    high: Option<u16>,
}

impl Unescaper {
    /// Adds to `text` what the next bytes mean.
    pub(crate) fn feed(&mut self, mut raw: &[u8], text: &mut Vec<u8>) {
        while let Some((first, rest)) = raw.split_first() {
            if self.at == At::Plain && *first != b'\\' {
                let end = memchr::memchr(b'\\', raw).unwrap_or(raw.len());
                let (plain, behind) = raw.split_at_checked(end).unwrap_or((raw, &[]));
                self.let_go(text);
                text.extend_from_slice(plain);
                raw = behind;
            } else {
                self.escape(*first, text);
                raw = rest;
            }
        }
    }

    /// The text has ended.
    pub(crate) fn finish(&mut self, text: &mut Vec<u8>) {
        self.let_go(text);
    }

    fn escape(&mut self, byte: u8, text: &mut Vec<u8>) {
        self.at = match (self.at, byte) {
            (At::Plain, _) => At::Backslash,
            (At::Backslash, b'u') => At::Hex(0, 0),
            (At::Backslash, _) => {
                self.let_go(text);
                text.push(meaning(byte));
                At::Plain
            }
            (At::Hex(read, unit), _) => {
                let digit = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok());
                let unit = unit << 4 | digit.unwrap_or(0);
                if read == 3 {
                    self.unit(unit, text);
                    At::Plain
                } else {
                    At::Hex(read + 1, unit)
                }
            }
        };
    }

    fn unit(&mut self, unit: u16, text: &mut Vec<u8>) {
        match (self.high, unit) {
            (Some(high), 0xdc00..0xe000) => {
                self.high = None;
                push_char(text, 0x1_0000 + (u32::from(high & 0x3ff) << 10 | u32::from(unit & 0x3ff)));
            }
            (_, 0xd800..0xdc00) => {
                self.let_go(text);
                self.high = Some(unit);
            }
            _ => {
                self.let_go(text);
                push_char(text, u32::from(unit));
            }
        }
    }

    /// The other half does not come.
    fn let_go(&mut self, text: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            push_char(text, u32::from(high));
        }
    }
}

const fn meaning(letter: u8) -> u8 {
    match letter {
        b'b' => 0x8,
        b'f' => 0xc,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::decode, *};

    proptest! {
        #[test]
        fn i2_it_means_what_decode_says_wherever_it_is_cut(
            raw in r#"(a|ä|𝄞|\\n|\\"|\\\\|\\/|\\u0041|\\u00e9|\\ud83d|\\ude00|\\uD83D\\uDE00){0,30}"#, size in 1_usize..9,
        ) {
            let (mut unescaper, mut text) = (Unescaper::default(), Vec::new());
            for piece in raw.as_bytes().chunks(size) {
                unescaper.feed(piece, &mut text);
            }
            unescaper.finish(&mut text);
            prop_assert_eq!(&*decode(raw.as_bytes()), &*text);
        }
    }
}
