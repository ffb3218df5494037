//! Debian's cron: the one that runs, or one that runs as long as the test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Where Debian's cron looks for lines that are nobody's crontab.
const FOLDER: &str = "/etc/cron.d";

/// A cron daemon; one that the test has started ends with it.
#[derive(Debug)]
pub(crate) struct Cron(Option<Child>);

impl Cron {
    /// The cron that runs here, or a new one; why there can be none.
    pub(crate) fn running() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("only root may write to /etc/cron.d and start cron".into());
        }
        if let Some(pid) = pid_of_running() {
            eprintln!("cron runs already, as process {pid}");
            return Ok(Self(None));
        }
        let program = ["/usr/sbin/cron", "/usr/bin/cron"].into_iter().find(|path| Path::new(path).exists());
        let program = program.ok_or("there is no cron here; tests/setup.sh installs it")?;
        Self::started(program)
    }

    fn started(program: &str) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg("-f").stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.spawn().map_err(|e| format!("{program} does not start: {e}"))?;
        thread::sleep(Duration::from_millis(500));
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("{program} -f has ended at once: {status}"));
        }
        eprintln!("started {program} -f as process {}", child.id());
        Ok(Self(Some(child)))
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// The process that the pid file names, if it lives and is cron.
fn pid_of_running() -> Option<u32> {
    let pid: u32 = fs::read_to_string("/run/crond.pid").ok()?.trim().parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    (name.trim() == "cron").then_some(pid)
}

/// A line for cron; it goes away with the test, however that ends.
#[derive(Debug)]
pub(crate) struct Line(PathBuf);

impl Line {
    /// Runs `command` every minute in `folder`, which is its home too, and appends what it says to `log`.
    pub(crate) fn every_minute(folder: &Path, command: &str, log: &Path) -> Self {
        let path = Path::new(FOLDER).join(format!("session-reaper-test-{}", std::process::id()));
        let (home, log) = (folder.display(), log.display());
        let text = format!(
            "SHELL=/bin/sh\nPATH=/usr/bin:/bin\nHOME={home}\nMAILTO=\"\"\n* * * * * root {command} >> {log} 2>&1\n"
        );
        fs::write(&path, &text).unwrap();
        eprintln!("{}:\n{text}", path.display());
        Self(path)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}
