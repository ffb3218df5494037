//! The store that is written is the one that was ordered.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use proptest::prelude::*;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::*;
use crate::{
    model::{Kind, Shape},
    policy::{Detail, Planner, Policy, Row, Stamp},
};

/// Any JSON, in the order and with the repetitions of its text.
#[derive(Debug)]
enum Json {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    Other(serde_json::Value),
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what gateways write")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Other(text.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl Json {
    fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn stamp(&self) -> Stamp {
        match self.member("updatedAt") {
            Some(Self::Other(number)) => Stamp::of_number(&number.to_string()),
            _ => Stamp::Absent,
        }
    }
}

fn made(recipe: &Recipe) -> (Vec<u8>, Summary) {
    let mut text = Vec::new();
    let summary = write(recipe, &mut text).unwrap();
    (text, summary)
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_795_248_000_000)
}

fn recipes() -> impl Strategy<Value = Recipe> {
    let weight = prop_oneof![4 => Just(Weight::Bare), 4 => Just(Weight::Lean), 1 => Just(Weight::Heavy)];
    let now = prop_oneof![8 => Just(1_795_248_000_000), 1 => Just(1_000_000_000_000), 1 => any::<i64>()];
    let percent = prop_oneof![1 => Just(0), 1 => Just(100), 6 => any::<u8>()];
    let kinds = prop_oneof![Just(Mix::CronRuns), Just(Mix::Realistic)];
    let now = now.prop_map(Timestamp::from_millis);
    (0..400_u64, weight, now, percent, any::<u64>(), kinds).prop_map(
        |(rows, weight, now, expired_percent, seed, kinds)| Recipe {
            rows,
            weight,
            now,
            expired_percent,
            seed,
            kinds,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_store_is_the_one_ordered(recipe in recipes()) {
        let (text, summary) = made(&recipe);
        let store: Json = serde_json::from_slice(&text).unwrap();
        let keys: BTreeSet<_> = store.members().iter().map(|(key, _)| key).collect();
        prop_assert_eq!(keys.len() as u64, recipe.rows, "no key stands twice");
        prop_assert_eq!((summary.rows, summary.bytes), (recipe.rows, text.len() as u64));
        let runs = keys.iter().filter(|key| Shape::of(key.as_bytes()).kind == Kind::CronRun).count();
        prop_assert_eq!(summary.cron_runs, runs as u64);
        prop_assert_eq!(summary.expired, pruned(&store, recipe.now));
        prop_assert_eq!(String::from_utf8(text).unwrap(), serde_json::to_string_pretty(&store).unwrap());
    }

    #[test]
    fn the_same_recipe_gives_the_same_bytes(recipe in recipes(), seed in any::<u64>()) {
        let text = made(&recipe).0;
        prop_assert_eq!(&text, &made(&recipe).0);
        let other = made(&Recipe { seed, ..recipe }).0;
        prop_assert!(recipe.rows < 5 || seed == recipe.seed || text != other);
    }
}

fn pruned(store: &Json, now: Timestamp) -> u64 {
    let policy = Policy::default();
    let mut planner = Planner::new(&policy, now, Detail::Doomed);
    for (place, (key, row)) in store.members().iter().enumerate() {
        planner.see(&Row { key: key.as_bytes(), stamp: row.stamp(), place });
    }
    planner.finish().pruned()
}

#[test]
fn the_share_of_expired_runs_is_kept_all_along() {
    for percent in [0, 1, 50, 90, 99, 100] {
        let recipe =
            Recipe { rows: 5_000, expired_percent: percent, kinds: Mix::CronRuns, ..Recipe::new(now()) };
        let (mut runs, mut expired) = (0, 0);
        for slot in Roster::new(&recipe).filter(roster::Slot::is_cron_run) {
            runs += 1;
            expired += i64::from(slot.is_expired(now()));
            let off = expired * 100 - runs * i64::from(percent);
            assert!(off.abs() <= 100, "{percent} % of {runs} runs, but {expired} have expired");
        }
    }
}

#[test]
fn rows_weigh_what_their_weight_says() {
    for (weight, from, to) in
        [(Weight::Bare, 280, 330), (Weight::Lean, 1_200, 1_500), (Weight::Heavy, 24_000, 28_000)]
    {
        for kinds in [Mix::CronRuns, Mix::Realistic] {
            let recipe = Recipe { rows: 2_000, weight, kinds, ..Recipe::new(now()) };
            let mean = made(&recipe).1.bytes / recipe.rows;
            assert!((from..=to).contains(&mean), "{weight:?} {kinds:?}: {mean} bytes a row");
        }
    }
}

#[test]
fn a_realistic_store_has_every_kind_that_gateways_write() {
    let (text, _) = made(&Recipe { rows: 4_000, ..Recipe::new(now()) });
    let store: Json = serde_json::from_slice(&text).unwrap();
    let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
    for (key, _) in store.members() {
        *kinds.entry(Shape::of(key.as_bytes()).kind).or_default() += 1;
    }
    let missing: Vec<_> = Kind::all().filter(|kind| !kinds.contains_key(kind)).collect();
    assert_eq!(missing, [Kind::AcpBridge, Kind::Node, Kind::Unknown]);
    assert!(kinds[&Kind::CronRun] > 2_400 && kinds[&Kind::CronBase] == 80, "{kinds:?}");
}

#[test]
fn a_job_shares_its_entry_with_its_newest_run() {
    let recipe = Recipe { rows: 2, kinds: Mix::CronRuns, ..Recipe::new(now()) };
    let store: Json = serde_json::from_slice(&made(&recipe).0).unwrap();
    let [(base, of_base), (run, of_run)] = store.members() else { panic!("two rows") };
    assert!(run.starts_with(&format!("{base}:run:")));
    assert_eq!(serde_json::to_string(of_base).unwrap(), serde_json::to_string(of_run).unwrap());
}

#[test]
fn a_failing_writer_is_reported() {
    let error = write(&Recipe::new(now()), &mut [0_u8; 10].as_mut_slice()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}
