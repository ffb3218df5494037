//! Stores in folders of their own.

use session_reaper::{FileStore, Policy, Timestamp};

/// The time of every test here.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

/// A run's id.
pub(crate) const UUID: &str = "0f6a2b1c-1111-4222-8333-444455556666";

/// A store with a folder around it, which goes when this does.
#[derive(Debug)]
pub(crate) struct Fixture {
    #[expect(dead_code, reason = "removed when dropped")]
    folder: tempfile::TempDir,
    pub(crate) store: FileStore,
}

/// A store with this text.
pub(crate) fn store(text: impl AsRef<[u8]>) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.json");
    std::fs::write(&path, text).unwrap();
    Fixture { folder, store: FileStore::new(path) }
}

/// So many hours before now, as a number in JSON.
pub(crate) fn hours_ago(hours: i64) -> i64 {
    NOW.as_millis() - hours * 3_600_000
}

/// A row with an `updatedAt` so many hours ago.
pub(crate) fn row(key: &str, hours: i64) -> String {
    format!("{}:{{\"updatedAt\":{}}}", serde_json::to_string(key).unwrap(), hours_ago(hours))
}

/// A store of these rows.
pub(crate) fn rows(rows: &[String]) -> Fixture {
    store(format!("{{{}}}", rows.join(",")))
}

/// The key of a cron run.
pub(crate) fn run(number: u32) -> String {
    format!("agent:main:cron:daily:run:{number:08x}-1111-4222-8333-444455556666")
}

/// A day for cron runs and nothing else.
pub(crate) fn policy() -> Policy {
    Policy::default()
}

/// Stores of every odd kind that is still a store.
pub(crate) fn odd_stores() -> Vec<Vec<u8>> {
    let run = run(1);
    let (old, young) = (hours_ago(48), hours_ago(1));
    [
        "{}".to_owned(),
        " \r\n{ \r\n }\r\n".to_owned(),
        format!("\u{feff}{{\"{run}\":{{\"updatedAt\":{old}}}}}"),
        format!("{{\r\n  \"{run}\": {{\r\n    \"updatedAt\": {old},\r\n    \"a\": [1, 2]\r\n  }}\r\n}}\r\n"),
        format!("{{\"{run}\":{{\"updatedAt\":{young}}},\"x\":1,\"{run}\":{{\"updatedAt\":{old}}}}}"),
        format!("{{\"{run}\":{{\"updatedAt\":{old}}},\"{run}\":{{\"updatedAt\":{young}}}}}"),
        format!(
            r#"{{"agent:main:\ud800":{{"updatedAt":{old},"\ud800":"\ud83d\ude00","a\u0062":1,"ab":2}}}}"#
        ),
        r#"{"agent:main:main":null,"a":[],"b":"text","c":1.5e3,"":{},"__proto__":{"updatedAt":null}}"#
            .to_owned(),
        format!("{{\"a\":{{\"{}\":1,\"b\":{{\"c\":[{{}}]}}}}}}", "n".repeat(700)),
    ]
    .map(String::into_bytes)
    .into()
}
