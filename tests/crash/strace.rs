//! What a trace of strace says: which calls a process made. Shared with the rig of tests/takeover.
//!
//! strace counts the calls of each thread by their names, so that a point is a pair of a name and a number.

/// Calls that touch no file and whose number is not the same in every run.
pub(crate) const NOT_FILES: [&str; 12] = [
    "brk",
    "mmap",
    "munmap",
    "mprotect",
    "madvise",
    "sigaltstack",
    "rt_sigaction",
    "getrandom",
    "futex",
    "sched_yield",
    "exit_group",
    "execve",
];

/// Why a rig cannot run, on the terminal; a failure where it must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

/// `1234  openat(...) = 3` -> `1234`, `openat`; `None` for a line that is no call, or the end of one.
pub(crate) fn call_of(line: &str) -> Option<(&str, &str)> {
    let (thread, call) = line.split_once(' ')?;
    let (name, _) = call.trim_start().split_once('(')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((thread, name))
}
