//! A part that another process plays, killed at one of its system calls: a test binary, started again under strace. Shared by
//! tests/media, tests/payloads and tests/transcripts.
//!
//! It says `begin` and `finished`: what it does between the two is looked at.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::{fs::FileExt as _, process::ExitStatusExt as _},
    path::Path,
    process::{Command, Output},
};

use rustix::fs::{AtFlags, CWD, statat};

use crate::strace::{NOT_FILES, call_of, skip};

/// Calls besides those that touch no file and whose number is not the same in every run.
const NOT_FILES_HERE: [&str; 2] = ["rt_sigprocmask", "clock_nanosleep"];

/// Who plays, and what he is told.
pub(crate) struct Part<'a> {
    /// The words by which the binary knows its part.
    pub(crate) words: &'a [&'a str],
    pub(crate) told: Vec<(&'static str, String)>,
}

/// A system call of the thread that plays, and the how many-th of its name it is there.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    number: usize,
    pub(crate) line: String,
}

/// strace counts the calls of each thread by themselves. Whoever plays begins with this, so that he has made more of each than
/// the thread that waits for him: that one would be killed otherwise, long before there is anything to be seen.
pub(crate) fn warm_up() {
    for _ in 0..12 {
        let mut byte = [0];
        let mut zeros = File::open("/dev/zero").unwrap();
        zeros.read_exact(&mut byte).unwrap();
        zeros.read_exact_at(&mut byte, 0).unwrap();
        File::options().write(true).open("/dev/null").unwrap().write_all(&byte).unwrap();
        fs::metadata("/dev/null").unwrap();
        statat(CWD, "/dev/null", AtFlags::empty()).unwrap();
    }
}

impl Part<'_> {
    /// Each call that touches a file, from the first word to the last; `None` where there is no strace, which CI must have.
    pub(crate) fn calls(&self, trace: &Path) -> Option<Vec<Call>> {
        let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "--", "true"]).output();
        if !works.is_ok_and(|output| output.status.success()) {
            skip("strace is not there, or may not trace; tests/setup.sh installs it");
            return None;
        }
        let output = self.traced(&["-o", trace.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
        Some(calls_in(&fs::read_to_string(trace).unwrap()))
    }

    /// Plays, and is killed at a call; whoever misses it comes to his end in peace.
    pub(crate) fn killed_at(&self, call: &Call) -> Output {
        let inject = format!("inject={}:signal=KILL:when={}", call.name, call.number);
        let output = self.traced(&["-o", "/dev/null", "-e", &inject]);
        assert!(was_killed(&output) || output.status.success(), "{call:?}: {output:?}");
        output
    }

    fn traced(&self, options: &[&str]) -> Output {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq"]).args(options).arg("--").arg(std::env::current_exe().unwrap());
        strace.args(self.words).envs(self.told.clone()).env_remove("LD_LIBRARY_PATH");
        strace.output().unwrap()
    }
}

pub(crate) fn was_killed(output: &Output) -> bool {
    output.status.signal() == Some(9)
}

fn calls_in(trace: &str) -> Vec<Call> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let (mut player, mut calls) = (None, Vec::new());
    for (thread, name, line) in
        trace.lines().filter_map(|line| call_of(line).map(|(thread, name)| (thread, name, line)))
    {
        let number = counts.entry((thread, name)).or_default();
        *number += 1;
        let says = |word: &str| name == "write" && line.contains(word);
        if says("\"begin") {
            player = Some(thread);
        } else if player == Some(thread) && !NOT_FILES.contains(&name) && !NOT_FILES_HERE.contains(&name) {
            calls.push(Call { name: name.to_owned(), number: *number, line: line.to_owned() });
        }
        if says("\"finished") {
            break;
        }
    }
    assert!(calls.last().is_some_and(|call| call.line.contains("\"finished")), "it never finished: {trace}");
    let is_met_before = |call: &&Call| {
        let met = |((thread, name), count): (&(&str, &str), &usize)| {
            Some(*thread) != player && *name == call.name && *count >= call.number
        };
        counts.iter().any(met)
    };
    assert!(!calls.iter().any(|call| is_met_before(&call)), "{:?}", calls.iter().find(is_met_before));
    calls
}

#[test]
fn a_part_is_read_from_its_first_word_to_its_last() {
    let trace = "1 write(1, \"x\") = 1\n2 write(1, \"w\") = 1\n2 write(1, \"begin\\n\") = 6\n2 mmap(0) = 0\n2 fsync(3) = 0\n\
                 1 futex(0) = 0\n2 write(1, \"finished\\n\") = 9\n2 fsync(3) = 0\n";
    let calls: Vec<_> = calls_in(trace).into_iter().map(|call| (call.name, call.number)).collect();
    assert_eq!(calls, [("fsync".to_owned(), 1), ("write".to_owned(), 3)]);
    let who_waits_is_met_first = format!("1 fsync(9) = 0\n{trace}");
    assert!(std::panic::catch_unwind(|| calls_in(&who_waits_is_met_first)).is_err());
}
