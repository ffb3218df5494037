//! Another process at work on a transcript: this very test binary, started again with a part to play.

use std::{env, path::Path, process::Command};

use crate::world::{compact, options};

/// The words by which this binary plays its part.
pub(crate) const PART: [&str; 5] =
    ["child::child", "--ignored", "--exact", "--nocapture", "--test-threads=1"];

/// What the children of other tests do; by itself it does nothing.
#[test]
#[ignore = "it is a part that other tests start"]
fn child() {
    let Some(path) = env::var_os("TRANSCRIPT") else { return };
    let path = Path::new(&path);
    println!("begin");
    if let Ok(run) = env::var("TRANSCRIPT_RUN") {
        let now = session_reaper::now();
        let folder = path.parent().unwrap();
        session_reaper::artifact::transcripts::undo(folder, &run.parse().unwrap(), now, &options()).unwrap();
    } else {
        let done = compact(path).unwrap();
        println!("{} payloads", done.payloads);
    }
    println!("finished");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}

/// This binary in its part, behind other words of a command line.
pub(crate) fn command(words: &[&str], path: &Path, run: Option<&str>) -> Command {
    let exe = env::current_exe().unwrap();
    let mut command = if let Some((first, rest)) = words.split_first() {
        let mut command = Command::new(first);
        command.args(rest).arg(exe);
        command
    } else {
        Command::new(exe)
    };
    command.args(PART).env("TRANSCRIPT", path).env_remove("LD_LIBRARY_PATH");
    if let Some(run) = run {
        command.env("TRANSCRIPT_RUN", run);
    }
    command
}
