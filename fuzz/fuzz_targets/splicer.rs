//! Any rows cut from any store: the rest is a store with exactly the other rows.
//!
//! The first two bytes say which rows go, by their index modulo 16. The third says whether what follows is a text or
//! choices of which one is made.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_reaper::json::{
    cuts,
    testing::{Dice, Document, leave_out, record},
};

fuzz_target!(|input: &[u8]| {
    let Some(([low, high, made], rest)) = input.split_first_chunk() else { return };
    let mask = u16::from_le_bytes([*low, *high]);
    let doomed = |index: usize| mask >> (index % 16) & 1 == 1;
    if made & 1 == 0 {
        splice(rest, doomed);
    } else {
        let mut dice = Dice::from_bytes(rest);
        let document = Document::any(&mut dice, 40);
        let output = splice(document.text(&mut dice).as_bytes(), doomed).expect("what is made is a store");
        if document.style.is_uniform() {
            assert_eq!(output, document.without(doomed).text(&mut dice).as_bytes());
        }
    }
});

/// The text without the doomed rows; `None` when it is no store.
fn splice(text: &[u8], doomed: impl Fn(usize) -> bool) -> Option<Vec<u8>> {
    let (found, layout) = record(text);
    let layout = layout.ok()?;
    let rows: Vec<_> = found.rows(text).into_iter().enumerate().collect();
    assert_eq!(rows.len() as u64, layout.rows);
    let spans = rows.iter().filter(|(index, _)| doomed(*index)).map(|(_, (.., span))| *span);
    let output = leave_out(text, &cuts(&layout, spans));
    let (left, after) = record(&output);
    let after = after.expect("what is left is a store");
    let kept = rows.iter().filter(|(index, _)| !doomed(*index)).map(|(_, (key, value, _))| (key, value));
    let left = left.rows(&output);
    assert!(kept.eq(left.iter().map(|(key, value, _)| (key, value))));
    assert_eq!((after.has_bom, after.rows), (layout.has_bom, left.len() as u64));
    Some(output)
}
