//! What other programs have left beside a store: their database, and their lock.

use std::fs;

use crate::world::{World, usual_store};

const STORE: &str = "state/agents/main/sessions/sessions.json";

/// A store where a gateway has it.
fn world() -> World {
    let world = World::new();
    world.write(STORE, &usual_store());
    world
}

fn text(world: &World) -> String {
    fs::read_to_string(world.path(STORE)).unwrap()
}

#[test]
fn a_store_whose_rows_live_in_a_database_is_refused_whatever_is_asked_for() {
    let world = world();
    world.write("state/agents/main/agent/openclaw-agent.sqlite", "");
    for flags in ["-y", "-n", "-y --beside-live-gateway"] {
        let ran = world.run(&format!("prune {flags} {STORE}")).expect(4);
        assert!(ran.err.contains("openclaw-agent.sqlite"), "{}", ran.shown());
    }
    assert_eq!(text(&world), usual_store());
}

#[test]
fn a_held_lock_is_busy_and_names_its_owner() {
    let world = world();
    let lock = format!("{{\n  \"pid\": 4711,\n  \"createdAt\": \"{}\"\n}}", session_reaper::now());
    world.write("state/agents/main/sessions/sessions.json.lock", &lock);
    for verb in ["prune -y", "tick"] {
        let ran = world.run(&format!("{verb} --force --lock-timeout 100ms {STORE}")).expect(11);
        assert!(ran.err.contains("process 4711 has its lock"), "{}", ran.shown());
    }
    assert_eq!(
        fs::read_to_string(world.path("state/agents/main/sessions/sessions.json.lock")).unwrap(),
        lock
    );
    // A dry run takes no lock.
    world.run(&format!("prune -n {STORE}")).expect(0);
}

#[test]
fn a_link_in_the_place_of_what_is_taken_away_goes_and_what_it_leads_to_stays() {
    let (world, _) = World::with_store();
    world.run("prune --yes sessions.json").expect(0);
    world.write("mine/x", "mine");
    let trash = world.path(".session-reaper/trash");
    let [link, file] = ["20260101T000000000Z-00000001", "20260101T000000000Z-00000002"]
        .map(|run| trash.join(format!("{run}.sessions.json.purged")));
    std::os::unix::fs::symlink(world.path("mine"), &link).unwrap();
    fs::write(&file, "no folder, so it is none of ours").unwrap();
    let ran = world.run("prune --yes sessions.json").expect(0);
    assert!(link.symlink_metadata().is_err() && file.exists(), "{}", ran.shown());
    assert_eq!(world.read("mine/x"), "mine");
}
