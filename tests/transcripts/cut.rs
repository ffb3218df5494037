//! A compaction, and an undo, killed at each call that changes something on the disk.
//!
//! However far it came: the transcript is the whole old text or the whole new one, no payload is half a one, the next compaction
//! finishes it, and an undo brings all back.

use std::{collections::BTreeMap, fs, process::Output};

use session_reaper::artifact::payloads::BlobHash;

use crate::{
    child::part,
    part::{Call, was_killed},
    world::{World, transcript},
};

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

/// Those of them that a part makes; `None` where there is no strace.
fn changes(world: &World, run: Option<&str>) -> Option<Vec<Call>> {
    let trace = world.root.join("trace");
    let mut calls = part(&world.path(), run).calls(&trace)?;
    fs::remove_file(trace).unwrap();
    calls.retain(|call| match call.name.as_str() {
        "openat" | "openat2" => call.line.contains("O_CREAT") || call.line.contains("O_TRUNC"),
        name => CHANGES.contains(&name),
    });
    Some(calls)
}

/// What came of all kills.
#[derive(Debug, Default)]
struct Tally {
    before: usize,
    behind: usize,
    missed: usize,
    /// Which calls they were.
    names: BTreeMap<String, usize>,
}

impl Tally {
    /// Notes a kill; `false` when there was none. Whoever was killed had begun, and was in the midst of it.
    fn note(&mut self, call: &Call, output: &Output, is_behind: bool) -> bool {
        if !was_killed(output) {
            self.missed += 1;
            return false;
        }
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("begin") && !said.contains("finished"), "{call:?}: {said}");
        self.before += usize::from(!is_behind);
        self.behind += usize::from(is_behind);
        *self.names.entry(call.name.clone()).or_default() += 1;
        true
    }

    /// The rig itself may have come to nothing.
    fn must_have_killed(&self) {
        let Self { before, behind, missed, names } = self;
        eprintln!(
            "{} kills, {before} before the switch and {behind} behind it, {missed} missed: 0 wrong: {names:?}",
            before + behind
        );
        assert!(*before > 20 && *behind > 5 && missed * 20 <= before + behind, "{self:?}");
        assert!(names["renameat2"] > 0 && names["fsync"] > 5 && names["unlinkat"] > 0, "{names:?}");
    }
}

fn check(world: &World, new: &str, point: &Call) {
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

#[test]
fn i3_a_compaction_killed_at_any_change_leaves_a_whole_text_and_can_be_taken_back() {
    let Some(points) = changes(&World::new(&transcript()), None) else { return };
    let mut tally = Tally::default();
    for point in &points {
        let world = World::new(&transcript());
        let (new, _) = compacted(&world);
        world.renew(&transcript());
        let output = part(&world.path(), None).killed_at(point);
        check(&world, &new, point);
        if !tally.note(point, &output, world.text() == new) {
            continue;
        }
        world.compact().unwrap();
        assert_eq!(world.text(), new, "{point:?}");
        assert_eq!(world.names("one.jsonl.payloads").len(), 2, "{point:?}");
        world.undo_all();
        assert_eq!(world.text(), transcript(), "{point:?}");
    }
    tally.must_have_killed();
}

#[test]
fn i3_an_undo_killed_at_any_change_leaves_a_whole_text_and_can_be_done_again() {
    let world = World::new(&transcript());
    let (_, run) = compacted(&world);
    let Some(points) = changes(&world, Some(&run)) else { return };
    let mut tally = Tally::default();
    for point in &points {
        let world = World::new(&transcript());
        let (new, run) = compacted(&world);
        let output = part(&world.path(), Some(&run)).killed_at(point);
        check(&world, &new, point);
        let is_new = world.text() == new;
        if !tally.note(point, &output, !is_new) {
            continue;
        }
        let undone = world.undo(&run.parse().unwrap());
        // One that was killed at its very end has nothing more to take from the trash.
        assert!(undone.is_ok() || !is_new, "{point:?}: {undone:?}");
        assert_eq!(world.text(), transcript(), "{point:?}");
    }
    tally.must_have_killed();
}
