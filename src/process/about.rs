//! More about a process than that it is alive: whose it is, its environment, its folders, the time of its start.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::life::{Life, life, of};
use crate::fs;

/// More than any environment that could matter to us.
const MAX_ENVIRONMENT: usize = 256 * 1024;
/// `/proc/stat` has a line for every processor before the one that we want.
const MAX_SYSTEM: usize = 1024 * 1024;
/// The kernel tells start times in hundredths of a second, on every machine that Node runs on.
const TICK_NS: i128 = 10_000_000;

/// The environment that a process was started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment(Vec<u8>);

impl Environment {
    /// One that a test thinks up.
    #[cfg(test)]
    pub(crate) fn of(text: &[u8]) -> Self {
        Self(text.to_owned())
    }

    /// The value of a variable; `None` when it is not set, or says nothing.
    #[must_use]
    pub fn get<'a>(&'a self, name: &str) -> Option<&'a OsStr> {
        let after_name = |entry: &'a [u8]| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=");
        let value = self.0.split(|byte| *byte == 0).find_map(after_name)?.trim_ascii();
        (!value.is_empty()).then(|| OsStr::from_bytes(value))
    }
}

/// The environment of a process; `None` when it cannot be read, or not all of it.
#[must_use]
pub fn environment(pid: u32) -> Option<Environment> {
    let bytes = fs::read_kernel(&of(pid, "environ"), MAX_ENVIRONMENT)?;
    (bytes.len() < MAX_ENVIRONMENT).then_some(Environment(bytes))
}

/// The user that a process runs as. One that lets nobody look into it counts as root's.
#[must_use]
pub fn owner(pid: u32) -> Option<u32> {
    fs::stat(&of(pid, "")).map(|stat| stat.owner.uid)
}

/// The user that we act as.
#[must_use]
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// How many files this process may have open.
#[must_use]
pub fn open_files() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The way to the root folder of a process.
#[must_use]
pub fn root(pid: u32) -> PathBuf {
    of(pid, "root")
}

/// The folder that a process works in, as it calls it; `None` when that cannot be seen.
#[must_use]
pub fn working_folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(&of(pid, "cwd"))
}

/// When a process was started, in nanoseconds since 1970, by the clock as it goes now.
#[must_use]
pub fn started_ns(pid: u32) -> Option<i128> {
    let Life::Here { start: Some(ticks) } = life(pid) else { return None };
    let system = fs::read_kernel(Path::new("/proc/stat"), MAX_SYSTEM)?;
    Some(boot_seconds(&system)? * 1_000_000_000 + i128::from(ticks) * TICK_NS)
}

fn boot_seconds(system: &[u8]) -> Option<i128> {
    let line = system.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"btime "))?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_variable_is_found_by_its_whole_name_and_an_empty_one_is_none() {
        let environment = Environment(b"HOMES=/a\0HOME=/b c \0EMPTY=\0BLANK= \0HOME=/second\0torn".to_vec());
        assert_eq!(environment.get("HOME"), Some(OsStr::new("/b c")));
        assert_eq!(environment.get("HOMES"), Some(OsStr::new("/a")));
        for none in ["EMPTY", "BLANK", "HOM", "torn", "x"] {
            assert_eq!(environment.get(none), None, "{none}");
        }
    }

    #[test]
    fn a_child_shows_whose_it_is_what_it_was_given_and_since_when() {
        if !Path::new("/proc/self/environ").exists() {
            return;
        }
        let before = crate::clock::now_ns();
        let mut child = Command::new("sleep").arg("30").env("OPENCLAW_STATE_DIR", "/x").spawn().unwrap();
        let pid = child.id();
        assert_eq!(owner(pid), Some(rustix::process::geteuid().as_raw()));
        assert_eq!(working_folder(pid), std::env::current_dir().ok());
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        // Until the child has become `sleep` its environment is still ours.
        while environment(pid).unwrap().get("OPENCLAW_STATE_DIR") != Some(OsStr::new("/x")) {
            assert!(std::time::Instant::now() < deadline, "{:?}", environment(pid));
        }
        let off = started_ns(pid).unwrap() - before;
        assert!(off.abs() < 5_000_000_000, "{off}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((owner(pid), environment(pid), started_ns(pid)), (None, None, None));
        assert_eq!(boot_seconds(b"cpu 1 2\nbtime 1700000000\nx 1"), Some(1_700_000_000));
    }
}
