//! Two gateways, their store, and what of their updates is left in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::{processes::Processes, world};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openclaw");

const NAMES: [&str; 2] = ["left", "right"];

/// Far longer than it takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(15);

/// Where the gateway is installed, or why it is not.
pub(crate) fn installed() -> Result<PathBuf, String> {
    let script = format!("{HERE}/install.sh");
    let output = Command::new(&script).output().map_err(|error| format!("{script}: {error}"))?;
    if !output.status.success() {
        return Err(format!("install.sh: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()))
}

/// What gateways did, all together.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Figures {
    pub(crate) updates: usize,
    /// Updates that had to be tried again, since the lock was held for so long.
    pub(crate) timeouts: usize,
}

/// A folder with a store in it, and a home for gateways that is not the user's.
pub(crate) struct Gateways {
    dir: TempDir,
    openclaw: PathBuf,
    updates: usize,
}

impl Gateways {
    pub(crate) fn new(openclaw: &Path, updates: usize) -> Self {
        let gateways = Self { dir: world::folder(), openclaw: openclaw.to_owned(), updates };
        fs::create_dir(gateways.dir.path().join("store")).unwrap();
        fs::write(gateways.store(), "{}").unwrap();
        gateways
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store/sessions.json")
    }

    /// How many updates all gateways make.
    pub(crate) fn updates(&self) -> usize {
        NAMES.len() * self.updates
    }

    /// A command that sees nothing of the machine it runs on.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.dir.path()).env("OPENCLAW_STATE_DIR", self.dir.path().join("state"));
        command.current_dir(self.dir.path());
        command
    }

    /// Starts all gateways; they wait.
    pub(crate) fn start(&self) -> Processes {
        let mut processes = Processes::default();
        for name in NAMES {
            let mut command = self.command(Path::new("node"));
            command.arg(format!("{HERE}/gateway.mjs")).args([&self.openclaw, &self.store()]);
            processes.add(command.args([name, &self.updates.to_string()]));
        }
        processes.wait_until_ready();
        processes
    }

    /// Lets them work to their end.
    pub(crate) fn finish(mut processes: Processes) -> Figures {
        processes.go();
        let all: Vec<Figures> = processes.finish(DEADLINE);
        all.iter().fold(Figures::default(), |sum, one| Figures {
            updates: sum.updates + one.updates,
            timeouts: sum.timeouts + one.timeouts,
        })
    }

    /// What the store holds now.
    pub(crate) fn rows(&self) -> Map<String, Value> {
        serde_json::from_slice(&fs::read(self.store()).unwrap()).unwrap()
    }

    /// The updates that the counters have not counted.
    pub(crate) fn lost(&self) -> usize {
        let counted = |row: &Value| row["counted"].as_u64().unwrap_or(0);
        let sum: u64 = self.rows().values().map(counted).sum();
        self.updates().checked_sub(usize::try_from(sum).unwrap()).expect("counted more than there was")
    }
}

/// Whether a key is that of a run, all of which have expired.
pub(crate) fn is_run(key: &str) -> bool {
    key.contains(":run:")
}
