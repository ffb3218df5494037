//! Numbers add up.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::value::RawValue;
use session_reaper::{
    Age, FileStore, Kind, Policy, Retention,
    inspect::{KindWeight, Survey, survey},
    json::testing,
    policy::Detail,
    specimen::{self, Mix, Recipe, Weight},
    store::{Request, Store},
};

use crate::support::{NOW, odd_stores, policy, row, rows, run, store};

fn plan_of(store: &FileStore, policy: &Policy) -> session_reaper::policy::Plan<session_reaper::store::Spot> {
    let request = Request { policy, now: NOW, detail: Detail::Doomed, digest: false };
    store.plan(&request).unwrap().plan
}

/// Whatever the store: the census agrees with the plan, and the weights with the file.
fn adds_up(text: &[u8], policy: &Policy) -> Survey {
    let fixture = store(text);
    let survey = survey(&fixture.store, policy, NOW).unwrap();
    let plan = plan_of(&fixture.store, policy);
    let census = &survey.census;
    assert_eq!(census.total.rows, plan.scanned());
    assert_eq!(census.total.prunable, plan.pruned());
    assert_eq!(census.kinds.values().map(|kind| kind.rows).sum::<u64>(), plan.scanned());
    assert_eq!(census.kinds.values().map(|kind| kind.prunable).sum::<u64>(), plan.pruned());
    assert_eq!(census.ages.groups().map(|(_, group)| group.rows).sum::<u64>(), plan.scanned());
    let weights = &survey.weights;
    assert_eq!(weights.bytes(), text.len() as u64);
    assert_eq!(
        weights.keys() + weights.plain_values() + weights.field_bytes() + weights.rest(),
        text.len() as u64
    );
    let by_kind: u64 = weights.kinds().values().map(KindWeight::bytes).sum();
    assert_eq!(by_kind, census.total.bytes);
    let fields: u64 = weights.fields(None).iter().map(|(_, field)| field.bytes).sum();
    assert_eq!(fields, weights.field_bytes());
    survey
}

#[test]
fn odd_stores_add_up() {
    for text in odd_stores() {
        adds_up(&text, &policy());
    }
}

#[test]
fn a_key_that_stands_twice_is_one_row_and_what_it_hides_still_weighs() {
    let twice = rows(&[row(&run(1), 48), row(&run(2), 1), row(&run(1), 47)]);
    let survey = survey(&twice.store, &policy(), NOW).unwrap();
    let runs = survey.census.kinds[&Kind::CronRun];
    assert_eq!((runs.rows, runs.prunable, survey.census.shadowed), (2, 1, 1));
    assert_eq!(runs.bytes, 3 * (run(1).len() as u64 + 2 + r#"{"updatedAt":1795248000000}"#.len() as u64));
}

#[test]
fn an_age_at_the_end_of_a_group_is_in_it() {
    let at = |millis: i64| format!("\"{millis}\":{{\"updatedAt\":{}}}", NOW.as_millis() - millis);
    let hour = 3_600_000;
    let ends = [0, hour, hour + 1, 24 * hour, 7 * 24 * hour, 30 * 24 * hour, 30 * 24 * hour + 1, -1];
    let fixture = rows(&ends.map(at));
    let ages = survey(&fixture.store, &policy(), NOW).unwrap().census.ages;
    let counts: Vec<_> = ages.groups().map(|(name, group)| (name, group.rows)).collect();
    assert_eq!(counts, [("1h", 2), ("24h", 2), ("7d", 1), ("30d", 1), ("older", 1), ("unknown", 1)]);
}

#[test]
fn the_next_expiry_is_that_of_the_oldest_row_that_is_merely_young() {
    let fixture = rows(&[row(&run(1), 48), row(&run(2), 20), row(&run(3), 1), row("agent:main:main", 900)]);
    let survey = survey(&fixture.store, &policy(), NOW).unwrap();
    assert_eq!(survey.census.total.next_expiry, Some(NOW.plus(Age::from_hours(4))));
    assert_eq!(survey.census.kinds[&Kind::Main].next_expiry, None);
}

#[test]
fn weights_name_the_heavy_fields() {
    let mut text = Vec::new();
    let recipe = Recipe { rows: 60, weight: Weight::Heavy, ..Recipe::new(NOW) };
    specimen::write(&recipe, &mut text).unwrap();
    let survey = adds_up(&text, &policy());
    let names: Vec<_> =
        survey.weights.fields(None).iter().map(|(name, _)| name.to_string()).take(2).collect();
    assert_eq!(names, ["skillsSnapshot", "systemPromptReport"]);
    assert!(survey.bytes_after < survey.bytes_before);
}

#[test]
fn a_field_written_in_two_ways_is_one_field() {
    let fixture = store(r#"{"a":{"\u0078":1,"x":22}}"#);
    let survey = survey(&fixture.store, &policy(), NOW).unwrap();
    let fields: Vec<_> = survey
        .weights
        .fields(None)
        .iter()
        .map(|(name, field)| (name.to_string(), field.rows, field.bytes))
        .collect();
    assert_eq!(fields, [("x".to_owned(), 2, 8 + 1 + 3 + 2)]);
}

#[test]
fn names_without_end_are_weighed_together() {
    let members: Vec<_> = (0..3_000).map(|n| format!("\"f{n}\":{n}")).collect();
    let text = format!("{{\"a\":{{{}}}}}", members.join(","));
    let survey = adds_up(text.as_bytes(), &policy());
    let fields = survey.weights.fields(None);
    assert_eq!(fields.len(), 1_001);
    assert_eq!((fields[0].0.to_string().as_str(), fields[0].1.rows), ("(other fields)", 2_000));
}

/// An independent count: with a parser of another make.
fn counted(text: &[u8]) -> (u64, u64) {
    let rows: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(text).unwrap();
    let mut sums = (0, 0);
    for (key, value) in rows {
        let value: &RawValue = &value;
        sums.0 += serde_json::to_string(&key).unwrap().len() as u64;
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(value.get()).unwrap();
        sums.1 += fields
            .iter()
            .map(|(name, value)| serde_json::to_string(name).unwrap().len() as u64 + value.get().len() as u64)
            .sum::<u64>();
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn specimens_add_up_as_another_parser_counts_them(
        seed in any::<u64>(), size in 1_u64..300, expired in 0_u8..=100, cap in 1_u64..200, keep_last in 0_u32..4,
    ) {
        let mut text = Vec::new();
        let recipe = Recipe { rows: size, seed, expired_percent: expired, kinds: Mix::Realistic, ..Recipe::new(NOW) };
        specimen::write(&recipe, &mut text).unwrap();
        let policy = Policy::default().with_keep_last(keep_last).with_max_entries(cap).unwrap()
            .with_rule(Kind::Subagent, Retention::After(Age::from_hours(5))).unwrap();
        let survey = adds_up(&text, &policy);
        prop_assert_eq!((survey.weights.keys(), survey.weights.field_bytes()), counted(&text));
    }

    #[test]
    fn documents_of_every_style_add_up(entropy in any::<Vec<u8>>()) {
        let mut dice = testing::Dice::from_bytes(&entropy);
        let text = testing::Document::any(&mut dice, 12).text(&mut dice);
        adds_up(text.as_bytes(), &policy());
    }
}
