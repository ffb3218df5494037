//! From raw text between quotes to what JavaScript sees.

use std::borrow::Cow;

/// What the raw text between a string's quotes means, as WTF-8: UTF-8 in which a lone surrogate has its three bytes.
///
/// An escaped high surrogate directly followed by an escaped low one is one character of four bytes. A backslash that
/// begins no escape (in text that was cut short) stands for itself.
///
/// ```
/// use session_reaper::json::decode;
/// assert_eq!(&*decode(br"\u0075pdatedAt"), b"updatedAt");
/// assert_eq!(&*decode(br"\ud83d\ude00"), "😀".as_bytes());
/// assert_eq!(&*decode(br"\ud83d"), b"\xed\xa0\xbd");
/// ```
#[must_use]
pub fn decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut pieces = Pieces(raw);
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Byte(byte) => text.push(byte),
            Piece::Unit(unit) => push_char(&mut text, pieces.paired(unit)),
        }
    }
    Cow::Owned(text)
}

/// Whether the raw text between a string's quotes means exactly this ASCII name. Allocates nothing.
///
/// ```
/// assert!(session_reaper::json::means(br"\u0075pdatedAt", "updatedAt"));
/// ```
#[must_use]
pub fn means(raw: &[u8], name: &str) -> bool {
    if raw.len() < name.len() {
        return false; // No escape is shorter than what it stands for.
    }
    if memchr::memchr(b'\\', raw).is_none() {
        return raw == name.as_bytes();
    }
    Pieces(raw).eq(name.bytes().map(Piece::Byte))
}

/// A byte that stands for itself, or an escape for a UTF-16 unit beyond ASCII.
#[derive(PartialEq, Eq)]
enum Piece {
    Byte(u8),
    Unit(u16),
}

impl Piece {
    const fn of_unit(unit: u16) -> Self {
        match unit {
            #[expect(clippy::cast_possible_truncation, reason = "it is below 0x80")]
            0..0x80 => Self::Byte(unit as u8),
            _ => Self::Unit(unit),
        }
    }
}

/// Raw text piece by piece.
struct Pieces<'a>(&'a [u8]);

impl Iterator for Pieces<'_> {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        let (first, rest) = self.0.split_first()?;
        let (piece, rest) = if *first == b'\\' { escape(rest) } else { (Piece::Byte(*first), rest) };
        self.0 = rest;
        Some(piece)
    }
}

impl Pieces<'_> {
    /// The character of a unit, for which a low surrogate is taken along when one follows a high one.
    fn paired(&mut self, unit: u16) -> u32 {
        let mut ahead = Self(self.0);
        match (unit, ahead.next()) {
            (0xd800..0xdc00, Some(Piece::Unit(low @ 0xdc00..0xe000))) => {
                self.0 = ahead.0;
                0x1_0000 + (u32::from(unit & 0x3ff) << 10 | u32::from(low & 0x3ff))
            }
            _ => u32::from(unit),
        }
    }
}

/// The escape that follows a backslash, and what is behind it.
fn escape(text: &[u8]) -> (Piece, &[u8]) {
    let Some((letter, rest)) = text.split_first() else { return (Piece::Byte(b'\\'), text) };
    let byte = match letter {
        b'"' | b'\\' | b'/' => *letter,
        b'b' => 0x8,
        b'f' => 0xc,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return hex(rest).unwrap_or((Piece::Byte(b'\\'), text)),
        _ => return (Piece::Byte(b'\\'), text),
    };
    (Piece::Byte(byte), rest)
}

/// The unit of four hexadecimal digits, and what is behind them.
fn hex(text: &[u8]) -> Option<(Piece, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let mut unit = 0;
    for digit in digits {
        unit = unit << 4 | char::from(*digit).to_digit(16)?;
    }
    Some((Piece::of_unit(u16::try_from(unit).ok()?), rest))
}

/// Appends a character, a lone surrogate as if it were one.
pub(super) fn push_char(text: &mut Vec<u8>, code: u32) {
    if let Some(c) = char::from_u32(code) {
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        // Only surrogates get here, and all of them lie in 0xd800..0xe000.
        let [high, low] = [code >> 6 & 0x3f, code & 0x3f].map(|bits| 0x80 | u8::try_from(bits).unwrap_or(0));
        text.extend_from_slice(&[0xed, high, low]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_escape_is_resolved() {
        for (raw, text) in [
            (r"", ""),
            (r"plain é", "plain é"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u0041\u00e9\u20AC", "Aé€"),
            (r"\ud83d\ude00", "😀"),
            (r"x\uD83D\uDE00y", "x😀y"),
            (r"\udbff\udfff", "\u{10ffff}"),
            (r"\ud800\udc00", "\u{10000}"),
            (r"\\u0041", r"\u0041"),
            (r"\u0000\u007f\u0080\u07ff\u0800", "\0\u{7f}\u{80}\u{7ff}\u{800}"),
        ] {
            assert_eq!(decode(raw.as_bytes()), text.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn a_lone_surrogate_keeps_its_three_bytes() {
        for (raw, bytes) in [
            (r"\ud800", &b"\xed\xa0\x80"[..]),
            (r"\udfffa", b"\xed\xbf\xbfa"),
            (r"\ude00\ud83d", b"\xed\xb8\x80\xed\xa0\xbd"),
            (r"\ud83d\ud83d\ude00", b"\xed\xa0\xbd\xf0\x9f\x98\x80"),
            (r"\ud83dx\ude00", b"\xed\xa0\xbdx\xed\xb8\x80"),
            (r"\ud83d\u0041", b"\xed\xa0\xbdA"),
        ] {
            assert_eq!(&*decode(raw.as_bytes()), bytes, "{raw}");
        }
    }

    #[test]
    fn text_that_was_cut_within_an_escape_is_kept() {
        for raw in [r"a\", r"a\u", r"a\u00", r"a\u12G4", r"a\q"] {
            assert_eq!(decode(raw.as_bytes()), raw.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn a_name_is_known_however_it_is_written() {
        for raw in [r"updatedAt", r"\u0075pdatedAt", r"updated\u0041\u0074"] {
            assert!(means(raw.as_bytes(), "updatedAt"), "{raw}");
        }
        for raw in
            [r"", r"updatedA", r"updatedAtt", r"\u0075pdatedA", r"UpdatedAt", r"\u0175pdatedAt", r"\\u0075"]
        {
            assert!(!means(raw.as_bytes(), "updatedAt"), "{raw}");
        }
        assert!(means(br"a\/b", "a/b") && means(b"", "") && !means(br"\n", r"\n") && !means(br"\n", ""));
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_json_writes(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let raw = &json.as_bytes()[1..json.len() - 1];
            prop_assert_eq!(&*decode(raw), text.as_bytes());
            prop_assert!(!text.is_ascii() || means(raw, &text));
        }

        #[test]
        fn nothing_makes_it_panic_and_means_agrees(raw in any::<Vec<u8>>(), name in "[a-zA-Z\\\\\"]{0,3}") {
            prop_assert_eq!(means(&raw, &name), &*decode(&raw) == name.as_bytes());
        }
    }
}
