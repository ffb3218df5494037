//! `prune`: now, and not without a yes.

use std::time::Instant;

use insta::assert_snapshot;

use crate::world::{Held, World, usual_store, usual_survivors};

#[test]
fn prune_removes_what_has_expired_and_no_other_byte() {
    let (world, _) = World::with_store();
    assert_snapshot!(world.run("prune --yes sessions.json").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: 2 of 6 rows pruned (246 B of 638 B)
      pruned  cron-run 2
      kept    not-expired 2, no-rule 2
    kept 4, pruned 2, failed 0, freed 246 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    note: to take this back: [PROGRAM] undo --store sessions.json [RUN]
    "#);
    assert_eq!(world.read("sessions.json"), usual_survivors());
    assert_snapshot!(world.run("prune --yes sessions.json").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: nothing to prune among 4 rows
      kept    not-expired 2, no-rule 2
    kept 4, pruned 0, failed 0, freed 0 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    "#);
}

#[test]
fn prune_is_called_gc_and_cleanup_too() {
    for verb in ["gc", "cleanup"] {
        let (world, _) = World::with_store();
        assert_eq!(world.run(&format!("{verb} -y --json sessions.json")).expect(0).json()["verb"], "prune");
        assert_eq!(world.read("sessions.json"), usual_survivors());
    }
}

#[test]
fn prune_without_a_terminal_and_without_yes_is_refused() {
    let (world, _) = World::with_store();
    let before = world.listing();
    assert_snapshot!(world.run("prune --keep a*b sessions.json").shown(), @r#"
    exit 2
    --- stdout
    --- stderr
    error: prune asks first, and there is no terminal to ask on; nothing was removed
    hint: to go on without being asked: [PROGRAM] --now 1795248000000 prune --keep 'a*b' sessions.json --yes; to see what would go: [PROGRAM] --now 1795248000000 prune --keep 'a*b' sessions.json -n
    "#);
    assert_eq!(world.listing(), before);
}

#[test]
fn i9_a_dry_run_counts_what_the_run_does_and_writes_nothing() {
    let (world, _) = World::with_store();
    let before = world.listing();
    let dry = world.run("prune -n --json sessions.json").expect(0).json();
    let shown = world.run("prune -n sessions.json");
    assert_snapshot!(shown.shown(), @r#"
    exit 0
    --- stdout
    sessions.json: 2 of 6 rows would go (246 B of 638 B)
      prune     1d1h  cron-run      agent:main:cron:job:run:00000000-0000-4000-8000-000000000001
      prune       1d  cron-run      agent:main:cron:job:run:00000000-0000-4000-8000-000000000004
      to go   cron-run 2
      kept    not-expired 2, no-rule 2
    dry run: nothing was removed
    kept 4, pruned 2, failed 0, freed 246 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    "#);
    assert_eq!(world.listing(), before);
    let real = world.run("prune -y --json sessions.json").expect(0).json();
    assert_eq!((&dry["applied"], &dry["run"]), (&false.into(), &serde_json::Value::Null));
    assert_eq!(real["applied"], true);
    assert!(real["run"].is_string());
    assert_eq!(dry["totals"], real["totals"]);
    for field in [
        "outcome",
        "scanned",
        "pruned",
        "kept",
        "failed",
        "bytesBefore",
        "bytesAfter",
        "byRule",
        "keptBy",
        "items",
    ] {
        assert_eq!(dry["stores"][0][field], real["stores"][0][field], "{field}");
    }
}

#[test]
fn prune_gives_a_held_lock_up_in_time() {
    let (world, _) = World::with_store();
    let _held = Held::lock(&world);
    let begin = Instant::now();
    assert_snapshot!(world.run("prune -y --lock-timeout 300ms sessions.json").shown(), @r#"
    exit 11
    --- stdout
    sessions.json: busy
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot lock sessions.json: another session-reaper is sweeping it; nothing was removed
    hint: it will be done in a moment; --lock-timeout says how long to wait
    "#);
    let took = begin.elapsed();
    assert!(took.as_millis() >= 300 && took.as_secs() < 4, "{took:?}");
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn show_kept_shows_every_row_with_its_reason() {
    let (world, _) = World::with_store();
    let json = world.run("prune -n --show-kept --json sessions.json").json();
    let items = json["stores"][0]["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 6);
    assert!(items.iter().all(|item| item["rule"].is_string() != item["reason"].is_string()), "{items:?}");
    let times = items.iter().map(|item| (&item["updatedAt"], &item["ageMs"]));
    assert!(times.clone().all(|(at, age)| at.is_string() && age.is_number()), "{items:?}");
    assert_snapshot!(world.run("prune -n --show-kept sessions.json").out, @r#"
    sessions.json: 2 of 6 rows would go (246 B of 638 B)
      keep        1s  no-rule       agent:main:main
      keep      5w6d  no-rule       agent:main:cron:job
      prune     1d1h  cron-run      agent:main:cron:job:run:00000000-0000-4000-8000-000000000001
      keep        1d  not-expired   agent:main:cron:job:run:00000000-0000-4000-8000-000000000002
      keep        1h  not-expired   agent:main:cron:job:run:00000000-0000-4000-8000-000000000003
      prune       1d  cron-run      agent:main:cron:job:run:00000000-0000-4000-8000-000000000004
      to go   cron-run 2
      kept    not-expired 2, no-rule 2
    dry run: nothing was removed
    kept 4, pruned 2, failed 0, freed 246 B, next due 2026-11-21T08:05:00.000Z
    "#);
}

#[test]
fn prune_is_not_throttled_and_says_when_every_rule_is_off() {
    let (world, store) = World::with_store();
    world.run("tick sessions.json").expect(0);
    std::fs::write(store, usual_store()).unwrap();
    assert_eq!(world.run("prune -y --json sessions.json").json()["totals"]["pruned"], 2);
    assert_snapshot!(world.run("prune -y --retention off sessions.json").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: every rule is off, so it was not looked at
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    "#);
}

/// Every one of these is a mistake, and none of them may cost a row.
#[test]
fn a_malformed_retention_removes_nothing_and_is_named() {
    let (world, _) = World::with_store();
    let before = world.listing();
    for bad in [
        "0",
        "0h",
        "-1h",
        "",
        "24",
        "24 h",
        "24H",
        "1M",
        "1mo",
        "h",
        "1..5h",
        "NaN",
        "99999999999999w",
        "true",
        "null",
        "1h1h",
        "--yes",
    ] {
        for verb in [["prune", "--yes"], ["tick", "--force"], ["plan", "--json"]] {
            let args = [verb[0], verb[1], "--retention", bad, "sessions.json"];
            let ran = world.ran(world.command(args).output().unwrap()).expect(2);
            assert!(ran.err.contains(&format!("--retention: {bad:?} is no age")), "{}", ran.shown());
            assert!(ran.err.contains("24h") && ran.err.contains("nothing was removed"), "{}", ran.shown());
            assert!(verb[1] == "--json" || ran.out.is_empty(), "{}", ran.shown());
        }
    }
    assert_eq!(world.listing(), before);
}

#[test]
fn other_malformed_settings_remove_nothing_either() {
    let (world, _) = World::with_store();
    let before = world.listing();
    for (flags, named) in [
        ("--rule subagent", "\"subagent\""),
        ("--rule main=1d", "main"),
        ("--rule cron-run=1d", "--retention"),
        ("--rule nonsense=1d", "nonsense"),
        ("--max-entries 0", "0"),
        ("--max-entries -3", "-3"),
        ("--keep-last x", "\"x\""),
        ("--every 0s", "\"0s\""),
        ("--lock-timeout never", "\"never\""),
    ] {
        let ran = world.run(&format!("prune --yes {flags} sessions.json")).expect(2);
        assert!(ran.err.contains(named) && ran.err.contains("nothing was removed"), "{}", ran.shown());
    }
    assert_eq!(world.listing(), before);
}

#[test]
fn flags_of_the_policy_do_what_they_say() {
    let (world, _) = World::with_store();
    for (flags, pruned) in [
        ("", 2),
        ("--retention 30m", 4),
        ("--retention 1d12h", 0),
        ("--retention false", 0),
        ("--keep-last 3", 1),
        ("--keep *000000000001", 1),
        ("--rule cron-base=1d", 3),
        ("--retention false --max-entries 1", 3),
    ] {
        let json = world.run(&format!("prune -n --json {flags} sessions.json")).expect(0).json();
        assert_eq!(json["totals"]["pruned"], pruned, "{flags}");
    }
}
