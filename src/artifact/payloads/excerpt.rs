//! What is shown of a payload that is elsewhere, and how to read on.

use std::{fmt, ops::Range, path::Path};

use serde::{Deserialize, Serialize};

use super::text::{self, Limits};

/// Which end of a payload is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The end, as of what a program said: the result stands there.
    #[default]
    Tail,
    /// The beginning, as of a file that is read from this line on: the next line can be named.
    Head {
        /// The number of the payload's first line, 1 for the whole of a file.
        first_line: u64,
    },
}

/// What is shown of a payload, and how to read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Excerpt {
    /// What is shown: the bytes from `from` to `to`. What is no text in there is replaced; of what is none at all nothing is
    /// shown, and only its kind and length are told here.
    pub text: String,
    /// What is missing, and how to read it.
    pub notice: String,
    /// Where the excerpt begins in the payload.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
}

impl fmt::Display for Excerpt {
    /// The notice, and below it the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.notice, self.text)
    }
}

/// The end of a payload that is to be shown, and what is known of the rest: all that an excerpt is made of.
#[derive(Debug, Clone, Copy)]
pub(in crate::artifact) struct Window<'a> {
    /// The payload, or that end of it: some bytes longer than what may be shown, if there is more.
    pub(in crate::artifact) bytes: &'a [u8],
    /// Where it begins in the payload.
    pub(in crate::artifact) from: u64,
    /// How long the payload is.
    pub(in crate::artifact) length: u64,
    /// How many lines it has.
    pub(in crate::artifact) lines: u64,
    /// Whether it can be shown.
    pub(in crate::artifact) is_text: bool,
}

impl<'a> Window<'a> {
    fn whole(payload: &'a [u8], mime: &str) -> Self {
        Self {
            bytes: payload,
            from: 0,
            length: payload.len() as u64,
            lines: text::lines(payload) as u64,
            is_text: text::is_text(payload, mime),
        }
    }

    fn range(&self, side: Side, limits: Limits) -> Range<usize> {
        if !self.is_text {
            return 0..0;
        }
        let cut = |limits| match side {
            Side::Tail => text::tail(self.bytes, limits),
            Side::Head { .. } => text::head(self.bytes, limits),
        };
        let range = cut(limits);
        // Only what is shown matters. A byte in there that is no text is shown as a character of three.
        let is_clean = self.bytes.get(range.clone()).is_some_and(|shown| std::str::from_utf8(shown).is_ok());
        if is_clean { range } else { cut(Limits { bytes: limits.bytes / 3, ..limits }) }
    }

    /// Whether this byte of it is in the middle of a line.
    fn is_cut(&self, at: usize) -> bool {
        at > 0 && self.bytes.get(at - 1) != Some(&b'\n')
    }

    /// How many lines stand before this byte of it; one that is cut there counts.
    fn lines_before(&self, at: usize, shown: u64) -> u64 {
        if at == 0 && self.from == 0 { 0 } else { self.lines - shown + u64::from(self.is_cut(at)) }
    }
}

impl Excerpt {
    /// What is shown of a payload that is kept at `path`, however long it becomes.
    #[cfg(test)]
    pub(super) fn of(payload: &[u8], mime: &str, side: Side, limits: Limits, path: &Path) -> Self {
        Self::of_window(&Window::whole(payload, mime), mime, side, limits, path)
    }

    /// What stands in the place of a payload: with its notice it is shorter than that, so that no context grows by it. Where
    /// not even a notice by itself is, as much is shown as ever.
    pub(super) fn in_place_of(payload: &[u8], mime: &str, side: Side, limits: Limits, path: &Path) -> Self {
        let window = Window::whole(payload, mime);
        let of = |bytes| Self::of_window(&window, mime, side, Limits { bytes, ..limits }, path);
        let mut excerpt = of(limits.bytes);
        loop {
            let surplus = (excerpt.said() + 1).saturating_sub(payload.len());
            if surplus == 0 {
                return excerpt;
            }
            if excerpt.from == excerpt.to {
                return of(limits.bytes);
            }
            // Another notice may be longer than this one: then it is not enough, and less is shown.
            excerpt = of(excerpt.text.len().saturating_sub(surplus));
        }
    }

