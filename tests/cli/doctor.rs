//! `doctor`: what it finds, what it mends, and that it changes nothing else.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use serde_json::{Value, json};
use session_reaper::Timestamp;

use crate::world::{Held, World, usual_store};

/// A process number that nobody has.
fn dead() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    let pid = child.id();
    child.wait().unwrap();
    pid
}

/// So many seconds before now by the machine's clock: `--now` is not for locks.
fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_millis(session_reaper::now().as_millis() - seconds * 1000)
}

/// A lock of a gateway that cannot be known.
fn foreign(created: Timestamp) -> String {
    json!({ "pid": 4_000_000, "createdAt": created }).to_string()
}

/// A lock of ours, taken by this process number a minute ago; `None` where the system does not tell in which world.
fn lock_of(pid: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space =
        |kind: &str| fs::read_link(format!("/proc/self/ns/{kind}")).ok()?.into_os_string().into_string().ok();
    let numbers = space("pid")?;
    let namespace = space("time").map_or_else(|| numbers.clone(), |times| format!("{numbers} {times}"));
    let note = json!({
        "pid": pid, "createdAt": ago(60), "starttime": 1, "startedAt": ago(60).as_millis(),
        "by": "session-reaper", "token": "t", "bootId": boot.trim(), "namespace": namespace,
    });
    Some(note.to_string())
}

/// The findings of the only store, but for what runs on this machine beside the test.
fn findings(json: &Value) -> Vec<&Value> {
    let all = json["stores"][0]["findings"].as_array().unwrap();
    all.iter().filter(|finding| finding["subject"] != "gateway").collect()
}

/// Verdicts and whether there is a remedy, by subject and file name.
fn short(json: &Value) -> Vec<String> {
    let line = |finding: &&Value| {
        let name = finding["path"].as_str().unwrap_or_default().rsplit('/').next().unwrap();
        let wrong = if finding["remedy"].is_string() { " !" } else { "" };
        format!(
            "{} {name} {}{wrong}",
            finding["subject"].as_str().unwrap(),
            finding["verdict"].as_str().unwrap()
        )
    };
    findings(json).iter().map(line).collect()
}

/// A private store with a lock of a dead process of ours, if the system tells what that is.
fn with_dead_lock() -> Option<(World, u32)> {
    let (world, store) = World::with_store();
    fs::set_permissions(store, PermissionsExt::from_mode(0o600)).unwrap();
    let pid = dead();
    let text = lock_of(pid)?;
    world.write("sessions.json.lock", &text);
    Some((world, pid))
}

#[test]
fn a_sound_store_has_nothing_to_remedy_and_is_not_touched() {
    let (world, store) = World::with_store();
    fs::set_permissions(store, PermissionsExt::from_mode(0o600)).unwrap();
    let before = world.listing();
    let json = world.run("doctor --json sessions.json").expect(0).json();
    assert_eq!(
        (&json["schema"], &json["verb"], &json["applied"]),
        (&json!("session-reaper/1"), &json!("doctor"), &json!(false))
    );
    assert_eq!(json["stores"][0]["store"], "sessions.json");
    assert_eq!(short(&json), ["store sessions.json ok"]);
    let keys: Vec<&String> = findings(&json)[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["ageMs", "fixed", "message", "path", "pid", "remedy", "subject", "verdict"]);
    world.run("doctor --fix sessions.json").expect(0);
    assert_eq!(world.listing(), before);
}

#[test]
fn every_lock_is_told_and_only_that_of_the_dead_removed() {
    let Some((world, pid)) = with_dead_lock() else { return };
    let young = foreign(ago(1));
    world.write("a.jsonl.lock", &young);
    world.write("b.jsonl.lock", &foreign(ago(86_400)));
    world.write("c.jsonl.lock", &lock_of(pid).unwrap());
    fs::create_dir(world.path("d.jsonl.lock")).unwrap();
    symlink("nowhere", world.path("e.jsonl.lock")).unwrap();
    assert!(Command::new("mkfifo").arg(world.path("f.jsonl.lock")).status().unwrap().success());
    let expected = [
        "store sessions.json ok",
        "lock sessions.json.lock dead !",
        "lock a.jsonl.lock unknown",
        "lock b.jsonl.lock too old !",
        "lock c.jsonl.lock dead !",
        "lock d.jsonl.lock odd !",
        "lock e.jsonl.lock odd !",
        "lock f.jsonl.lock odd !",
    ];
    let before = world.listing();
    let json = world.run("doctor --json sessions.json").expect(0).json();
    assert_eq!(short(&json), expected);
    assert_eq!(world.listing(), before);
    let lock = findings(&json)[1];
    assert_eq!((&lock["pid"], &lock["fixed"]), (&json!(pid), &json!(false)));
    assert!((60_000..90_000).contains(&lock["ageMs"].as_i64().unwrap()), "{lock}");

    let json = world.run("doctor --json --fix sessions.json").expect(0).json();
    assert_eq!(json["applied"], true);
    let fixed = |finding: &&&Value| finding["fixed"] == true;
    assert_eq!(findings(&json).iter().filter(fixed).count(), 2, "{json:#}");
    for (name, stays) in [
        ("sessions.json.lock", false),
        ("c.jsonl.lock", false),
        ("a.jsonl.lock", true),
        ("b.jsonl.lock", true),
    ] {
        assert_eq!(world.path(name).exists(), stays, "{name}");
    }
    assert_eq!(world.read("a.jsonl.lock"), young);
    assert!(world.path("d.jsonl.lock").is_dir() && world.path("e.jsonl.lock").is_symlink());
    assert_eq!(short(&world.run("doctor --json sessions.json").expect(0).json()).len(), 6);
}

