//! A user's folder with a store in it, the binary, and the look at what a sweep has made of them.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use crate::rig::said;

/// The time of every sweep here: all runs of crons are older than a day.
const NOW: &str = "2026-11-21T08:00:00Z";
/// Whose the store is. He needs no name.
pub(crate) const OWNER: u32 = 1000;

/// What stands at the store's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Old,
    New,
}

/// How the binary ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

/// A folder of a user's with his store.
pub(crate) struct Home {
    root: PathBuf,
    /// How many bytes each row has besides.
    pad: usize,
    /// How many rows stay, and how many go.
    rows: (usize, usize),
}

impl Home {
    /// In a folder that everybody may enter. The store has twelve rows of about `pad` bytes; one of them goes.
    pub(crate) fn new(root: &Path, pad: usize) -> Self {
        Self::with_rows(root, pad, (11, 1))
    }

    /// The same with so many rows that stay, and so many that go.
    pub(crate) fn with_rows(root: &Path, pad: usize, rows: (usize, usize)) -> Self {
        let home = Self { root: root.to_owned(), pad, rows };
        fs::create_dir(home.folder()).unwrap();
        fs::write(home.store(), "").unwrap();
        for path in [home.folder(), home.store()] {
            chown(path, Some(OWNER), Some(OWNER)).unwrap();
        }
        mode(&home.folder(), 0o750);
        mode(&home.store(), 0o600);
        home.fill();
        home
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join("sessions")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder().join("sessions.json")
    }

    pub(crate) fn ours(&self) -> PathBuf {
        self.folder().join(".session-reaper")
    }

    fn text(&self, expired: usize) -> String {
        let row = |key: &str| {
            format!(
                "  \"{key}\": {{\n    \"updatedAt\": 1700000000000,\n    \"x\": \"{}\"\n  }}",
                "x".repeat(self.pad)
            )
        };
        let durable = (0..self.rows.0).map(|n| format!("agent:main:telegram:group:{n}"));
        let runs = (0..expired).map(|n| format!("agent:main:cron:job:run:0f6a2b1c-1111-4222-8333-{n:012}"));
        let rows: Vec<String> = durable.chain(runs).map(|key| row(&key)).collect();
        format!("{{\n{}\n}}", rows.join(",\n"))
    }

    /// The bundles in the trash, finished or not.
    pub(crate) fn bundles(&self) -> usize {
        fs::read_dir(self.ours().join("trash")).map_or(0, Iterator::count)
    }

    pub(crate) fn new_text(&self) -> String {
        self.text(0)
    }

    /// Writes the old text into the store that is there, as its owner would long ago: one that was written just now is
    /// read twice.
    pub(crate) fn fill(&self) {
        fs::write(self.store(), self.text(self.rows.1)).unwrap();
        let old = SystemTime::now() - Duration::from_hours(1);
        fs::File::options().write(true).open(self.store()).unwrap().set_modified(old).unwrap();
    }

    /// Who may do what with the store: owner, group, mode, and every extended attribute, ACLs among them.
    pub(crate) fn rights(&self) -> (u32, u32, u32, BTreeMap<String, Vec<u8>>) {
        let stat = fs::metadata(self.store()).unwrap();
        let mut names = vec![0; 4096];
        let length = rustix::fs::listxattr(self.store(), &mut names).unwrap();
        let names = names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let value = |name: &[u8]| {
            let name = String::from_utf8(name.to_owned()).unwrap();
            let mut value = vec![0; 4096];
            let length = rustix::fs::getxattr(self.store(), &name, &mut value).unwrap();
            (name, value[..length].to_owned())
        };
        (stat.uid(), stat.gid(), stat.mode() & 0o7777, names.map(value).collect())
    }

