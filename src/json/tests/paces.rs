//! At which pace a text is scanned changes nothing: sprints with vectors of every width, with none, and no sprints at all.

use proptest::prelude::*;

use crate::json::{
    Asked, Pace,
    testing::{Dice, Document, Event, record_at, spoil},
};

const ASKED: [Asked; 4] =
    [Asked::Everything, Asked::Field("updatedAt"), Asked::Field("model"), Asked::Nothing];

/// Token by token and whole is the measure; everything else tells the same and fails alike.
fn agree(text: &[u8], dice: &mut Dice<'_>) {
    for asked in ASKED {
        let walked = record_at(Pace::walk(), asked, text, || usize::MAX);
        for pace in Pace::all() {
            let whole = record_at(pace, asked, text, || usize::MAX);
            assert_eq!(whole, walked, "{pace:?} {asked:?}");
            let chunks = record_at(pace, asked, text, || dice.pick(&[1, 63, 64, 65, 127, 200, 1000]));
            assert_eq!(chunks, walked, "{pace:?} {asked:?}");
        }
    }
}

/// Puts a text where sprints go: into a field of a row.
fn within_a_row(text: &[u8]) -> Vec<u8> {
    [b"{\"k\": {\"x\": ", text, b", \"updatedAt\": 17, \"y\": ", text, b"}}"].concat()
}

/// Pieces of JSON, and of what is none.
const TOKENS: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ",",
    ":",
    "\"",
    "\"",
    "\\",
    "\"a\"",
    "\"updatedAt\":",
    "\"u\":",
    "\"\\u0075x\":",
    "\"b\": 1,",
    "\"c\": \"d\",",
    "[1,2]",
    "[{}]",
    "{\"e\":[]}",
    "0",
    "7",
    "1767225600000",
    "-",
    "-1.5e3",
    "01",
    "0.5",
    "true",
    "false",
    "null",
    "nul",
    "truefalse",
    " ",
    "\n    ",
    "\t",
    "\r",
    "\\n",
    "\\\"",
    "\\\\",
    "\\u00e9",
    "\\u12",
    "\u{e9}",
    "\u{1}",
    "a long stretch of text that fills more than one block of sixty-four bytes, and more",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn i6_documents_are_the_same_at_every_pace(entropy in any::<Vec<u8>>()) {
        let mut dice = Dice::from_bytes(&entropy);
        let document = Document { bom: false, ..Document::any(&mut dice, 12) };
        let text = document.text(&mut dice).into_bytes();
        let deep = within_a_row(&text);
        let spoiled = spoil(&deep, &mut dice);
        for text in [&text, &deep, &spoiled] {
            agree(text, &mut dice);
        }
    }

    #[test]
    fn i6_so_is_what_is_almost_json(picks in prop::collection::vec(0..TOKENS.len(), 0..120), seed in any::<u64>()) {
        let text: Vec<u8> = picks.iter().flat_map(|pick| TOKENS[*pick].bytes()).collect();
        let mut dice = Dice::from_seed(seed);
        agree(&within_a_row(&text), &mut dice);
        agree(&[b"{\"k\": {\"x\": [[", &*text].concat(), &mut dice);
        agree(&[b"{\"k\": {\"x\": {\"y\": \"", &*text].concat(), &mut dice);
    }

    #[test]
    fn i6_and_each_single_wrong_byte_is_found_where_it_stands(at in 0..700_usize, byte in any::<u8>(), seed in any::<u64>()) {
        let mut text = within_a_row(ROW.as_bytes());
        let at = at % text.len();
        text[at] = byte;
        agree(&text, &mut Dice::from_seed(seed));
    }
}

const ROW: &str = r#"{
    "sessionId": "0f6a2b1c-1111-4222-8333-444455556666", "model": "a \"quoted\" \u00e9 \\\\ name \ud83d\ude00",
    "flags": [true, false, null, 0, -0.5e-7, 12345678901234567890, [], {}, [[[{"deep": [{}]}]]]],
    "deliveryContext": {"channel": "telegram", "to": "-1001234567890", "nested": {"updatedAt": 1}},
    "updatedAt": 1767225600000, "": "", "\u0075pdatedAt": 5
}"#;