#[test]
fn the_locks_beside_a_link_are_told_and_mended_too() {
    let Some((world, pid)) = with_dead_lock() else { return };
    fs::create_dir(world.path("links")).unwrap();
    symlink("../sessions.json", world.path("links/linked.json")).unwrap();
    world.write("links/linked.json.lock", &lock_of(pid).unwrap());
    world.write("links/other.jsonl.lock", &lock_of(pid).unwrap());
    let expected =
        ["store sessions.json ok", "lock linked.json.lock dead !", "lock sessions.json.lock dead !"];
    let json = world.run("doctor --json links/linked.json").expect(0).json();
    assert_eq!(short(&json)[1..], expected[1..]);
    world.run("doctor --fix links/linked.json").expect(0);
    assert!(!world.path("links/linked.json.lock").exists() && !world.path("sessions.json.lock").exists());
    assert!(world.path("links/other.jsonl.lock").exists());
}

#[test]
fn who_of_us_is_at_work_is_told_and_what_a_killed_sweep_left() {
    let (world, store) = World::with_store();
    fs::set_permissions(store, PermissionsExt::from_mode(0o600)).unwrap();
    let told = |world: &World| short(&world.run("doctor --json sessions.json").expect(0).json());
    world.write(".session-reaper/sessions.json.7.8.900.-5.swap", "{}");
    world.write(".session-reaper/sessions.json.old.swap", "{}");
    world.write(".session-reaper/sessions.json.7.0.tmp", "{}");
    let before = world.listing();
    let swap = "swap sessions.json.7.8.900.-5.swap cut off";
    assert_eq!(told(&world), ["store sessions.json ok", swap]);
    assert_eq!(world.listing(), before, "no mutex is made to look at it");
    let held = Held::lock(&world);
    // What is on its way while a sweep is at work is no leftover.
    assert_eq!(told(&world), ["store sessions.json ok", "mutex sessions.json.lock held"]);
    drop(held);
    assert_eq!(told(&world), ["store sessions.json ok", swap]);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn odd_stores_are_told_with_a_remedy_and_that_is_no_error() {
    let (world, store) = World::with_store();
    fs::set_permissions(&store, PermissionsExt::from_mode(0o644)).unwrap();
    fs::hard_link(&store, world.path("other")).unwrap();
    world.write(".session-reaper/sessions.json.rescued", "{}");
    let json = world.run("doctor --json sessions.json").expect(0).json();
    assert_eq!(
        short(&json),
        [
            "store sessions.json refused !",
            "store sessions.json open !",
            "rescued sessions.json.rescued left !"
        ]
    );
    let world = World::new();
    let store = world.write("agents/main/sessions/sessions.json", "{\"a\":");
    fs::set_permissions(store, PermissionsExt::from_mode(0o600)).unwrap();
    world.write("agents/main/agent/openclaw-agent.sqlite", "");
    let json = world.run("doctor --json .").expect(0).json();
    assert_eq!(short(&json), ["store sessions.json malformed !", "database openclaw-agent.sqlite sqlite !"]);
}

#[test]
fn what_is_missing_is_an_error_as_everywhere() {
    let world = World::new();
    let ran = world.run("doctor sessions.json").expect(10);
    assert!(ran.err.starts_with("error: ") && ran.out.contains("missing"), "{}", ran.shown());
    let json = world.run("doctor --json sessions.json").expect(10).json();
    assert_eq!(short(&json), ["store sessions.json missing !"]);
    world.run("doctor").expect(2);
}

#[test]
fn people_read_a_line_a_finding_and_below_it_what_to_do() {
    let Some((world, pid)) = with_dead_lock() else { return };
    let out = world.run("doctor sessions.json").expect(0).out;
    let lines: Vec<String> = out
        .lines()
        .filter(|line| !line.trim_start().starts_with("gateway"))
        .take(4)
        .map(|line| line.replace(&pid.to_string(), "PID").split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(lines[0], "sessions.json");
    assert!(lines[1].starts_with("store ok it can be read: 6 rows, "), "{lines:?}");
    assert_eq!(lines[2], "lock dead [DIR]/sessions.json.lock: process PID has ended, 1m old");
    assert_eq!(lines[3], "fix: `session-reaper doctor --fix` removes it");
    assert_eq!(world.run("-q doctor sessions.json").expect(0).out, "");
}
