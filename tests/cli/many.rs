//! Many stores in one call: several are swept at a time, and nothing of that is to be seen.

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::world::{NOW, World, usual_store, usual_survivors};

const FOLDERS: usize = 40;

/// Forty folders, in each of which lie two stores.
fn eighty() -> (World, Vec<String>) {
    let world = World::new();
    let mut names = Vec::new();
    for folder in 0..FOLDERS {
        for name in ["sessions.json", "other.json"] {
            let name = format!("f{folder:02}/{name}");
            world.write(&name, &usual_store());
            names.push(name);
        }
    }
    (world, names)
}

fn paths(report: &Value) -> Vec<&str> {
    report["stores"].as_array().unwrap().iter().map(|store| store["store"].as_str().unwrap()).collect()
}

#[test]
fn every_store_is_swept_once_and_told_in_the_order_that_it_was_named_in() {
    let (world, names) = eighty();
    let line = names.join(" ");
    let report = world.run(&format!("prune --yes --json {line}")).expect(0).json();
    assert_eq!(paths(&report), names);
    assert_eq!((&report["totals"]["pruned"], &report["done"]), (&(4 * FOLDERS).into(), &true.into()));
    for name in &names {
        assert_eq!(world.read(name), usual_survivors(), "{name}");
    }
    let told = world.run(&format!("tick --json {line}")).expect(0).json();
    assert_eq!(paths(&told), names);
    assert!(told["stores"].as_array().unwrap().iter().all(|store| store["outcome"] == "throttled"));
}

#[test]
fn i3_one_run_of_many_stores_is_written_down_for_each_and_taken_back_whole() {
    let (world, names) = eighty();
    let line = names.join(" ");
    let report = world.run(&format!("prune --yes --json {line}")).expect(0).json();
    let stores: Vec<_> = names.iter().map(|name| format!("--store {name}")).collect();
    let stores = stores.join(" ");
    let runs = world.run(&format!("history --json {stores}")).expect(0).json();
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len(), names.len());
    assert!(runs.iter().all(|run| run["run"] == report["run"] && run["pruned"] == 2), "{runs:?}");
    world.run(&format!("undo {stores}")).expect(0);
    for name in &names {
        assert_eq!(world.read(name), usual_store(), "{name}");
    }
}

#[test]
fn one_store_that_cannot_be_swept_keeps_none_of_the_others() {
    let (world, names) = eighty();
    for name in names.iter().step_by(7) {
        world.write(name, "{\"torn\":");
    }
    let report = world.run(&format!("prune --yes --json {}", names.join(" "))).expect(3).json();
    assert_eq!(paths(&report), names);
    for (at, name) in names.iter().enumerate() {
        let (outcome, text) =
            if at % 7 == 0 { ("failed", "{\"torn\":".to_owned()) } else { ("swept", usual_survivors()) };
        assert_eq!(report["stores"][at]["outcome"], outcome);
        assert_eq!(world.read(name), text, "{name}");
    }
}

#[test]
fn a_log_that_nobody_reads_stops_none_of_many_sweeps() {
    let world = World::new();
    let names: Vec<String> = (0..400).map(|number| format!("f{number:03}/sessions.json")).collect();
    for name in &names {
        world.write(name, "{}");
    }
    for _ in 0..5 {
        let (reader, log) = std::io::pipe().unwrap();
        drop(reader);
        let line = format!("plan -v --json {}", names.join(" "));
        let output = world.command(line.split_whitespace()).stderr(log).output().unwrap();
        let report = world.ran(output).expect(0).json();
        assert_eq!((paths(&report).len(), &report["done"]), (names.len(), &true.into()));
    }
}

#[test]
fn one_store_that_is_not_there_is_told_once_however_it_is_spelled() {
    let world = World::new();
    let report = world.run("tick --json nope/x nope//x ./nope/./x").expect(10).json();
    assert_eq!(report["stores"].as_array().unwrap().len(), 1, "{report}");
}

/// So many agents that several threads look for their stores.
const AGENTS: usize = 300;

#[test]
fn hundreds_of_stores_are_found_once_and_in_order_however_they_are_named() {
    let world = World::new();
    let name = |number| format!("state/agents/a{number:03}/sessions/sessions.json");
    let names: Vec<String> = (0..AGENTS).map(name).collect();
    for (number, name) in names.iter().enumerate() {
        world.write(name, "{}");
        // Every other one was swept just now, and can be found at a glance.
        if number % 2 == 0 {
            let state = name.replace("sessions.json", ".session-reaper/sessions.json.state");
            world.write(&state, &format!("{{\"lastSweep\":{NOW},\"failures\":0}}"));
        }
    }
    symlink("state", world.path("link")).unwrap();
    let list = names.join(" ");
    for line in ["state", "state/agents/*/sessions/sessions.json", &list, "state link state/agents/* state"] {
        let report = world.run(&format!("tick -n --json {line}")).expect(0).json();
        assert_eq!(paths(&report), names, "{line}");
        for (number, store) in report["stores"].as_array().unwrap().iter().enumerate() {
            let wanted = if number % 2 == 0 { "throttled" } else { "nothing" };
            assert_eq!(store["outcome"], wanted, "{line}: {number}");
        }
    }
}

