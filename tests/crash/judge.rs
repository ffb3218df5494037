//! Whether a command that met an error ended as it should: what the store is, what the exit code says, what the message
//! says, and what the trace shows.

use crate::world::Found;

/// The calls that are looked for in a trace, besides the one that fails: those that make files durable, give names, and open
/// and close. Not every kernel has those with a `?`.
pub(crate) const READS: &str = "openat,openat2,?open,?creat,close,dup,?dup2,dup3,socket,pidfd_open,eventfd2,fsync,fdatasync,\
                                sync_file_range,?rename,?renameat,renameat2,?link,linkat";

/// How a message says that something was done although it ended in an error.
const DONE: [&str; 4] = ["the rows were removed", "the change was made", "rows came back", "was done"];

/// A command that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) found: &'a Found,
    /// Whether the command is to change the store.
    pub(crate) changes: bool,
    pub(crate) code: i32,
    pub(crate) stderr: &'a str,
    pub(crate) trace: &'a str,
    /// What is left that should not be.
    pub(crate) left: &'a [String],
}

/// What is wrong with how a command ended; `None` when all is well.
pub(crate) fn complaint(case: &Case<'_>) -> Option<&'static str> {
    how_it_ended(case).or_else(|| what_it_says(case)).or_else(|| what_it_did(case))
}

fn how_it_ended(case: &Case<'_>) -> Option<&'static str> {
    let wrong = match (case.found, case.code) {
        (Found::Torn(_), _) => "the store is neither old nor new",
        (_, 124) => "it goes on for ever",
        (_, 101 | 128..) => "it crashed",
        (Found::Old, 0) if case.changes => "it says that all is well, and the store is the old one",
        (Found::New, 1..) if case.code != 3 => "rows are gone, and the exit code says none is",
        _ if case.stderr.contains("panicked") => "it panicked",
        _ => return None,
    };
    Some(wrong)
}

fn what_it_says(case: &Case<'_>) -> Option<&'static str> {
    if injected(case.trace).any(|line| line.contains("write(1, ") || line.contains("write(2, ")) {
        // It could not say what it had to.
        return None;
    }
    let says = |word| case.stderr.contains(word);
    match (case.found, case.code) {
        (Found::Old, 1..) if case.changes && !says("nothing was removed") => {
            Some("it does not say that nothing was removed")
        }
        (Found::New, 3) if !DONE.iter().any(|word| says(word)) => Some("it does not say what went"),
        (_, 1..) if !names_step_and_path(case.stderr) => Some("the message names no step or no path"),
        _ => None,
    }
}

fn what_it_did(case: &Case<'_>) -> Option<&'static str> {
    if renames_what_is_not_durable(case.trace) {
        Some("a file that was not made durable took the store's place")
    } else if syncs_again(case.trace) {
        Some("it asked again for what the kernel tells once: fsync")
    } else if case.left.iter().any(|name| name == "sessions.json.lock")
        && has_locked(case.trace)
        && (case.code == 0 || !could_not_unlock(case.trace))
    {
        Some("it left its lock")
    } else {
        None
    }
}

fn injected(trace: &str) -> impl Iterator<Item = &str> {
    trace.lines().filter(|line| line.contains("(INJECTED)"))
}

/// `error: cannot <step> <path>: ...`
fn names_step_and_path(stderr: &str) -> bool {
    stderr.lines().filter_map(|line| line.strip_prefix("error: cannot ")).any(|rest| {
        rest.split_once('/').is_some_and(|(step, path)| !step.trim().is_empty() && names_the_store(path))
    })
}

/// The store, or a file of ours for it.
fn names_the_store(path: &str) -> bool {
    path.split_once(": ").is_some_and(|(path, _)| path.contains("sessions.json"))
}

/// A failed fsync.
fn is_failed_sync(line: &str) -> bool {
    line.contains("sync(") && line.contains("(INJECTED)")
}

/// Whether a failed fsync is followed by a rename onto the store. The folder's own fsync comes after it.
fn renames_what_is_not_durable(trace: &str) -> bool {
    let mut failed = false;
    trace.lines().any(|line| {
        failed |= is_failed_sync(line);
        failed && line.contains(" rename") && line.contains(", \"sessions.json\"")
    })
}

/// Whether a failed fsync is asked again of the same open file.
fn syncs_again(trace: &str) -> bool {
    let mut failed: Vec<&str> = Vec::new();
    trace.lines().any(|line| {
        let synced = line.split_once("sync(").and_then(|(_, rest)| rest.split(')').next());
        if synced.is_some_and(|file| failed.contains(&file)) {
            return true;
        }
        failed.extend(synced.filter(|_| is_failed_sync(line)));
        // The number belongs to another file from now on.
        failed.retain(|file| {
            !line.ends_with(&format!(" = {file}")) && !line.contains(&format!("close({file})"))
        });
        false
    })
}

/// Whether it has made the lock: one that was there before is for it to judge.
fn has_locked(trace: &str) -> bool {
    trace.lines().any(|line| {
        line.contains("linkat(") && line.contains(", \"sessions.json.lock\"") && line.ends_with(" = 0")
    })
}

/// A release is tried so often.
const TRIES: usize = 3;

/// Whether what failed each time is what unlocking takes: the lock's own file, and the turn that one waits for to remove it.
fn could_not_unlock(trace: &str) -> bool {
    let mut ours: Vec<String> = Vec::new();
    let failed = trace.lines().filter(|line| {
        let names_it = line.contains("sessions.json.lock") || line.contains("\"turn\"");
        let is_on_it = ours
            .iter()
            .any(|file| line.contains(&format!("({file},")) || line.contains(&format!("({file})")));
        if line.contains("(INJECTED)") && (names_it || is_on_it) {
            return true;
        }
        if let Some((_, file)) = line.rsplit_once(" = ") {
            ours.retain(|known| known != file);
            if names_it && line.contains("openat(") {
                ours.push(file.to_owned());
            }
        }
        false
    });
    failed.count() >= TRIES
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let good = "error: cannot make durable /s/sessions.json: io; nothing was removed\n";
    let synced = "1 fsync(7) = -1 EIO (Input/output error) (INJECTED)\n";
    let clean = Case { found: &Found::Old, changes: true, code: 1, stderr: good, trace: synced, left: &[] };
    let renamed = format!("{synced}1 renameat(4, \"sessions.json.1.0.tmp\", 3, \"sessions.json\") = 0\n");
    let state = format!("{synced}1 renameat(4, \"sessions.json.1.0.tmp\", 3, \"sessions.json.state\") = 0\n");
    let again = format!("{synced}1 fsync(7) = 0\n");
    let other = format!("{synced}1 close(7) = 0\n1 openat(3, \"x\") = 7\n1 fsync(7) = 0\n");
    let interrupted = "1 fsync(7) = -1 EINTR (Interrupted) (INJECTED)\n1 fsync(7) = 0\n";
    let lock = ["sessions.json.lock".to_owned()];
    let locked = "1 linkat(4, \"sessions.json.lock.4.1.tmp\", 6, \"sessions.json.lock\", 0) = 0\n";
    let reads = "1 openat(6, \"sessions.json.lock\") = 9\n1 pread64(9, 0) = -1 EIO (INJECTED)\n";
    let once = &format!("{locked}{reads}");
    let unlock = &format!("{locked}{reads}{reads}{reads}");
    let elsewhere = "1 openat(6, \"sessions.json.lock\") = 9\n1 close(9) = 0\n1 openat(6, \"x\") = 9\n\
                     1 pread64(9, 0) = -1 EIO (INJECTED)\n";
    let elsewhere = &format!("{locked}{elsewhere}");
    let (new, torn) = (&Found::New, &Found::Torn(String::new()));
    for fine in [
        clean,
        Case { found: new, code: 0, stderr: "", trace: "", ..clean },
        Case { trace: &state, ..clean },
        Case { trace: &other, ..clean },
        Case { trace: unlock, left: &lock, ..clean },
        Case { left: &lock, ..clean },
        Case { changes: false, code: 0, stderr: "", ..clean },
    ] {
        assert_eq!(complaint(&fine), None, "{fine:?}");
    }
    for wrong in [
        Case { found: torn, ..clean },
        Case { code: 101, ..clean },
        Case { code: 134, ..clean },
        Case { code: 124, ..clean },
        Case { code: 0, stderr: "", ..clean },
        Case { found: new, ..clean },
        Case { found: new, code: 3, ..clean },
        Case { stderr: "error: cannot sync: io; nothing was removed", ..clean },
        Case { stderr: "error: cannot sync /s/sessions.json: io", ..clean },
        Case { stderr: &format!("{good}thread panicked"), ..clean },
        Case { trace: &renamed, ..clean },
        Case { trace: &again, ..clean },
        Case { trace: interrupted, ..clean },
        Case { trace: elsewhere, left: &lock, ..clean },
        Case { trace: once, left: &lock, ..clean },
        Case { found: new, code: 0, stderr: "", trace: unlock, left: &lock, ..clean },
    ] {
        assert!(complaint(&wrong).is_some(), "{wrong:?}");
    }
}
