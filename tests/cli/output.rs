//! Stdout and stderr: the JSON shape, readers that go away, colours, quiet.

use std::{
    fs::OpenOptions,
    io::Read,
    process::{Command, Stdio},
};

use insta::assert_snapshot;
use serde_json::Value;

use crate::world::{World, run_key, store_text};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_has_the_promised_shape() {
    let (world, _) = World::with_store();
    let ran = world.run("prune -y --json --show-kept sessions.json none.json").expect(3);
    assert!(ran.out.ends_with("}\n") && ran.out.lines().count() == 1);
    assert_eq!(ran.err, "");
    let json = ran.json();
    assert_eq!(
        keys(&json),
        ["applied", "done", "now", "policy", "run", "schema", "stores", "totals", "verb"]
    );
    assert_eq!(
        (&json["schema"], &json["now"]),
        (&"session-reaper/1".into(), &"2026-11-21T08:00:00.000Z".into())
    );
    assert_eq!(keys(&json["totals"]), ["bytesFreed", "failed", "kept", "pruned", "scanned", "stores"]);
    let store = [
        "byRule",
        "bytesAfter",
        "bytesBefore",
        "error",
        "failed",
        "items",
        "kept",
        "keptBy",
        "nextDue",
        "outcome",
        "pruned",
        "scanned",
        "store",
    ];
    assert!(json["stores"].as_array().unwrap().iter().all(|report| keys(report) == store));
    assert_eq!(keys(&json["stores"][1]["error"]), ["hint", "kind", "message", "path", "step"]);
    let items = json["stores"][0]["items"].as_array().unwrap();
    assert_eq!(keys(&items[2]), ["action", "ageMs", "expiresAt", "key", "rule", "updatedAt"]);
    assert_eq!(keys(&items[3]), ["action", "ageMs", "expiresAt", "key", "reason", "updatedAt"]);
    assert_eq!((&items[2]["key"], &items[2]["ageMs"]), (&run_key(1).into(), &90_000_000.into()));
    assert_eq!(
        (&items[2]["updatedAt"], &items[2]["expiresAt"]),
        (&"2026-11-20T07:00:00.000Z".into(), &"2026-11-21T07:00:00.000Z".into())
    );
    assert!(json["stores"].as_array().unwrap().iter().all(adds_up));
}

fn adds_up(store: &Value) -> bool {
    let count = |field: &str| store[field].as_u64().unwrap();
    let sum =
        |field: &str| store[field].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    count("scanned") == count("pruned") + count("kept") + count("failed")
        && sum("byRule") == count("pruned")
        && sum("keptBy") == count("kept")
}

#[test]
fn what_cannot_even_begin_is_an_object_too_and_text_on_stderr() {
    let (world, _) = World::with_store();
    world.write("two/agents/a/sessions/sessions.json", "{}");
    world.write("two/agents/b/sessions/sessions.json", "{}");
    world.write("bad.json", "{");
    world.write("bad.toml", "stores = 1\n");
    for (line, code, verb, kind, path) in [
        ("list none.json", 10, "list", "missing", Some("none.json")),
        ("explain none.json key", 10, "explain", "missing", Some("none.json")),
        ("explain sessions.json key", 1, "explain", "missing", Some("sessions.json")),
        ("list bad.json", 1, "list", "malformed", Some("bad.json")),
        ("list two", 2, "list", "usage", None),
        ("list -q none/*", 10, "list", "missing", Some("none/*")),
        ("stats", 2, "stats", "usage", None),
        ("apply none.json", 2, "apply", "missing", Some("none.json")),
        ("apply two", 1, "apply", "io", Some("two")),
        ("apply sessions.json", 1, "apply", "malformed", Some("sessions.json")),
        ("prune sessions.json", 2, "prune", "usage", None),
        ("gc --retention 0 sessions.json", 2, "prune", "config", None),
        ("tick --config bad.toml", 2, "tick", "config", None),
        ("config show --config bad.toml", 2, "config show", "config", None),
        ("list --now never sessions.json", 2, "list", "usage", None),
        ("plan -o no/plan sessions.json", 1, "plan", "missing", Some("no/plan")),
        ("demo two", 4, "demo", "refused", Some("two")),
    ] {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.push("--json");
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("session-reaper"));
        command.args(words).env_clear().current_dir(world.path("")).stdin(Stdio::null());
        let ran = world.ran(command.output().unwrap()).expect(code);
        let json = ran.json();
        assert_eq!(keys(&json), ["error", "schema", "verb"], "{line}");
        assert_eq!((&json["schema"], &json["verb"]), (&"session-reaper/1".into(), &verb.into()), "{line}");
        let error = &json["error"];
        assert_eq!(keys(error), ["hint", "kind", "message", "path", "step"], "{line}");
        assert_eq!((&error["kind"], error["path"].as_str()), (&kind.into(), path), "{line}");
        assert_eq!(error["step"].is_string(), path.is_some(), "{line}");
        assert!(ran.err.starts_with("error: ") && !ran.err.contains("standard output"), "{}", ran.shown());
        assert!(!error["message"].as_str().unwrap().is_empty(), "{line}");
    }
}

