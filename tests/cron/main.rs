//! The binary under the schedulers that call it: Debian's own cron for real, and systemd's judgement on the units.
//!
//! A rig that cannot run says so loudly; where `CI` is set, it fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails loudly, touches the files it is about, and waits for a real clock"
)]

mod daemon;
mod units;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use daemon::{Cron, Line};
use serde_json::{Deserializer, Value, json};
use tempfile::TempDir;

/// Two ticks are at most two minutes away; the rest is for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(200);

const HOUR: i64 = 3_600_000;

/// Why the rig cannot run, on the terminal; a failure where it must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_session-reaper"))
}

/// A store of one job: two runs that have expired, two that will not for hours, and the job's row.
fn store() -> Value {
    let now = session_reaper::now().as_millis();
    let run = |n: u32| format!("agent:main:cron:daily:run:0f6a2b1c-1111-4222-8333-{n:012}");
    let row = |hours: i64| json!({"sessionId": format!("s{hours}"), "updatedAt": now - hours * HOUR});
    json!({"agent:main:cron:daily": row(1), run(1): row(48), run(2): row(1), run(3): row(25), run(4): row(12)})
}

/// The text of a store without its expired rows.
fn swept(store: &Value) -> Value {
    let expired = |row: &Value| matches!(row["sessionId"].as_str(), Some("s48" | "s25"));
    store
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, row)| !expired(row))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// The reports in a log: every JSON object that starts a line and is complete.
fn reports(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let starts =
        text.match_indices('{').filter(|(at, _)| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'));
    let object = |(at, _)| Deserializer::from_str(text.get(at..)?).into_iter().next()?.ok();
    starts.filter_map(object).collect()
}

fn wait_for_ticks(log: &Path, ticks: usize) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let reports = reports(log);
        if reports.len() >= ticks {
            eprintln!("{} ticks in {:?}", reports.len(), start.elapsed());
            return reports;
        }
        let log = fs::read_to_string(log).unwrap_or_else(|_| "(cron has written nothing)".to_owned());
        assert!(start.elapsed() < PATIENCE, "only {} of {ticks} ticks; the log: {log}", reports.len());
        thread::sleep(Duration::from_secs(1));
    }
}

/// What each tick did to the store, and how many rows it removed.
fn outcomes(reports: &[Value]) -> Vec<(String, u64)> {
    let store = |report: &Value| report["stores"].get(0).cloned().unwrap_or_default();
    let outcome = |store: Value| {
        (store["outcome"].as_str().unwrap_or("?").to_owned(), store["pruned"].as_u64().unwrap_or(u64::MAX))
    };
    reports.iter().map(store).map(outcome).collect()
}

/// A store where a gateway would have it: gateways of other folders, such as other tests make, are none of its own.
fn write_store(folder: &Path, store: &Value) -> PathBuf {
    let sessions = folder.join("agents/main/sessions");
    fs::create_dir_all(&sessions).unwrap();
    let path = sessions.join("sessions.json");
    fs::write(&path, serde_json::to_string_pretty(store).unwrap()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn under_debians_cron_a_store_is_swept_once_and_then_throttled() {
    let folder = TempDir::new().unwrap();
    let store = store();
    let path = write_store(folder.path(), &store);
    let log = folder.path().join("log");
    let _cron = match Cron::running() {
        Ok(cron) => cron,
        Err(why) => return skip(&why),
    };
    let command = format!("{} tick --json --every 1h {}", binary().display(), path.display());
    let _line = Line::every_minute(folder.path(), &command, &log);
    let reports = wait_for_ticks(&log, 2);
    let outcomes = outcomes(&reports);
    eprintln!("{outcomes:?}");
    assert_eq!(outcomes.first(), Some(&("swept".to_owned(), 2)), "{reports:#?}");
    assert!(outcomes.iter().skip(1).all(|tick| *tick == ("throttled".to_owned(), 0)), "{reports:#?}");
    let left: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(left, swept(&store));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}
