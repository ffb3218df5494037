//! A store that is read by several threads and written by two: the same rows go, and every byte comes back.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use session_reaper::{
    Timestamp,
    specimen::{self, Mix, Recipe, Weight},
};

use crate::world::World;

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const DAY: i64 = 86_400_000;

type Rows<'a> = BTreeMap<String, &'a RawValue>;

fn rows(text: &str) -> Rows<'_> {
    serde_json::from_str(text).unwrap()
}

/// The rows that are to stay, found by a parser that holds all of the text.
fn survivors(text: &str) -> Rows<'_> {
    let mut rows = rows(text);
    rows.retain(|key, row| {
        let row: serde_json::Value = serde_json::from_str(row.get()).unwrap();
        !key.contains(":run:") || NOW.as_millis() - row["updatedAt"].as_i64().unwrap() <= DAY
    });
    rows
}

#[test]
fn i1_i4_a_large_store_loses_what_expired_and_gets_it_back_byte_for_byte() {
    let recipe = Recipe {
        rows: 8_000,
        weight: Weight::Lean,
        expired_percent: 50,
        kinds: Mix::CronRuns,
        ..Recipe::new(NOW)
    };
    let mut text = Vec::new();
    specimen::write(&recipe, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let world = World::new();
    world.write("sessions.json", &text);
    let now = NOW.to_string();
    let swept = world
        .run(&format!("prune --yes --json --allow-mass-delete --now {now} sessions.json"))
        .expect(0)
        .json();
    let after = world.read("sessions.json");
    let (left, wanted) = (rows(&after), survivors(&text));
    assert_eq!(swept["totals"]["pruned"], 8_000 - wanted.len());
    assert!(text.len() - after.len() > 4 << 20, "it should be more than what one thread writes");
    assert_eq!(left.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    assert!(left.iter().all(|(key, row)| row.get() == wanted[key].get()), "a row that stays has changed");
    world.run("undo --store sessions.json").expect(0);
    assert!(world.read("sessions.json") == text, "not every byte came back");
}

/// What is wrong is told where it is wrong, whoever read it first.
#[test]
fn a_fault_deep_in_a_large_store_is_told_with_its_place() {
    let recipe = Recipe { rows: 4_000, weight: Weight::Lean, ..Recipe::new(NOW) };
    let mut text = Vec::new();
    specimen::write(&recipe, &mut text).unwrap();
    let half = text.len() / 2;
    let at = half + text[half..].windows(3).position(|bytes| bytes == b"\": ").unwrap() + 1;
    text[at] = b'=';
    let text = String::from_utf8(text).unwrap();
    let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let world = World::new();
    world.write("sessions.json", &text);
    let ran = world.run("prune --yes sessions.json").expect(1);
    assert!(ran.err.contains(&format!("at byte {at} (line {line}, column ")), "{line}: {}", ran.shown());
    assert_eq!(world.read("sessions.json"), text);
}