#[test]
fn only_what_is_asked_for_is_told_and_all_of_it() {
    let text = within_a_row(ROW.as_bytes());
    let store = [b"{\"first\": ", ROW.as_bytes(), b", \"second\": [1], \"third\": ", &text, b"}"].concat();
    for pace in Pace::all() {
        let told = |asked| record_at(pace, asked, &store, || usize::MAX).0.0;
        let is_field = |event: &Event| matches!(event, Event::Field { .. });
        let all = told(Asked::Everything);
        let is_asked = |event: &Event| match event {
            Event::Field { name, .. } => Asked::Field("updatedAt").is(&name.0, name.1),
            Event::Row { .. } => true,
        };
        let filtered: Vec<_> = all.iter().filter(|event| is_asked(event)).cloned().collect();
        assert_eq!(told(Asked::Field("updatedAt")), filtered, "{pace:?}");
        assert_eq!(filtered.iter().filter(|event| is_field(event)).count(), 2, "{pace:?}");
        assert!(!told(Asked::Nothing).iter().any(is_field) && all.iter().any(is_field), "{pace:?}");
    }
}

/// A sprint may end within a name that nobody asks for; what the machine then ends is no other field's name.
#[test]
fn a_name_that_is_cut_in_two_is_never_taken_for_one_that_is_asked_for() {
    let long = "x".repeat(64);
    for text in [
        format!("{{\"k\":{{\"{long}updatedAt\":5}}}}"),
        format!("{{\"k\":{{\"updatedAt\":5,\"{long}\":6}}}}"),
        format!(
            "{{\"k\":{{\"updatedAt\":5,\"w\":\"{long}\",\"startedAt\":12}}, \"l\": {{\"updatedAt\": 7}}}}"
        ),
    ] {
        for asked in ASKED {
            let walked = record_at(Pace::walk(), asked, text.as_bytes(), || usize::MAX);
            for (pace, border) in
                Pace::all().into_iter().flat_map(|pace| (1..text.len()).map(move |at| (pace, at)))
            {
                let mut sizes = [border].into_iter();
                let cut = record_at(pace, asked, text.as_bytes(), || sizes.next().unwrap_or(usize::MAX));
                assert_eq!(cut, walked, "{pace:?} {asked:?} cut at {border}");
            }
        }
    }
}

/// Tiles are cut where nobody sees it: here where a name ends, and little follows.
#[test]
fn a_tile_that_ends_within_a_name_changes_nothing() {
    const TILE: usize = 32 * 1024;
    for width in 60..130 {
        let job = format!(
            "\", \"job\": {{\"updatedAt\": 1767225600000, \"a\": \"{}\", \"compactionCount",
            "w".repeat(width)
        );
        let pad = "p".repeat(TILE - "{\"pad\": \"".len() - job.len());
        let text = format!("{{\"pad\": \"{pad}{job}\": 12}}}}\n");
        assert_eq!(text.as_bytes()[TILE], b'"');
        let told = |pace| record_at(pace, Asked::Field("updatedAt"), text.as_bytes(), || usize::MAX);
        assert_eq!(told(Pace::best()), told(Pace::walk()), "{width}");
    }
}

#[test]
fn runs_of_backslashes_and_of_brackets_are_told_apart_at_every_place() {
    for count in 0..140 {
        for tail in ["\"", "\"}}", "n\"}}", "\"\"}}", "u0041\"}}", "u004\"}}", "x\"}}"] {
            let text = format!("{{\"k\": {{\"x\": \"{}{tail}", "\\".repeat(count));
            agree(text.as_bytes(), &mut Dice::from_seed(1));
        }
        let nested = format!("{{\"k\": {{\"x\": {}1{}, \"y\": 2}}}}", "[".repeat(count), "]".repeat(count));
        agree(nested.as_bytes(), &mut Dice::from_seed(2));
        let objects = format!("{{\"k\": {}1{}}}", "{\"o\": ".repeat(count), "}".repeat(count));
        agree(objects.as_bytes(), &mut Dice::from_seed(3));
    }
}
