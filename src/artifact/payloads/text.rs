//! Lines and characters in bytes that may be text.

use std::ops::Range;

/// What holds pictures and sounds is not shown, whatever its bytes look like.
const NO_TEXT: [&str; 4] = ["image/", "audio/", "video/", "font/"];

/// A kind is no longer than this.
const LONGEST_KIND: usize = 100;

/// What a payload is called, without what could end a line or be taken for more than a name.
pub(super) fn kind(mime: &str) -> String {
    let is_plain = |char: &char| char.is_ascii_alphanumeric() || "!#$&^_.+/;= -".contains(*char);
    mime.chars().filter(is_plain).take(LONGEST_KIND).collect()
}

/// Whether a payload can be shown to somebody who reads.
pub(super) fn is_text(payload: &[u8], mime: &str) -> bool {
    let is_named_otherwise =
        NO_TEXT.iter().any(|kind| mime.starts_with(kind)) || mime == "application/octet-stream";
    !is_named_otherwise && memchr::memchr(0, payload).is_none()
}

/// How many lines there are. A last one without a line break is one.
pub(super) fn lines(payload: &[u8]) -> usize {
    let breaks = memchr::memchr_iter(b'\n', payload).count();
    breaks + usize::from(payload.last().is_some_and(|last| *last != b'\n'))
}

/// At most so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::artifact) struct Limits {
    pub(in crate::artifact) bytes: usize,
    pub(in crate::artifact) lines: usize,
}

/// The last lines, and of these the last bytes.
pub(super) fn tail(payload: &[u8], limits: Limits) -> Range<usize> {
    let body = payload.strip_suffix(b"\n").unwrap_or(payload);
    let before = memchr::memrchr_iter(b'\n', body).nth(limits.lines.saturating_sub(1));
    let by_lines = before.map_or(0, |at| at + 1);
    let by_bytes = payload.len().saturating_sub(limits.bytes);
    let mut from = by_lines.max(by_bytes);
    while is_within(payload, from) && from - by_bytes < 3 {
        from += 1;
    }
    from..payload.len()
}

/// The first lines that fit as a whole; where the first one does not fit, the beginning of it.
pub(super) fn head(payload: &[u8], limits: Limits) -> Range<usize> {
    let last = memchr::memchr_iter(b'\n', payload).nth(limits.lines.saturating_sub(1));
    let most = last.map_or(payload.len(), |at| at + 1).min(limits.bytes);
    if most == payload.len() {
        return 0..most;
    }
    let mut to = most;
    while is_within(payload, to) && most - to < 3 {
        to -= 1;
    }
    let break_at = payload.get(..to).and_then(|shown| memchr::memrchr(b'\n', shown));
    0..break_at.map_or(to, |at| at + 1)
}

/// Whether a character begins before this byte and goes on with it.
fn is_within(payload: &[u8], at: usize) -> bool {
    at > 0 && payload.get(at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_people_do() {
        for (text, expected) in [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2)] {
            assert_eq!(lines(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_tail_has_the_last_lines_and_a_head_whole_ones() {
        let limits = |bytes, lines| Limits { bytes, lines };
        assert_eq!(tail(b"a\nb\nc\n", limits(99, 2)), 2..6);
        assert_eq!(tail(b"a\nb\nc", limits(99, 2)), 2..5);
        assert_eq!(tail(b"a\nb\nc", limits(4, 2)), 2..5);
        assert_eq!(tail(b"a\nb\nc", limits(2, 2)), 3..5);
        assert_eq!(head(b"a\nb\nc\n", limits(99, 2)), 0..4);
        assert_eq!(head(b"a\nbbbb\nc\n", limits(5, 2)), 0..2);
        assert_eq!(head(b"abcdef\nc\n", limits(3, 2)), 0..3);
        assert_eq!(head("aä\n".as_bytes(), limits(2, 2)), 0..1);
        assert_eq!(tail("äb".as_bytes(), limits(2, 2)), 2..3);
        assert_eq!((head(b"", limits(1, 1)), tail(b"", limits(1, 1))), (0..0, 0..0));
    }
}
