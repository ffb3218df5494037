//! Classes 10 and 11: a rule takes what it is meant to take, where it is meant to.

use std::{fs, os::unix::fs::symlink};

use crate::world::{DAY, HOUR, NOW, STORE, World, run_key, store_of};

#[test]
fn class_10_a_matcher_that_matches_nothing_is_seen() {
    // Runs whose ids are no UUIDs: all are old, and the rule sees none of them.
    let text = store_of(&[30 * DAY, 40 * DAY, 50 * DAY]).replace("00000000-0000-4000-8000-", "run");
    let world = World::with(&text);
    let ran = world.run(&format!("prune -y --json {STORE}")).expect(0);
    assert_eq!(ran.store()["byRule"], serde_json::json!({}));
    assert_eq!(ran.store()["keptBy"]["run-id-not-uuid"], 3);
    let ran = world.run(&format!("prune -y {STORE}")).expect(0);
    assert!(
        ran.out.contains("run-id-not-uuid 3") && ran.out.contains("nothing to prune among 5 rows"),
        "{ran:#?}"
    );
    // A pattern that keeps nothing keeps nothing, and one that keeps all keeps all: both are counted.
    for (pattern, kept, pruned) in [("agent:x:*", 0, 2), ("*", 2, 0), ("AGENT:*:run:*", 2, 0)] {
        let world = World::with(&store_of(&[30 * DAY, 40 * DAY]));
        let ran = world.run(&format!("prune -n --json --keep {pattern} {STORE}")).expect(0);
        let store = ran.store();
        assert_eq!(store["keptBy"]["keep-pattern"].as_u64().unwrap_or(0), kept, "{pattern}: {ran:#?}");
        assert_eq!(store["pruned"], pruned, "{pattern}: {ran:#?}");
    }
    // A kind that nobody knows is no kind that happens to have no rows.
    let ran = world.run(&format!("prune -y --rule cronrun=1d {STORE}")).expect(2);
    assert!(ran.err.contains("\"cronrun\"") && ran.err.contains("cron-base"), "{ran:#?}");
    let ran = world.run(&format!("prune -y nothing-here/*/{STORE}")).expect(10);
    assert!(ran.err.contains("nothing matches it"), "{ran:#?}");
    assert_eq!(world.read(STORE), text);
}

#[test]
fn class_10_a_matcher_that_takes_too_much_is_refused() {
    let row = |number: i64, kind: &str, age: i64| {
        format!("\"agent:main:telegram:{kind}:{number}\":{{\"updatedAt\":{}}}", NOW - age)
    };
    let rows = [row(1, "direct", 2 * DAY), row(2, "direct", 3 * DAY), row(3, "group", HOUR)];
    let text = format!("{{{}}}", rows.join(","));
    let world = World::with(&text);
    let ran = world.run(&format!("prune -y --rule direct=1d {STORE}")).expect(4);
    assert!(
        ran.err.contains("2 of its 3 durable rows") && ran.err.contains("--allow-mass-delete"),
        "{ran:#?}"
    );
    for kind in ["main", "global", "unknown"] {
        world.run(&format!("prune -y --allow-mass-delete --rule {kind}=1d {STORE}")).expect(2);
    }
    assert_eq!(world.read(STORE), text);
    let ages: Vec<i64> = (0..30).map(|_| 9 * DAY).collect();
    let rows: Vec<_> = ages
        .iter()
        .enumerate()
        .map(|(n, age)| format!("\"{}\":{{\"updatedAt\":{}}}", run_key(n), NOW - age))
        .collect();
    let world = World::with(&format!("{{{}}}", rows.join(",")));
    let ran = world.run(&format!("prune -y {STORE}")).expect(4);
    assert!(ran.err.contains("all of its 30 rows would go"), "no group is emptied without a word: {ran:#?}");
}

fn expired() -> String {
    store_of(&[25 * HOUR, HOUR])
}

#[test]
fn class_11_what_lies_outside_a_named_root_is_not_ours() {
    let world = World::new();
    let inside = "state/agents/main/sessions/sessions.json";
    world.write("outside/sessions/sessions.json", &expired());
    world.write(inside, &expired());
    fs::create_dir_all(world.path("state/agents/file/sessions")).unwrap();
    symlink(world.path("outside"), world.path("state/agents/folder")).unwrap();
    symlink(
        world.path("outside/sessions/sessions.json"),
        world.path("state/agents/file/sessions/sessions.json"),
    )
    .unwrap();
    symlink("../../../outside/sessions", world.path("state/agents/up")).unwrap();
    let before = world.read("outside/sessions/sessions.json");
    for line in ["state", "state/agents", "state/agents/*/sessions/sessions.json", "--openclaw state"] {
        world.write(inside, &expired());
        let ran = world.run(&format!("prune -y {line}")).expect(3);
        assert!(ran.err.matches("leads out of the folder").count() >= 2, "{line}: {ran:#?}");
        assert_eq!(world.read("outside/sessions/sessions.json"), before, "{line}");
        assert!(!world.path("outside/sessions/.session-reaper").exists(), "{line}: it was written to");
        assert_ne!(world.read(inside), expired(), "{line}: what is inside is swept");
    }
}

#[test]
fn class_11_a_second_name_and_a_link_in_our_own_places_are_refused() {
    let world = World::with(&expired());
    fs::hard_link(world.path(STORE), world.path("their-copy.json")).unwrap();
    let ran = world.run(&format!("prune -y {STORE}")).expect(4);
    assert!(ran.err.contains("hard link"), "{ran:#?}");
    assert_eq!(world.read("their-copy.json"), expired());
    // Our own folder, led to somebody else's.
    let world = World::with(&expired());
    world.write("theirs/file", "x");
    symlink("theirs", world.path(".session-reaper")).unwrap();
    let ran = world.run(&format!("prune -y {STORE}"));
    assert!(ran.code != 0 && ran.err.contains("nothing was removed"), "{ran:#?}");
    assert_eq!(world.read(STORE), expired());
    assert_eq!(fs::read_dir(world.path("theirs")).unwrap().count(), 1, "something was written there");
}
