//! A process that is killed at each of its system calls from the opening of a spool to the end of a session.
//!
//! However far it came: a file that has a payload's name is whole, the session goes on or goes, and nothing is left of it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::ExitStatusExt as _,
    process::{Command, Output},
};

use session_reaper::Age;

use crate::{
    child::{PART, command},
    world::{World, after, put, small, whole_blobs},
};

/// A system call, and which of its kind in its thread.
type Point = (String, u32);

/// Calls that touch no file and whose number is not the same in every run.
const NOT_FILES: [&str; 14] = [
    "brk",
    "mmap",
    "munmap",
    "mprotect",
    "madvise",
    "sigaltstack",
    "rt_sigaction",
    "rt_sigprocmask",
    "getrandom",
    "futex",
    "sched_yield",
    "clock_nanosleep",
    "execve",
    "exit_group",
];

/// Plays the part under strace; `None` where that cannot be done, which CI must be able to.
fn strace(world: &World, options: &[&str]) -> Option<Output> {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "--", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must run this, with strace");
        eprintln!("SKIPPED: strace is not there, or may not trace; tests/setup.sh installs it");
        return None;
    }
    let exe = std::env::current_exe().unwrap();
    let mut command_line = Command::new("strace");
    command_line.args(options).arg("--").arg(exe).args(PART).envs(command(world, "one", "payload"));
    Some(command_line.env_remove("LD_LIBRARY_PATH").output().unwrap())
}

/// Each call that touches a file, of the thread that plays the part, from its first word to its last.
fn points(world: &World) -> Option<Vec<Point>> {
    let trace = world.path("trace");
    let output = strace(world, &["-f", "-qq", "-o", trace.to_str().unwrap()])?;
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(trace).unwrap();
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let (mut player, mut points) = (None, Vec::new());
    for (thread, call) in text.lines().filter_map(|line| line.split_once(' ')) {
        let Some((name, rest)) = call.trim_start().split_once('(') else { continue };
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        let says = |word: &str| name == "write" && rest.contains(word);
        if says("\"begin") {
            player = Some(thread);
        } else if player == Some(thread) && !NOT_FILES.contains(&name) {
            points.push((name.to_owned(), *count));
        }
        if says("\"finished") {
            return Some(points);
        }
    }
    panic!("it never finished: {text}");
}

fn finish(world: &World, point: &Point) {
    // With a grace the session goes on; without, it goes.
    let grace = small().with_grace(Age::from_millis(9_000_000).unwrap());
    let before = whole_blobs(&world.dir());
    let session = world.spool_with(grace).session("one").unwrap();
    let blob = put(&session, "payload".repeat(100).as_bytes());
    assert!(whole_blobs(&world.dir()) >= before.max(1), "{point:?}");
    assert_eq!(session.get(&blob).unwrap(), "payload".repeat(100).as_bytes());
    let names = world.names("spool/s-one");
    assert_eq!(names.len(), 2, "{point:?}: {names:?}");
    session.end().unwrap();
}

#[test]
fn i3_killed_at_any_system_call_it_leaves_whole_payloads_and_nothing_that_stays() {
    let world = World::new();
    let Some(points) = points(&world) else { return };
    let (mut untouched, mut with_payload, mut missed) = (0, 0, 0);
    for (number, point) in points.iter().enumerate() {
        let world = World::new();
        let (name, count) = point;
        let inject = format!("inject={name}:signal=KILL:when={count}");
        let output = strace(&world, &["-f", "-qq", "-o", "/dev/null", "-e", &inject]).unwrap();
        if output.status.signal() != Some(9) {
            // Who was not killed has come to his end in peace, and to no other.
            assert!(output.status.success(), "{point:?}: {output:?}");
            missed += 1;
            continue;
        }
        if !world.dir().exists() {
            untouched += 1;
            continue;
        }
        with_payload += usize::from(whole_blobs(&world.dir()) > 0);
        if number % 2 == 0 {
            finish(&world, point);
        }
        let report = world.spool().sweep(after(61_000)).unwrap();
        let left = world.names("spool").len();
        assert_eq!((report.scanned - report.swept, left), (0, 0), "{point:?}: {report:?}");
    }
    let kills = points.len() - missed;
    eprintln!(
        "{kills} kills, {missed} calls missed, {untouched} before there was a spool, {with_payload} with a payload: 0 wrong"
    );
    assert!(kills > 60 && missed * 20 <= kills && with_payload > 5 && untouched < kills / 2);
}
