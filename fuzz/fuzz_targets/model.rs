//! Plan and apply on a disk in memory, calls failing on the way, against a map that anyone can read.
//!
//! Whatever happens the store is whole, old or new; what is gone is what the model condemns; and once the disk is well
//! again, one more sweep reaches the model's state.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use session_reaper::{
    FileStore, Policy, Timestamp,
    fs::MemDisk,
    sweep::{self, Options},
};

/// No guard has a word here: times and rows are made up.
fn options() -> Options {
    Options { allow_mass_delete: true, allow_clock_jump: true, allow_tightened: true, ..Options::default() }
}

const PATH: &str = "/s/sessions.json";
const NOW: i64 = 1_795_248_000_000;
const DAY: i64 = 86_400_000;

#[derive(Debug, Arbitrary)]
enum Op {
    /// A gateway writes a row.
    Put { key: u8, age: u32 },
    /// A gateway writes a row without a time.
    Bare { key: u8 },
    /// A sweep, its n-th call failing.
    Prune { fail_at: Option<u8>, forever: bool },
    /// A tick some minutes later.
    Tick { minutes: u8 },
}

/// Some runs, two of them with a descendant, and rows that never go.
fn key(number: u8) -> String {
    let run = number % 4;
    match number % 12 {
        0..4 => format!("agent:a:cron:j:run:0f6a2b1c-1111-4222-8333-{run:012}"),
        4..8 => format!("agent:A:cron:j:run:0f6a2b1c-1111-4222-8333-{run:012}:x"),
        8 => "agent:a:cron:j".into(),
        9 => "agent:a:main".into(),
        10 => "x:cron:j:run:0f6a2b1c-1111-4222-8333-000000000000".into(),
        _ => "cron:j:run:not-a-uuid".into(),
    }
}

type Rows = BTreeMap<String, Option<i64>>;

fn text(rows: &Rows) -> Vec<u8> {
    let rows: BTreeMap<_, _> = rows
        .iter()
        .map(|(key, at)| (key, at.map_or(serde_json::json!({}), |at| serde_json::json!({ "updatedAt": at }))))
        .collect();
    serde_json::to_vec(&rows).unwrap()
}

fn rows(text: &[u8]) -> Rows {
    let rows: BTreeMap<String, serde_json::Value> = serde_json::from_slice(text).expect("valid JSON");
    rows.into_iter().map(|(key, row)| (key, row["updatedAt"].as_i64())).collect()
}

fn expired(rows: &Rows, now: i64) -> Rows {
    let family = |key: &str| key.to_lowercase().trim_end_matches(":x").to_owned();
    let is_run = |key: &str| family(key).starts_with("agent:a:cron:j:run:");
    let old = |at: &Option<i64>| at.is_some_and(|at| at <= now && now - at > DAY);
    let whole =
        |key: &str| rows.iter().filter(|(other, _)| family(other) == family(key)).all(|(_, at)| old(at));
    rows.iter().filter(|(key, _)| is_run(key) && whole(key)).map(|(key, at)| (key.clone(), *at)).collect()
}

fuzz_target!(|ops: Vec<Op>| {
    let mut model = Rows::new();
    let mut now = NOW;
    let disk = MemDisk::with_file(PATH.as_ref(), &text(&model));
    let store = FileStore::on(disk.clone(), PATH);
    let policy = Policy::default();
    let put = |model: &Rows| disk.put(PATH.as_ref(), &text(model));
    for op in ops.into_iter().take(64) {
        match op {
            Op::Put { key: number, age } => {
                model.insert(key(number), Some(now - i64::from(age)));
                put(&model);
            }
            Op::Bare { key: number } => {
                model.insert(key(number), None);
                put(&model);
            }
            Op::Prune { fail_at, forever } => {
                let doomed = expired(&model, now);
                if let Some(at) = fail_at {
                    disk.fail_at(at.into(), forever);
                }
                let report = sweep::prune(&store, &policy, Timestamp::from_millis(now), &options());
                let _ = disk.heal();
                let left = rows(&disk.get(PATH.as_ref()).expect("the store is there"));
                let swept: Rows = model
                    .iter()
                    .filter(|(key, _)| !doomed.contains_key(*key))
                    .map(|(k, v)| (k.clone(), *v))
                    .collect();
                assert!(left == model || left == swept);
                if report.error.is_none() {
                    assert_eq!(
                        (left.clone(), report.pruned, report.kept),
                        (swept, doomed.len() as u64, left.len() as u64)
                    );
                }
                model = left;
            }
            Op::Tick { minutes } => {
                now += i64::from(minutes) * 60_000;
                let before = model.len() as u64;
                let report = sweep::tick(&store, &policy, Timestamp::from_millis(now), &options());
                model = rows(&disk.get(PATH.as_ref()).expect("the store is there"));
                assert!(report.error.is_none());
                assert_eq!(before - report.pruned, model.len() as u64);
            }
        }
    }
    let doomed = expired(&model, now);
    sweep::prune(&store, &policy, Timestamp::from_millis(now), &options());
    let left = rows(&disk.get(PATH.as_ref()).expect("the store is there"));
    assert!(left.keys().all(|key| !doomed.contains_key(key)) && left.len() + doomed.len() == model.len());
});
