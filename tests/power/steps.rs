//! The story that a store goes through: rows come and go, step by step. Pure.

use std::collections::BTreeMap;

/// The time of every sweep here.
pub(crate) const NOW: &str = "2026-11-21T08:00:00Z";

/// An hour before that.
const RECENT: u64 = 1_795_244_400_000;

/// Years before that.
const LONG_AGO: u64 = 1_700_000_000_000;

/// A row, as a key and the bytes of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) is_expired: bool,
}

/// Long enough for a store to be torn in the middle of a file, and unlike what another row is full of.
fn value(number: usize, updated_at: u64, size: usize) -> String {
    let note = format!("{number:03} ").repeat(size);
    format!("{{\n    \"updatedAt\": {updated_at},\n    \"x\": 1e2,\n    \"note\": \"{note}\"\n  }}")
}

/// A cron run that is due to go.
pub(crate) fn expired(number: usize, size: usize) -> Row {
    let key = format!("agent:main:cron:job{number}:run:0f6a2b1c-1111-4222-8333-{number:012}");
    Row { key, value: value(number, LONG_AGO, size), is_expired: true }
}

/// A chat, which no rule takes.
pub(crate) fn kept(number: usize, size: usize) -> Row {
    let key = format!("agent:main:telegram:group:{number}");
    Row { key, value: value(number, RECENT, size), is_expired: false }
}

/// A store as gateways write it.
pub(crate) fn text(rows: &[Row]) -> String {
    let lines: Vec<_> = rows.iter().map(|row| format!("  \"{}\": {}", row.key, row.value)).collect();
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n}}", lines.join(",\n")) }
}

/// What is left after a sweep.
pub(crate) fn survivors(rows: &[Row]) -> Vec<Row> {
    rows.iter().filter(|row| !row.is_expired).cloned().collect()
}

/// What stands on the disk once a step has been acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) step: &'static str,
    pub(crate) text: String,
    /// The store after one more sweep.
    pub(crate) healed: String,
    /// Rows that were in the store and are in the trash.
    pub(crate) gone: BTreeMap<String, String>,
    /// And those that are after one more sweep.
    pub(crate) gone_when_healed: BTreeMap<String, String>,
}

impl State {
    pub(crate) fn new(step: &'static str, rows: &[Row], gone: &[Row]) -> Self {
        let by_key = |row: &Row| (row.key.clone(), row.value.clone());
        let swept = rows.iter().filter(|row| row.is_expired).chain(gone).map(by_key).collect();
        Self {
            step,
            text: text(rows),
            healed: text(&survivors(rows)),
            gone: gone.iter().map(by_key).collect(),
            gone_when_healed: swept,
        }
    }
}

#[test]
fn a_story_is_told_in_valid_json_and_survivors_stay_as_they_are() {
    let rows = [expired(1, 1), kept(2, 300), expired(3, 7)];
    let all: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text(&rows)).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(text(&survivors(&rows)), text(&[kept(2, 300)]));
    assert_eq!(text(&[]), "{}");
}
