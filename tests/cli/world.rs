//! A folder of its own for each test, a store in it, and a way to run the program there.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// 2026-11-21T08:00:00Z, the time of every test.
pub(crate) const NOW: i64 = 1_795_248_000_000;
const HOUR: i64 = 3_600_000;

/// The key of a cron run.
pub(crate) fn run_key(number: u32) -> String {
    format!("agent:main:cron:job:run:00000000-0000-4000-8000-{number:012}")
}

/// A store as gateways write it; `ages` are the ages of cron runs in milliseconds.
pub(crate) fn store_text(ages: &[i64]) -> String {
    let mut text = format!(
        "{{\n  \"agent:main:main\": {{\n    \"sessionId\": \"m\",\n    \"updatedAt\": {}\n  }},\n  \"agent:main:cron:job\": {{\n    \"updatedAt\": {}\n  }}",
        NOW - 1000,
        NOW - 999 * HOUR
    );
    for (number, age) in (1..).zip(ages) {
        let updated = NOW - age;
        let key = run_key(number);
        write!(text, ",\n  \"{key}\": {{\n    \"updatedAt\": {updated},\n    \"x\": \"\\ud800\"\n  }}")
            .unwrap();
    }
    text + "\n}"
}

/// Two runs that go, one that is exactly as old as the retention, one that is young; with the two rows that nobody judges.
pub(crate) fn usual_store() -> String {
    store_text(&[25 * HOUR, 24 * HOUR, HOUR, 24 * HOUR + 1])
}

/// The same once it is swept.
pub(crate) fn usual_survivors() -> String {
    let whole = usual_store();
    let rows: Vec<&str> = whole.split(",\n  \"agent:main:cron:job:run").collect();
    format!(
        "{},\n  \"agent:main:cron:job:run{},\n  \"agent:main:cron:job:run{}\n}}",
        rows[0], rows[2], rows[3]
    )
}

/// How a process ended, with the test's own folder called `[DIR]`.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Stdout as one JSON object.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Exit code, stdout and stderr for a snapshot, names of runs as `[RUN]`.
    pub(crate) fn shown(&self) -> String {
        without_runs(&format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.out, self.err))
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.shown());
        self
    }
}

/// Names of runs differ from run to run: `20261121T080000000Z-1f2e3d4c`.
fn without_runs(text: &str) -> String {
    let is_run =
        |word: &&str| word.len() == 28 && word.get(8..9) == Some("T") && word.get(18..20) == Some("Z-");
    let runs: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(is_run).collect();
    runs.iter().fold(text.to_owned(), |text, run| text.replace(run, "[RUN]"))
}

/// A folder of its own.
pub(crate) struct World {
    dir: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder with the usual store in it.
    pub(crate) fn with_store() -> (Self, PathBuf) {
        let world = Self::new();
        let store = world.write("sessions.json", &usual_store());
        (world, store)
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

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A command that sees nothing of the machine it runs on.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        self.command_at(&NOW.to_string(), args)
    }

    /// The same at another time.
    fn command_at<S: AsRef<std::ffi::OsStr>>(&self, now: &str, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("session-reaper"));
        command.env_clear().current_dir(self.dir.path()).env("HOME", self.dir.path());
        command.stdin(Stdio::null()).args(["--now", now]).args(args);
        command
    }

    /// Runs a line of words.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.ran(self.command(line.split_whitespace()).output().unwrap())
    }

    pub(crate) fn run_at(&self, now: &str, line: &str) -> Ran {
        self.ran(self.command_at(now, line.split_whitespace()).output().unwrap())
    }

    /// Runs a line of words by the machine's clock.
    pub(crate) fn run_by_the_clock(&self, line: &str) -> Ran {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("session-reaper"));
        command.env_clear().current_dir(self.dir.path()).env("HOME", self.dir.path()).stdin(Stdio::null());
        self.ran(command.args(line.split_whitespace()).output().unwrap())
    }

    pub(crate) fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        self.ran(self.command(line.split_whitespace()).envs(variables.iter().copied()).output().unwrap())
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        let dir = self.dir.path().to_str().unwrap();
        let program = assert_cmd::cargo::cargo_bin!("session-reaper").to_str().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).unwrap().replace(dir, "[DIR]").replace(program, "[PROGRAM]")
        };
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Every path below, with what changes when anybody writes.
    pub(crate) fn listing(&self) -> Vec<(PathBuf, u64, u64, i64, i64)> {
        let mut found = Vec::new();
        list(self.dir.path(), &mut found);
        found.sort();
        found
    }
}

fn list(folder: &Path, found: &mut Vec<(PathBuf, u64, u64, i64, i64)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::symlink_metadata(&path).unwrap();
        found.push((path.clone(), data.ino(), data.size(), data.mtime(), data.mtime_nsec()));
        if data.is_dir() {
            list(&path, found);
        }
    }
}

/// Holds our own lock on the store of a folder, as another process would, until it is dropped.
pub(crate) struct Held(fs::File);

impl Held {
    pub(crate) fn lock(world: &World) -> Self {
        let file = fs::File::create(world.path_of_lock()).unwrap();
        fs4::FileExt::lock(&file).unwrap();
        Self(file)
    }
}

impl Drop for Held {
    /// By name, since closing is not enough: a process that another test starts at this moment has the file open as well.
    fn drop(&mut self) {
        fs4::FileExt::unlock(&self.0).unwrap();
    }
}

impl World {
    fn path_of_lock(&self) -> PathBuf {
        fs::create_dir_all(self.path(".session-reaper")).unwrap();
        self.path(".session-reaper/sessions.json.lock")
    }
}