#[test]
fn a_mistake_that_clap_finds_is_text_on_stderr_even_with_json() {
    let (world, _) = World::with_store();
    let ran = world.run("prune -y --json --nonsense sessions.json").expect(2);
    assert!(ran.out.is_empty() && ran.err.starts_with("error: "), "{}", ran.shown());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::new();
    world.write("sessions.json", &store_text(&vec![90_000_000; 5_000]));
    for line in [
        "plan --json sessions.json",
        "plan sessions.json",
        "prune -y --json --show-kept sessions.json",
        "man",
        "completions zsh",
        "config show",
    ] {
        let mut child = world
            .command(line.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let ran = world.ran(child.wait_with_output().unwrap()).expect(0);
        assert_eq!(ran.err, "", "{line}");
    }
}

#[test]
fn a_reader_in_a_pipe_of_a_shell_may_take_one_byte() {
    let (world, _) = World::with_store();
    let program = assert_cmd::cargo::cargo_bin!("session-reaper").display();
    let script = format!(
        "'{program}' -v prune -n --json sessions.json | head -c1; '{program}' -v prune -n sessions.json 2>&1 | head -c1 >/dev/null"
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(world.path("")).output().unwrap();
    let ran = world.ran(output);
    assert_eq!(ran.out, "{");
    assert!(!ran.err.contains("panicked"), "{}", ran.shown());
}

#[test]
fn a_full_disk_under_stdout_is_told() {
    let (world, _) = World::with_store();
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let run = |line: &str| {
        let child =
            world.command(line.split_whitespace()).stdout(full()).stderr(Stdio::piped()).spawn().unwrap();
        world.ran(child.wait_with_output().unwrap())
    };
    let ran = run("plan --json sessions.json").expect(1);
    assert!(ran.err.starts_with("error: cannot write to standard output"), "{}", ran.shown());
    for line in ["prune -y --json sessions.json", "prune -y sessions.json"] {
        world.write("sessions.json", &store_text(&[90_000_000; 3]));
        let ran = run(line).expect(3);
        assert!(ran.err.contains("cannot write to standard output: "), "{}", ran.shown());
        assert!(ran.err.contains("; but the sweep was done: removed 3 rows"), "{}", ran.shown());
    }
}

#[test]
fn stderr_that_cannot_be_written_stops_nothing() {
    let (world, _) = World::with_store();
    let full = Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let child = world
        .command(["-vv", "tick", "sessions.json", "none.json"])
        .stdout(Stdio::piped())
        .stderr(full)
        .spawn();
    world.ran(child.unwrap().wait_with_output().unwrap()).expect(3);
}

#[test]
fn colours_only_where_they_are_wanted() {
    let (world, _) = World::with_store();
    let has_colours = |line: &str, env: &[(&str, &str)]| world.run_with(line, env).out.contains('\u{1b}');
    assert!(!has_colours("plan sessions.json", &[]));
    assert!(has_colours("plan --color always sessions.json", &[]));
    assert!(has_colours("plan --color always sessions.json", &[("NO_COLOR", "1")]));
    assert!(has_colours("plan sessions.json", &[("SESSION_REAPER_COLOR", "always")]));
    assert!(!has_colours("plan --color never sessions.json", &[("SESSION_REAPER_COLOR", "always")]));
    assert!(!has_colours("plan --color always --json sessions.json", &[]));
}

#[test]
fn a_key_can_tell_the_terminal_nothing() {
    let world = World::new();
    let key = "agent:main:subagent:\\u001b[2J\\u0007\\u202e\u{85}";
    world.write("sessions.json", &format!("{{\"{key}\":{{\"updatedAt\":1700000000000}}}}"));
    assert_snapshot!(world.run("plan --rule subagent=1d sessions.json").out, @r#"
    sessions.json: 1 of 1 row would go (73 B of 75 B)
      prune   157w3d  subagent      agent:main:subagent:\u{1b}[2J\u{7}\u{202e}\u{85}
      to go   subagent 1
    dry run: nothing was removed
    kept 0, pruned 1, failed 0, freed 73 B, next due now
    "#);
    let json = world.run("plan --json --rule subagent=1d sessions.json").json();
    assert_eq!(json["stores"][0]["items"][0]["key"], "agent:main:subagent:\u{1b}[2J\u{7}\u{202e}\u{85}");
}

#[test]
fn a_key_with_half_a_surrogate_pair_stays_what_it_is_in_json() {
    let world = World::new();
    world.write("sessions.json", "{\"agent:main:subagent:\\ud800\":{\"updatedAt\":1700000000000}}");
    let ran = world.run("plan --json --rule subagent=1d sessions.json").expect(0);
    assert!(ran.out.contains("\"key\":\"agent:main:subagent:\\ud800\""), "{}", ran.out);
}

#[test]
fn quiet_says_nothing_but_errors() {
    let (world, _) = World::with_store();
    let ran = world.run("-q prune -y sessions.json").expect(0);
    assert_eq!((&*ran.out, &*ran.err), ("", ""));
    let ran = world.run("-q prune -y none.json").expect(10);
    assert!(ran.out.is_empty() && ran.err.starts_with("error: cannot find none.json"), "{}", ran.shown());
    assert!(world.run("-q prune -n --json sessions.json").out.starts_with('{'));
}

#[test]
fn only_the_first_rows_of_a_dry_run_are_shown_and_a_plan_has_all() {
    let world = World::new();
    world.write("sessions.json", &store_text(&[90_000_000; 23]));
    let dry = world.run("prune -n sessions.json").out;
    assert!(dry.contains("... and 7 more; `session-reaper plan` lists them all"), "{dry}");
    assert_eq!(dry.matches(":run:").count(), 16);
    assert_eq!(world.run("plan sessions.json").out.matches(":run:").count(), 23);
}
