//! strace: which system calls a command makes, and the same command with something done to one of them.
//!
//! strace counts per name, so that a point is a pair of a name and a number. It kills and fails at the entry of a call,
//! before the call has any effect.

use std::{collections::BTreeMap, fs, os::unix::process::ExitStatusExt, path::PathBuf, process::Output};

use crate::world::{Scenario, World, binary, sweep};

/// Calls that touch no file and whose number is not the same in every run.
const NOT_FILES: [&str; 12] = [
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

/// One system call of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) name: String,
    /// The how many-th of its name it is.
    pub(crate) number: usize,
    /// Its line in the trace, for messages.
    pub(crate) line: String,
}

/// What runs under strace: a program and its arguments for a world.
pub(crate) type Subject = fn(&World) -> (PathBuf, Vec<String>);

/// The binary that everything here is about.
pub(crate) fn ours(world: &World) -> (PathBuf, Vec<String>) {
    (binary().to_owned(), sweep(&world.store()))
}

/// Why the rig cannot run, on the terminal; a failure where it must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

/// Runs a subject under strace, with `inject` done to it.
pub(crate) fn run(world: &World, subject: Subject, inject: Option<&str>) -> Output {
    let (program, args) = subject(world);
    let mut strace =
        vec!["-f".to_owned(), "-qq".to_owned(), "-o".to_owned(), world.trace().display().to_string()];
    strace.extend(inject.map(|inject| ["-e".to_owned(), format!("inject={inject}")]).into_iter().flatten());
    strace.extend(["--".to_owned(), program.display().to_string()]);
    world.command("strace".as_ref(), strace.into_iter().chain(args)).output().unwrap()
}

/// The points of a subject that come once it knows of the store; `None` where there is no strace.
pub(crate) fn points(scenario: Scenario, subject: Subject) -> Option<Vec<Point>> {
    let world = World::new(scenario);
    if let Err(error) = world.command("strace".as_ref(), ["-V".to_owned()]).output() {
        skip(&format!("strace: {error}; tests/setup.sh installs it"));
        return None;
    }
    let output = run(&world, subject, None);
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") && !output.status.success() {
        skip(&format!("strace may not trace here: {said}"));
        return None;
    }
    assert!(output.status.success(), "{}: {said}", scenario.name);
    Some(points_of(&fs::read_to_string(world.trace()).unwrap()))
}

fn points_of(trace: &str) -> Vec<Point> {
    let mut numbers = BTreeMap::<&str, usize>::new();
    let mut points = Vec::new();
    let mut knows = false;
    for (name, line) in trace.lines().filter_map(|line| Some((name_of(line)?, line))) {
        let number = numbers.entry(name).or_default();
        *number += 1;
        knows |= name != "execve" && line.contains("sessions.json\"");
        if knows && !NOT_FILES.contains(&name) {
            points.push(Point { name: name.to_owned(), number: *number, line: line.to_owned() });
        }
    }
    points
}

/// `1234  openat(...) = 3` -> `openat`
fn name_of(line: &str) -> Option<&str> {
    let call = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let (name, _) = call.split_once('(')?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}

/// Whether strace and its child ended by a kill.
pub(crate) fn was_killed(output: &Output) -> bool {
    output.status.signal() == Some(9) || output.status.code() == Some(128 + 9)
}

#[test]
fn a_trace_is_read_as_pairs_of_name_and_number_from_where_the_store_is_known() {
    let trace = "7 execve(\"x\", [\"sessions.json\"]) = 0\n7 openat(1, \"/etc\") = 3\n7  openat(1, \"sessions.json\") = 3\n\
                 7 mmap(0) = 0\n7 <... openat resumed>) = 3\n7 --- SIGX {a(b)} ---\n7 fsync(3) = 0\n";
    let points: Vec<_> = points_of(trace).into_iter().map(|point| (point.name, point.number)).collect();
    assert_eq!(points, [("openat".to_owned(), 2), ("fsync".to_owned(), 1)]);
}
