//! What a visitor is told.

use crate::json::{
    MAX_NAME, MAX_TEXT, RawField, RawRow, Span, ValueKind, Visit, scan,
    testing::{Event, record},
};

fn field(name: &str, kind: ValueKind, value: std::ops::Range<u64>, text: &str) -> Event {
    Event::Field { name: (name.into(), false), kind, value, text: (text.into(), false) }
}

#[test]
fn rows_and_their_direct_fields_are_told_in_order() {
    let text = br#" { "a": {"s":"x\n","n":-1.5e3,"o":{"n":1},"l":[2,{}]}, "b":[{"n":1}] ,"":null,"d":{} }"#;
    let (record, layout) = record(text);
    let row = |key: &str, start, end, gap, value, is_object| Event::Row {
        key: key.into(),
        span: Span { start, end, gap },
        value,
        is_object,
    };
    assert_eq!(
        record.0,
        [
            field("s", ValueKind::String, 13..18, r"x\n"),
            field("n", ValueKind::Number, 23..29, "-1.5e3"),
            field("o", ValueKind::Object, 34..41, ""),
            field("l", ValueKind::Array, 46..52, ""),
            row("a", 3, 55, 1, 8..53, true),
            row("b", 55, 70, 2, 59..68, false),
            row("", 70, 78, 2, 73..77, false),
            row("d", 78, 84, 1, 82..84, true),
        ]
    );
    let layout = layout.unwrap();
    assert_eq!((layout.body, layout.first_key, layout.last_end), (2..85, Some(3), Some(84)));
    assert_eq!((layout.rows, layout.len, layout.has_bom), (4, 86, false));
}

#[test]
fn an_empty_store_has_a_body_and_no_rows() {
    let (record, layout) = record("\u{feff}{ }\n".as_bytes());
    let layout = layout.unwrap();
    assert!(record.0.is_empty() && layout.has_bom);
    assert_eq!((layout.body, layout.first_key, layout.last_end, layout.rows), (4..5, None, None, 0));
}

#[test]
fn booleans_and_null_are_fields_without_text() {
    let (record, _) = record(br#"{"a":{"t":true,"f":false,"z":null}}"#);
    let kinds: Vec<_> = record
        .0
        .iter()
        .filter_map(|event| match event {
            Event::Field { kind, value, text, .. } => Some((*kind, value.clone(), text.0.len())),
            Event::Row { .. } => None,
        })
        .collect();
    let wanted = [(ValueKind::Bool, 10..14, 0), (ValueKind::Bool, 19..24, 0), (ValueKind::Null, 29..33, 0)];
    assert_eq!(kinds, wanted);
}

#[test]
fn names_and_texts_are_kept_up_to_their_limit_and_keys_whole() {
    for (extra, longer) in [(0, false), (1, true)] {
        let (name, number) = ("n".repeat(MAX_NAME + extra), "1".repeat(MAX_TEXT + extra));
        let text = format!("{{\"{number}\":{{\"{name}\":{number}}}}}");
        let (record, _) = record(text.as_bytes());
        let [Event::Field { name, text, .. }, Event::Row { key, .. }] = &record.0[..] else { panic!() };
        assert_eq!((name.0.len(), name.1, text.0.len(), text.1), (MAX_NAME, longer, MAX_TEXT, longer));
        assert_eq!(key.len(), number.len());
    }
}

#[test]
fn a_visitor_may_be_a_trait_object_and_need_not_care_for_fields() {
    struct Rows(u64);
    impl Visit for Rows {
        fn row(&mut self, _: RawRow<'_>) {
            self.0 += 1;
        }
    }
    let mut rows = Rows(0);
    let visit: &mut dyn Visit = &mut rows;
    scan(br#"{"a":{"b":1},"c":2}"#, visit).unwrap();
    assert_eq!(rows.0, 2);
    visit_nothing(&mut rows);
}

fn visit_nothing(visit: &mut impl Visit) {
    let (name, text) = (&b""[..], &b""[..]);
    visit.field(RawField {
        name,
        truncated: false,
        kind: ValueKind::Null,
        value: 0..0,
        text,
        text_truncated: false,
    });
}
