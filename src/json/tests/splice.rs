//! I2 at its root: what is not cut keeps its bytes, and looks like it did.

use proptest::prelude::*;

use crate::json::{
    cuts,
    testing::{Dice, Document, KeptRow, leave_out, record},
};

/// The text without the rows for which `doomed` says so, by their index.
fn without(text: &str, doomed: impl Fn(usize) -> bool) -> String {
    let (record, layout) = record(text.as_bytes());
    let rows = record.rows(text.as_bytes());
    let doomed = rows.iter().enumerate().filter(|(index, _)| doomed(*index)).map(|(_, row)| row.2);
    String::from_utf8(leave_out(text.as_bytes(), &cuts(&layout.expect(text), doomed))).unwrap()
}

#[test]
fn every_row_of_every_style_can_go() {
    for (text, first, middle, last) in [
        (r#"{"a":1,"b":2,"c":3}"#, r#"{"b":2,"c":3}"#, r#"{"a":1,"c":3}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a": 1, "b": 2, "c": 3}"#, r#"{"b": 2, "c": 3}"#, r#"{"a": 1, "c": 3}"#, r#"{"a": 1, "b": 2}"#),
        (
            "\u{feff}{\r\n\t\"a\": 1,\r\n\t\"b\": 2,\r\n\t\"c\": 3\r\n}\r\n",
            "\u{feff}{\r\n\t\"b\": 2,\r\n\t\"c\": 3\r\n}\r\n",
            "\u{feff}{\r\n\t\"a\": 1,\r\n\t\"c\": 3\r\n}\r\n",
            "\u{feff}{\r\n\t\"a\": 1,\r\n\t\"b\": 2\r\n}\r\n",
        ),
        (
            "{\n  \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}",
            "{\n  \"b\": 2\n, \"c\": 3\n}",
            "{\n  \"a\": 1\n, \"c\": 3\n}",
            "{\n  \"a\": 1\n, \"b\": 2\n}",
        ),
    ] {
        assert_eq!(without(text, |index| index == 0), first);
        assert_eq!(without(text, |index| index == 1), middle);
        assert_eq!(without(text, |index| index == 2), last);
        assert_eq!(without(text, |_| false), text);
        let braces = if text.starts_with('{') { "{}" } else { "\u{feff}{}\r\n" };
        assert_eq!(without(text, |_| true), braces);
    }
}

#[test]
fn runs_of_rows_are_one_cut() {
    let text = r#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#;
    let (record, layout) = record(text.as_bytes());
    let rows = record.rows(text.as_bytes());
    let of = |doomed: &[usize]| -> Vec<(u64, u64)> {
        let spans = doomed.iter().map(|index| rows[*index].2);
        cuts(layout.as_ref().unwrap(), spans).into_iter().map(|cut| (cut.start, cut.end)).collect()
    };
    assert_eq!(of(&[]), []);
    assert_eq!(of(&[0, 1]), [(1, 13)]);
    assert_eq!(of(&[1, 2, 4]), [(7, 19), (24, 30)]);
    assert_eq!(of(&[3, 4]), [(18, 30)]);
    assert_eq!(of(&[0, 1, 2, 3, 4]), [(1, 30)]);
    assert_eq!(of(&[0, 2, 4]), [(1, 7), (13, 19), (24, 30)]);
}

fn without_spans(rows: Vec<KeptRow>) -> Vec<(Vec<u8>, Vec<u8>)> {
    rows.into_iter().map(|(key, value, _)| (key, value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn i2_survivors_keep_their_bytes_and_their_order(entropy in any::<Vec<u8>>(), mask in any::<u16>()) {
        let mut dice = Dice::from_bytes(&entropy);
        let document = Document::any(&mut dice, 12);
        let text = document.text(&mut dice);
        let doomed = |index: usize| mask >> (index % 16) & 1 == 1;
        let output = without(&text, doomed);
        let mut index = 0;
        let mut rows = record(text.as_bytes()).0.rows(text.as_bytes());
        rows.retain(|_| { index += 1; !doomed(index - 1) });
        let (kept, layout) = record(output.as_bytes());
        prop_assert!(layout.is_ok(), "{:?} from {} is {}", layout, text, output);
        prop_assert_eq!(without_spans(kept.rows(output.as_bytes())), without_spans(rows));
    }

    #[test]
    fn i2_the_text_looks_as_if_the_rows_had_never_been_there(entropy in any::<Vec<u8>>(), mask in any::<u16>()) {
        let mut dice = Dice::from_bytes(&entropy);
        let document = Document::any(&mut dice, 12);
        prop_assume!(document.style.is_uniform());
        let doomed = |index: usize| mask >> (index % 16) & 1 == 1;
        let text = document.text(&mut dice);
        prop_assert_eq!(without(&text, doomed), document.without(doomed).text(&mut dice));
    }

    #[test]
    fn i2_cuts_are_in_order_and_apart(entropy in any::<Vec<u8>>(), mask in any::<u16>()) {
        let mut dice = Dice::from_bytes(&entropy);
        let text = Document::any(&mut dice, 12).text(&mut dice);
        let (record, layout) = record(text.as_bytes());
        let rows = record.rows(text.as_bytes());
        let doomed = rows.iter().enumerate().filter(|(index, _)| mask >> (index % 16) & 1 == 1);
        let layout = layout.unwrap();
        let cuts = cuts(&layout, doomed.map(|(_, row)| row.2));
        prop_assert!(cuts.windows(2).all(|pair| pair[0].end < pair[1].start));
        prop_assert!(cuts.iter().all(|cut| cut.start < cut.end && layout.body.start <= cut.start && cut.end <= layout.body.end));
    }
}
