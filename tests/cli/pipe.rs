//! PIPE: sent to a sweep it ends it like any other signal, with nothing left behind; raised by our own writes, because a
//! reader has gone, it changes nothing.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::world::{World, usual_store, usual_survivors};

const CALL: [&str; 4] = ["prune", "-y", "--json", "sessions.json"];

/// Calls that are made as often in every run: the others look at every process of the machine too.
const STEADY: [&str; 12] = [
    "fchmod",
    "flistxattr",
    "flock",
    "fstat",
    "fsync",
    "linkat",
    "mkdirat",
    "pread64",
    "renameat",
    "renameat2",
    "unlinkat",
    "write",
];

/// From here on PIPE is heard.
const WATCHED: &str = "rt_sigaction(SIGPIPE, {sa_handler=0x";

/// A system call of a sweep: its name, and the how many-th of its name it is.
#[derive(Debug)]
struct Point {
    name: String,
    number: usize,
    line: String,
}

/// Where a sweep was when PIPE came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Sweeping,
    Printing,
}

/// A call under strace, with something done to it.
fn traced(world: &World, inject: &[String], call: &[&str]) -> Output {
    let plain = world.command(call);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o"]).arg(world.path("trace")).args(inject).arg("--");
    strace.arg(plain.get_program()).args(plain.get_args());
    strace.current_dir(world.path("")).env_clear().env("HOME", world.path("")).stdin(Stdio::null());
    strace.output().unwrap()
}

fn injected(signal: &str, name: &str, number: usize) -> [String; 2] {
    ["-e".to_owned(), format!("inject={name}:signal={signal}:when={number}")]
}

/// The points of a sweep, from where PIPE is watched for; `None` where nothing can be traced.
fn points() -> Option<Vec<Point>> {
    if let Err(error) = Command::new("strace").arg("-V").output() {
        return skip(&format!("strace: {error}; tests/setup.sh installs it"));
    }
    let (world, _) = World::with_store();
    let output = traced(&world, &[], &CALL);
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") && !output.status.success() {
        return skip(&format!("strace may not trace here: {said}"));
    }
    assert!(output.status.success(), "{said}");
    Some(points_of(&world.read("trace")))
}

fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
    None
}

fn points_of(trace: &str) -> Vec<Point> {
    let mut numbers = BTreeMap::<&str, usize>::new();
    let mut points = Vec::new();
    let mut watched = false;
    for line in trace.lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let Some((name, _)) = call.split_once('(') else { continue };
        let number = numbers.entry(name).or_default();
        *number += 1;
        watched |= call.starts_with(WATCHED);
        if watched && STEADY.contains(&name) {
            points.push(Point { name: name.to_owned(), number: *number, line: line.to_owned() });
        }
    }
    points
}

/// Where PIPE came in this very run: two runs need not be the same call for call. `None` where it did not.
fn met(trace: &str) -> Option<Met> {
    let after_watch = trace.split_once(WATCHED)?.1;
    let (before, _) = after_watch.split_once("--- SIGPIPE ")?;
    // Whatever is done to stdout is done to print the report.
    Some(if before.contains("(1, ") { Met::Printing } else { Met::Sweeping })
}

/// Locks and half files. Our own mutex is an empty file in our own folder, and stays.
fn left_behind(world: &World) -> Vec<String> {
    let has_ending =
        |name: &str| Path::new(name).extension().is_some_and(|found| found == "tmp" || found == "swap");
    let listing = world.listing();
    let names = listing.iter().map(|(path, ..)| path.strip_prefix(world.path("")).unwrap().to_str().unwrap());
    names.filter(|name| *name == "sessions.json.lock" || has_ending(name)).map(str::to_owned).collect()
}