    /// How long it is when all of it is said.
    const fn said(&self) -> usize {
        self.notice.len() + 1 + self.text.len()
    }

    /// The same of a payload of which only an end is at hand.
    pub(in crate::artifact) fn of_window(
        window: &Window<'_>,
        mime: &str,
        side: Side,
        limits: Limits,
        path: &Path,
    ) -> Self {
        let range = window.range(side, limits);
        let shown = window.bytes.get(range.clone()).unwrap_or_default();
        let from = window.from + range.start as u64;
        let text = if window.is_text {
            String::from_utf8_lossy(shown).into_owned()
        } else {
            format!("(binary: {} bytes of {}, not shown)", window.length, named(mime))
        };
        Self { text, notice: notice(window, mime, side, range, path), from, to: from + shown.len() as u64 }
    }
}

fn notice(window: &Window<'_>, mime: &str, side: Side, range: Range<usize>, path: &Path) -> String {
    let (length, path) = (window.length, path.display());
    if !window.is_text {
        return format!("[it is no text: all {length} bytes of it are in {path}: read them by byte ranges]");
    }
    let shown = window.bytes.get(range.clone()).unwrap_or_default();
    if shown.len() as u64 == length {
        return format!("[all of it is in {path} as well]");
    }
    let Some(last) = shown.last() else {
        return format!("[{length} bytes of {} are in {path}: read them by byte ranges]", named(mime));
    };
    let lines = text::lines(shown) as u64;
    let (from, to) = (window.from + range.start as u64, window.from + range.end as u64);
    let line = window.lines_before(range.start, lines);
    match side {
        Side::Tail if window.is_cut(range.start) => {
            let before = if line > 1 { format!("lines 1 to {} and ", line - 1) } else { String::new() };
            format!(
                "[the first line shown is a part of line {line}; {} whole lines of {} follow, up to byte {length}; all of it is \
                 in {path}: {before}the beginning of line {line}, bytes 0 to {from} are not shown: read that line on by byte \
                 ranges]",
                lines.saturating_sub(1),
                window.lines,
            )
        }
        Side::Tail => format!(
            "[the last {lines} of {} lines, bytes {from} to {length}; all of it is in {path}: lines 1 to {line}, bytes 0 to {from} \
             are not shown]",
            window.lines,
        ),
        Side::Head { first_line } if *last == b'\n' => format!(
            "[the first {lines} of {} lines, bytes 0 to {to} of {length}; all of it is in {path}: read on at line {}, byte {to}]",
            window.lines,
            first_line.saturating_add(lines),
        ),
        Side::Head { .. } => format!(
            "[bytes 0 to {to} of {length}; all of it is in {path}: there is no line break in what is shown, so that reading by \
             lines cannot advance; read on at byte {to}, by byte ranges]"
        ),
    }
}

