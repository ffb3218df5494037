//! A folder with a store in it, as a scenario wants it, and command lines that run in there.

use std::{
    cell::RefCell,
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use crate::{
    jail::{Lease, quoted},
    rig,
    scenario::{Line, Program, Scenario, Step, key, text},
};

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// 128 and the number of the signal when a signal ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What stands at the store's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Old,
    New,
    /// Neither: what must never be.
    Torn(String),
}

/// A fresh folder with all that comes before the command line of a scenario.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) scenario: Scenario,
    lease: RefCell<Lease>,
}

impl World {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self::with(scenario, Lease::take())
    }

    /// A world for who takes long: nobody waits for it.
    pub(crate) fn apart(scenario: &Scenario) -> Self {
        Self::with(scenario, Lease::own())
    }

    fn with(scenario: &Scenario, lease: Lease) -> Self {
        let world = Self { dir: folder(), scenario: *scenario, lease: RefCell::new(lease) };
        fs::create_dir(world.folder()).unwrap();
        for step in scenario.before {
            world.go_through(*step);
        }
        world
    }

    /// Makes something happen in here.
    pub(crate) fn go_through(&self, step: Step) {
        match step {
            Step::Store(letters) => {
                fs::write(self.store(), text(letters)).unwrap();
                make_old(&self.store());
            }
            Step::Run(line) => {
                let ended = self.run(Program::Ours, line);
                assert_eq!(ended.code, 0, "{}: {line:?}: {ended:?}", self.scenario.name);
                make_old(&self.store());
            }
            Step::KilledAfterTheExchange(line) => {
                rig::kill_after_the_exchange(self, line);
                // The file is known by its times, which must stay; a young one would be read twice.
                thread::sleep(Duration::from_millis(15));
            }
            Step::Leftover => {
                fs::create_dir(self.ours()).unwrap();
                fs::set_permissions(self.ours(), fs::Permissions::from_mode(0o700)).unwrap();
                fs::write(self.ours().join("sessions.json.77.0.tmp"), "left").unwrap();
            }
            Step::Foreign if is_root() => {
                fs::set_permissions(self.store(), fs::Permissions::from_mode(0o640)).unwrap();
                chown(self.store(), Some(65_534), Some(65_534)).unwrap();
            }
            Step::Foreign => {}
            Step::DeadLock => {
                let note = "{\n  \"pid\": 4000000,\n  \"createdAt\": \"2020-01-01T00:00:00.000Z\"\n}";
                fs::write(self.lock(), note).unwrap();
                make_old(&self.lock());
            }
            Step::Compress => {
                fs::write(self.folder().join("session-reaper.toml"), "[trash]\ncompress = true\n").unwrap();
            }
            Step::Bundle => fs::create_dir_all(self.ours().join("trash/r")).unwrap(),
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder().join("sessions.json")
    }

    /// The lock that gateways look at.
    pub(crate) fn lock(&self) -> PathBuf {
        self.folder().join("sessions.json.lock")
    }

    pub(crate) fn ours(&self) -> PathBuf {
        self.folder().join(".session-reaper")
    }

    /// Where a trace goes: not beside the store.
    pub(crate) fn trace(&self) -> PathBuf {
        self.dir.path().join("trace")
    }

    pub(crate) fn found(&self) -> Found {
        match fs::read(self.store()) {
            Ok(bytes) if bytes == self.scenario.old_text().into_bytes() => Found::Old,
            Ok(bytes) if bytes == self.scenario.new_text().into_bytes() => Found::New,
            Ok(bytes) => Found::Torn(String::from_utf8_lossy(&bytes).chars().take(400).collect()),
            Err(error) => Found::Torn(error.to_string()),
        }
    }

    /// Runs a command line to its end.
    pub(crate) fn run(&self, program: Program, line: Line) -> Ended {
        self.run_words(&self.words(program, line))
    }

    /// Runs a command to its end.
    pub(crate) fn run_words(&self, words: &[String]) -> Ended {
        self.start(words);
        self.wait()
    }

    /// Starts a command that sees nothing of the machine it runs on.
    pub(crate) fn start(&self, words: &[String]) {
        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        let [home, out, err] =
            [self.dir.path().to_owned(), self.said("stdout"), self.said("stderr")].map(|path| quote(&path));
        let (folder, words) = (quote(&self.folder()), words.join(" "));
        let line = format!("(cd {folder} && HOME={home} exec {words}) </dev/null >{out} 2>{err}");
        self.lease.borrow_mut().jail().tell(&line);
    }

    /// Waits for what was started.
    pub(crate) fn wait(&self) -> Ended {
        let code = self.lease.borrow_mut().jail().answer().expect("the shell answers");
        let read = |what| String::from_utf8_lossy(&fs::read(self.said(what)).unwrap()).into_owned();
        Ended { code, stdout: read("stdout"), stderr: read("stderr") }
    }

    fn said(&self, stream: &str) -> PathBuf {
        self.dir.path().join(stream)
    }

    /// A program and its arguments.
    pub(crate) fn words(&self, program: Program, line: Line) -> Vec<String> {
        let program = if program == Program::Ours { binary() } else { Path::new("sh") };
        let words = line.iter().map(|word| self.filled(word));
        std::iter::once(program.display().to_string()).chain(words).collect()
    }

    fn filled(&self, word: &str) -> String {
        let mut word = word.replace("{store}", &self.store().display().to_string());
        if word.contains("{new}") {
            word = word.replace("{new}", &self.scenario.new_text());
        }
        if word.contains("{old}") {
            word = word.replace("{old}", &self.scenario.old_text());
        }
        if word.contains("{key0}") {
            word = word.replace("{key0}", &key(0, 'G'));
        }
        for (at, run) in ["{run1}", "{run2}"].into_iter().enumerate() {
            if word.contains(run) {
                word = word.replace(run, self.journal()[at]["run"].as_str().unwrap());
            }
        }
        word
    }

    /// The lines of the journal.
    pub(crate) fn journal(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.ours().join("journal.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The rows that are pinned; an error when the list of them is torn.
    pub(crate) fn pins(&self) -> Result<usize, String> {
        let Ok(text) = fs::read(self.ours().join("sessions.json.pins.json")) else { return Ok(0) };
        let list: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| format!("the pins: {error}"))?;
        list["pins"].as_array().map(Vec::len).ok_or_else(|| format!("no list of pins: {list}"))
    }

    /// The folders of bundles in the trash, by their names.
    pub(crate) fn bundles(&self) -> Vec<PathBuf> {
        let trash = fs::read_dir(self.ours().join("trash"));
        let mut bundles: Vec<_> = trash.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        bundles.sort();
        bundles
    }
}

/// One in memory where there is one: what is durable is not the question here, and a disk is slow to say so.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = tempfile::Builder::new().prefix("crash-").tempdir_in(memory);
    folder.or_else(|_| tempfile::tempdir()).unwrap()
}

/// A file that was written to just now is read twice, after a pause: calls that not every run would make.
fn make_old(path: &Path) {
    let old = SystemTime::now() - Duration::from_hours(1);
    fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
}

fn quote(path: &Path) -> String {
    quoted(&path.display().to_string())
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_session-reaper"))
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
