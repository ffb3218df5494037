//! I6 at its root: a text that is no store is refused, wherever it goes wrong, and the place is told.

use proptest::prelude::*;

use crate::json::testing::{Dice, Document, record, record_in_chunks};

/// Texts, where they go wrong, and how the message begins.
const REFUSED: &[(&str, u64, &str)] = &[
    ("", 0, "the text ends too early, expected a { (a store is a JSON object)"),
    (" \n ", 3, "the text ends too early, expected a {"),
    ("[]", 0, "expected a {"),
    ("null", 0, "expected a {"),
    ("\"a\"", 0, "expected a {"),
    ("\u{feff}\u{feff}{}", 3, "expected a {"),
    (" \u{feff}{}", 1, "expected a {"),
    ("\u{a0}{}", 0, "expected a {"),
    ("\u{b}{}", 0, "expected a {"),
    ("\0{}", 0, "expected a {"),
    ("{", 1, "the text ends too early, expected a key in double quotes or }"),
    ("{,}", 1, "expected a key in double quotes or }"),
    ("{'a':1}", 1, "expected a key in double quotes or }"),
    ("{a:1}", 1, "expected a key in double quotes or }"),
    ("{1:1}", 1, "expected a key in double quotes or }"),
    ("{]", 1, "expected a key in double quotes or }"),
    ("{//\n}", 1, "expected a key in double quotes or }"),
    ("{\"a\" 1}", 5, "expected a colon"),
    ("{\"a\"::1}", 5, "expected a value"),
    ("{\"a\":}", 5, "expected a value"),
    ("{\"a\":/**/1}", 5, "expected a value"),
    ("{\"a\":'b'}", 5, "expected a value"),
    ("{\"a\":NaN}", 5, "expected a value"),
    ("{\"a\":Infinity}", 5, "expected a value"),
    ("{\"a\":undefined}", 5, "expected a value"),
    ("{\"a\":+1}", 5, "expected a value"),
    ("{\"a\":.5}", 5, "expected a value"),
    ("{\"a\":]}", 5, "expected a value"),
    ("{\"a\":01}", 6, "expected a comma or }"),
    ("{\"a\":-01}", 7, "expected a comma or }"),
    ("{\"a\":1.}", 7, "expected a digit"),
    ("{\"a\":-}", 6, "expected a digit"),
    ("{\"a\":-a}", 6, "expected a digit"),
    ("{\"a\":1e}", 7, "expected a digit"),
    ("{\"a\":1e+}", 8, "expected a digit"),
    ("{\"a\":1e+-1}", 8, "expected a digit"),
    ("{\"a\":1e--1}", 8, "expected a digit"),
    ("{\"a\":1.e1}", 7, "expected a digit"),
    ("{\"a\":1e1.0}", 8, "expected a comma or }"),
    ("{\"a\":0x1}", 6, "expected a comma or }"),
    ("{\"a\":1_0}", 6, "expected a comma or }"),
    ("{\"a\":1n}", 6, "expected a comma or }"),
    ("{\"a\":tru}", 8, "expected true"),
    ("{\"a\":nil}", 6, "expected null"),
    ("{\"a\":falsey}", 10, "expected a comma or }"),
    ("{\"a\":True}", 5, "expected a value"),
    ("{\"a\":1 \"b\":2}", 7, "expected a comma or }"),
    ("{\"a\":1,}", 7, "expected a key in double quotes"),
    ("{\"a\":1,,\"b\":2}", 7, "expected a key in double quotes"),
    ("{\"a\":1]", 6, "expected a comma or }"),
    ("{\"a\":[1}}", 7, "expected a comma or ]"),
    ("{\"a\":[,]}", 6, "expected a value or ]"),
    ("{\"a\":[1,]}", 8, "expected a value"),
    ("{\"a\":[1 2]}", 8, "expected a comma or ]"),
    ("{\"a\":\"\\q\"}", 7, "expected an escape such as \\n"),
    ("{\"a\":\"\\'\"}", 7, "expected an escape"),
    ("{\"a\":\"\\x41\"}", 7, "expected an escape"),
    ("{\"a\":\"\\U0041\"}", 7, "expected an escape"),
    ("{\"a\":\"\\u12G4\"}", 10, "expected a hexadecimal digit"),
    ("{\"a\":\"\\u123\"}", 11, "expected a hexadecimal digit"),
    ("{\"a\":\"b\nc\"}", 7, "raw control character in a string"),
    ("{\"a\tb\":1}", 3, "raw control character in a string"),
    ("{\"a\":\"\0\"}", 6, "raw control character in a string"),
    ("{\"a\":\"\u{1f}\"}", 6, "raw control character in a string"),
    ("{\"a\":1}\0", 7, "expected nothing more after the object"),
    ("{\"a\":1}}", 7, "expected nothing more after the object"),
    ("{\"a\":1} {}", 8, "expected nothing more after the object"),
    ("{\"a\":1}\n// x", 8, "expected nothing more after the object"),
    ("{\"a\":1}\u{feff}", 7, "expected nothing more after the object"),
    ("{\u{a0}}", 1, "expected a key in double quotes or }"),
    ("{\"a\":\u{2028}1}", 5, "expected a value"),
];

