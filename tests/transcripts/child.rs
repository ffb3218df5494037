//! Another process at work on a transcript: this very test binary, started again with a part to play.

use std::{env, path::Path, process::Command};

use crate::{
    part::{Part, warm_up},
    world::{compact, options},
};

/// The words by which this binary plays its part.
pub(crate) const PART: [&str; 5] =
    ["child::child", "--ignored", "--exact", "--nocapture", "--test-threads=1"];

/// What the children of other tests do; by itself it does nothing.
#[test]
#[ignore = "it is a part that other tests start"]
fn child() {
    let Some(path) = env::var_os("TRANSCRIPT") else { return };
    let path = Path::new(&path);
    warm_up();
    // A lease has a thread of its own, as this test has: the one that waits for it has made that one.
    std::thread::spawn(|| ()).join().unwrap();
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

/// This binary in its part: a compaction.
pub(crate) fn command(path: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(PART).env("TRANSCRIPT", path).env_remove("LD_LIBRARY_PATH");
    command
}

/// The part to be killed in: a compaction, or an undo of this run.
pub(crate) fn part(path: &Path, run: Option<&str>) -> Part<'static> {
    let mut told = vec![("TRANSCRIPT", path.display().to_string())];
    told.extend(run.map(|run| ("TRANSCRIPT_RUN", run.to_owned())));
    Part { words: &PART, told }
}
