//! There and back again: what a run took comes back byte for byte, to where it stood.

use std::cell::Cell;

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestCaseResult, TestRng, TestRunner},
};
use session_reaper::{
    json::testing::{Dice, Document, Row, Value},
    sweep::{Outcome, RunId},
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

/// The check of a round trip: what was pruned is there again, byte for byte.
fn comes_back<T>(
    world: &World,
    text: &str,
    undo: impl FnOnce(&World) -> Result<T, TestCaseError>,
) -> Result<T, TestCaseError> {
    let swept = world.text();
    let undone = undo(world)?;
    prop_assert_eq!(&world.text(), text, "from {}", swept);
    Ok(undone)
}

/// Takes a run back; tells the run that did it.
fn ours(world: &World, run: &RunId) -> Result<RunId, TestCaseError> {
    let (undo, back) = world.undo(run, &wish(None));
    prop_assert!(back.error.is_none(), "{:?}", back.error);
    prop_assert_eq!(back.outcome, Outcome::Restored);
    prop_assert_eq!(back.bytes_after, world.text().len() as u64);
    Ok(undo)
}

/// Takes a run back as one should not: reads the rows, and writes them as a library does.
fn naive(world: &World) -> Result<(), TestCaseError> {
    let read = |text: &str| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    let texts = world.trash().into_iter().chain([world.text()]);
    let rows = texts.map(|text| read(&text)).collect::<Result<Vec<_>, _>>();
    let rows = rows.map_err(|error| TestCaseError::reject(error.to_string()))?;
    let rows: serde_json::Map<_, _> = rows.into_iter().flatten().collect();
    world.write(&serde_json::to_string_pretty(&rows).unwrap());
    Ok(())
}

fn there_and_back(text: &str, tried: &Tried) -> TestCaseResult {
    let world = World::with(text);
    let (run, pruned) = world.prune();
    prop_assert!(pruned.error.is_none(), "{:?}", pruned.error);
    if pruned.pruned == 0 {
        return Ok(());
    }
    let swept = world.text();
    let undo = comes_back(&world, text, |world| ours(world, &run))?;

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

/// Does something with so many documents.
fn with_documents(cases: u32, check: impl Fn(&str) -> TestCaseResult) {
    let runs = prop::collection::vec((any::<usize>(), prop::bool::weighted(0.7)), 1..8);
    let input = (prop::collection::vec(any::<u8>(), 0..400), runs, prop::bool::weighted(0.2));
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    // The same documents every time: how many there are of each sort is asserted.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let check = |(entropy, runs, alone): (Vec<u8>, Vec<_>, bool)| check(&document(&entropy, &runs, alone));
    runner.run(&input, check).unwrap();
}

#[test]
fn i4_a_thousand_round_trips_are_byte_equal() {
    let tried = Tried::default();
    with_documents(2_000, |text| there_and_back(text, &tried));
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
fn the_check_of_round_trips_finds_a_naive_undo() {
    let [right, unread, lost] = [const { Cell::new(0) }; 3];
    with_documents(400, |text| {
        // Halves of pairs are more than the library reads: without them its undo comes to its end.
        let text = text.replace("\\ud800", "");
        let world = World::with(&text);
        if world.prune().1.pruned == 0 {
            return Ok(());
        }
        let counted = match comes_back(&world, &text, naive) {
            Ok(()) => &right,
            Err(TestCaseError::Reject(_)) => &unread,
            Err(TestCaseError::Fail(_)) => &lost,
        };
        counted.set(counted.get() + 1);
        Ok(())
    });
    let [right, unread, lost] = [right, unread, lost].map(Cell::into_inner);
    eprintln!(
        "a naive undo: {lost} times not the old bytes, {unread} times it could not read, {right} times right"
    );
    assert!(lost > 50 && right < lost / 10, "{lost}, {unread}, {right}");
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
