//! How a text is cut into chunks changes nothing.

use proptest::prelude::*;

use crate::json::testing::{Dice, Document, record, record_in_chunks, spoil};

/// One byte at a time, and at sizes of the dice's choice.
fn agree(text: &[u8], dice: &mut Dice<'_>) {
    let whole = record(text);
    assert_eq!(record_in_chunks(text, || 1), whole);
    assert_eq!(record_in_chunks(text, || dice.pick(&[1, 2, 3, 7, 8, 9, 15, 16, 17, 64, 1000])), whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn i6_events_and_errors_do_not_depend_on_chunks(entropy in any::<Vec<u8>>()) {
        let mut dice = Dice::from_bytes(&entropy);
        let document = Document::any(&mut dice, 5);
        let text = document.text(&mut dice).into_bytes();
        let spoiled = spoil(&text, &mut dice);
        agree(&text, &mut dice);
        agree(&spoiled, &mut dice);
    }

    #[test]
    fn i6_not_even_for_bytes_that_are_no_json_at_all(
        text in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\u0 \n"[..])], 0..60),
    ) {
        agree(&[b"{\"a\":", &*text].concat(), &mut Dice::from_seed(1));
        agree(&text, &mut Dice::from_seed(2));
    }
}

#[test]
fn long_keys_names_and_texts_are_the_same_across_tiles() {
    let key = "k".repeat(100_000);
    let text = format!("{{\"{key}\": {{\"{key}\": \"{key}\", \"n\": 1{}}}, \"b\": 2}}", "0".repeat(70_000));
    let whole = record(text.as_bytes());
    for size in [1, 1000, 32 * 1024 - 1, 32 * 1024 + 1, 1 << 20] {
        assert_eq!(record_in_chunks(text.as_bytes(), || size), whole);
    }
}