#[test]
fn i3_a_pipe_sent_anywhere_in_a_sweep_ends_it_with_nothing_left_behind() {
    let Some(points) = points() else { return };
    let (mut old, mut new, mut printing) = (0, 0, 0);
    for point in &points {
        let (world, _) = World::with_store();
        let output = traced(&world, &injected("PIPE", &point.name, point.number), &CALL);
        let text = world.read("sessions.json");
        assert!(text == usual_store() || text == usual_survivors(), "{point:?}: torn: {text}");
        let left = left_behind(&world);
        assert!(left.is_empty(), "{point:?}: {left:?}");
        let is_new = text == usual_survivors();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["totals"]["pruned"], if is_new { 2 } else { 0 }, "{point:?}");
        let Some(met) = met(&world.read("trace")) else { continue };
        let code = if met == Met::Printing { 0 } else { 141 };
        assert_eq!(output.status.code(), Some(code), "{point:?}, {met:?}: {output:?}");
        match (met, is_new) {
            (Met::Printing, false) => panic!("{point:?}: printing before it is done"),
            (Met::Printing, true) => printing += 1,
            (Met::Sweeping, true) => new += 1,
            (Met::Sweeping, false) => old += 1,
        }
    }
    eprintln!(
        "PIPE at {} of {} points: {old} times the old store, {new} the new one, {printing} while printing",
        old + new + printing,
        points.len()
    );
    assert!(old >= 15 && new >= 5 && printing >= 1, "{old} old, {new} new, {printing} while printing");
}

#[test]
fn the_rig_sees_what_a_killed_sweep_leaves() {
    let Some(points) = points() else { return };
    let swap = points.iter().find(|point| point.line.contains("RENAME_EXCHANGE")).unwrap();
    let (world, _) = World::with_store();
    let output = traced(&world, &injected("KILL", &swap.name, swap.number), &CALL);
    assert!(output.status.signal() == Some(9) || output.status.code() == Some(137), "{output:?}");
    let left = left_behind(&world);
    assert!(left.iter().any(|name| name == "sessions.json.lock"), "{left:?}");
    assert!(left.iter().any(|name| name.contains(".swap")), "{left:?}");
}

#[test]
fn a_pipe_between_two_stores_leaves_the_others_and_says_so() {
    let Some(points) = points() else { return };
    let call = |point: &Point, json: bool| {
        let (world, _) = World::with_store();
        world.write("b.json", &usual_store());
        world.write("c.json", &usual_store());
        let form = if json { "--json" } else { "--color=never" };
        let call = ["tick", form, "sessions.json", "b.json", "c.json"];
        let output = traced(&world, &injected("PIPE", &point.name, point.number), &call);
        assert_eq!((world.read("b.json"), world.read("c.json")), (usual_store(), usual_store()));
        world.ran(output).expect(141)
    };
    let exchange = points.iter().find(|point| point.line.contains("RENAME_EXCHANGE")).unwrap();
    let json = call(exchange, true).json();
    assert_eq!((&json["done"], json["stores"].as_array().unwrap().len()), (&false.into(), 1));
    assert_eq!(json["totals"]["pruned"], 2);
    let ran = call(exchange, false);
    let note = "note: a signal asked to stop: 2 stores of 3 not reached; the next tick goes on there\n";
    assert_eq!(ran.err, note, "{}", ran.shown());
}

/// The end of a pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn readers_who_have_gone_stop_no_sweep_and_change_no_exit_code() {
    for (line, code) in [
        ("-vv tick a.json b.json c.json", 0),
        ("-vv --log-format json prune -y a.json b.json c.json", 0),
        ("prune -y --json a.json b.json c.json", 0),
        ("tick none.json a.json b.json c.json", 3),
        ("-v tick none.json a.json b.json c.json", 3),
    ] {
        let world = World::new();
        for name in ["a.json", "b.json", "c.json"] {
            world.write(name, &usual_store());
        }
        let mut call = world.command(line.split_whitespace());
        let status = call.stdout(unread()).stderr(unread()).status().unwrap();
        for name in ["a.json", "b.json", "c.json"] {
            assert_eq!(world.read(name), usual_survivors(), "{line}: {name}");
        }
        assert_eq!(status.code(), Some(code), "{line}");
        assert!(!fs::exists(world.path("a.json.lock")).unwrap());
    }
}
