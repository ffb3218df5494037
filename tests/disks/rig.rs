//! Mounts and flags that are gone again when a test ends, however it ends.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// Why a part cannot run, on the terminal; a failure where it must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

/// Whether we are root; says so when not.
pub(crate) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip("only root mounts disks and makes files of other users");
    }
    root
}

/// Runs a tool; `None` where it is missing, or may not do or does not have what it is asked for.
pub(crate) fn tool(program: &str, args: &[&str], path: &Path) -> Option<String> {
    let output = match Command::new(program).args(args).arg(path).output() {
        Ok(output) => output,
        Err(error) => {
            skip(&format!("{program}: {error}; tests/setup.sh installs it"));
            return None;
        }
    };
    if !output.status.success() {
        skip(&format!("{program} {args:?}: {}", said(&output)));
        return None;
    }
    Some(String::from_utf8(output.stdout).unwrap())
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A small disk in memory, mounted while this lives.
pub(crate) struct Mount(TempDir);

impl Mount {
    /// One with these options: `size=1m`, `nr_inodes=7`.
    pub(crate) fn new(options: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        tool("mount", &["-t", "tmpfs", "-o", &format!("mode=755,{options}"), "tmpfs"], dir.path())?;
        Some(Self(dir))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// Mounts it with other options.
    pub(crate) fn become_(&self, options: &str) {
        tool("mount", &["-o", &format!("remount,{options}")], self.0.path()).expect("what was mounted once");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let umount = |args: &[&str]| Command::new("umount").args(args).arg(self.0.path()).status();
        if !umount(&[]).is_ok_and(|status| status.success()) {
            umount(&["--lazy"]).ok();
        }
    }
}

/// A file or folder that nobody can change while this lives, not even root.
pub(crate) struct Immutable(PathBuf);

impl Immutable {
    pub(crate) fn new(path: &Path) -> Option<Self> {
        tool("chattr", &["+i"], path)?;
        Some(Self(path.to_owned()))
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        Command::new("chattr").arg("-i").arg(&self.0).status().ok();
    }
}
