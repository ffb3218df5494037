//! A folder for each test, stores in it, and the program run there.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// 2026-11-21T08:00:00Z, the time of every test that does not ask the clock.
pub(crate) const NOW: i64 = 1_795_248_000_000;
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// The one store of most tests.
pub(crate) const STORE: &str = "sessions.json";

/// The key of a cron run.
pub(crate) fn run_key(number: usize) -> String {
    format!("agent:main:cron:job:run:00000000-0000-4000-8000-{number:012}")
}

/// A conversation and the row of a job, which no rule of ours takes, and cron runs with these times.
pub(crate) fn store_at(times: &[i64]) -> String {
    let mut text = format!(
        "{{\n  \"agent:main:main\": {{\n    \"n\": 0,\n    \"updatedAt\": {}\n  }},\n  \"agent:main:cron:job\": {{\n    \"updatedAt\": {}\n  }}",
        NOW - HOUR,
        NOW - 999 * HOUR
    );
    for (number, at) in times.iter().enumerate() {
        let key = run_key(number);
        write!(text, ",\n  \"{key}\": {{\n    \"updatedAt\": {at},\n    \"x\": \"\\ud800\"\n  }}").unwrap();
    }
    text + "\n}"
}

/// The same by the ages of the cron runs.
pub(crate) fn store_of(ages: &[i64]) -> String {
    store_at(&ages.iter().map(|age| NOW - age).collect::<Vec<_>>())
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Stdout as one JSON object.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// The report on the first store.
    #[track_caller]
    pub(crate) fn store(&self) -> Value {
        self.json()["stores"][0].clone()
    }
}

/// A path, and what changes when anybody writes: inode, size, mtime.
pub(crate) type Entry = (PathBuf, u64, u64, i64, i64);

/// A folder of its own.
pub(crate) struct World {
    dir: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder with this store in it.
    pub(crate) fn with(text: &str) -> Self {
        let world = Self::new();
        world.write(STORE, text);
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Puts a new text in the store's place at once, as gateways do.
    pub(crate) fn replace(&self, text: &str) {
        let temp = self.write("sessions.json.new", text);
        fs::rename(temp, self.path(STORE)).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The keys of the store.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        let store: Value = serde_json::from_str(&self.read(STORE).replace("\\ud800", "")).unwrap();
        store.as_object().unwrap().keys().cloned().collect()
    }

    /// The program in this folder, by the clock, and with nothing of the machine's own settings.
    pub(crate) fn by_the_clock(&self, line: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("session-reaper"));
        command.env_clear().current_dir(self.dir.path()).env("HOME", self.dir.path());
        command.stdin(Stdio::null()).args(line.split_whitespace());
        command
    }

    /// The same at the time of the tests.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.by_the_clock("--now");
        command.arg(NOW.to_string()).args(line.split_whitespace());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        Ran::of(self.command(line).output().unwrap())
    }

    pub(crate) fn run_at(&self, now: i64, line: &str) -> Ran {
        Ran::of(self.by_the_clock(&format!("--now={now} {line}")).output().unwrap())
    }

    /// The runs in the journal.
    #[track_caller]
    pub(crate) fn history(&self) -> Vec<Value> {
        let json = self.run(&format!("history --json --store {STORE}")).expect(0).json();
        json["runs"].as_array().unwrap().clone()
    }

    /// Every path below.
    pub(crate) fn listing(&self) -> Vec<Entry> {
        let mut found = Vec::new();
        list(self.dir.path(), &mut found);
        found.sort();
        found
    }
}

fn list(folder: &Path, found: &mut Vec<Entry>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::symlink_metadata(&path).unwrap();
        found.push((path.clone(), data.ino(), data.size(), data.mtime(), data.mtime_nsec()));
        if data.is_dir() {
            list(&path, found);
        }
    }
}
