//! `tick`: quiet, throttled across processes, never in anybody's way.

use std::{fs, process::Stdio, time::Instant};

use insta::assert_snapshot;

use crate::world::{Held, NOW, World, usual_store, usual_survivors};

#[test]
fn tick_sweeps_what_is_due_and_says_so() {
    let (world, _) = World::with_store();
    assert_snapshot!(world.run("tick sessions.json").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: 2 of 6 rows pruned (246 B of 638 B)
      pruned  cron-run 2
      kept    not-expired 2, no-rule 2
    kept 4, pruned 2, failed 0, freed 246 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    "#);
    assert_eq!(world.read("sessions.json"), usual_survivors());
}

#[test]
fn tick_is_quiet_when_nothing_is_due_nothing_expired_or_every_rule_is_off() {
    let (world, _) = World::with_store();
    world.run("tick sessions.json").expect(0);
    for line in
        ["tick sessions.json", "tick --force sessions.json", "tick --force --retention false sessions.json"]
    {
        let ran = world.run(line).expect(0);
        assert_eq!((&*ran.out, &*ran.err), ("", ""), "{line}");
    }
}

#[test]
fn tick_is_throttled_across_processes_until_the_interval_is_over() {
    let (world, store) = World::with_store();
    let tick = |now: i64, more: &str| {
        fs::write(&store, usual_store()).unwrap();
        let line = format!("tick --json --now {now} {more} sessions.json");
        let output = world.command(line.split_whitespace()).output().unwrap();
        world.ran(output).expect(0).json()["stores"][0]["outcome"].as_str().unwrap().to_owned()
    };
    let minute = 60_000;
    assert_eq!(tick(NOW, ""), "swept");
    assert_eq!(tick(NOW + 5 * minute - 1, ""), "throttled");
    assert_eq!(tick(NOW + 5 * minute - 1, "--force"), "swept");
    assert_eq!(tick(NOW + 5 * minute, ""), "throttled", "the forced sweep counts");
    assert_eq!(tick(NOW + 6 * minute, "--every 1m"), "swept");
}

#[test]
fn tick_ignores_a_stamp_from_the_future() {
    let (world, store) = World::with_store();
    let later = (NOW + 9_999_999).to_string();
    let tick = format!("tick --json --now {later} sessions.json");
    assert_eq!(world.run(&tick).expect(0).json()["stores"][0]["outcome"], "swept");
    fs::write(&store, usual_store()).unwrap();
    assert_eq!(world.run("tick --json sessions.json").expect(0).json()["stores"][0]["outcome"], "swept");
    world.write(
        ".session-reaper/sessions.json.state",
        &format!("{{\"lastSweep\":{},\"failures\":0}}", NOW + 9_999_999_999),
    );
    fs::write(store, usual_store()).unwrap();
    assert_eq!(world.run("tick --json sessions.json").json()["stores"][0]["outcome"], "swept");
}

#[test]
fn tick_leaves_a_busy_store_to_the_other_and_ends_well() {
    let (world, _) = World::with_store();
    let _held = Held::lock(&world);
    assert_snapshot!(world.run("tick sessions.json").shown(), @r#"
    exit 0
    --- stdout
    --- stderr
    note: sessions.json is busy: another session-reaper is sweeping it
    "#);
    let ran = world.run("tick --json sessions.json").expect(0);
    assert_eq!(ran.json()["stores"][0]["error"]["kind"], "busy");
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn fifty_ticks_at_once_sweep_once_and_all_end_well() {
    let (world, _) = World::with_store();
    let begin = Instant::now();
    let spawn = |_| {
        let mut tick = world.command(["tick", "--json", "sessions.json"]);
        tick.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ticks: Vec<_> = (0..50).map(spawn).collect();
    let outcomes: Vec<String> = ticks
        .into_iter()
        .map(|tick| world.ran(tick.wait_with_output().unwrap()).expect(0))
        .map(|ran| ran.json()["stores"][0]["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "swept").count(), 1, "{outcomes:?}");
    assert!(
        outcomes.iter().all(|outcome| ["swept", "busy", "throttled"].contains(&&**outcome)),
        "{outcomes:?}"
    );
    assert_eq!(world.read("sessions.json"), usual_survivors());
}

#[test]
fn tick_never_asks_and_takes_the_flags_of_prune() {
    let (world, _) = World::with_store();
    let ran = world
        .run("tick -n -y --show-kept --every 1h --lock-timeout 1s --keep-last 1 --keep x* sessions.json");
    assert!(ran.expect(0).out.contains("dry run: nothing was removed"));
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn tick_waits_longer_after_an_error_than_after_a_sweep() {
    let world = World::new();
    world.write("sessions.json", "{");
    let first = world.run("tick --json --every 1s sessions.json").expect(1);
    assert_eq!(first.json()["stores"][0]["nextDue"], "2026-11-21T08:05:00.000Z");
    let second = world.run("tick --json --every 1s sessions.json").expect(0);
    assert_eq!(second.json()["stores"][0]["outcome"], "throttled");
}