#[test]
fn i10_a_state_beside_a_link_to_a_store_is_not_that_store_s() {
    let world = World::new();
    world.write("real/sessions.json", &usual_store());
    let state = format!("{{\"lastSweep\":{NOW},\"failures\":0}}");
    world.write("links/.session-reaper/sessions.json.state", &state);
    symlink("../real/sessions.json", world.path("links/sessions.json")).unwrap();
    let report = world.run("tick --json links/sessions.json").expect(0).json();
    assert_eq!(report["stores"][0]["outcome"], "swept");
    assert_eq!(world.read("real/sessions.json"), usual_survivors());
    let through_a_folder =
        world.run("tick --json links/../real/sessions.json links/sessions.json").expect(0).json();
    assert_eq!(through_a_folder["stores"][0]["outcome"], "throttled");
    assert_eq!(paths(&through_a_folder).len(), 1);
}

#[test]
fn a_store_that_has_gone_is_missing_whatever_its_state_says() {
    let (world, store) = World::with_store();
    world.run("tick sessions.json").expect(0);
    std::fs::remove_file(store).unwrap();
    let report = world.run("tick --json sessions.json").expect(10).json();
    assert_eq!(report["stores"][0]["error"]["kind"], "missing");
}

/// Three agents of whom each store was swept just now, and a link beside them that leads to `to`.
fn at_rest_beside_a_link(to: &str) -> World {
    let world = World::new();
    for agent in ["state/agents/a", "state/agents/b", "state/agents/c", "outside"] {
        world.write(&format!("{agent}/sessions/sessions.json"), &usual_store());
        let state = format!("{agent}/sessions/.session-reaper/sessions.json.state");
        world.write(&state, &format!("{{\"lastSweep\":{NOW},\"failures\":0}}"));
    }
    symlink(to, world.path("state/agents/bb")).unwrap();
    world
}

/// However the agents may be named: by a folder, by patterns from where we are, and from the root on.
fn lines(world: &World) -> [String; 4] {
    let whole = world.path("state/agents/*/sessions/sessions.json");
    let lines =
        ["state", "state/agents/*/sessions/sessions.json", "state/./agents/[a-z]*/sessions/sessions.json"];
    let [folder, any, some] = lines.map(str::to_owned);
    [folder, any, some, whole.to_str().unwrap().to_owned()]
}

#[test]
fn i10_a_link_among_stores_at_rest_is_refused_where_it_leads_out() {
    let world = at_rest_beside_a_link("../../outside");
    for line in lines(&world) {
        let ran = world.run(&format!("tick {line}")).expect(3);
        assert!(
            ran.err.contains("agents/bb/") && ran.err.contains("leads out of the folder"),
            "{line}: {ran:?}"
        );
        let report = world.run(&format!("tick --json {line}")).expect(3).json();
        let outcomes: Vec<_> =
            report["stores"].as_array().unwrap().iter().map(|store| &store["outcome"]).collect();
        assert_eq!(outcomes, ["throttled", "throttled", "refused", "throttled"], "{line}");
    }
    assert_eq!(world.read("outside/sessions/sessions.json"), usual_store());
}

#[test]
fn a_link_among_stores_at_rest_that_leads_to_one_of_them_is_that_one() {
    let world = at_rest_beside_a_link("c");
    for line in lines(&world) {
        let ran = world.run(&format!("tick {line}")).expect(0);
        assert_eq!((&*ran.out, &*ran.err), ("", ""), "{line}");
        let report = world.run(&format!("tick --json {line} state")).expect(0).json();
        let agents: Vec<_> = paths(&report).iter().map(|path| path.rsplit('/').nth(2).unwrap()).collect();
        assert_eq!(agents, ["a", "b", "bb"], "{line}");
    }
}

#[test]
fn a_store_that_is_missing_or_was_never_swept_among_those_at_rest_takes_a_closer_look() {
    let world = at_rest_beside_a_link("nowhere");
    std::fs::remove_file(world.path("state/agents/a/sessions/sessions.json")).unwrap();
    world.write("state/agents/c/sessions/.session-reaper/sessions.json.state", "{\"lastSweep\":");
    for line in lines(&world) {
        let report = world.run(&format!("tick -n --json {line}")).json();
        let stores = report["stores"].as_array().unwrap();
        let outcomes: Vec<_> = stores.iter().map(|store| &store["outcome"]).collect();
        assert_eq!(outcomes, ["throttled", "swept"], "{line}");
    }
}