/// What a kind is called.
const fn named(mime: &str) -> &str {
    if mime.is_empty() { "an unknown kind" } else { mime }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(payload: &[u8], side: Side, bytes: usize, lines: usize) -> Excerpt {
        Excerpt::of(payload, "text/plain", side, Limits { bytes, lines }, Path::new("/spool/s-1/abc"))
    }

    const HEAD: Side = Side::Head { first_line: 11 };

    #[test]
    fn it_tells_how_to_read_on() {
        let shown = of(b"a\nb\nc\nd", Side::Tail, 99, 2).to_string();
        assert_eq!(
            shown,
            "[the last 2 of 4 lines, bytes 4 to 7; all of it is in /spool/s-1/abc: lines 1 to 2, bytes 0 to 4 are not shown]\nc\nd"
        );
        let head = of(b"a\nb\nc\nd", HEAD, 99, 2);
        assert_eq!(head.text, "a\nb\n");
        assert!(head.notice.ends_with("read on at line 13, byte 4]"), "{}", head.notice);
        let long = of(b"abcdefgh", HEAD, 3, 2);
        assert_eq!(long.text, "abc");
        assert!(long.notice.contains("by lines cannot advance; read on at byte 3"), "{}", long.notice);
        let all = of(b"abc", Side::Tail, 3, 1);
        assert_eq!(all.to_string(), "[all of it is in /spool/s-1/abc as well]\nabc");
    }

    #[test]
    fn of_what_is_no_text_only_kind_and_size_are_told() {
        for (payload, mime, named) in [
            (&b"ab\0cd"[..], "text/plain", "text/plain"),
            (b"abcdefghi", "image/png", "image/png"),
            (b"\0", "", "an unknown kind"),
        ] {
            let limits = Limits { bytes: 4, lines: 9 };
            let shown = Excerpt::of(payload, mime, Side::Tail, limits, Path::new("/p"));
            let size = payload.len();
            assert_eq!((shown.from, shown.to), (0, 0));
            assert_eq!(shown.text, format!("(binary: {size} bytes of {named}, not shown)"));
            assert_eq!(
                shown.notice,
                format!("[it is no text: all {size} bytes of it are in /p: read them by byte ranges]")
            );
        }
    }

    #[test]
    fn a_cut_within_a_line_is_told_and_only_whole_lines_are_counted() {
        let shown = of(b"a\nbbbb\nc\nd\n", Side::Tail, 7, 9);
        assert_eq!(shown.text, "bb\nc\nd\n");
        for word in [
            "a part of line 2",
            "2 whole lines of 4",
            "lines 1 to 1 and the beginning",
            "bytes 0 to 4 ",
            "byte ranges",
        ] {
            assert!(shown.notice.contains(word), "{word}: {}", shown.notice);
        }
        let first = of(b"abcdef\nc\n", Side::Tail, 5, 9).notice;
        assert!(first.contains("a part of line 1") && !first.contains("lines 1 to 0"), "{first}");
    }

    #[test]
    fn what_is_not_shown_makes_what_is_shown_no_shorter() {
        let payload = [&b"\xff\xff\n"[..], "ä".repeat(50).as_bytes()].concat();
        assert_eq!(of(&payload, Side::Tail, 60, 9).text, "ä".repeat(30));
        let payload = ["ä".repeat(50).as_bytes(), b"\xff"].concat();
        assert_eq!(of(&payload, HEAD, 60, 9).text, "ä".repeat(30));
    }

    /// The number behind a word.
    fn after(notice: &str, word: &str) -> Option<usize> {
        let rest = notice.split_once(word)?.1;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    }

    /// What a notice says is not shown, together with what is.
    fn whole(payload: &[u8], shown: &Excerpt) -> Vec<u8> {
        let (notice, text) = (&shown.notice, shown.text.as_bytes());
        if let Some(at) = after(notice, "bytes 0 to ").filter(|_| notice.contains(" not shown")) {
            return [&payload[..at], text].concat();
        }
        let at = [", byte ", " read on at byte "].iter().find_map(|word| after(notice, word));
        [text, &payload[at.unwrap_or(payload.len())..]].concat()
    }

    fn sides() -> impl Strategy<Value = Side> {
        prop_oneof![Just(Side::Tail), any::<u64>().prop_map(|first_line| Side::Head { first_line })]
    }

    proptest! {
        #[test]
        fn i2_any_bytes_are_cut_without_a_panic_and_never_too_long(
            payload in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), 0x80..0xff_u8], 0..400),
            side in sides(), bytes in 1_usize..300, lines in 1_usize..20,
        ) {
            let shown = of(&payload, side, bytes, lines);
            if text::is_text(&payload, "text/plain") {
                prop_assert!(shown.text.len() <= bytes, "{} of {bytes}", shown.text.len());
                prop_assert!(text::lines(shown.text.as_bytes()) <= lines);
            }
            prop_assert!(shown.from <= shown.to && shown.to <= payload.len() as u64);
            prop_assert_eq!(shown.to_string().len(), shown.said());
        }

        #[test]
        fn i2_what_stands_in_the_place_of_a_payload_is_shorter_than_it(
            payload in proptest::collection::vec(
                prop_oneof![8 => Just(b'x'), 1 => Just(b'\n'), 1 => any::<u8>(), 1 => 0x80..0xff_u8], 1..700,
            ),
            side in sides(), mime in "(text/plain|image/png|)", less in 0_usize..9, lines in 1_usize..400,
        ) {
            let limits = Limits { bytes: payload.len().saturating_sub(less).max(1), lines };
            let of = |limits| Excerpt::of(&payload, &mime, side, limits, Path::new("/spool/s-1/abc"));
            let shown = Excerpt::in_place_of(&payload, &mime, side, limits, Path::new("/spool/s-1/abc"));
            let least = of(Limits { bytes: 0, lines }).to_string().len();
            if least < payload.len() {
                prop_assert!(shown.to_string().len() < payload.len(), "{} of {}", shown, payload.len());
            } else {
                prop_assert_eq!(&shown, &of(limits));
            }
            // Nothing is held back that need not be.
            if of(limits).to_string().len() < payload.len() {
                prop_assert_eq!(shown, of(limits));
            }
        }

        #[test]
        fn i2_an_excerpt_is_cut_between_characters_and_with_the_rest_it_is_the_payload(
            payload in "(\\PC|[\näß€𝄞]){0,200}", side in sides(), bytes in 4_usize..300, lines in 1_usize..20,
        ) {
            let shown = of(payload.as_bytes(), side, bytes, lines);
            let (from, to) = (usize::try_from(shown.from).unwrap(), usize::try_from(shown.to).unwrap());
            prop_assert!(payload.is_char_boundary(from) && payload.is_char_boundary(to));
            let (before, behind) = (payload.get(..from).unwrap(), payload.get(to..).unwrap());
            prop_assert_eq!(format!("{before}{}{behind}", shown.text), payload.clone());
            prop_assert_eq!(whole(payload.as_bytes(), &shown), payload.as_bytes(), "{}", shown.notice);
            // Something is shown of whatever there is.
            prop_assert!(payload.is_empty() || !shown.text.is_empty());
        }

        #[test]
        fn i2_the_lines_that_a_notice_names_are_the_lines_that_are_not_shown(
            payload in "([ab\n]){0,60}", bytes in 1_usize..40, lines in 1_usize..9,
        ) {
            let shown = of(payload.as_bytes(), Side::Tail, bytes, lines);
            let all: Vec<&str> = payload.split_inclusive('\n').collect();
            let missing = after(&shown.notice, "lines 1 to ").unwrap_or_default();
            let (hidden, rest) = all.split_at(missing.min(all.len()));
            prop_assert!(hidden.concat().len() as u64 <= shown.from, "{}", shown.notice);
            if shown.notice.contains("a part of line") {
                prop_assert_eq!(after(&shown.notice, "a part of line "), Some(missing + 1));
                prop_assert_eq!(after(&shown.notice, "; "), Some(rest.len() - 1), "{}", shown.notice);
                prop_assert!(rest[0].len() > shown.text.split_inclusive('\n').next().unwrap().len());
            } else {
                prop_assert_eq!(rest.concat(), shown.text, "{}", shown.notice);
            }
        }

        #[test]
        fn i2_of_an_end_of_a_payload_the_same_is_shown_as_of_all_of_it(
            text in "(\\PC|[\naß€𝄞]){1,200}", odd in proptest::option::of(any::<prop::sample::Index>()),
            side in sides(), bytes in 4_usize..99, lines in 1_usize..20,
        ) {
            let mut all = text.into_bytes();
            if let Some(odd) = odd {
                let at = odd.index(all.len());
                all[at] = 0xff;
            }
            let (all, limits) = (&all[..], Limits { bytes, lines });
            let (path, mime) = (Path::new("/p"), "text/plain");
            let begin = if side == Side::Tail { all.len().saturating_sub(bytes + 4) } else { 0 };
            let end = if side == Side::Tail { all.len() } else { all.len().min(bytes + 4) };
            let window = Window { bytes: &all[begin..end], from: begin as u64, ..Window::whole(all, mime) };
            let shown = Excerpt::of_window(&window, mime, side, limits, path);
            prop_assert_eq!(shown, Excerpt::of(all, mime, side, limits, path));
        }
    }
}
