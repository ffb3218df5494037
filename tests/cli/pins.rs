//! `pin` and `unpin`: what they say, what they refuse, and what sweeps and other verbs make of it.

use std::fs;

use insta::assert_snapshot;

use crate::world::{Held, NOW, World, run_key, usual_store};

const PINS: &str = ".session-reaper/sessions.json.pins.json";

/// The same words on every machine: who ran the test is not among them.
fn anonymous(text: &str) -> String {
    let user = String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout);
    text.replace(user.unwrap().trim(), "[USER]")
}

fn gone(world: &World) -> Vec<String> {
    let json = world.run("prune -y --json sessions.json").expect(0).json();
    let items = json["stores"][0]["items"].as_array().unwrap();
    items.iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_pinned_row_stays_until_it_is_unpinned() {
    let (world, _) = World::with_store();
    let key = run_key(1);
    assert_snapshot!(world.run(&format!("pin sessions.json {key}")).shown(), @r#"
    exit 0
    --- stdout
    pinned agent:main:cron:job:run:00000000-0000-4000-8000-000000000001 for good
    --- stderr
    "#);
    assert_eq!(gone(&world), [run_key(4)]);
    assert_snapshot!(world.run(&format!("unpin sessions.json {key}")).shown(), @r#"
    exit 0
    --- stdout
    unpinned agent:main:cron:job:run:00000000-0000-4000-8000-000000000001
    --- stderr
    "#);
    assert_eq!(gone(&world), [run_key(1)]);
}

#[test]
fn pinning_again_replaces_reason_and_expiry_and_without_a_key_all_are_listed() {
    let (world, _) = World::with_store();
    assert_snapshot!(world.run("pin sessions.json").shown(), @r#"
    exit 0
    --- stdout
    nothing is pinned
    --- stderr
    "#);
    world.run("pin sessions.json agent:main:main --reason first").expect(0);
    assert_snapshot!(world.run("pin sessions.json agent:main:main --until 7d --reason second").shown(), @r#"
    exit 0
    --- stdout
    pinned agent:main:main until 2026-11-28T08:00:00.000Z
    before: for good (first)
    --- stderr
    "#);
    world.run(&format!("pin sessions.json {} --until {NOW}", run_key(2))).expect(0);
    assert_snapshot!(anonymous(&world.run("pin sessions.json").shown()), @r#"
    exit 0
    --- stdout
      KEY                                                           UNTIL                     PINNED                    BY    REASON
      agent:main:main                                               2026-11-28T08:00:00.000Z  2026-11-21T08:00:00.000Z  [USER]  second
      agent:main:cron:job:run:00000000-0000-4000-8000-000000000002  2026-11-21T08:00:00.000Z  2026-11-21T08:00:00.000Z  [USER]
    --- stderr
    "#);
    let later = NOW + 1;
    let listed = world.run(&format!("pin sessions.json --now {later}")).expect(0);
    assert!(listed.out.contains("2026-11-21T08:00:00.000Z (over)"), "{}", listed.shown());
}

#[test]
fn until_takes_an_age_a_time_or_milliseconds_and_nothing_that_is_over() {
    let (world, _) = World::with_store();
    for (until, expected) in [
        ("7d", "2026-11-28T08:00:00.000Z"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00.000Z"),
        ("1795248000001", "2026-11-21T08:00:00.001Z"),
        ("2026-11-21T08:00:00Z", "2026-11-21T08:00:00.000Z"),
    ] {
        let json =
            world.run(&format!("pin --json sessions.json agent:main:main --until {until}")).expect(0).json();
        assert_eq!((&json["schema"], &json["verb"]), (&"session-reaper/1".into(), &"pin".into()));
        assert_eq!(json["pin"]["until"], expected);
    }
    for until in ["2026-11-21T07:59:59.999Z", "1795248000", "0", "-1d", "soon", "", "7"] {
        let ran = world.ran(
            world.command(["pin", "sessions.json", "agent:main:main", "--until", until]).output().unwrap(),
        );
        assert!(ran.expect(2).err.contains("nothing was pinned"), "{until}");
    }
    assert_eq!(world.run("pin --json sessions.json").expect(0).json()["pins"].as_array().unwrap().len(), 1);
}

#[test]
fn a_pin_needs_a_row_or_a_word_that_there_is_none() {
    let (world, _) = World::with_store();
    assert_snapshot!(world.run("pin sessions.json agent:main:man").shown(), @r#"
    exit 1
    --- stdout
    --- stderr
    error: no row of sessions.json has the key "agent:main:man"
    hint: did you mean one of these?
      agent:main:main
      agent:main:cron:job
      --no-row pins the key all the same
    "#);
    let json = world.run("pin --json sessions.json agent:main:man").expect(1).json();
    assert_eq!((&json["verb"], &json["error"]["kind"]), (&"pin".into(), &"missing".into()));
    assert!(!world.path(PINS).exists());
    world.run("pin sessions.json agent:main:man --no-row").expect(0);
    assert!(world.read(PINS).contains("agent:main:man"));
    world.run("pin none.json agent:main:main").expect(10);
    world.run("pin sessions.json --reason x").expect(2);
    world.run("pin").expect(2);
}

#[test]
fn unpinning_what_is_not_pinned_is_an_error_and_changes_nothing() {
    let (world, _) = World::with_store();
    world.run("pin sessions.json agent:main:main").expect(0);
    let before = world.read(PINS);
    assert_snapshot!(world.run("unpin sessions.json agent:main:cron:job").shown(), @r#"
    exit 1
    --- stdout
    --- stderr
    error: the key "agent:main:cron:job" is not pinned in sessions.json
    hint: `session-reaper pin sessions.json` shows what is
    "#);
    let json = world.run("unpin --json sessions.json x").expect(1).json();
    assert_eq!((&json["verb"], &json["error"]["kind"]), (&"unpin".into(), &"missing".into()));
    assert_eq!(world.read(PINS), before);
    let json = world.run("unpin --json sessions.json agent:main:main").expect(0).json();
    assert_eq!((&json["verb"], &json["unpinned"]["key"]), (&"unpin".into(), &"agent:main:main".into()));
}

#[test]
fn a_key_that_no_text_can_hold_is_pinned_by_its_escapes() {
    let world = World::new();
    world.write("sessions.json", r#"{"cron:a:run:00000000-0000-4000-8000-000000000001:\ud800":{"updatedAt":1700000000000},"agent:main:main":{}}"#);
    let key = r"cron:a:run:00000000-0000-4000-8000-000000000001:\ud800";
    let json = world.run(&format!("pin --json sessions.json {key}")).expect(0);
    assert!(json.out.contains(r#"000000000001:\ud800""#), "{}", json.out);
    assert_eq!(gone(&world), [""; 0]);
    world.run(&format!("unpin sessions.json {key}")).expect(0);
    let json = world.run("prune -y --json sessions.json").expect(0);
    assert!(json.out.contains(r#""pruned":1"#), "{}", json.out);
}

#[test]
fn explain_list_and_stats_know_of_pins() {
    let (world, _) = World::with_store();
    let key = run_key(1);
    world.run(&format!("pin sessions.json {key} --until 2d --reason audit")).expect(0);
    assert_snapshot!(anonymous(&world.run(&format!("explain sessions.json {key}")).shown()), @r#"
    exit 0
    --- stdout
    agent:main:cron:job:run:00000000-0000-4000-8000-000000000001
      stays (pinned): It was pinned by [USER] at 2026-11-21T08:00:00.000Z: audit.
      The pin holds it until 2026-11-23T08:00:00.000Z, 2d more.
      kind      cron-run
      size      117 B
      updated   2026-11-20T07:00:00.000Z, 1d1h ago
      retention 24h
      pinned    until 2026-11-23T08:00:00.000Z, by [USER]: audit
    --- stderr
    "#);
    let json = world.run(&format!("explain --json sessions.json {key}")).expect(0).json();
    assert_eq!((&json["row"]["reason"], &json["row"]["pin"]["reason"]), (&"pinned".into(), &"audit".into()));
    assert_eq!(json["row"]["pin"]["until"], "2026-11-23T08:00:00.000Z");
    let list = world.run("list sessions.json").expect(0);
    assert!(list.out.lines().any(|line| line.contains("pinned") && line.contains(&key)), "{}", list.shown());
    assert_eq!(
        world.run("stats --json sessions.json").expect(0).json()["stores"][0]["census"]["prunable"],
        1
    );
    let dry = world.run("prune -n sessions.json").expect(0);
    assert!(dry.out.contains("pinned 1"), "{}", dry.shown());
    // Once it is over it is told as over, and the row goes.
    let later = NOW + 49 * 3_600_000;
    let ran = world.run(&format!("explain --now {later} sessions.json {key}")).expect(0);
    assert!(ran.out.contains("goes (rule") && ran.out.contains("which is over"), "{}", ran.shown());
}

#[test]
fn i5_pins_that_cannot_be_read_refuse_the_sweep() {
    let (world, _) = World::with_store();
    world.run("pin sessions.json agent:main:main").expect(0);
    let whole = world.read(PINS);
    world.write(PINS, whole.trim_end().trim_end_matches('}'));
    let ran = world.run("prune -y sessions.json").expect(1);
    assert!(
        ran.err.contains("sessions.json.pins.json") && ran.err.contains("nothing was removed"),
        "{}",
        ran.shown()
    );
    assert!(ran.err.contains("hint: any row may be pinned in there"), "{}", ran.shown());
    for line in [
        "tick --force sessions.json",
        "prune -n sessions.json",
        "pin sessions.json",
        "unpin sessions.json x",
        "list sessions.json",
    ] {
        world.run(line).expect(1);
    }
    world.write(PINS, &whole.replace("pins/1", "pins/2"));
    world.run("prune -y sessions.json").expect(4);
    assert_eq!(world.read("sessions.json"), usual_store());
    fs::remove_file(world.path(PINS)).unwrap();
    world.run("prune -y sessions.json").expect(0);
}

#[test]
fn a_pin_waits_for_a_sweep_and_gives_up_in_time() {
    let (world, _) = World::with_store();
    let held = Held::lock(&world);
    world.run("pin --lock-timeout 50ms sessions.json agent:main:main").expect(11);
    world.run("unpin --lock-timeout 50ms sessions.json agent:main:main").expect(11);
    drop(held);
    world.run("pin sessions.json agent:main:main").expect(0);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn a_reason_gives_a_terminal_nothing_to_obey() {
    let (world, _) = World::with_store();
    let pin = ["pin", "sessions.json", "agent:main:main", "--reason", "a\u{1b}[31m\nb"];
    world.ran(world.command(pin).output().unwrap()).expect(0);
    for line in ["pin sessions.json", "explain sessions.json agent:main:main"] {
        let ran = world.run(line).expect(0);
        assert!(!ran.out.contains('\u{1b}') && ran.out.contains("\\u{1b}"), "{}", ran.shown());
    }
}
