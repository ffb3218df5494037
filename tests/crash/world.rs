//! A folder with a small store in it, and what a sweep makes of it.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use crate::{jail::Jail, rig};

/// The time of every sweep here: all rows are older than a day.
const NOW: &str = "2026-11-21T08:00:00Z";

/// A store, which of its rows go, and what lies beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Which rows are expired cron runs; the others stay.
    pub(crate) expired: &'static [bool],
    /// Whether a killed sweep has left something, so that our folder is there already.
    pub(crate) leftover: bool,
    /// Whether the store belongs to another user, where root runs the test.
    pub(crate) foreign: bool,
}

impl Scenario {
    pub(crate) fn old_text(&self) -> String {
        text(self.expired.iter().enumerate().map(|(index, expired)| (index, *expired)))
    }

    pub(crate) fn new_text(&self) -> String {
        text(self.expired.iter().enumerate().map(|(index, expired)| (index, *expired)).filter(|row| !row.1))
    }
}

/// A store as gateways write it.
fn text(rows: impl Iterator<Item = (usize, bool)>) -> String {
    let rows: Vec<String> = rows.map(|(index, expired)| row(index, expired)).collect();
    if rows.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n}}", rows.join(",\n")) }
}

fn row(index: usize, expired: bool) -> String {
    let key = if expired {
        format!("agent:main:cron:job{index}:run:0f6a2b1c-1111-4222-8333-{index:012}")
    } else {
        format!("agent:main:telegram:group:{index}")
    };
    format!("  \"{key}\": {{\n    \"updatedAt\": 1700000000000,\n    \"x\": 1e2\n  }}")
}

/// What stands at the store's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Old,
    New,
    /// Neither: what must never be.
    Torn(String),
}

/// A fresh folder with the store of a scenario.
pub(crate) struct World {
    dir: TempDir,
    scenario: Scenario,
    jail: Option<Jail>,
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap(), scenario, jail: Jail::new() };
        if world.jail.is_none() {
            rig::skip("a namespace of its own for each sweep needs root, and unshare of util-linux");
        }
        fs::create_dir(world.folder()).unwrap();
        fs::write(world.store(), scenario.old_text()).unwrap();
        // One that was written to just now is read twice, after a pause: calls that not every run would make.
        let old = SystemTime::now() - Duration::from_hours(1);
        fs::File::options().write(true).open(world.store()).unwrap().set_modified(old).unwrap();
        if scenario.leftover {
            fs::create_dir(world.ours()).unwrap();
            fs::set_permissions(world.ours(), fs::Permissions::from_mode(0o700)).unwrap();
            fs::write(world.ours().join("sessions.json.77.0.tmp"), "left").unwrap();
        }
        if scenario.foreign && is_root() {
            fs::set_permissions(world.store(), fs::Permissions::from_mode(0o640)).unwrap();
            chown(world.store(), Some(65_534), Some(65_534)).unwrap();
        }
        world
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder().join("sessions.json")
    }

    fn ours(&self) -> PathBuf {
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
            Ok(bytes) => Found::Torn(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => Found::Torn(error.to_string()),
        }
    }

    /// Whatever happened before: a sweep that is left alone must finish the work and leave nothing on its way.
    pub(crate) fn must_heal(&self, after: &str) {
        let output = self.command(binary(), sweep(&self.store())).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{after}, then a clean sweep: {:?} {said}", output.status);
        assert_eq!(self.found(), Found::New, "{after}, then a clean sweep");
        let names = fs::read_dir(self.ours()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = names
            .filter(|name| {
                matches!(Path::new(name).extension().and_then(OsStr::to_str), Some("tmp" | "swap"))
            })
            .collect();
        assert!(left.is_empty(), "{after}, then a clean sweep: {left:?} is left");
        let lock = self.folder().join("sessions.json.lock");
        assert!(!lock.exists(), "{after}, then a clean sweep: the lock of the killed one is left");
    }

    /// A command that sees nothing of the machine it runs on.
    pub(crate) fn command(&self, program: &Path, args: impl IntoIterator<Item = String>) -> Command {
        let line = self.jail.as_ref().map_or(vec![program.into()], |jail| jail.enter(program.as_os_str()));
        let mut command = Command::new(&line[0]);
        command
            .args(&line[1..])
            .env_clear()
            .env("HOME", self.dir.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(self.folder()).stdin(std::process::Stdio::null()).args(args);
        command
    }
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_session-reaper"))
}

/// The arguments of a sweep.
pub(crate) fn sweep(store: &Path) -> Vec<String> {
    ["--now", NOW, "prune", "--yes"]
        .map(str::to_owned)
        .into_iter()
        .chain([store.display().to_string()])
        .collect()
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