    /// What a sweep has left: which of the two texts, and whether the store is still whose it was and nothing lies about.
    pub(crate) fn look(&self, rights: &(u32, u32, u32, BTreeMap<String, Vec<u8>>)) -> Result<Found, String> {
        let text = fs::read_to_string(self.store()).map_err(|error| error.to_string())?;
        let found = match text {
            text if text == self.text(self.rows.1) => Found::Old,
            text if text == self.text(0) => Found::New,
            text => return Err(format!("torn: {} bytes", text.len())),
        };
        if self.rights() != *rights {
            return Err(format!("was {rights:?}, is {:?}", self.rights()));
        }
        let as_owner = as_owner().args(["cat", "--"]).arg(self.store()).output().unwrap();
        if as_owner.stdout != fs::read(self.store()).unwrap() {
            return Err(format!("its owner cannot read it: {}", said(&as_owner)));
        }
        let left = self.left();
        if left.is_empty() { Ok(found) } else { Err(format!("left: {left:?}")) }
    }

    /// What should not lie about: a lock, files and bundles on their way, and anything of ours that is not the owner's alone.
    fn left(&self) -> Vec<PathBuf> {
        let mut left: Vec<PathBuf> = names(&self.folder());
        left.retain(|path| path.extension().is_some_and(|ending| ending == "lock" || ending == "tmp"));
        let mut folders = vec![self.ours()];
        while let Some(folder) = folders.pop().filter(|folder| folder.is_dir()) {
            left.extend(names(&folder).into_iter().filter(|path| is_on_its_way(path)));
            left.extend(
                names(&folder).into_iter().chain([folder.clone()]).filter(|path| !is_the_owners(path)),
            );
            folders.splice(0..0, names(&folder).into_iter().filter(|path| path.is_dir()));
        }
        left
    }

    /// A sweep as root.
    pub(crate) fn sweep(&self) -> Ran {
        self.run(&["prune", "--yes"])
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.finish(Command::new(env!("CARGO_BIN_EXE_session-reaper")), args)
    }

    /// A sweep as the owner of the store, from a copy of the binary that he may run.
    pub(crate) fn sweep_as_owner(&self) -> Ran {
        self.run_as_owner(&["prune", "--yes"])
    }

    pub(crate) fn run_as_owner(&self, args: &[&str]) -> Ran {
        let binary = self.root.join("session-reaper");
        if !binary.exists() {
            // Not by our own hands: a test that forks meanwhile would hold the copy open for writing, and it could not run.
            let program = env!("CARGO_BIN_EXE_session-reaper");
            assert!(Command::new("cp").arg(program).arg(&binary).status().unwrap().success());
            mode(&binary, 0o755);
        }
        let mut command = as_owner();
        command.arg(binary);
        self.finish(command, args)
    }

    fn finish(&self, mut command: Command, args: &[&str]) -> Ran {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent");
        command.current_dir("/").stdin(Stdio::null());
        let output = command.args(["--now", NOW]).args(args).arg(self.store()).output().unwrap();
        Ran { code: output.status.code(), said: said(&output) }
    }
}

fn names(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn is_on_its_way(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ["tmp", "swap", "unfinished", "purged"].iter().any(|passing| ending == *passing)
}

/// Whether it is the owner's, and nobody else may do anything with it.
fn is_the_owners(path: &Path) -> bool {
    let stat = fs::symlink_metadata(path).unwrap();
    stat.uid() == OWNER && [0o700, 0o600].contains(&(stat.mode() & 0o7777))
}

fn as_owner() -> Command {
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={OWNER}"), &format!("--regid={OWNER}"), "--clear-groups", "--"]);
    command
}

pub(crate) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

impl Ran {
    /// It failed as it should: it names the step, the path and the cause, that nothing was removed, and what to do.
    #[track_caller]
    pub(crate) fn must_refuse(&self, home: &Home, cause: &str, hint: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        let lines: Vec<&str> = self.said.lines().collect();
        let error = lines.iter().find_map(|line| line.strip_prefix("error: cannot ")).unwrap_or_default();
        let expected = format!(" {}: {cause}; nothing was removed", home.store().display());
        assert!(error.ends_with(&expected), "{self:?}");
        let given = lines.iter().find_map(|line| line.strip_prefix("hint: ")).unwrap_or_default();
        assert!(given.contains(hint), "{self:?}");
    }
}
