//! What STORE may be, and the stores that nobody can sweep.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::CommandExt,
    },
    process::Command,
};

use insta::assert_snapshot;

use crate::world::{NOW, Ran, World, store_text, usual_store, usual_survivors};

/// An OpenClaw state folder with two agents.
fn two_agents() -> World {
    let world = World::new();
    for agent in ["main", "work"] {
        world.write(&format!("state/agents/{agent}/sessions/sessions.json"), &usual_store());
    }
    world
}

fn stores(world: &World, line: &str) -> Vec<String> {
    let json = world.run(&format!("prune -n --json {line}")).expect(0).json();
    let path = |store: &serde_json::Value| store["store"].as_str().unwrap().to_owned();
    json["stores"].as_array().unwrap().iter().map(path).collect()
}

#[test]
fn a_folder_stands_for_every_agent_below_it() {
    let world = two_agents();
    assert_snapshot!(world.run("prune -y state").shown(), @r#"
    exit 0
    --- stdout
    state/agents/main/sessions/sessions.json  2 of 6 rows pruned (246 B of 638 B)
    state/agents/work/sessions/sessions.json  2 of 6 rows pruned (246 B of 638 B)
    kept 8, pruned 4, failed 0, freed 492 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    note: to take this back: [PROGRAM] undo --store state/agents/main/sessions/sessions.json --store state/agents/work/sessions/sessions.json [RUN]
    "#);
    for agent in ["main", "work"] {
        assert_eq!(world.read(&format!("state/agents/{agent}/sessions/sessions.json")), usual_survivors());
    }
}

#[test]
fn any_folder_on_the_way_to_a_store_will_do() {
    let world = two_agents();
    let (main, work) =
        ("state/agents/main/sessions/sessions.json", "state/agents/work/sessions/sessions.json");
    assert_eq!(stores(&world, "state/agents"), [main, work]);
    assert_eq!(stores(&world, "state/agents/main"), [main]);
    assert_eq!(stores(&world, "state/agents/work/sessions"), [work]);
    assert_eq!(stores(&world, "state/agents/*/sessions/sessions.json"), [main, work]);
    assert_eq!(stores(&world, "state/agents/w*"), [work]);
    assert_eq!(stores(&world, "st*"), [main, work]);
}

#[test]
fn a_store_that_is_named_twice_is_swept_once() {
    let world = two_agents();
    symlink(world.path("state"), world.path("link")).unwrap();
    assert_eq!(stores(&world, "state/agents/work state link st*").len(), 2);
}

#[test]
fn a_folder_or_a_pattern_without_a_store_is_missing() {
    let world = World::new();
    fs::create_dir(world.path("empty")).unwrap();
    assert_snapshot!(world.run("prune -y empty").shown(), @r#"
    exit 10
    --- stdout
    empty: failed
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot find a store in empty: there is no store below it; nothing was removed
    hint: looked for sessions.json, sessions/sessions.json and agents/*/sessions/sessions.json
    "#);
    assert_snapshot!(world.run("prune -y none/*/sessions.json").shown(), @r#"
    exit 10
    --- stdout
    none/*/sessions.json: failed
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot find a store by the pattern none/*/sessions.json: nothing matches it; nothing was removed
    hint: check the pattern; `session-reaper config show` prints the stores in force
    "#);
    let json = world.run("tick --json none/*").expect(10).json();
    assert_eq!(
        (&json["stores"][0]["outcome"], &json["stores"][0]["error"]["kind"]),
        (&"failed".into(), &"missing".into())
    );
}

#[test]
fn a_pattern_takes_no_hidden_name_and_a_name_with_a_bracket_is_a_name() {
    let world = World::new();
    world.write(".hidden/sessions.json", &usual_store());
    world.run("prune -n *").expect(10);
    world.write("a[1]/sessions.json", &usual_store());
    assert_eq!(stores(&world, "a[1]/sessions.json"), ["a[1]/sessions.json"]);
    let ran = world.run("prune -y a[1]/sessions.json a[[/*").expect(2);
    assert!(ran.err.contains("\"a[[/*\" is no pattern"), "{}", ran.shown());
    assert_eq!(world.read("a[1]/sessions.json"), usual_store());
    let ran = world.run("prune -y a[[").expect(10);
    assert!(ran.err.contains("cannot find a[[: no such file"), "{}", ran.shown());
}

#[test]
fn a_link_that_leads_out_of_the_folder_is_refused_and_can_be_named() {
    let world = two_agents();
    world.write("outside/sessions/sessions.json", &usual_store());
    symlink(world.path("outside"), world.path("state/agents/away")).unwrap();
    let ran = world.run("prune -y state").expect(3);
    assert!(ran.err.contains("leads out of the folder"), "{}", ran.shown());
    assert_eq!(world.read("outside/sessions/sessions.json"), usual_store());
    world.run("prune -y state/agents/away").expect(0);
    assert_eq!(world.read("outside/sessions/sessions.json"), usual_survivors());
}

#[test]
fn i10_a_pattern_and_openclaw_follow_no_link_out_of_their_folder() {
    let world = two_agents();
    world.write("outside/sessions/sessions.json", &usual_store());
    symlink(world.path("outside"), world.path("state/agents/evil")).unwrap();
    for line in [
        "state/agents/*/sessions/sessions.json",
        "state/agents/e*",
        "state/*/*/sessions",
        "state/**/sessions.json",
        "--openclaw state",
    ] {
        let ran = world.run(&format!("prune -y {line}"));
        assert_eq!(world.read("outside/sessions/sessions.json"), usual_store(), "{line}");
        if line != "state/**/sessions.json" {
            assert!([3, 4].contains(&ran.code), "{line}: {}", ran.shown());
            assert!(
                ran.err.contains("evil") && ran.err.contains("leads out of the folder"),
                "{line}: {ran:?}"
            );
        }
    }
    for agent in ["main", "work"] {
        assert_eq!(world.read(&format!("state/agents/{agent}/sessions/sessions.json")), usual_survivors());
    }
    world.run("prune -y state/agents/evil/sessions/sessions.json").expect(0);
    assert_eq!(world.read("outside/sessions/sessions.json"), usual_survivors());
}

#[test]
fn i10_a_folder_whose_name_needs_escaping_is_a_root_all_the_same() {
    let world = World::new();
    world.write("a[1]/agents/main/sessions/sessions.json", &usual_store());
    world.write("outside/sessions/sessions.json", &usual_store());
    symlink(world.path("outside"), world.path("a[1]/agents/evil")).unwrap();
    let ran = world.run("prune -y --openclaw a[1]").expect(3);
    assert!(ran.err.contains("leads out of the folder"), "{}", ran.shown());
    assert_eq!(world.read("outside/sessions/sessions.json"), usual_store());
    assert_eq!(world.read("a[1]/agents/main/sessions/sessions.json"), usual_survivors());
}

/// Root may enter every folder: as root the program is run as somebody else.
fn as_somebody(world: &World, line: &str) -> Ran {
    let program = assert_cmd::cargo::cargo_bin!("session-reaper");
    let mut command = world.command(line.split_whitespace());
    if rustix::process::geteuid().is_root() {
        let words: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let copy = world.path("session-reaper");
        // Not by our own hands: a test that forks meanwhile would hold the copy open for writing, and it could not run.
        assert!(Command::new("cp").arg(program).arg(&copy).status().unwrap().success());
        fs::set_permissions(world.path(""), Permissions::from_mode(0o755)).unwrap();
        command = Command::new(copy);
        command.args(words).env_clear().current_dir(world.path("")).uid(65534).gid(65534);
    }
    world.ran(command.output().unwrap())
}

#[test]
fn an_agent_that_cannot_be_entered_is_told() {
    let world = two_agents();
    let agent = world.path("state/agents/work");
    fs::set_permissions(&agent, Permissions::from_mode(0o000)).unwrap();
    for line in [
        "state",
        "state/agents/*/sessions/sessions.json",
        "state/agents/*",
        "state/*/*/sessions",
        "state/**/sessions.json",
        "--openclaw state",
    ] {
        let ran = as_somebody(&world, &format!("prune -n {line}"));
        assert_eq!(ran.code, 3, "{line}: {}", ran.shown());
        assert!(
            ran.err.matches("permission denied").count() == 1 && ran.err.contains("work"),
            "{line}: {ran:?}"
        );
    }
    fs::set_permissions(&agent, Permissions::from_mode(0o700)).unwrap();
}

/// Each store that is shown holds its file open, unless there are many.
#[test]
fn more_stores_than_files_may_be_open_can_be_looked_at() {
    let world = World::new();
    for agent in 0..100 {
        world.write(&format!("agents/{agent}/sessions/sessions.json"), &store_text(&[90_000_000; 5]));
    }
    let program = assert_cmd::cargo::cargo_bin!("session-reaper").display();
    for line in
        ["prune -n .", "prune -n --json .", "plan .", "tick -n --show-kept .", "stats .", "prune -y --json ."]
    {
        let script = format!("ulimit -n 64; exec '{program}' --now {NOW} {line}");
        let output = Command::new("sh").args(["-c", &script]).current_dir(world.path("")).output().unwrap();
        let ran = world.ran(output).expect(0);
        let shown = ran.out.matches(":run:").count();
        match line {
            "stats ." => {}
            "prune -n ." => assert_eq!((shown, ran.out.matches("... and 2 more").count()), (300, 100)),
            _ => assert_eq!(shown, 500, "{line}"),
        }
    }
}

#[test]
fn a_missing_store_is_told_with_its_own_exit_code() {
    let world = World::new();
    for verb in ["tick", "prune -y", "plan"] {
        world.run(&format!("{verb} no/sessions.json")).expect(10);
    }
    assert_snapshot!(world.run("prune -y no/sessions.json").shown(), @r#"
    exit 10
    --- stdout
    no/sessions.json: failed
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot find no/sessions.json: no such file or directory; nothing was removed
    hint: check the path; `session-reaper config show` prints the stores in force
    "#);
    let json = world.run("prune -n --json no/sessions.json").expect(10).json();
    assert_eq!(
        (&json["stores"][0]["outcome"], &json["stores"][0]["error"]["kind"]),
        (&"failed".into(), &"missing".into())
    );
    assert_eq!(world.listing(), []);
}

#[test]
fn no_store_at_all_is_a_mistake_of_usage() {
    let world = World::new();
    assert_snapshot!(world.run("tick").shown(), @r#"
    exit 2
    --- stdout
    --- stderr
    error: no store is named, and the configuration names none; nothing was removed
    hint: name a sessions.json, a folder or a glob, give --openclaw, or set `stores` in the configuration
    "#);
    world.run("prune -y").expect(2);
    world.run("plan").expect(2);
}

#[test]
fn stores_that_fail_and_stores_that_do_not_are_partly_done() {
    let (world, _) = World::with_store();
    world.write("bad.json", "[]");
    assert_snapshot!(world.run("prune -y sessions.json bad.json none.json").shown(), @r#"
    exit 3
    --- stdout
    sessions.json  2 of 6 rows pruned (246 B of 638 B)
    bad.json       failed
    none.json      failed
    kept 4, pruned 2, failed 0, freed 246 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    error: cannot read bad.json: expected a { (a store is a JSON object) at byte 0 (line 1, column 1); nothing was removed
    hint: a gateway takes such a store for empty; stop it and mend the text, or bring it back from a backup
    error: cannot find none.json: no such file or directory; nothing was removed
    hint: check the path; `session-reaper config show` prints the stores in force
    note: to take this back: [PROGRAM] undo --store sessions.json [RUN]
    "#);
    world.run("prune -y none.json nothing.json").expect(10);
    world.run("prune -y none.json bad.json").expect(1);
}

#[test]
fn malformed_stores_are_left_as_they_are() {
    let world = World::new();
    for text in ["", "{", "[]", "null", "{\"a\":1,}", "{} x", "\u{feff}", "{\"a\":01}"] {
        world.write("sessions.json", text);
        for verb in ["prune -y", "prune -n", "plan", "tick --force"] {
            let ran = world.run(&format!("{verb} sessions.json")).expect(1);
            assert!(ran.err.contains("nothing was removed"), "{text:?}: {}", ran.shown());
        }
        assert_eq!(world.read("sessions.json"), text);
    }
    assert_snapshot!(world.run("prune -y sessions.json").shown(), @r#"
    exit 1
    --- stdout
    sessions.json: failed
    kept 0, pruned 0, failed 0, freed 0 B, next due 2026-11-21T09:00:00.000Z
    --- stderr
    error: cannot read sessions.json: expected a comma or } at byte 6 (line 1, column 7); nothing was removed
    hint: a gateway takes such a store for empty; stop it and mend the text, or bring it back from a backup
    "#);
}

#[test]
fn a_store_with_a_second_name_and_one_that_is_a_folder_are_refused() {
    let (world, store) = World::with_store();
    fs::hard_link(&store, world.path("second.json")).unwrap();
    assert_snapshot!(world.run("prune -y sessions.json").shown(), @r#"
    exit 4
    --- stdout
    sessions.json: refused
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot sweep sessions.json: it has more than one name (a hard link), and only one of them would get the new text; nothing was removed
    hint: copy it to a file of its own, or remove the other name
    "#);
    assert_eq!(world.read("sessions.json"), usual_store());
    fs::create_dir_all(world.path("x/sessions.json")).unwrap();
    assert_snapshot!(world.run("prune -y x/sessions.json").shown(), @r#"
    exit 4
    --- stdout
    x/sessions.json: refused
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot sweep x/sessions.json: it is no regular file; nothing was removed
    hint: name the store itself, a sessions.json
    "#);
}

#[test]
fn a_link_to_a_store_stays_a_link_and_its_store_is_swept() {
    let world = World::new();
    world.write("real/store.json", &usual_store());
    symlink("real/store.json", world.path("sessions.json")).unwrap();
    world.run("prune -y sessions.json").expect(0);
    assert_eq!(fs::read_link(world.path("sessions.json")).unwrap().to_str(), Some("real/store.json"));
    assert_eq!(world.read("real/store.json"), usual_survivors());
}

#[test]
fn a_store_keeps_its_byte_order_mark_and_its_line_ends() {
    let world = World::new();
    let dos = |text: String| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    world.write("sessions.json", &dos(usual_store()));
    world.run("prune -y sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), dos(usual_survivors()));
}

#[test]
fn an_empty_object_has_nothing_to_prune() {
    let world = World::new();
    world.write("sessions.json", "{}");
    assert_eq!(world.run("prune -y sessions.json").expect(0).out.lines().count(), 2);
    assert_eq!(world.read("sessions.json"), "{}");
}

#[test]
fn the_stores_of_the_configuration_are_meant_when_none_is_named() {
    let (world, _) = World::with_store();
    world.write("session-reaper.toml", "stores = [\"sessions.json\"]\n");
    world.run("tick").expect(0);
    assert_eq!(world.read("sessions.json"), usual_survivors());
    world.write("other.json", &store_text(&[]));
    assert_eq!(stores(&world, "other.json"), ["other.json"]);
}

#[test]
fn openclaw_gives_stores_and_retention() {
    let world = two_agents();
    world.write("state/openclaw.json", "{ cron: { sessionRetention: '30m' } }");
    let json = world.run("prune -n --json --openclaw state").expect(0).json();
    assert_eq!((&json["totals"]["stores"], &json["totals"]["pruned"]), (&2.into(), &8.into()));
    assert_eq!(json["policy"]["retention"], "30m");
    world.run("tick --openclaw").expect(10);
}

#[test]
fn where_one_store_is_wanted_those_that_were_found_are_named() {
    let world = World::new();
    for agent in ["a", "b", "c", "d", "e", "f"] {
        world.write(&format!("agents/{agent}/sessions/sessions.json"), "{}");
    }
    for line in ["list .", "plan -o plan.json ."] {
        let ran = world.run(line).expect(2);
        assert!(ran.err.contains("one store is wanted here, and there are 6"), "{}", ran.shown());
        assert!(ran.err.contains("agents/b/sessions/sessions.json\n"), "{}", ran.shown());
        assert!(ran.err.contains("... and 1 more"), "{}", ran.shown());
    }
}
