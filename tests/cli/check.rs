//! `check`: one line, and exit codes that monitors know.

use std::fs;

use insta::assert_snapshot;

use crate::world::{Held, NOW, World, store_text, usual_store};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A store with one cron run of this age, and its `check`.
fn check_of(age: i64) -> (World, String) {
    let world = World::new();
    world.write("sessions.json", &store_text(&[age]));
    (world, "check sessions.json".to_owned())
}

#[test]
fn what_was_just_swept_is_fine() {
    let (world, _) = World::with_store();
    world.run("tick sessions.json").expect(0);
    assert_snapshot!(world.run("check sessions.json").shown(), @r"
    exit 0
    --- stdout
    OK - 1 store, nothing overdue | overdue=0 oldest=0s;3600;86400 stores=1 failing=0 unknown=0
    --- stderr
    ");
    assert_eq!(world.run("-q check sessions.json").expect(0).out, "");
}

#[test]
fn the_oldest_overdue_row_decides_and_a_limit_is_within_it() {
    for (overdue, code) in [(0, 0), (1, 0), (HOUR, 0), (HOUR + 1, 1), (DAY, 1), (DAY + 1, 2), (999 * DAY, 2)]
    {
        let (world, check) = check_of(DAY + overdue);
        let ran = world.run(&check);
        assert_eq!(ran.code, code, "{overdue}: {}", ran.shown());
        assert_eq!((ran.out.lines().count(), &*ran.err), (1, ""), "{}", ran.shown());
    }
    let (world, check) = check_of(DAY + 2 * HOUR);
    assert_snapshot!(world.run(&check).shown(), @r"
    exit 1
    --- stdout
    WARNING - sessions.json: 1 row overdue, the oldest for 2h | overdue=1 oldest=7200s;3600;86400 stores=1 failing=0 unknown=0
    --- stderr
    ");
    world.run(&format!("{check} --warning 2h")).expect(0);
    world.run(&format!("{check} --warning 1h --critical 119m")).expect(2);
    world.run(&format!("{check} --retention 26h")).expect(0);
    world.run(&format!("{check} --retention false")).expect(0);
}

#[test]
fn a_family_is_due_with_the_last_of_its_members() {
    let world = World::new();
    let run = "agent:main:cron:job:run:00000000-0000-4000-8000-000000000001";
    let text = |child: i64| {
        format!(
            "{{\"{run}\":{{\"updatedAt\":{}}},\"{run}:sub:x\":{{\"updatedAt\":{child}}}}}",
            NOW - 30 * DAY
        )
    };
    for (overdue, code) in [(HOUR, 0), (HOUR + 1, 1)] {
        world.write("sessions.json", &text(NOW - DAY - overdue));
        let ran = world.run("check sessions.json").expect(code);
        assert!(ran.out.contains("overdue=2 oldest=3600s"), "{}", ran.shown());
    }
}

#[test]
fn what_a_sweep_by_this_policy_left_was_not_due_then() {
    let world = World::new();
    let (old, new) = (store_text(&[40 * DAY]), store_text(&[40 * DAY, HOUR]));
    world.write("sessions.json", &old);
    world.write("session-reaper.toml", "[cron]\nkeep_last = 1\n");
    world.run(&format!("tick --now {} sessions.json", NOW - 2 * HOUR)).expect(0);
    world.write("sessions.json", &new);
    let ran = world.run("check sessions.json").expect(1);
    assert!(ran.out.contains("1 row overdue, the oldest for 2h"), "{}", ran.shown());
    let ran = world.run("check --retention 25h sessions.json").expect(2);
    assert!(
        ran.out.contains("for 38d") || ran.out.contains("for 5w3d23h"),
        "another policy: {}",
        ran.shown()
    );
}

#[test]
fn a_sweeper_that_goes_by_another_policy_is_found_out() {
    let (world, check) = check_of(5 * DAY);
    world.run("tick --retention 30d sessions.json").expect(0);
    let ran = world.run(&check).expect(2);
    assert!(ran.out.contains("1 row overdue, the oldest for 4d"), "{}", ran.shown());
    world.run(&format!("{check} --retention 30d")).expect(0);
}

#[test]
fn silence_is_critical_where_there_is_work() {
    let world = World::new();
    world.write("sessions.json", &store_text(&[HOUR]));
    world.run(&format!("tick --now {} sessions.json", NOW - 25 * HOUR)).expect(0);
    world.run("check sessions.json").expect(0);
    world.write("sessions.json", &store_text(&[DAY + 1]));
    let ran = world.run("check sessions.json").expect(2);
    assert!(ran.out.contains("1 row overdue, and no sweep for 1d1h"), "{}", ran.shown());
    world.run("check --critical 25h sessions.json").expect(0);
}

#[test]
fn a_sweep_that_failed_is_a_warning_once_the_store_can_be_read_again() {
    let world = World::new();
    world.write("sessions.json", "{");
    world.run("tick sessions.json").expect(1);
    world.write("sessions.json", &store_text(&[]));
    let ran = world.run("check sessions.json").expect(1);
    assert!(
        ran.out.contains("the last sweep failed or was refused") && ran.out.contains("failing=1"),
        "{}",
        ran.shown()
    );
    world.run("tick --force sessions.json").expect(0);
    world.run("check sessions.json").expect(0);
}

#[test]
fn a_guard_that_refuses_is_a_warning() {
    let world = World::new();
    world.write("sessions.json", &store_text(&[30 * HOUR]));
    world.run("tick --retention 48h sessions.json").expect(0);
    world.run("tick --force --retention 29h30m sessions.json").expect(4);
    let ran = world.run("check --retention 29h30m sessions.json").expect(1);
    assert!(ran.out.contains("a stricter policy was refused and waits"), "{}", ran.shown());
}

#[test]
fn what_cannot_be_read_is_unknown_and_named() {
    let world = World::new();
    world.write("a/sessions.json", &store_text(&[]));
    world.write("b/sessions.json", "[");
    for (line, name) in [
        ("check b/sessions.json", "b/sessions.json"),
        ("check a/sessions.json b/sessions.json", "b/sessions.json"),
        ("check none/sessions.json", "none/sessions.json"),
        ("check a/nothing*", "nothing*"),
    ] {
        let ran = world.run(line).expect(3);
        assert!(ran.out.starts_with("UNKNOWN - ") && ran.out.contains(name), "{}", ran.shown());
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.shown());
    }
}

#[test]
fn what_is_wrong_with_the_configuration_is_unknown_too() {
    let (world, _) = World::with_store();
    world.write("bad.toml", "[cron]\nretention = \"0\"\n");
    for (line, names) in [
        ("check --config bad.toml sessions.json", "bad.toml:2"),
        ("check --retention 0 sessions.json", "\"0\""),
        ("check --warning 0 sessions.json", "--warning: \"0\""),
        ("check --critical=-1h sessions.json", "--critical: \"-1h\""),
        ("check --warning 2d sessions.json", "--warning 2d is longer than --critical 24h"),
        ("check --now yesterday sessions.json", "yesterday"),
        ("check", "no store is named"),
    ] {
        let ran = world.run(line).expect(3);
        assert!(ran.out.starts_with("UNKNOWN - ") && ran.out.contains(names), "{line}: {}", ran.shown());
        assert!(ran.err.starts_with("error: "), "{}", ran.shown());
        let ran = world.run(&line.replace("check", "--json check")).expect(3);
        assert_eq!(ran.json()["verb"], "check", "{}", ran.shown());
    }
}

#[test]
fn the_worst_store_is_named_critical_before_unknown_before_warning() {
    let world = World::new();
    world.write("fine/sessions.json", &store_text(&[]));
    world.write("warning/sessions.json", &store_text(&[27 * HOUR]));
    world.write("unknown/sessions.json", "");
    world.write("critical/sessions.json", &store_text(&[99 * HOUR]));
    let check = |names: &[&str]| {
        let stores: Vec<String> = names.iter().map(|name| format!("{name}/sessions.json")).collect();
        world.run(&format!("check {}", stores.join(" ")))
    };
    for (names, code, worst) in [
        (&["fine", "warning"][..], 1, "1 of 2 stores, the worst [DIR]/warning/"),
        (&["unknown", "warning"], 3, "2 of 2 stores, the worst [DIR]/unknown/"),
        (&["critical", "unknown", "warning", "fine"], 2, "3 of 4 stores, the worst [DIR]/critical/"),
    ] {
        let ran = check(names).expect(code);
        let out = ran.out.replace("worst ", "worst [DIR]/").replace("[DIR]/[DIR]/", "[DIR]/");
        assert!(out.contains(worst), "{}", ran.shown());
    }
    let ran = check(&["critical", "unknown", "warning", "fine"]).expect(2);
    assert!(
        ran.out.contains("| overdue=2 oldest=270000s;3600;86400 stores=4 failing=0 unknown=1"),
        "{}",
        ran.shown()
    );
}

#[test]
fn its_json_has_every_store_and_its_status() {
    let (world, check) = check_of(DAY + 2 * HOUR);
    let json = world.run(&format!("{check} --json")).expect(1).json();
    assert_eq!((&json["schema"], &json["verb"]), (&"session-reaper/1".into(), &"check".into()));
    assert_eq!((&json["status"], &json["code"], &json["overdue"]), (&"warning".into(), &1.into(), &1.into()));
    let store = &json["stores"][0];
    assert_eq!((&store["status"], &store["oldestMs"]), (&"warning".into(), &(2 * HOUR).into()));
    assert_eq!((&store["lastSweep"], &store["error"]), (&serde_json::Value::Null, &serde_json::Value::Null));
}

#[test]
fn it_waits_for_no_lock_and_writes_nothing() {
    let (world, _) = World::with_store();
    let _held = Held::lock(&world);
    let before = world.listing();
    world.run("check sessions.json").expect(0);
    assert_eq!(world.listing(), before);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn a_name_cannot_break_the_line() {
    let world = World::new();
    let path = world.write("x|overdue=0\n\u{1b}[2J/sessions.json", "");
    let output = world.command([std::ffi::OsStr::new("check"), path.as_os_str()]).output().unwrap();
    let ran = world.ran(output).expect(3);
    assert_eq!((ran.out.lines().count(), ran.out.matches('|').count()), (1, 1), "{}", ran.shown());
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.shown());
    fs::remove_file(path).unwrap();
}
