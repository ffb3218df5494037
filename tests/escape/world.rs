//! A folder that is named, its twin outside, and the binary.

use std::{
    fs,
    ops::Range,
    os::unix::{
        fs::{PermissionsExt, lchown, symlink},
        process::ExitStatusExt,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use crate::tree::{self, Tree};

/// The time of every sweep here: all runs of crons are older than a day.
const NOW: &str = "2026-11-21T08:00:00Z";
/// Where the store is, below either of the twins.
const STORE: &str = "agents/main/sessions/sessions.json";
/// Whom all files belong to, where root runs the test.
const OWNER: u32 = 1000;

/// The folders that are exchanged for links, from the top down. The last is a bundle in the trash, whatever its name.
pub(crate) const LEVELS: [&str; 6] = [
    "agents",
    "agents/main",
    "agents/main/sessions",
    "agents/main/sessions/.session-reaper",
    "agents/main/sessions/.session-reaper/trash",
    "agents/main/sessions/.session-reaper/trash/*",
];
/// Which runs of crons the store has before a sweep, and which the twin's store has besides those in its trash: there is
/// something to sweep there, and something to bring back.
const RUNS: Range<u32> = 0..9;
const OTHER_RUNS: Range<u32> = 20..29;

fn text(runs: Range<u32>) -> String {
    let row = |key: String| format!("  \"{key}\": {{\n    \"updatedAt\": 1700000000000\n  }}");
    let runs = runs.map(|n| format!("agent:main:cron:job:run:0f6a2b1c-1111-4222-8333-{n:012}"));
    let rows: Vec<String> = ["agent:main:main".to_owned()].into_iter().chain(runs).map(row).collect();
    format!("{{\n{}\n}}", rows.join(",\n"))
}

pub(crate) struct World {
    dir: TempDir,
    twin: Tree,
}

impl World {
    pub(crate) fn new() -> Self {
        assert!(
            Command::new("strace").arg("-V").output().is_ok(),
            "strace is missing; tests/setup.sh installs it"
        );
        let dir = tempfile::tempdir().unwrap();
        let mut world = Self { dir, twin: Tree::new() };
        fs::create_dir(world.path("aside")).unwrap();
        for side in ["state", "twin"] {
            let store = world.path(side).join(STORE);
            fs::create_dir_all(store.parent().unwrap()).unwrap();
            fill(&store, RUNS);
        }
        world.give_away();
        for side in ["state", "twin"] {
            // Our own folder is there as any sweep leaves it, with a bundle in the trash.
            let output = world.run(&["prune", "--yes", side]);
            assert!(output.status.success(), "{}", said(&output));
            assert_eq!(world.text(side), text(0..0));
        }
        world.fill();
        fill(&world.path("twin").join(STORE), OTHER_RUNS);
        world.bait();
        world.give_away();
        world.twin = tree::look(&world.path("twin"));
        world
    }

    /// What a sweep or a mending would clear in the twin, if it came there.
    fn bait(&self) {
        let sessions = self.path("twin").join(STORE).with_file_name("");
        fs::write(sessions.join(".session-reaper/sessions.json.77.0.tmp"), "left").unwrap();
        fs::write(sessions.join(".session-reaper/sessions.json.lock.77.0.tmp"), "left").unwrap();
        // As OpenClaw writes it, long ago: dead by its age and by its process.
        let lock = r#"{"pid":4194303,"createdAt":"2024-01-01T00:00:00.000Z","starttime":7}"#;
        fs::write(sessions.join("sessions.json.lock"), lock).unwrap();
        fs::write(sessions.join("a.jsonl.lock"), lock).unwrap();
        for name in ["sessions.json.lock", "a.jsonl.lock"] {
            make_old(&sessions.join(name));
        }
    }

    /// All is one user's, so that no look at owners keeps anybody from anything.
    fn give_away(&self) {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for side in ["state", "twin", "aside"] {
            for path in tree::look(&self.path(side)).keys() {
                lchown(self.path(side).join(path), Some(OWNER), Some(OWNER)).unwrap();
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("state").join(STORE)
    }

    /// The folder of a level, in either of the twins.
    pub(crate) fn folder(&self, side: &str, level: &str) -> PathBuf {
        let Some(parent) = level.strip_suffix("/*") else { return self.path(side).join(level) };
        let names = fs::read_dir(self.path(side).join(parent)).unwrap();
        names.map(|entry| entry.unwrap().path()).max().expect("a bundle in the trash")
    }

    /// A link outside of the folder that is named, to what is in the twin what `level` is in there. What is left of an earlier
    /// one is cleared: a link that took a bundle's place in the trash stays there when the bundle is gone.
    pub(crate) fn link(&self, level: &str) -> PathBuf {
        let link = self.path("aside/link");
        if fs::remove_file(&link).is_err() {
            fs::remove_dir_all(&link).ok();
        }
        let trash = fs::read_dir(self.path("state").join(LEVELS[4])).unwrap();
        for path in trash.map(|entry| entry.unwrap().path()).filter(|path| path.is_symlink()) {
            fs::remove_file(path).unwrap();
        }
        symlink(self.folder("twin", level), &link).unwrap();
        link
    }

    /// What has changed in the twin since the beginning; nothing may.
    pub(crate) fn escapes(&self) -> Vec<PathBuf> {
        tree::differences(&self.twin, &tree::look(&self.path("twin")))
    }

    fn text(&self, side: &str) -> String {
        fs::read_to_string(self.path(side).join(STORE)).unwrap()
    }

    /// Whether the right store is swept. It is swept or not: nothing else may ever stand there.
    pub(crate) fn is_swept(&self) -> bool {
        let found = self.text("state");
        assert!(found == text(RUNS) || found == text(0..0), "torn: {found}");
        found == text(0..0)
    }

    /// Gives the right store its expired rows, as its owner would.
    pub(crate) fn fill(&self) {
        fill(&self.store(), RUNS);
    }

    /// How many bundles the right trash has.
    pub(crate) fn bundles(&self) -> usize {
        fs::read_dir(self.path("state").join(LEVELS[4])).unwrap().count()
    }

    /// A sweep that is left alone does its work: the rows are in the trash, whatever came before.
    pub(crate) fn sweep(&self) {
        self.fill();
        let output = self.run(&["prune", "--yes", "state"]);
        assert!(output.status.success() && self.is_swept() && self.bundles() > 0, "{}", said(&output));
    }

    /// The binary as it is.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.finish(Command::new(env!("CARGO_BIN_EXE_session-reaper")), args)
    }

    /// The binary with a pause before it opens a folder by its path: where that leads was looked up before.
    pub(crate) fn run_slowly(&self, args: &[&str]) -> Output {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=openat2"]);
        command.args(["-e", "inject=openat2:delay_enter=3000", "--"]);
        command.arg(env!("CARGO_BIN_EXE_session-reaper"));
        self.finish(command, args)
    }

    fn finish(&self, mut command: Command, args: &[&str]) -> Output {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        let output = command.args(["--now", NOW]).args(args).output().unwrap();
        let code = output.status.code();
        assert!(
            code.is_some_and(|code| [0, 1, 3, 4, 10].contains(&code)),
            "{args:?}: {code:?}, signal {:?}: {}",
            output.status.signal(),
            said(&output)
        );
        output
    }

    /// Left alone, a sweep does its work and leaves nothing of those before.
    pub(crate) fn must_be_whole(&self) {
        self.sweep();
        let left: Vec<PathBuf> =
            tree::look(&self.path("state")).into_keys().filter(|path| is_leftover(path)).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
    }
}

fn is_leftover(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ["tmp", "unfinished", "purged"].iter().any(|passing| ending == *passing)
        || ending == "swap"
        || path.ends_with("sessions/sessions.json.lock")
}

/// Writes a store, as its owner would long ago: one that was written just now is read twice.
fn fill(store: &Path, runs: Range<u32>) {
    fs::write(store, text(runs)).unwrap();
    make_old(store);
}

fn make_old(file: &Path) {
    let old = SystemTime::now() - Duration::from_hours(1);
    fs::File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
}

pub(crate) fn survivors() -> String {
    text(0..0)
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