#[test]
fn i6_what_javascript_refuses_is_refused_at_the_byte_where_it_goes_wrong() {
    for &(text, offset, message) in REFUSED {
        let error = record(text.as_bytes()).1.expect_err(text);
        assert_eq!(record_in_chunks(text.as_bytes(), || 1).1, Err(error), "{text}");
        assert_eq!(error.offset(), offset, "{text}: {error}");
        assert!(error.to_string().starts_with(message), "{text}: {error}");
    }
}

#[test]
fn i6_invalid_utf8_is_refused_where_the_character_begins_however_it_is_cut() {
    for odd in [
        &b"\xff"[..],
        b"\x80",
        b"\xc0\xaf",
        b"\xc3",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
    ] {
        for before in [&b"{\"aaaaaaa"[..], "{\"ü".as_bytes(), "{\"€".as_bytes(), "{\"😀".as_bytes()] {
            let whole = [before, odd, b"\": 1}"].concat();
            let cut = [before, odd].concat();
            for text in [whole, cut] {
                for size in 1..=text.len() {
                    let error = record_in_chunks(&text, || size).1.unwrap_err();
                    assert_eq!(error.offset(), before.len() as u64, "{odd:x?} {size}");
                    assert!(error.to_string().starts_with("invalid UTF-8 at byte "), "{error}");
                }
            }
        }
    }
}

#[test]
fn i6_line_and_column_are_those_of_an_editor() {
    let text = b"{\r\n  \"a\": 1,\n  \"b\": x\n}";
    for size in 1..=text.len() {
        let error = record_in_chunks(text, || size).1.unwrap_err();
        assert_eq!((error.offset(), error.line(), error.column()), (20, 3, 8));
        assert_eq!(error.to_string(), "expected a value at byte 20 (line 3, column 8)");
    }
}

#[test]
fn i6_an_error_stays() {
    use crate::json::{Scanner, testing::Record};
    let (mut scanner, mut record) = (Scanner::new(), Record::default());
    let error = scanner.feed(b"{\"a\":1,}", &mut record).unwrap_err();
    assert_eq!(scanner.feed(b"}", &mut record), Err(error));
    assert_eq!(scanner.feed(b"", &mut record), Err(error));
    assert_eq!(scanner.finish(&mut record), Err(error));
}

/// Refused at its end when cut anywhere before `end`.
fn refused_when_cut(text: &str, end: usize) {
    for at in 0..end {
        let cut = &text.as_bytes()[..at];
        let error = record(cut).1.expect_err(text);
        let whole_chars = text.floor_char_boundary(at) as u64;
        assert_eq!(error.offset(), whole_chars, "{error} in {}", String::from_utf8_lossy(cut));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn i6_a_text_cut_short_at_any_byte_is_refused_at_its_end(entropy in any::<Vec<u8>>()) {
        let mut dice = Dice::from_bytes(&entropy);
        let document = Document { tail: "", ..Document::any(&mut dice, 4) };
        let text = document.text(&mut dice);
        prop_assert!(record(text.as_bytes()).1.is_ok());
        refused_when_cut(&text, text.len());
    }
}
