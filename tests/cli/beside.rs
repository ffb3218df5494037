//! Folders of the configuration beside stores: where `--openclaw` says where stores are, where stores are named, and in `doctor`.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use insta::assert_snapshot;
use serde_json::Value;

use crate::{
    folders::{configure, dirs, is_there, world},
    world::{Ran, World, usual_store},
};

/// The same with the store of an agent.
fn with_an_agent() -> World {
    let world = world();
    world.write("state/agents/main/sessions/sessions.json", &usual_store());
    world
}

/// How many stores and folders a report tells of.
fn counts(ran: Ran) -> [usize; 2] {
    let json = ran.expect(0).json();
    ["stores", "targets"].map(|key| json[key].as_array().map_or(0, Vec::len))
}

#[test]
fn openclaw_says_where_stores_are_and_the_folders_are_swept_beside_them() {
    let world = with_an_agent();
    assert_eq!(counts(world.run("prune -n --json --openclaw state")), [1, 2]);
    let checked = world.run("check --json --openclaw state").json();
    assert_eq!(checked["stores"].as_array().unwrap().len(), 3, "{checked}");
    assert_eq!(counts(world.run("doctor --json --openclaw state")), [1, 2]);
    world.run("tick --openclaw state").expect(0);
    assert_eq!(is_there(&world), [false, true, false]);
    let past = world.run("history --openclaw=state").expect(0).out;
    assert_eq!(past.matches("can be undone").count(), 3, "{past}");
    world.run("undo --openclaw=state").expect(0);
    assert_eq!(is_there(&world), [true; 3]);
    let setting = [("SESSION_REAPER_OPENCLAW", "state")];
    assert_eq!(counts(world.run_with("prune -n --json", &setting)), [1, 2]);
}

#[test]
fn who_names_a_store_means_that_alone() {
    let world = with_an_agent();
    for stores in ["state", "--openclaw state state"] {
        for verb in ["prune -n", "doctor"] {
            assert_eq!(counts(world.run(&format!("{verb} --json {stores}"))), [1, 0], "{verb} {stores}");
        }
        let checked = world.run(&format!("check --json {stores}")).json();
        assert_eq!(checked["stores"].as_array().unwrap().len(), 1, "{stores}: {checked}");
        world.run(&format!("prune --yes {stores}")).expect(0);
    }
    assert_eq!(is_there(&world), [true; 3]);
}

#[test]
fn list_and_explain_know_a_folder_with_openclaw_as_without() {
    let world = with_an_agent();
    for verb in ["list spool", "list --openclaw=state spool", "explain spool s-agent%3amain"] {
        assert!(world.run(verb).expect(0).out.contains("s-agent%3amain"), "{verb}");
    }
    assert!(world.run("list --openclaw state").expect(0).out.contains("cron:job"));
}

#[test]
fn who_lists_the_store_is_told_which_folders_there_are_besides() {
    let world = world();
    world.write("sessions.json", &usual_store());
    configure(&world, "stores = [\"sessions.json\"]");
    let note = "note: folders are configured beside it: [DIR]/media, [DIR]/spool; `list FOLDER` shows what is in one\n";
    assert_eq!(world.run("list").expect(0).err, note);
    for silent in ["list --json", "-q list", "list sessions.json", "list spool"] {
        assert_eq!(world.run(silent).expect(0).err, "", "{silent}");
    }
}

#[test]
fn stats_says_that_it_speaks_of_stores_alone() {
    let world = world();
    assert_snapshot!(world.run("stats").expect(2).err, @r#"
    error: no store is named, and the configuration names folders alone; nothing was removed
    hint: `stats` speaks of the rows of stores; `session-reaper list FOLDER` shows what is in a folder
    "#);
}

#[test]
fn the_trash_counts_rows_and_things_apart() {
    let world = world();
    world.write("sessions.json", &usual_store());
    configure(&world, "stores = [\"sessions.json\"]");
    world.run("prune --yes").expect(0);
    let all = world.run("trash list").expect(0).out;
    assert!(all.contains(" THINGS ") && all.contains("3 runs in the trash, 2 rows, 2 things, "), "{all}");
    let of_store = world.run("trash list --store sessions.json").expect(0).out;
    assert!(of_store.contains(" ROWS ") && of_store.contains("1 run in the trash, 2 rows, "), "{of_store}");
}

#[test]
fn the_help_names_folders_where_they_are_understood_and_says_where_they_are_not() {
    let world = world();
    for (verb, words) in [
        ("undo", "or a folder that was swept"),
        ("history", "or a folder that was swept"),
        ("trash list", "or a folder that was swept"),
        ("list", "or a folder that is swept"),
        ("explain", "or a folder that is swept"),
        ("prune", "folders have no such guard"),
        ("doctor", "Folders that the configuration names"),
    ] {
        let help = world.run(&format!("{verb} --help")).expect(0).out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(words), "{verb}: {help}");
    }
}

