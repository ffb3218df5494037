//! Runs that were killed between the change and their line in the journal: whoever asks for the newest run finds them.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    past::{bundles, pruned},
    world::{World, run_key, usual_store},
};

const JOURNAL: &str = ".session-reaper/journal.jsonl";
const NOTE: &str = ".session-reaper/sessions.json.begun";

/// Two runs; the second was killed between the exchange and its line in the journal.
fn killed() -> (World, String) {
    let world = pruned();
    world.write("sessions.json", &usual_store());
    world.run_at("2026-11-21T08:00:01Z", "prune --yes sessions.json").expect(0);
    let newest = bundles(&world).pop().unwrap();
    fs::rename(&newest, newest.with_extension("json.unfinished")).unwrap();
    forget_newest(&world);
    assert_ne!(world.read("sessions.json"), usual_store());
    let name = newest.file_name().unwrap().to_str().unwrap().split_once('.').unwrap().0.to_owned();
    (world, name)
}

/// Takes the last line out of the journal.
fn forget_newest(world: &World) -> Value {
    let journal = world.read(JOURNAL);
    let lines: Vec<_> = journal.lines().collect();
    let (last, others) = lines.split_last().unwrap();
    world.write(JOURNAL, &[&others.join("\n"), "\n"].concat());
    serde_json::from_str(last).unwrap()
}

/// The same, but the second run kept nothing.
fn killed_for_ever() -> (World, String) {
    let world = pruned();
    let store = world.write("sessions.json", &usual_store());
    let before = identity(&store);
    world.run_at("2026-11-21T08:00:01Z", "prune --yes --no-trash sessions.json").expect(0);
    assert!(!world.path(NOTE).exists());
    let line = forget_newest(&world);
    let run = line["run"].as_str().unwrap().to_owned();
    let note = json!({ "line": line, "before": before, "after": identity(&store) });
    world.write(NOTE, &note.to_string());
    (world, run)
}

/// What a store is known by in a note.
fn identity(path: &PathBuf) -> Value {
    let found = fs::metadata(path).unwrap();
    json!({ "ino": found.ino(), "size": found.size(), "modifiedNs": found.mtime() * 1_000_000_000 + found.mtime_nsec() })
}

#[test]
fn a_run_that_was_killed_is_the_newest_all_the_same() {
    let (world, run) = killed();
    let undone = world.run("undo --json --store sessions.json").expect(0).json();
    assert_eq!(undone["undoes"], run, "{undone}");
    assert_eq!(world.read("sessions.json"), usual_store());
    let (world, run) = killed();
    let undone = world.run(&format!("trash restore --json --store sessions.json {}", run_key(1)));
    assert_eq!(undone.expect(0).json()["undoes"], run);
}

#[test]
fn one_that_kept_nothing_is_the_newest_too_and_no_older_one_is_taken_back_for_it() {
    let (world, run) = killed_for_ever();
    let swept = world.read("sessions.json");
    let ran = world.run("undo --store sessions.json").expect(1);
    assert!(ran.err.contains("not in its trash; nothing was removed"), "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), swept);
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    assert_eq!((&runs["runs"][0]["run"], &runs["runs"][0]["outcome"]), (&json!(run), &json!("recovered")));
    assert!(!world.path(NOTE).exists());
}

#[test]
fn a_dry_run_guesses_nothing_while_a_killed_run_is_unfinished() {
    for ((world, _), leaves_a_note) in [(killed(), false), (killed_for_ever(), true)] {
        let before = world.listing();
        for line in ["undo -n --store sessions.json", "trash restore -n --store sessions.json KEY"] {
            let ran = world.run(line).expect(4);
            assert!(ran.err.contains("has to be finished first"), "{}", ran.shown());
            assert!(ran.err.contains("hint: any verb that writes"), "{}", ran.shown());
        }
        assert_eq!(world.listing(), before);
        let found = world.run("doctor sessions.json");
        assert_eq!(found.out.contains("cut off"), leaves_a_note, "{}", found.shown());
    }
}

/// The same as an older version left it: a bundle without rows.
fn killed_for_ever_long_ago() -> (World, String) {
    let (world, run) = killed();
    let bundle = bundles(&world).pop().unwrap();
    fs::remove_file(bundle.join("rows.json")).unwrap();
    let path = bundle.join("manifest.json");
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    (manifest["line"]["trash"], manifest["removed"]) = (json!(false), Value::Null);
    manifest["placement"] = json!({ "stayed": 0, "pieces": [], "before": "", "after": "", "rules": [] });
    fs::write(path, manifest.to_string()).unwrap();
    (world, run)
}

#[test]
fn a_bundle_without_rows_of_an_older_version_goes_and_its_run_is_told() {
    for (written_since, outcome) in [(false, "recovered"), (true, "uncertain")] {
        let (world, run) = killed_for_ever_long_ago();
        if written_since {
            world.write("sessions.json", &usual_store());
        }
        world.run("prune --yes sessions.json").expect(0);
        let runs = world.run("history --store sessions.json --json").expect(0).json();
        let runs = runs["runs"].as_array().unwrap();
        let found = runs.iter().find(|found| found["run"] == json!(run)).unwrap();
        assert_eq!(found["outcome"], outcome, "{runs:?}");
        assert!(bundles(&world).iter().all(|bundle| !bundle.display().to_string().contains(&run)));
    }
}
