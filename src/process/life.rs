//! Whether a process is alive, since when, and what it was called with.

use std::path::{Path, PathBuf};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use crate::fs;

/// A line of `/proc/<pid>/stat` is a few hundred bytes.
const MAX_STAT: usize = 4096;

/// More than the kernel says about a process, one that is in tens of thousands of groups included.
const MAX_STATUS: usize = 64 * 1024;

/// More than any command line that we could want to know.
const MAX_ARGV: usize = 64 * 1024;

/// What can be seen of a process number in our own namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// No process has this number, or one that has ended and only waits to be told so.
    Gone,
    /// A process has it.
    Here {
        /// When it was started, in ticks since the boot, where that can be read.
        start: Option<u64>,
    },
}

/// Looks whether a process has the number `pid`.
#[must_use]
pub fn life(pid: u32) -> Life {
    match fs::read_kernel(&of(pid, "stat"), MAX_STAT).and_then(|stat| read_stat(&stat)) {
        Some(seen) if seen.is_gone() => Life::Gone,
        Some(Seen { start, .. }) => Life::Here { start: Some(start) },
        // There may be no /proc, or one that hides the processes of others.
        None if answers(pid) => Life::Here { start: None },
        None => Life::Gone,
    }
}

/// Whether the kernel knows the number. A refusal to let us signal it is an answer too.
fn answers(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// What a line of `/proc/<pid>/stat` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    state: u8,
    threads: u64,
    start: u64,
}

impl Seen {
    /// Whether the process has ended, and not its main thread alone, which others may outlive.
    const fn is_gone(self) -> bool {
        matches!(self, Self { state: b'Z', threads: 0..=1, .. } | Self { state: b'X', .. })
    }
}

/// The third, the 20th and the 22nd field. The second is the program's name, which may hold anything.
fn read_stat(stat: &[u8]) -> Option<Seen> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = std::str::from_utf8(stat.get(after_name + 1..)?).ok()?.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    let threads = fields.nth(16)?.parse().ok()?;
    Some(Seen { state, threads, start: fields.nth(1)?.parse().ok()? })
}

/// The arguments that a process was started with, its name first; `None` when they cannot be read.
#[must_use]
pub fn argv(pid: u32) -> Option<Vec<String>> {
    let bytes = fs::read_kernel(&of(pid, "cmdline"), MAX_ARGV)?;
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    let words = bytes.split(|byte| *byte == 0);
    Some(words.map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

/// Signals, a bit each, from the lowest up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals(u64);

impl Signals {
    /// Whether a signal is among them.
    #[must_use]
    pub fn contain(self, signal: i32) -> bool {
        u32::try_from(signal - 1).is_ok_and(|bit| self.0.checked_shr(bit).unwrap_or(0) & 1 == 1)
    }
}

/// The signals that this process was started to ignore; none where the system does not tell.
#[must_use]
pub fn ignored_signals() -> Signals {
    let status = fs::read_kernel(Path::new("/proc/self/status"), MAX_STATUS).unwrap_or_default();
    Signals(ignored(&String::from_utf8_lossy(&status)))
}

/// The signals that a process ignores, one bit each, from the lowest up.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// The numbers of all processes that can be seen.
///
/// # Errors
/// When there is no `/proc` to look into.
pub fn pids() -> std::io::Result<Vec<u32>> {
    let names = fs::names_in(Path::new("/proc"))?;
    Ok(names.iter().filter_map(|name| name.to_str()?.parse().ok()).collect())
}

pub(super) fn of(pid: u32, what: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{what}"))
}

#[cfg(test)]
mod tests {
    use std::process::{self, Command};

    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_hides_no_field() {
        let stat = b"77 (a) R (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21";
        assert_eq!(read_stat(stat), Some(Seen { state: b'S', threads: 17, start: 4242 }));
        for torn in [
            &b""[..],
            b"77 (a",
            b"77 (a)",
            b"77 (a) S 1 2 3",
            b"77 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x",
        ] {
            assert_eq!(read_stat(torn), None);
        }
    }

    #[test]
    fn we_live_a_zombie_does_not_and_no_number_is_taken_for_everybody() {
        assert!(matches!(life(process::id()), Life::Here { .. }));
        let mut child = Command::new("true").spawn().unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while life(child.id()) != Life::Gone {
            assert!(
                std::time::Instant::now() < deadline,
                "an ended child, not waited for, is still called alive"
            );
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(life(child.id()), Life::Gone);
        // 0 and negative numbers mean groups to kill(2).
        assert_eq!(
            (life(0), life(u32::MAX), answers(0), answers(u32::MAX)),
            (Life::Gone, Life::Gone, false, false)
        );
        assert!(!answers(child.id()) && answers(process::id()));
    }

    #[test]
    fn a_process_whose_main_thread_alone_has_ended_lives() {
        for (state, threads, is_gone) in
            [(b'Z', 1, true), (b'Z', 0, true), (b'Z', 2, false), (b'S', 1, false)]
        {
            assert_eq!(Seen { state, threads, start: 1 }.is_gone(), is_gone, "{state} {threads}");
        }
    }

    #[test]
    fn ignored_signals_are_bits_from_one_up() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000000001\nSigCgt:\t0\n"), 1);
        assert_eq!((ignored(""), ignored("SigIgn: zz")), (0, 0));
        // Rust's own start makes every program ignore SIGPIPE.
        let ignored = ignored_signals();
        assert!(!Path::new("/proc/self/status").exists() || ignored.contain(13));
        assert!([9, 0, -7, 99].iter().all(|signal| !ignored.contain(*signal)));
    }

    #[test]
    fn our_own_arguments_can_be_read() {
        if let Some(words) = argv(process::id()) {
            assert_eq!(words, std::env::args().collect::<Vec<_>>());
            assert!(pids().unwrap().contains(&process::id()));
        }
        assert_eq!(argv(u32::MAX), None);
    }
}
