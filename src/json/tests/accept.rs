//! The texts on which JSON libraries and JavaScript part ways: our verdicts are those of Node's `JSON.parse`, but for
//! invalid UTF-8, which we refuse.

use std::collections::BTreeMap;

use crate::json::{RawField, RawRow, Visit, decode, means, scan};

/// Rows with a number below this are old.
const CUTOFF: f64 = 1_700_000_000_000.0;
const OLD: &str = "1600000000000";
const FRESH: &str = "1800000000000";

/// Which rows a reader as simple as a policy takes for old: last row of a key wins, last field of a row wins.
#[derive(Default)]
struct Old {
    field: bool,
    rows: BTreeMap<Vec<u8>, bool>,
}

impl Visit for Old {
    fn field(&mut self, field: RawField<'_>) {
        if means(field.name, "updatedAt") {
            let number = std::str::from_utf8(field.text).unwrap().parse::<f64>();
            let counts = field.kind == crate::json::ValueKind::Number && !field.text_truncated;
            self.field = counts && number.is_ok_and(|number| number < CUTOFF);
        }
    }

    fn row(&mut self, row: RawRow<'_>) {
        let old = std::mem::take(&mut self.field);
        self.rows.insert(decode(row.key).into_owned(), old);
    }
}

/// How many rows are old; `None` when the text is refused.
fn old(text: &[u8]) -> Option<usize> {
    let mut visit = Old::default();
    scan(text, &mut visit).ok()?;
    Some(visit.rows.values().filter(|old| **old).count())
}

/// A store with one old cron row, `extra` being put into it as a field, and rows put behind it.
fn store(key: &str, fields: &str, rows: &str) -> Vec<u8> {
    format!("{{\n  \"{key}\": {{\n    {fields}\n  }}{rows}\n}}").into_bytes()
}

const KEY: &str = "agent:main:cron:job:run:0a1b";

fn field(extra: &str) -> Vec<u8> {
    store(KEY, &format!("\"updatedAt\": {OLD}, {extra}"), "")
}

fn row(extra: &str) -> Vec<u8> {
    store(KEY, &format!("\"updatedAt\": {OLD}"), &format!(",\n  {extra}"))
}

fn fields(text: &str) -> Vec<u8> {
    store(KEY, text, "")
}

fn bytes(before: &[u8], odd: &[u8], behind: &[u8]) -> Vec<u8> {
    [before, odd, behind].concat()
}

fn nested(depth: usize) -> Vec<u8> {
    field(&format!("\"x\": {}{}", "[".repeat(depth), "]".repeat(depth)))
}

#[test]
fn our_verdicts_are_those_of_node() {
    let dup_key = format!("{{\"{KEY}\": {{\"updatedAt\": {OLD}}}, \"{KEY}\": {{\"updatedAt\": {FRESH}}}}}");
    for (case, text, verdict) in [
        ("02 lone surrogate in value", field(r#""x": "\ud800""#), Some(1)),
        ("03 lone surrogate in depth-2 key", field(r#""\ud800": 1"#), Some(1)),
        ("04 lone surrogate in another key", row(r#""\udfff": 1"#), Some(1)),
        (
            "05 lone surrogate in the cron key",
            store(r"cron:\ud800", &format!("\"updatedAt\": {OLD}"), ""),
            Some(1),
        ),
        (
            "06 escaped letters in the cron key",
            store(r"\u0063ron", &format!("\"updatedAt\": {OLD}"), ""),
            Some(1),
        ),
        ("07 escaped quote in job id", store(r#"cron:a\"b"#, &format!("\"updatedAt\": {OLD}"), ""), Some(1)),
        ("08 escaped updatedAt", fields(&format!(r#""\u0075pdatedAt": {OLD}"#)), Some(1)),
        ("09 fresh then old", fields(&format!(r#""updatedAt": {FRESH}, "updatedAt": {OLD}"#)), Some(1)),
        ("10 old then fresh", fields(&format!(r#""updatedAt": {OLD}, "updatedAt": {FRESH}"#)), Some(0)),
        ("11 old then string", fields(&format!(r#""updatedAt": {OLD}, "updatedAt": "{OLD}""#)), Some(0)),
        ("12 old then object", fields(&format!(r#""updatedAt": {OLD}, "updatedAt": {{}}"#)), Some(0)),
        ("13 key twice, old then fresh", dup_key.into_bytes(), Some(0)),
        ("18 updatedAt 1e400", fields(r#""updatedAt": 1e400"#), Some(0)),
        ("27 invalid UTF-8 in value", bytes(b"{\"a\":\"", b"\xff", b"\"}"), None),
        ("28 UTF-8 of a surrogate", bytes(b"{\"a\":\"", b"\xed\xa0\x80", b"\"}"), None),
        ("32 bad escape", field(r#""x": "\q""#), None),
        ("33 bad hexadecimal", field(r#""x": "\u12G4""#), None),
        ("34 invalid UTF-8 in a key", bytes(b"{\"", b"\xc3", b"\":1}"), None),
        ("36 trailing garbage", bytes(&field("\"x\": 1"), b" x", b""), None),
        ("37 second document", bytes(&field("\"x\": 1"), b"\n{}", b""), None),
        ("50 root array", b"[]".to_vec(), None),
        ("51 root null", b"null".to_vec(), None),
        ("55 30 digits", field("\"x\": 123456789012345678901234567890"), Some(1)),
        ("56 1e999 elsewhere", field("\"x\": 1e999"), Some(1)),
        ("58 depth 200", nested(200), Some(1)),
        ("59 depth 1000", nested(1000), Some(1)),
        ("60 depth 5000", nested(5000), Some(1)),
        ("61 depth 100000", nested(100_000), Some(1)),
        ("62 depth 1000000", nested(1_000_000), Some(1)),
    ] {
        assert_eq!(old(&text), verdict, "{case}");
    }
}

#[test]
fn whatever_javascript_takes_is_taken() {
    for text in [
        "{}",
        " \t\r\n{ \t\r\n} \t\r\n",
        "\u{feff}{}",
        r#"{"":0,"":1}"#,
        r#"{"__proto__":{"__proto__":null}}"#,
        r#"{"a":-0,"b":-0.0e-0,"c":0E+00,"d":1e999,"e":9007199254740993,"f":10.01}"#,
        r#"{"a":[],"b":{},"c":[{}],"d":[1,"2",true,false,null]}"#,
        "{\"a\":\"\u{7f}\u{80}\u{2028}\u{2029}\u{ffff}\u{10ffff}\"}",
        r#"{"a":"\"\\\/\b\f\n\r\t\u0000\uFFFF\uabCD"}"#,
    ] {
        assert!(old(text.as_bytes()).is_some(), "{text}");
    }
}
