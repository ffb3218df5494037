//! `config show` and `config check`, and who wins over whom.

use insta::assert_snapshot;
use serde_json::Value;

use crate::world::{Ran, World, usual_store};

fn value(ran: &Ran, key: &str) -> (Value, String) {
    let json = ran.json();
    let values = json["values"].as_array().unwrap().clone();
    let found = values.into_iter().find(|value| value["key"] == key).unwrap();
    (found["value"].clone(), found["origin"].as_str().unwrap().to_owned())
}

#[test]
fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
    let world = World::new();
    let show = |line: &str, env: &[(&str, &str)]| {
        value(&world.run_with(&format!("config show --json {line}"), env).expect(0), "every")
    };
    let env = [("SESSION_REAPER_EVERY", "2m")];
    assert_eq!(show("", &[]), ("5m".into(), "default".into()));
    world.write("session-reaper.toml", "\nevery = \"3m\"\n");
    assert_eq!(show("", &[]), ("3m".into(), "session-reaper.toml:2".into()));
    assert_eq!(show("", &env), ("2m".into(), "SESSION_REAPER_EVERY".into()));
    assert_eq!(show("--every 1m", &env), ("1m".into(), "--every".into()));
}

#[test]
fn the_file_is_named_by_flag_then_variable_then_found() {
    let world = World::new();
    for (name, age) in [
        ("a.toml", "1m"),
        ("b.toml", "2m"),
        ("session-reaper.toml", "3m"),
        (".config/session-reaper/session-reaper.toml", "4m"),
    ] {
        world.write(name, &format!("every = \"{age}\"\n"));
    }
    let env = [("SESSION_REAPER_CONFIG", "b.toml")];
    let every = |line: &str, env: &[(&str, &str)]| value(&world.run_with(line, env).expect(0), "every").0;
    assert_eq!(every("config show --json --config a.toml", &env), "1m");
    assert_eq!(every("config show --json", &env), "2m");
    assert_eq!(every("config show --json", &[]), "3m");
    std::fs::remove_file(world.path("session-reaper.toml")).unwrap();
    assert_eq!(every("config show --json", &[]), "4m");
    let ran = world.run("tick --config none.toml x").expect(2);
    assert!(ran.err.contains("none.toml"), "{}", ran.shown());
}

#[test]
fn config_show_is_a_table_with_origins() {
    let world = World::new();
    world.write("session-reaper.toml", "stores = [\"~/s.json\"]\n[rules]\nsubagent = \"7d\"\n");
    assert_snapshot!(world.run("config show --retention 36h --color never").shown(), @r#"
    exit 0
    --- stdout
    stores                     ["[DIR]/s.json"]  session-reaper.toml:1
    openclaw                   false                       default
    cron.retention             "1d12h"                     --retention
    cron.run_id                "uuid"                      default
    cron.keep_last             0                           default
    rules.subagent             "1w"                        session-reaper.toml:3
    max_entries                false                       default
    keep                       []                          default
    trash.enabled              true                        default
    trash.retention            "1w"                        default
    trash.compress             false                       default
    every                      "5m"                        default
    lock_timeout               "5s"                        default
    max_time                   false                       default
    beside_live_gateway        false                       default
    allow_mass_delete          false                       default
    allow_clock_jump           false                       default
    allow_tightened            false                       default
    workspaces.base            false                       default
    workspaces.names           []                          default
    workspaces.ttl             "24h"                       default
    workspaces.secret_ttl      "6h"                        default
    workspaces.secrets         [".cred.sh"]                default
    workspaces.siblings        ["-artifacts"]              default
    media.dir                  false                       default
    media.enabled              true                        default
    media.max_age              "30m"                       default
    media.interval             "5m"                        default
    media.orphan_grace         "1h"                        default
    payloads.dir               false                       default
    payloads.grace             "24h"                       default
    payloads.max_bytes         false                       default
    payloads.one_process_tree  false                       default
    payloads.inline_limit      51200                       default
    log.format                 "text"                      default
    color                      "never"                     --color
    --- stderr
    "#);
}

#[test]
fn config_check_names_every_mistake_by_file_and_line() {
    let world = World::new();
    world.write("session-reaper.toml", "evry = \"5m\"\n\n[cron]\nretention = 24\nkeep_last = -1\n");
    assert_snapshot!(world.run("config check").shown(), @r#"
    exit 2
    --- stdout
    --- stderr
    error: session-reaper.toml:1: unknown key "evry"; did you mean "every"?
    error: session-reaper.toml:4: cron.retention: 24 is a number without a unit; write "24h", or false to keep everything
    error: session-reaper.toml:5: cron.keep_last: -1 is no count; accepted is a whole number from 0 (off) to 4294967295; nothing was removed
    "#);
    let json = world.run("config check --json").expect(2).json();
    assert_eq!((&json["ok"], &json["problems"][0]["line"]), (&false.into(), &1.into()));
    world.write("session-reaper.toml", "every = \"5m\"\n");
    assert_snapshot!(world.run("config check").shown(), @r#"
    exit 0
    --- stdout
    the configuration can be used (session-reaper.toml)
    --- stderr
    "#);
    assert_eq!(world.run("config check --json").expect(0).json()["ok"], true);
}

/// A retention that cannot be read is never taken for another, wherever it stands.
#[test]
fn a_malformed_retention_in_file_or_environment_removes_nothing() {
    let (world, _) = World::with_store();
    for bad in ["0", "-1h", "24", "1mo", "tomorrow"] {
        let ran =
            world.run_with("tick --force sessions.json", &[("SESSION_REAPER_CRON_RETENTION", bad)]).expect(2);
        assert!(
            ran.err.contains("SESSION_REAPER_CRON_RETENTION") && ran.err.contains(bad),
            "{}",
            ran.shown()
        );
    }
    for bad in ["0", "24", "\"0h\"", "true", "\"\"", "[]", "1979-05-27"] {
        world.write("session-reaper.toml", &format!("[cron]\nretention = {bad}\n"));
        let ran = world.run("prune -y sessions.json").expect(2);
        assert!(
            ran.err.contains("session-reaper.toml:2: cron.retention")
                && ran.err.contains("nothing was removed"),
            "{}",
            ran.shown()
        );
    }
    assert_eq!(world.read("sessions.json"), usual_store());
}
