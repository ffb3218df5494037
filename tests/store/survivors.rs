//! I2 from end to end: a real sweep of any document leaves every survivor's bytes, in their order.

use std::{cell::Cell, collections::BTreeSet};

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use session_reaper::{
    FileStore, Policy, Timestamp,
    fs::MemDisk,
    json::testing::{Dice, Document, Row, Value, record},
    sweep,
};

use super::options;

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const DAY: i64 = 86_400_000;
const PATH: &str = "/s/sessions.json";

/// A cron run that nothing else in its document has to do with, put somewhere into it.
#[derive(Debug, Clone)]
struct Run {
    at: usize,
    age: i64,
    /// How many bytes more its row has.
    weight: usize,
}

impl Run {
    fn any(heaviest: usize) -> impl Strategy<Value = Self> {
        let age = prop_oneof![Just(DAY), Just(DAY + 1), 0..4 * DAY];
        let weight = prop_oneof![4 => Just(0), 1 => 0..heaviest + 1];
        (any::<usize>(), age, weight).prop_map(|(at, age, weight)| Self { at, age, weight })
    }

    fn is_expired(&self) -> bool {
        self.age > DAY
    }

    fn row(&self, number: usize) -> Row {
        let field = |key: &str, value| Row { key: key.to_owned(), value: Value::Raw(value) };
        let value = Value::Object(vec![
            field("odd", "1E+3".to_owned()),
            field("updatedAt", (NOW.as_millis() - self.age).to_string()),
            field("x", format!("\"{}\"", "y".repeat(self.weight))),
        ]);
        Row { key: key(number), value }
    }
}

fn key(number: usize) -> String {
    format!("agent:main:cron:ours-{number}:run:0f6a2b1c-1111-4222-8333-{number:012}")
}

/// What a case did, so that nobody takes a property for proven that was never tried.
#[derive(Debug, Default)]
struct Done {
    cases: Cell<usize>,
    pruned: Cell<usize>,
    kept: Cell<usize>,
    largest: Cell<usize>,
}

impl Done {
    fn add(&self, pruned: usize, kept: usize, length: usize) {
        self.cases.set(self.cases.get() + 1);
        self.pruned.set(self.pruned.get() + pruned);
        self.kept.set(self.kept.get() + kept);
        self.largest.set(self.largest.get().max(length));
    }
}

/// Raw key and raw value of each row.
fn rows(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (record, layout) = record(text);
    layout.unwrap();
    record.rows(text).into_iter().map(|(key, value, _)| (key, value)).collect()
}

fn sweep_and_compare(entropy: &[u8], runs: &[Run], done: &Done) -> TestCaseResult {
    let mut dice = Dice::from_bytes(entropy);
    let mut document = Document::any(&mut dice, 12);
    for (number, run) in runs.iter().enumerate() {
        document.rows.insert(run.at % (document.rows.len() + 1), run.row(number));
    }
    let text = document.text(&mut dice).into_bytes();
    let disk = MemDisk::with_file(PATH.as_ref(), &text);
    let store = FileStore::on(disk.clone(), PATH);
    let report = sweep::prune(&store, &Policy::default(), NOW, &options());
    prop_assert!(report.error.is_none(), "{:?}", report.error);
    let swept = disk.get(PATH.as_ref()).unwrap();
    let (before, after) = (rows(&text), rows(&swept));

    let keys: BTreeSet<&[u8]> = after.iter().map(|(key, _)| &**key).collect();
    let survives = |key: &[u8]| keys.contains(key);
    let kept: Vec<_> = before.iter().filter(|(key, _)| survives(key)).cloned().collect();
    prop_assert_eq!(&after, &kept, "the bytes of survivors, in their order");
    for (key, _) in before.iter().filter(|(key, _)| !survives(key)) {
        prop_assert!(key.windows(5).any(|word| word == b":run:"), "{} went", String::from_utf8_lossy(key));
    }
    for (number, run) in runs.iter().enumerate() {
        prop_assert_eq!(survives(key(number).as_bytes()), !run.is_expired(), "{:?}", run);
    }
    if document.style.is_uniform() {
        let without = document.without(|index| !survives(document.rows[index].key.as_bytes()));
        let (swept, expected) = (String::from_utf8(swept).unwrap(), without.text(&mut dice));
        prop_assert_eq!(swept, expected, "as if the rows had never been there");
    } else {
        prop_assert_eq!(swept.len() as u64, report.bytes_after);
    }
    done.add(before.len() - after.len(), after.len(), text.len());
    Ok(())
}

fn prove(cases: u32, most_runs: usize, heaviest: usize) -> Done {
    let done = Done::default();
    let entropy = prop::collection::vec(any::<u8>(), 0..400);
    let input = (entropy, prop::collection::vec(Run::any(heaviest), 0..=most_runs));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    runner.run(&input, |(entropy, runs)| sweep_and_compare(&entropy, &runs, &done)).unwrap();
    eprintln!("{done:?}");
    done
}

#[test]
fn i2_survivors_keep_every_byte() {
    let done = prove(4_000, 8, 40);
    assert!(done.cases.get() >= 4_000 && done.pruned.get() > 4_000 && done.kept.get() > 4_000, "{done:?}");
}

#[test]
fn i2_survivors_keep_every_byte_across_the_chunks_of_a_copy() {
    let done = prove(60, 24, 300_000);
    assert!(done.largest.get() > 600_000 && done.pruned.get() > 60, "{done:?}");
}
