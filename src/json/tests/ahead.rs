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
        // Of every field there is too much to tell.
        let wanted = if asked == Asked::Everything { 0 } else { text.len() / 1_000 / 2 };
        assert!(used >= wanted, "{used} of {}", text.len() / 1_000);
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

/// The text itself does not tell whether a look ahead was of use. So another text is looked at: what it says is then told.
#[test]
fn what_was_found_ahead_is_taken_over_and_not_found_again() {
    let long = "y".repeat(300);
    let rows = format!(
        "{{\n  \"k0\": {{\n    \"updatedAt\": 1\n  }},\n  \"k1\": [\"{long}\"],\n  \"k2\": 5,\n  \"k3\": {{\n    \"updatedAt\": 4,\n    \"x\": \"{long}\"\n  }},\n  \"k4\": {{}}\n}}"
    );
    let other = rows.replace("\"k", "\"X");
    let keys: Vec<usize> = rows.match_indices("\"k").map(|(at, _)| at).collect();
    // Each piece begins behind the key of one row and ends behind that of another.
    for (from, to) in [(0, 2), (0, 3), (0, 4), (1, 4), (2, 4)] {
        let (begin, end) = (keys[from] + 4, keys[to] + 4);
        let (mut record, mut scanner) = (Record::of(ASKED[0]), Scanner::new());
        scanner.feed(&rows.as_bytes()[..begin], &mut record).unwrap();
        let seam = scanner.seam(rows.as_bytes()).unwrap();
        let ahead = Ahead::scan(&other.as_bytes()[begin..end], begin as u64, &seam, ASKED[0]);
        assert!(ahead.is_some(), "{from} {to}");
        scanner.feed_ahead(&rows.as_bytes()[begin..end], ahead, &mut record).unwrap();
        scanner.feed(&rows.as_bytes()[end..], &mut record).unwrap();
        scanner.finish(&mut record).unwrap();
        let told: Vec<bool> =
            record.rows(rows.as_bytes()).iter().map(|(key, ..)| key.starts_with(b"X")).collect();
        // From the first key that stands in the piece to the last, whose row is not looked at.
        let wanted: Vec<bool> = (0..5).map(|row| from < row && row < to).collect();
        assert_eq!(told, wanted, "{from} {to}");
    }
}

#[test]
fn a_piece_of_which_too_much_would_be_told_is_left_alone() {
    let tiny = (0..2_000).map(|_| "\n\"\":1").collect::<Vec<_>>().join(",");
    assert!(Ahead::scan(tiny.as_bytes(), 0, &Seam::any(b"\n\""), ASKED[0]).is_none());
    assert!(Ahead::scan(indented(15).as_bytes(), 0, &Seam::any(b"\n  \""), ASKED[0]).is_some());
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

#[test]
fn of_a_piece_that_tells_too_much_nothing_is_kept_however_large_it_is() {
    let scan = |fields: usize, filler: usize, size: usize| {
        let fields = vec!["\"updatedAt\":1"; fields].join(",");
        let row = format!("\n  \"k\": {{{fields},\"x\":\"{}\"}},", "y".repeat(filler));
        let piece: String = std::iter::repeat_n(row, size / 50).collect();
        Ahead::scan(&piece.as_bytes()[..size], 0, &Seam::any(b"\n  \""), Asked::Field("updatedAt")).is_some()
    };
    for size in [128 * 1024, 512 * 1024] {
        assert!(scan(1, 20_000, size), "{size}");
        // As much as two such pieces, and no more.
        assert!(scan(30, 600, size), "{size}");
        assert!(!scan(1_000, 0, size), "{size}");
    }
}
