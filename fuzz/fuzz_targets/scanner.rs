//! Any bytes: a scan never panics, does not depend on chunks, on its pace or on what was found ahead, and takes what another
//! parser takes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use session_reaper::json::{
    Asked, Pace, Seam,
    testing::{Dice, record, record_ahead, record_at, record_in_chunks},
};

fuzz_target!(|text: &[u8]| {
    let whole = record(text);
    let mut dice = Dice::from_seed(text.len() as u64);
    assert_eq!(record_in_chunks(text, || 1), whole);
    assert_eq!(record_in_chunks(text, || dice.pick(&[1, 2, 7, 8, 9, 15, 16, 17, 64])), whole);
    paces_agree(text, &mut dice);
    what_was_found_ahead_agrees(text, &mut dice);
    assert_eq!(whole.1.is_ok(), is_object(text), "{:?}", whole.1);
    if let Err(error) = whole.1 {
        assert!(error.offset() <= text.len() as u64);
    }
});

/// Sprints go where rows are: the text is also tried as the value of a row's field.
fn paces_agree(text: &[u8], dice: &mut Dice<'_>) {
    let deep = [b"{\"k\":{\"x\":", text, b",\"updatedAt\":1}}"].concat();
    for asked in [Asked::Everything, Asked::Field("updatedAt")] {
        for text in [text, &deep] {
            let walked = record_at(Pace::walk(), asked, text, || usize::MAX);
            for pace in Pace::all() {
                assert_eq!(record_at(pace, asked, text, || usize::MAX), walked, "{pace:?}");
            }
            let size = || dice.pick(&[1, 63, 64, 65, 100]);
            assert_eq!(record_at(Pace::best(), asked, text, size), walked);
        }
    }
}

/// The text is taken for rows as well, and its own first bytes for what stands between them.
fn what_was_found_ahead_agrees(text: &[u8], dice: &mut Dice<'_>) {
    let rows = [b"{\n  \"a\": 1,\n  \"k\": ", text, b",\n  \"z\": {\"updatedAt\":1}}"].concat();
    let guess = Seam::any(text.get(..dice.pick(&[1, 2, 3])).unwrap_or(b","));
    for text in [text, &rows] {
        let walked = record_at(Pace::walk(), Asked::Field("updatedAt"), text, || usize::MAX);
        for guess in [None, Some(&guess)] {
            let size = || dice.pick(&[3, 20, 64, 200]);
            assert_eq!(record_ahead(text, Asked::Field("updatedAt"), guess, size).0, walked);
        }
    }
}

/// The verdict of `serde_json`, which passes over values without looking at what strings and numbers mean, and so
/// knows nothing of surrogates, overflow and depth: there it agrees with JavaScript.
fn is_object(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let begins = text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{');
    begins && serde_json::from_str::<IgnoredAny>(text).is_ok()
}
