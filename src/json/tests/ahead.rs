//! What was found ahead changes nothing, wherever a text is cut and whatever is taken for the beginning of a row.

use proptest::prelude::*;

use crate::json::{
    Ahead, Asked, Pace, Scanner, Seam,
    testing::{Dice, Document, Record, record_ahead, record_at, spoil},
};

const ASKED: [Asked; 3] = [Asked::Field("updatedAt"), Asked::Nothing, Asked::Everything];

/// What may be taken for the beginning of a row: rightly or not.
const GUESSES: [&str; 9] = ["\n  \"", "\n    \"", "\n\t\"", "\"", ",\"", ": \"", "\n", "}", "\\\""];

fn agree(text: &[u8], dice: &mut Dice<'_>) {
    for asked in ASKED {
        let plain = record_at(Pace::walk(), asked, text, || usize::MAX);
        let guess = Seam::any(dice.pick(&GUESSES).as_bytes());
        for guess in [None, Some(&guess)] {
            let size = || dice.pick(&[7, 64, 200, 1_000, 5_000]);
            assert_eq!(record_ahead(text, asked, guess, size).0, plain, "{asked:?} {guess:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn i6_what_was_found_ahead_is_what_a_scan_finds(entropy in any::<Vec<u8>>()) {
        let mut dice = Dice::from_bytes(&entropy);
        let document = Document::any(&mut dice, 30);
        let text = document.text(&mut dice).into_bytes();
        agree(&text, &mut dice);
        let spoiled = spoil(&text, &mut dice);
        agree(&spoiled, &mut dice);
    }
}

/// As gateways write it, with strings that look like rows; now and then something that is no row stands where rows do.
fn indented(rows: usize) -> String {
    let row = |number: usize| {
        let hard = ["\\n  \\\"k\\\": {", "}", "\\\\", ",\\n  "][number % 4];
        let space = if number % 20 == 19 { "  " } else { "      " };
        format!(
            "\n  \"k{number}\": {{\n    \"updatedAt\": {number},\n    \"text\": \"{hard}\",\n    \"in\": {{\n{space}\"updatedAt\": 1\n    }}\n  }}"
        )
    };
    format!("{{{}\n}}\n", (0..rows).map(row).collect::<Vec<_>>().join(","))
}

#[test]
fn most_pieces_of_an_indented_text_are_found_ahead() {
    let text = indented(300);
    for asked in ASKED {
        let plain = record_at(Pace::walk(), asked, text.as_bytes(), || usize::MAX);
        let (ahead, used) = record_ahead(text.as_bytes(), asked, None, || 1_000);
        assert_eq!(ahead, plain);
        assert!(used > text.len() / 1_000 / 2, "{used} of {}", text.len() / 1_000);
    }
}

#[test]
fn a_piece_that_ends_or_begins_anywhere_is_the_same() {
    let text = indented(12);
    let plain = record_at(Pace::walk(), ASKED[0], text.as_bytes(), || usize::MAX);
    for (first, second) in (120..400).flat_map(|first| [200, 333, 600].map(|second| (first, second))) {
        let mut sizes = [first, second].into_iter();
        let ahead = record_ahead(text.as_bytes(), ASKED[0], None, || sizes.next().unwrap_or(usize::MAX));
        assert_eq!(ahead.0, plain, "{first} {second}");
    }
}

#[test]
fn nothing_is_taken_over_that_begins_elsewhere() {
    let text = indented(6).into_bytes();
    let (first, second) = text.split_at(200);
    let mut record = Record::of(ASKED[0]);
    let mut scanner = Scanner::new();
    scanner.feed(first, &mut record).unwrap();
    let seam = scanner.seam(first).unwrap();
    for lie in [0, 199, 201, 1 << 40] {
        let ahead = Ahead::scan(second, lie, &seam, ASKED[0]).unwrap();
        let mut scanner = Scanner::new();
        let mut record = Record::of(ASKED[0]);
        scanner.feed(first, &mut record).unwrap();
        scanner.feed_ahead(second, Some(ahead), &mut record).unwrap();
        let layout = scanner.finish(&mut record);
        let plain = record_at(Pace::walk(), ASKED[0], &text, || usize::MAX);
        assert_eq!((record, layout), plain, "{lie}");
    }
}

#[test]
fn a_fault_behind_what_was_found_ahead_is_told_with_its_line_and_column() {
    let text = indented(40);
    for end in (1_000..text.len()).step_by(77) {
        let spoiled = format!("{}\u{1}", text.get(..end).unwrap());
        let plain = record_at(Pace::walk(), ASKED[0], spoiled.as_bytes(), || usize::MAX);
        let (ahead, used) = record_ahead(spoiled.as_bytes(), ASKED[0], None, || 400);
        assert_eq!(ahead, plain, "{end}");
        assert!(plain.1.is_err() && used > 0);
    }
}