/// What was found of the folders, but for what is well: the last part of a path, what it is about, and the verdict.
fn wrong(world: &World) -> Vec<String> {
    let json = world.run("doctor --json").expect(0).json();
    let mut all = Vec::new();
    for target in json["targets"].as_array().unwrap() {
        let name = target["path"].as_str().unwrap().rsplit('/').next().unwrap();
        let findings = target["findings"].as_array().unwrap().iter();
        let findings = findings.filter(|finding| finding["remedy"].is_string());
        let told = |finding: &Value| {
            format!(
                "{name}: {} {}",
                finding["subject"].as_str().unwrap(),
                finding["verdict"].as_str().unwrap()
            )
        };
        all.extend(findings.map(told));
    }
    all
}

/// The same where a store has made the media folder, and the marker in it.
fn marked() -> World {
    let world = world();
    world.write("media/.session-reaper/media.marker", "");
    world
}

/// What is in the trash of the spool after a sweep.
fn bundle(world: &World) -> PathBuf {
    let trash = dirs(world)[1].join(".session-reaper/trash");
    fs::read_dir(trash).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn doctor_looks_at_folders_where_there_are_no_stores() {
    let world = marked();
    let before = world.listing();
    assert_snapshot!(world.run("doctor").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/media
      folder  ok           it can be swept: 1 of 2 would go now
      folder  never swept  no sweep of it is known

    [DIR]/spool
      folder  ok           it can be swept: 1 of 1 would go now
      folder  never swept  no sweep of it is known
    --- stderr
    "#);
    let json = world.run("doctor --json --fix").expect(0).json();
    assert_eq!((&json["stores"], &json["targets"][1]["kind"]), (&Value::Array(vec![]), &"payloads".into()));
    let keys: Vec<&String> = json["targets"][1].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["findings", "kind", "path"]);
    assert_eq!((wrong(&world), world.listing()), (Vec::new(), before));
}

#[test]
fn doctor_tells_of_a_folder_that_is_not_there_and_of_one_that_no_sweep_touches() {
    let world = marked();
    let [media, spool] = dirs(&world);
    fs::rename(&spool, world.path("elsewhere")).unwrap();
    assert_eq!(wrong(&world), ["spool: folder missing"]);
    symlink(world.path("elsewhere"), &spool).unwrap();
    assert_eq!(wrong(&world), ["spool: folder refused"]);
    fs::remove_file(&spool).unwrap();
    symlink(&media, &spool).unwrap();
    assert_eq!(wrong(&world), ["media: folder refused", "spool: folder refused"]);
    let told = world.run("doctor").expect(0).out;
    assert!(told.contains(" really is "), "{told}");
    // Media, and the rows of sessions among them.
    fs::remove_file(&spool).unwrap();
    fs::rename(world.path("elsewhere"), &spool).unwrap();
    world.write("media/sessions.json", &usual_store());
    configure(&world, "stores = [\"media/sessions.json\"]");
    assert_eq!(wrong(&world), ["media: folder refused"]);
}

#[test]
fn doctor_tells_of_a_folder_that_nobody_has_marked() {
    let world = marked();
    for (dir, kind) in dirs(&world).iter().zip(["media", "payloads"]) {
        fs::remove_file(dir.join(format!(".session-reaper/{kind}.marker"))).unwrap();
    }
    assert_eq!(wrong(&world), ["media: folder unmarked", "spool: folder unmarked"]);
}

#[test]
fn doctor_tells_of_sweeps_that_failed_and_of_what_they_left_in_the_trash() {
    let world = marked();
    world.run("prune --yes").expect(0);
    let told = world.run("doctor").expect(0).out;
    assert_eq!(told.matches("it was swept last").count(), 2, "{told}");
    let state = dirs(&world)[1].join(".session-reaper/payloads.state");
    let text = fs::read_to_string(&state).unwrap();
    fs::write(&state, text.replace("\"failures\":0", "\"failures\":3")).unwrap();
    let whole = bundle(&world);
    fs::write(whole.join("things.jsonl"), "{").unwrap();
    let before = world.listing();
    assert_eq!(wrong(&world), ["spool: folder failing", "spool: trash damaged"]);
    assert_eq!(world.listing(), before);
    let unfinished = whole.with_extension("payloads.unfinished");
    fs::rename(&whole, unfinished).unwrap();
    assert_eq!(wrong(&world), ["spool: folder failing", "spool: trash unfinished"]);
}
