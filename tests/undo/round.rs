//! There and back again: what a run took comes back byte for byte, to where it stood.

use std::cell::Cell;

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use session_reaper::{
    json::testing::{Dice, Document, Row, Value},
    sweep::Outcome,
};

use crate::world::{DAY, NOW, World, run_key, wish};

/// What was tried, so that nobody takes a property for proven that was never tried.
#[derive(Debug, Default)]
struct Tried {
    trips: Cell<usize>,
    rows: Cell<u64>,
    emptied: Cell<usize>,
    at_the_end: Cell<usize>,
}

fn row(number: usize, age: i64) -> Row {
    let field = |key: &str, value| Row { key: key.to_owned(), value: Value::Raw(value) };
    let value = Value::Object(vec![
        field("odd", "1E+3".to_owned()),
        field("updatedAt", (NOW.as_millis() - age).to_string()),
        field("x\\ud800", "\"\\u0061\"".to_owned()),
    ]);
    Row { key: run_key(number), value }
}

/// Any document, with expired runs put somewhere into it.
fn document(entropy: &[u8], runs: &[(usize, bool)], alone: bool) -> String {
    let mut dice = Dice::from_bytes(entropy);
    let mut document = Document::any(&mut dice, 12);
    if alone {
        document.rows.clear();
    }
    for (number, (at, expired)) in runs.iter().enumerate() {
        let age = if *expired { 2 * DAY } else { DAY / 2 };
        document.rows.insert(at % (document.rows.len() + 1), row(number, age));
    }
    document.text(&mut dice)
}

fn there_and_back(text: &str, tried: &Tried) -> TestCaseResult {
    let world = World::with(text);
    let (run, pruned) = world.prune();
    prop_assert!(pruned.error.is_none(), "{:?}", pruned.error);
    if pruned.pruned == 0 {
        return Ok(());
    }
    let swept = world.text();
    let (undo, back) = world.undo(&run, &wish(None));
    prop_assert!(back.error.is_none(), "{:?}", back.error);
    prop_assert_eq!(back.outcome, Outcome::Restored);
    prop_assert_eq!(&world.text(), text, "from {}", swept);
    prop_assert_eq!(back.bytes_after, text.len() as u64);

    let (_, again) = world.prune();
    prop_assert_eq!(
        (&again.by_rule, again.pruned, again.kept),
        (&pruned.by_rule, pruned.pruned, pruned.kept)
    );
    prop_assert_eq!(&world.text(), &swept, "the same plan");
    world.write(text);
    let (_, redone) = world.undo(&undo, &wish(None));
    prop_assert!(redone.error.is_none(), "{:?}", redone.error);
    prop_assert!(redone.pruned >= pruned.pruned, "every occurrence of a key counts here");
    prop_assert_eq!(&world.text(), &swept, "an undo is taken back");
    prop_assert_eq!(world.leftovers(), Vec::<String>::new());
    tried.trips.set(tried.trips.get() + 1);
    tried.rows.set(tried.rows.get() + pruned.pruned);
    tried.emptied.set(tried.emptied.get() + usize::from(pruned.kept == 0));
    tried.at_the_end.set(
        tried.at_the_end.get()
            + usize::from(
                text.as_bytes()[text.len() - 3..] != swept.as_bytes()[swept.len().saturating_sub(3)..],
            ),
    );
    Ok(())
}

#[test]
fn i4_a_thousand_round_trips_are_byte_equal() {
    let tried = Tried::default();
    let runs = prop::collection::vec((any::<usize>(), prop::bool::weighted(0.7)), 1..8);
    let input = (prop::collection::vec(any::<u8>(), 0..400), runs, prop::bool::weighted(0.2));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(2_000) });
    let trip = |(entropy, runs, alone): (Vec<u8>, Vec<_>, bool)| {
        there_and_back(&document(&entropy, &runs, alone), &tried)
    };
    runner.run(&input, trip).unwrap();
    eprintln!("{tried:?}");
    assert!(
        tried.trips.get() >= 1_000
            && tried.rows.get() > 2_000
            && tried.emptied.get() > 50
            && tried.at_the_end.get() > 50,
        "{tried:?}"
    );
}

#[test]
fn i4_what_is_in_the_trash_is_a_store_of_its_own() {
    let text = document(&[], &[(0, true), (9, true), (2, false)], true);
    let world = World::with(&text);
    let (_, pruned) = world.prune();
    assert_eq!(pruned.pruned, 2);
    let trash = world.trash();
    assert_eq!(trash.len(), 1);
    let rows: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&trash[0].replace("x\\ud800", "x")).unwrap();
    assert_eq!(rows.len(), 2);
}
