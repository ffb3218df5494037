//! `history`, `undo` and `trash` from the shell.

use std::fs;

use serde_json::json;

use crate::world::{World, run_key, usual_store, usual_survivors};

pub(crate) fn pruned() -> World {
    let world = World::new();
    world.write("sessions.json", &usual_store());
    world.run("prune --yes sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), usual_survivors());
    world
}

#[test]
fn i4_prune_undo_prune_again() {
    let world = pruned();
    let ran = world.run("undo --store sessions.json --json").expect(0);
    let undone = ran.json();
    assert_eq!(undone["verb"], "undo");
    assert_eq!(undone["applied"], true);
    assert_eq!(undone["stores"][0]["restored"], 2);
    assert_eq!(undone["totals"]["scanned"], 4);
    assert_eq!(world.read("sessions.json"), usual_store());
    world.run("prune --yes sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), usual_survivors());
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    let runs = runs["runs"].as_array().unwrap();
    let verbs: Vec<_> = runs.iter().map(|run| (run["verb"].clone(), run["state"].clone())).collect();
    assert_eq!(
        verbs,
        [
            (json!("prune"), json!("in-trash")),
            (json!("undo"), json!("in-trash")),
            (json!("prune"), json!("undone"))
        ]
    );
    assert_eq!(runs[1]["undoes"], runs[2]["run"]);
    assert_eq!(runs[2]["undoneBy"], runs[1]["run"]);
}

#[test]
fn an_undo_is_a_run_and_can_be_undone() {
    let world = pruned();
    world.run("undo --store sessions.json").expect(0);
    let ran = world.run("undo --store sessions.json").expect(0);
    assert!(ran.out.contains("2 rows went again"), "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), usual_survivors());
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    assert_eq!(runs["runs"][2]["state"], "in-trash", "the first run is in force again");
    let text = world.run("history --store sessions.json").expect(0);
    assert!(text.out.contains("undone by") && text.out.contains("can be undone"), "{}", text.shown());
}

#[test]
fn a_dry_undo_shows_and_writes_nothing() {
    let world = pruned();
    let before = world.listing();
    let ran = world.run("undo -n --store sessions.json").expect(0);
    assert!(ran.out.contains("2 rows would come back"), "{}", ran.shown());
    assert!(ran.out.ends_with("restored 2, kept 4, pruned 0, failed 0, held up 0\n"), "{}", ran.shown());
    assert_eq!(world.listing(), before);
}

#[test]
fn a_run_is_named_by_the_end_of_its_name_and_a_wrong_name_is_told() {
    let world = pruned();
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    let run = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    let ran = world.run("undo --store sessions.json nonsense").expect(1);
    assert!(
        ran.err.contains("no run \"nonsense\" has changed it") && ran.err.contains("history"),
        "{}",
        ran.shown()
    );
    world.run(&format!("undo --store sessions.json {}", run.split_at(run.len() - 8).1)).expect(0);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn nothing_was_done_so_nothing_can_be_undone() {
    let world = World::new();
    world.write("sessions.json", &usual_store());
    let ran = world.run("undo --store sessions.json").expect(1);
    assert!(ran.err.contains("no run has changed it yet"), "{}", ran.shown());
    let ran = world.run("history --store sessions.json").expect(0);
    assert_eq!(ran.out, "no run has changed anything yet\n");
    world.run("undo --store missing.json").expect(10);
}

#[test]
fn without_trash_there_is_a_line_and_no_way_back() {
    let world = World::new();
    world.write("sessions.json", &usual_store());
    world.run("prune --yes --no-trash sessions.json").expect(0);
    let ran = world.run("undo --store sessions.json").expect(1);
    assert!(ran.err.contains("not in its trash") && ran.err.contains("--no-trash"), "{}", ran.shown());
    let text = world.run("history --store sessions.json").expect(0);
    assert!(text.out.contains("kept nothing"), "{}", text.shown());
    assert_eq!(world.read("sessions.json"), usual_survivors());
}

#[test]
fn a_living_key_is_told_and_overwritten_only_by_force() {
    let world = pruned();
    let key = run_key(1);
    let living = format!("{{\"{key}\":{{\"updatedAt\":1795248000000,\"new\":1}}}}");
    world.write("sessions.json", &living);
    let ran = world.run("undo --store sessions.json").expect(3);
    assert!(ran.out.contains(&key) && ran.out.contains("a newer row has its key"), "{}", ran.shown());
    assert!(world.read("sessions.json").contains("\"new\":1"));
    // The other row is back by now, so nothing is left to do but what is not allowed.
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    let run = runs["runs"][1]["run"].as_str().unwrap().to_owned();
    world.run(&format!("undo --store sessions.json {run}")).expect(4);
    world.run(&format!("undo --store sessions.json {run} --force-key=other")).expect(4);
    world.run(&format!("undo --store sessions.json {run} --force-key")).expect(0);
    assert!(!world.read("sessions.json").contains("\"new\":1"));
    world.run("undo --store sessions.json").expect(0);
    assert!(world.read("sessions.json").contains("\"new\":1"), "what force overwrote comes back too");
}

#[test]
fn one_row_is_restored_from_the_trash() {
    let world = pruned();
    let key = run_key(4);
    world.run(&format!("trash restore --store sessions.json {key}")).expect(0);
    assert!(world.read("sessions.json").contains(&key) && !world.read("sessions.json").contains(&run_key(1)));
    let ran = world.run("trash restore --store sessions.json agent:never").expect(1);
    assert!(ran.err.contains("no run in the trash took \"agent:never\""), "{}", ran.shown());
}

#[test]
fn trash_is_listed_and_emptied_after_a_yes() {
    let world = pruned();
    let list = world.run("trash list --store sessions.json --json").expect(0).json();
    assert_eq!(list["bundles"][0]["rows"], 2);
    let run = list["bundles"][0]["run"].as_str().unwrap().to_owned();
    let rows = world.run(&format!("trash list --store sessions.json {run}")).expect(0);
    assert!(rows.out.contains(&run_key(1)) && rows.out.contains("restored"), "{}", rows.shown());
    let ran = world.run("trash empty --store sessions.json").expect(2);
    assert!(ran.err.contains("--yes"), "{}", ran.shown());
    let ran = world.run("trash empty -n --store sessions.json").expect(0);
    assert!(ran.out.contains("1 run would go"), "{}", ran.shown());
    world.run("trash empty --yes --store sessions.json").expect(0);
    let list = world.run("trash list --store sessions.json").expect(0);
    assert_eq!(list.out, "0 runs in the trash, 0 rows, 0 B\n");
    world.run("undo --store sessions.json").expect(1);
    let text = world.run("history --store sessions.json").expect(0);
    assert!(text.out.contains("purged"), "{}", text.shown());
}

#[test]
fn a_damaged_bundle_is_refused_and_told() {
    let world = pruned();
    let trash = world.path("sessions.json").with_file_name(".session-reaper").join("trash");
    let bundle = fs::read_dir(trash).unwrap().next().unwrap().unwrap().path();
    let rows = fs::read_to_string(bundle.join("rows.json")).unwrap();
    fs::write(bundle.join("rows.json"), rows.replace("updatedAt", "updatedXx")).unwrap();
    let ran = world.run("undo --store sessions.json").expect(1);
    assert!(ran.err.contains("damaged"), "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), usual_survivors());
}

#[test]
fn compressed_trash_comes_back_as_well() {
    let world = World::new();
    world.write("sessions.json", &usual_store());
    world.write("session-reaper.toml", "[trash]\ncompress = true\n");
    world.run("prune --yes sessions.json").expect(0);
    let list = world.run("trash list --store sessions.json --json").expect(0).json();
    assert_eq!(list["bundles"][0]["compressed"], true);
    world.run("undo --store sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn old_bundles_leave_the_trash_but_never_the_newest_run() {
    let world = World::new();
    let bundles = |world: &World| {
        let list = world.run("trash list --store sessions.json --json").expect(0).json();
        list["bundles"].as_array().unwrap().len()
    };
    world.write("sessions.json", &usual_store());
    let at = |now: &str, world: &World| {
        world.run_at(now, "prune --yes --allow-clock-jump sessions.json").expect(0);
    };
    at("2026-11-21T08:00:00Z", &world);
    at("2026-11-29T08:00:00Z", &world);
    // The two younger runs went at the second time, eight days later: the first bundle is old, and goes.
    assert_eq!(bundles(&world), 1, "the old one");
    at("2027-11-29T08:00:00Z", &world);
    assert_eq!(bundles(&world), 1, "the newest stays, however old");
}

fn trash(world: &World) -> std::path::PathBuf {
    world.path(".session-reaper/trash")
}

/// The bundles, oldest first.
pub(crate) fn bundles(world: &World) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = fs::read_dir(trash(world)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn what_was_held_up_makes_a_run_partly_undone() {
    let world = pruned();
    let living = format!("{{\"{}\":{{\"updatedAt\":1795248000000,\"new\":1}}}}", run_key(1));
    world.write("sessions.json", &living);
    world.run("undo --store sessions.json").expect(3);
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    assert_eq!((&runs["runs"][0]["heldUp"], &runs["runs"][1]["heldUp"]), (&json!(1), &json!(0)));
    assert_eq!(runs["runs"][1]["state"], "partly-undone");
    assert_eq!(runs["runs"][1]["undoneBy"], runs["runs"][0]["run"]);
    let text = world.run("history --store sessions.json").expect(0);
    assert!(text.out.contains("partly undone by"), "{}", text.shown());
    // What is forced is undone as a whole, and an undo that is only partly undone leaves its run partly undone.
    let run = runs["runs"][1]["run"].as_str().unwrap().to_owned();
    world.run(&format!("undo --store sessions.json {run} --force-key")).expect(0);
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    assert_eq!(runs["runs"][2]["state"], "undone");
}

#[test]
fn an_undo_that_is_partly_undone_leaves_its_run_partly_undone() {
    let world = pruned();
    world.run("undo --store sessions.json").expect(0);
    let text = world.read("sessions.json");
    let (before, row) = text.split_once(&run_key(1)).unwrap();
    let touched = format!("{before}{}{}", run_key(1), row.replacen("\"updatedAt\": ", "\"updatedAt\": 1", 1));
    world.write("sessions.json", &touched);
    world.run("undo --store sessions.json").expect(3);
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    let states: Vec<_> = (0..3).map(|run| runs["runs"][run]["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["in-trash", "partly-undone", "partly-undone"]);
}

/// Three runs, a second apart, on the same rows.
fn three_runs() -> World {
    let world = World::new();
    for second in 1..=3 {
        world.write("sessions.json", &usual_store());
        world.run_at(&format!("2026-11-21T08:00:0{second}Z"), "prune --yes sessions.json").expect(0);
    }
    assert_eq!(bundles(&world).len(), 3);
    world
}

#[test]
fn a_damaged_bundle_hides_no_sound_older_one() {
    let world = three_runs();
    let bundles = bundles(&world);
    let rows = fs::read_to_string(bundles[2].join("rows.json")).unwrap();
    fs::write(bundles[2].join("rows.json"), rows.replace("updatedAt", "updatedXx")).unwrap();
    fs::write(bundles[1].join("manifest.json"), "{").unwrap();
    let ran = world.run(&format!("trash restore --json --store sessions.json {}", run_key(4))).expect(0);
    assert!(bundles[0].to_str().unwrap().contains(ran.json()["undoes"].as_str().unwrap()), "{}", ran.shown());
    assert_eq!(ran.err.matches("is damaged or cannot be read").count(), 2, "{}", ran.shown());
    assert!(world.read("sessions.json").contains(&run_key(4)));
    let ran = world.run("trash restore --store sessions.json agent:never").expect(1);
    assert!(ran.err.contains("no run in the trash that can be read took"), "{}", ran.shown());
}

#[test]
fn what_is_damaged_is_emptied_as_well_and_told() {
    let world = three_runs();
    fs::write(bundles(&world)[1].join("manifest.json"), "{").unwrap();
    let ran = world.run("trash empty -n --store sessions.json").expect(0);
    assert!(ran.out.contains("3 runs would go, 1 of them damaged"), "{}", ran.shown());
    let ran = world.run("trash empty --yes --store sessions.json").expect(0);
    assert!(ran.out.contains("3 runs gone for ever, 1 of them damaged"), "{}", ran.shown());
    assert_eq!(bundles(&world).len(), 0);
    let world = three_runs();
    fs::write(bundles(&world)[1].join("manifest.json"), "{").unwrap();
    let emptied = world.run("trash empty --yes --json --store sessions.json").expect(0).json();
    assert_eq!((emptied["runs"].as_array().unwrap().len(), &emptied["errors"]), (3, &json!([])));
    assert_eq!(emptied["damaged"].as_array().unwrap().len(), 1);
}

#[test]
fn what_went_before_a_bundle_that_cannot_go_is_told() {
    let world = three_runs();
    let third = bundles(&world).pop().unwrap();
    fs::remove_dir_all(&third).unwrap();
    fs::write(&third, "no folder").unwrap();
    let size = |path: &std::path::PathBuf| {
        fs::read_dir(path).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let bytes: u64 = bundles(&world).iter().take(2).map(size).sum();
    let ran = world.run("trash empty --yes --json --store sessions.json").expect(3);
    let emptied = ran.json();
    assert_eq!((emptied["runs"].as_array().unwrap().len(), &emptied["bytes"]), (2, &json!(bytes)));
    let message = emptied["errors"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("; some of it was removed"), "{message}");
    assert_eq!(bundles(&world), [third], "what is no bundle is left as it is");
    // The store can be locked as before.
    world.run("prune --yes sessions.json").expect(0);
    let ran = world.run("trash empty --yes --store sessions.json").expect(1);
    assert!(ran.err.contains("nothing was removed"), "{}", ran.shown());
}

#[test]
fn what_went_from_one_store_is_told_though_another_is_held() {
    let world = World::new();
    world.write("session-reaper.toml", "lock_timeout = \"20ms\"\n");
    for store in ["b/sessions.json", "sessions.json"] {
        world.write(store, &usual_store());
        world.run(&format!("prune --yes {store}")).expect(0);
    }
    let held = crate::world::Held::lock(&world);
    let ran = world.run("trash empty --yes --store b/sessions.json --store sessions.json").expect(3);
    assert!(ran.out.contains("1 run gone for ever"), "{}", ran.shown());
    assert!(ran.err.contains("another session-reaper"), "{}", ran.shown());
    world.run("trash empty --yes --store sessions.json").expect(11);
    drop(held);
}

#[test]
fn how_to_take_an_undo_or_a_compact_back_names_the_store() {
    let world = pruned();
    let ran = world.run("undo --store sessions.json").expect(0);
    assert!(
        ran.shown().contains("to take this back: [PROGRAM] undo --store sessions.json [RUN]\n"),
        "{}",
        ran.shown()
    );
    let ran = world.run(&format!("trash restore --force-key --store sessions.json {}", run_key(1))).expect(0);
    assert!(!ran.out.contains("to take this back"), "it was there: {}", ran.shown());
    world.write("sessions.json", r#"{"x":{"updatedAt":1700000000000,"skillsSnapshot":{}}}"#);
    let ran = world.run("compact -n sessions.json").expect(0);
    assert!(!ran.err.contains("to take this back"), "{}", ran.shown());
    let ran = world.run("compact sessions.json").expect(0);
    assert!(
        ran.shown().contains("note: to take this back: [PROGRAM] undo --store sessions.json [RUN]\n"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_run_whose_line_the_journal_has_lost_is_known_by_its_bundle() {
    let world = pruned();
    let journal = world.path("sessions.json").with_file_name(".session-reaper").join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.trim_end().trim_end_matches('}')).unwrap();
    let ran = world.run("undo -n --store sessions.json").expect(0);
    assert!(
        ran.out.contains("2 rows would come back") && ran.err.contains("cannot be read"),
        "{}",
        ran.shown()
    );
    fs::remove_file(&journal).unwrap();
    world.run("undo --store sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn compact_takes_no_field_that_a_row_is_known_by() {
    let world = World::new();
    world.write("sessions.json", &usual_store());
    for field in ["updatedAt", "sessionId"] {
        let ran = world.run(&format!("compact --field {field} sessions.json")).expect(2);
        assert!(ran.err.contains(field) && ran.err.contains("nothing was removed"), "{}", ran.shown());
    }
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn two_stores_of_one_folder_share_journal_and_trash_and_keep_apart() {
    let world = World::new();
    world.write("sessions.json", &usual_store());
    world.write("other.json", &usual_store());
    world.run("prune --yes sessions.json other.json").expect(0);
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    world.run("undo --store other.json").expect(0);
    assert_eq!((world.read("sessions.json"), world.read("other.json")), (usual_survivors(), usual_store()));
    world.run("trash empty --yes --store other.json").expect(0);
    world.run("undo --store sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn a_key_given_without_an_equals_sign_is_told_how() {
    let world = pruned();
    let ran = world.run(&format!("undo --store sessions.json --force-key {}", run_key(1))).expect(1);
    assert!(ran.err.contains("--force-key=KEY"), "{}", ran.shown());
}

#[test]
fn rows_of_a_store_that_is_gone_come_back_into_an_empty_one_as_the_hint_says() {
    let world = pruned();
    fs::remove_file(world.path("sessions.json")).unwrap();
    let ran = world.run("undo --store sessions.json").expect(10);
    assert!(ran.err.contains("1 run on it") && ran.err.contains("echo {} > "), "{}", ran.shown());
    let typo = world.run("undo --store session.json").expect(10);
    assert!(!typo.err.contains("echo") && typo.err.contains("check the path"), "{}", typo.shown());
    world.write("sessions.json", "{}\n");
    let ran = world.run("undo --store sessions.json").expect(0);
    assert!(ran.out.contains("2 rows came back"), "{}", ran.shown());
    assert!(world.read("sessions.json").contains(&run_key(1)));
}

#[test]
fn what_is_no_bundle_is_left_alone_in_the_trash() {
    let world = pruned();
    for folder in ["mine.sessions.json.unfinished", "mine.sessions.json.purged", "mine.sessions.json"] {
        fs::create_dir(world.path(&format!(".session-reaper/trash/{folder}"))).unwrap();
        world.write(&format!(".session-reaper/trash/{folder}/x"), "mine");
    }
    world.write(".session-reaper/trash/0.sessions.json", "mine");
    world.run("undo -n --store sessions.json").expect(0);
    world.run("undo --store sessions.json").expect(0);
    world.run("prune --yes sessions.json").expect(0);
    let emptied = world.run("trash empty --yes --store sessions.json").expect(0);
    assert!(emptied.out.contains("3 runs"), "{}", emptied.shown());
    let mut left: Vec<_> =
        fs::read_dir(world.path(".session-reaper/trash")).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(
        left,
        [
            "0.sessions.json",
            "mine.sessions.json",
            "mine.sessions.json.purged",
            "mine.sessions.json.unfinished"
        ]
    );
}

#[test]
fn a_store_that_is_called_like_the_lock_of_another_stays() {
    let world = World::new();
    for name in ["a.json", "a.json.lock"] {
        let path = world.write(name, &usual_store());
        let old = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
        fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
    }
    let ran = world.run("prune --yes --lock-timeout 100ms a.json").expect(11);
    assert!(ran.err.contains("a file that is no lock has its lock a.json.lock"), "{}", ran.shown());
    assert_eq!((world.read("a.json"), world.read("a.json.lock")), (usual_store(), usual_store()));
}

#[test]
fn a_store_may_be_called_turn() {
    let world = World::new();
    world.write("turn", &usual_store());
    world.run("prune --yes turn").expect(0);
    assert_eq!(world.read("turn"), usual_survivors());
}

#[test]
fn a_store_without_room_in_the_trash_is_swept_without_it() {
    let world = World::new();
    world.write("s.unfinished", &usual_store());
    let ran = world.run("prune --yes s.unfinished").expect(1);
    assert!(ran.err.contains("no place in the trash"), "{}", ran.shown());
    world.run("prune --yes --no-trash s.unfinished").expect(0);
    assert_eq!(world.read("s.unfinished"), usual_survivors());
    let runs = world.run("history --json --store s.unfinished").expect(0).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
}
