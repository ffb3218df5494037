//! The log: one line for each sweep, early exits included, in text and in JSON.

use serde_json::Value;

use crate::world::{Held, World};

fn lines(err: &str) -> Vec<Value> {
    err.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_way_to_end_writes_exactly_one_line() {
    let (world, _) = World::with_store();
    world.write("bad.json", "{");
    std::fs::create_dir(world.path("empty")).unwrap();
    let log = |line: &str| lines(&world.run(&format!("--log-format json {line}")).err);
    for (line, outcome) in [
        ("plan sessions.json", "swept"),
        ("tick -n sessions.json", "swept"),
        ("prune -y sessions.json", "swept"),
        ("tick sessions.json", "throttled"),
        ("tick --force sessions.json", "nothing"),
        ("tick --retention false sessions.json", "disabled"),
        ("prune -y --retention false sessions.json", "disabled"),
        ("plan --retention false sessions.json", "disabled"),
        ("prune -y bad.json", "failed"),
        ("tick none.json", "failed"),
        ("tick none/*", "failed"),
        ("prune -y empty", "failed"),
    ] {
        let log = log(line);
        assert_eq!(log.len(), 1, "{line}: {log:?}");
        assert_eq!((&log[0]["message"], &log[0]["outcome"]), (&"sweep".into(), &outcome.into()), "{line}");
        assert_eq!((&log[0]["target"], &log[0]["level"]), (&"session_reaper".into(), &"INFO".into()));
    }
    let _held = Held::lock(&world);
    assert_eq!(log("tick --force sessions.json")[0]["outcome"], "busy");
    assert_eq!(log("tick sessions.json bad.json none.json").len(), 3);
}

#[test]
fn a_line_of_text_says_the_same() {
    let (world, _) = World::with_store();
    let ran = world.run("--log-format text tick sessions.json").expect(0);
    assert_eq!(ran.err.lines().count(), 1);
    for part in ["INFO session_reaper: sweep", "verb=\"tick\"", "outcome=\"swept\"", "pruned=2", "kept=4"] {
        assert!(ran.err.contains(part), "{part} in {}", ran.err);
    }
}

#[test]
fn the_log_is_shown_to_who_asks_for_it() {
    let (world, _) = World::with_store();
    for (line, env, shown) in [
        ("plan", None, false),
        ("-v plan", None, true),
        ("-vv plan", None, true),
        ("-q --log-format json plan", None, false),
        ("plan", Some(("SESSION_REAPER_LOG_FORMAT", "text")), true),
    ] {
        let ran = world.run_with(&format!("{line} sessions.json"), env.as_slice()).expect(0);
        assert_eq!(ran.err.contains("sweep"), shown, "{line}: {}", ran.err);
    }
}
