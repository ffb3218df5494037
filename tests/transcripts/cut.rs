//! A compaction, and an undo, killed at each call that changes something on the disk.
//!
//! However far it came: the transcript is the whole old text or the whole new one, no payload is half a one, the next compaction
//! finishes it, and an undo brings all back.

use std::{collections::BTreeMap, fs, process::Output};

use session_reaper::artifact::payloads::BlobHash;

use crate::{
    child::command,
    world::{World, transcript},
};

/// A system call, and which of its kind in its thread.
type Point = (String, u32);

/// The calls that can change something. Between two of them the disk is what it was.
const CHANGES: [&str; 15] = [
    "openat",
    "openat2",
    "mkdirat",
    "renameat",
    "renameat2",
    "linkat",
    "unlinkat",
    "fsync",
    "write",
    "pwrite64",
    "ftruncate",
    "utimensat",
    "fchmod",
    "fchown",
    "flock",
];

/// Plays the part under strace; `None` where that cannot be done, which CI must be able to.
fn strace(world: &World, run: Option<&str>, options: &[&str]) -> Option<Output> {
    let works = std::process::Command::new("strace").args(["-qq", "-o", "/dev/null", "--", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must run this, with strace");
        eprintln!("SKIPPED: strace is not there, or may not trace; tests/setup.sh installs it");
        return None;
    }
    let line: Vec<_> = ["strace"].iter().chain(options).chain(&["--"]).copied().collect();
    Some(command(&line, &world.path(), run).output().unwrap())
}

/// Each call that changes something, of the thread that plays the part, from its first word to its last.
fn points(world: &World, run: Option<&str>) -> Option<Vec<Point>> {
    let trace = world.root.join("trace");
    let output = strace(world, run, &["-f", "-qq", "-o", trace.to_str().unwrap()])?;
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_file(trace).unwrap();
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let (mut player, mut points) = (None, Vec::new());
    for (thread, call) in text.lines().filter_map(|line| line.split_once(' ')) {
        let Some((name, rest)) = call.trim_start().split_once('(') else { continue };
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        let says = |word: &str| name == "write" && rest.contains(word);
        if says("\"begin") {
            player = Some(thread);
        } else if player == Some(thread) && CHANGES.contains(&name) {
            points.push((name.to_owned(), *count));
        }
        if says("\"finished") {
            return Some(points);
        }
    }
    panic!("it never finished: {text}");
}

fn check(world: &World, new: &str, point: &Point) {
    let text = world.text();
    assert!(text == new || text == transcript(), "{point:?}: {} bytes", text.len());
    for name in world.names("one.jsonl.payloads").iter().filter(|name| name.len() == 64) {
        let bytes = fs::read(world.payloads().join(name)).unwrap();
        assert_eq!(BlobHash::of(&bytes).to_string(), *name, "{point:?}: half a payload");
    }
}

/// What a compaction makes of the transcript there; its path stands in it.
fn compacted(world: &World) -> (String, String) {
    let run = world.compact().unwrap().run.unwrap();
    (world.text(), run.as_str().to_owned())
}

fn kill(world: &World, run: Option<&str>, (name, count): &Point) {
    let inject = format!("inject={name}:signal=KILL:when={count}");
    strace(world, run, &["-f", "-qq", "-o", "/dev/null", "-e", &inject]);
}

#[test]
fn i3_a_compaction_killed_at_any_change_leaves_a_whole_text_and_can_be_taken_back() {
    let world = World::new(&transcript());
    let Some(points) = points(&world, None) else { return };
    let (mut before, mut after) = (0, 0);
    for point in &points {
        let world = World::new(&transcript());
        let (new, _) = compacted(&world);
        world.renew(&transcript());
        kill(&world, None, point);
        check(&world, &new, point);
        let is_new = world.text() == new;
        after += usize::from(is_new);
        before += usize::from(!is_new);
        world.compact().unwrap();
        assert_eq!(world.text(), new, "{point:?}");
        assert_eq!(world.names("one.jsonl.payloads").len(), 2, "{point:?}");
        world.undo_all();
        assert_eq!(world.text(), transcript(), "{point:?}");
    }
    eprintln!("{} kills, {before} before the switch and {after} behind it: 0 wrong", points.len());
    assert!(before > 20 && after > 5, "{before} {after}");
}

#[test]
fn i3_an_undo_killed_at_any_change_leaves_a_whole_text_and_can_be_done_again() {
    let world = World::new(&transcript());
    let (_, run) = compacted(&world);
    let Some(points) = points(&world, Some(&run)) else { return };
    for point in &points {
        let world = World::new(&transcript());
        let (new, run) = compacted(&world);
        kill(&world, Some(&run), point);
        check(&world, &new, point);
        let is_new = world.text() == new;
        let undone = world.undo(&run.parse().unwrap());
        // One that was killed at its very end has nothing more to take from the trash.
        assert!(undone.is_ok() || !is_new, "{point:?}: {undone:?}");
        assert_eq!(world.text(), transcript(), "{point:?}");
    }
    eprintln!("{} kills: 0 wrong", points.len());
    assert!(points.len() > 20);
}
