//! Whether a result is what a compaction has put in its place. Such a one stays, whatever the limit is by now: the excerpt of an
//! excerpt would not say any more where the result is.

/// A notice is in the first so many bytes of an excerpt, with the longest path that there can be.
pub(super) const HEAD: usize = 8 * 1024;

/// How notices begin, but for those that begin with a size.
const BEGINNINGS: [&[u8]; 6] = [
    b"[the first line shown is a part of line ",
    b"[the last ",
    b"[the first ",
    b"[bytes 0 to ",
    b"[all of it is in ",
    b"[it is no text: all ",
];

/// Whether a result that begins so was made by a compaction, of whatever transcript: one that was moved still names its payloads
/// where they were.
pub(super) fn is_excerpt(head: &[u8]) -> bool {
    let is_notice = BEGINNINGS.iter().any(|beginning| head.starts_with(beginning)) || tells_size(head);
    is_notice && names_a_payload(head)
}

/// `[123 bytes of text/plain are in `
fn tells_size(head: &[u8]) -> bool {
    let Some(rest) = head.strip_prefix(b"[") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest.get(digits..).is_some_and(|rest| rest.starts_with(b" bytes of text/plain are in "))
}

fn names_a_payload(head: &[u8]) -> bool {
    const FOLDER: &[u8] = b".payloads/";
    memchr::memmem::find_iter(head, FOLDER).any(|at| {
        let name = head.get(at + FOLDER.len()..).unwrap_or_default();
        name.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count() == 64
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::artifact::payloads::{Excerpt, Limits, Side, Window};

    fn sides() -> impl Strategy<Value = Side> {
        prop_oneof![Just(Side::Tail), any::<u64>().prop_map(|first_line| Side::Head { first_line })]
    }

    proptest! {
        #[test]
        fn i2_whatever_stands_in_the_place_of_a_result_is_known_again(
            text in "([ab\n\u{0}]){1,60}", bytes in 0_usize..70, lines in 1_usize..9, side in sides(), is_text: bool,
            folder in "[^\u{0}]{0,200}",
        ) {
            let path = format!("{folder}/x.jsonl.payloads/{}", "0a".repeat(32));
            let length = text.len() as u64;
            let all = text.split_inclusive('\n').count() as u64;
            let window = Window { bytes: text.as_bytes(), from: 0, length, lines: all, is_text };
            let shown = Excerpt::of_window(&window, "text/plain", side, Limits { bytes, lines }, Path::new(&path));
            prop_assert!(is_excerpt(shown.to_string().as_bytes()), "{shown}");
        }
    }

    #[test]
    fn what_only_speaks_of_payloads_is_no_excerpt() {
        let hash = "0a".repeat(32);
        for text in [
            format!("[\"/t/x.jsonl.payloads/{hash}\"]"),
            format!("the last 3 lines are in /t/x.jsonl.payloads/{hash}"),
            format!("[the last 3 lines are in /t/x.jsonl.payloads/{hash}0]"),
            format!("[the last 3 lines are in /t/x.jsonl/{hash}]"),
            format!("[ bytes of text/plain are in /t/x.jsonl.payloads/{hash}: read them]"),
            "[the last 3 lines]".to_owned(),
        ] {
            assert!(!is_excerpt(text.as_bytes()), "{text}");
        }
    }
}
