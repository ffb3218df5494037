//! Classes 1 to 3: what somebody wrote is taken as written, or not at all, and it reaches the sweeper.

use serde_json::{Value, json};

use crate::world::{DAY, HOUR, Ran, STORE, World, store_of};

/// Ages as careless hands and other programs write them.
const MALFORMED: [&str; 26] = [
    "", "24", "1x", "24H", "24 h", " 24h", "1h1h", "h", "1.h", ".5h", "1,5h", "1e3h", "NaN", "inf", "null",
    "none", "nil", "true", "yes", "[]", "1M", "1y", "٣h", "0x18h", "\"24h\"", "24h;",
];

/// Ages that would mean everything at once, if they were believed.
const ALL_AT_ONCE: [&str; 15] = [
    "0",
    "0h",
    "0ms",
    "00",
    "0.0d",
    "-0",
    "-1",
    "-1h",
    "-24h",
    "1e300",
    "1e300h",
    "18446744073709551615d",
    "18446744073709551616ms",
    "9223372036854775807w",
    "99999999999999999999999999d",
];

/// Nothing was removed, the value stands in the message, and the process says that it failed.
#[track_caller]
fn must_refuse(world: &World, ran: &Ran, named: &str) {
    assert_eq!(ran.code, 2, "{named:?}: {ran:#?}");
    assert!(ran.err.contains(named), "{named} is not named: {ran:#?}");
    assert!(ran.err.contains("nothing was removed"), "{ran:#?}");
    assert_eq!(world.read(STORE), expired());
    assert!(!world.path(".session-reaper").exists(), "{named:?}: something was written");
}

/// A store of which every cheaper reading than the default would take more.
fn expired() -> String {
    store_of(&[25 * HOUR, HOUR, 99 * DAY])
}

/// Every way by which a text can come to be the retention.
fn in_every_way(text: &str) {
    let world = World::with(&expired());
    for verb in ["prune -y", "tick", "plan"] {
        let mut command = world.command(&format!("{verb} {STORE} --retention"));
        must_refuse(&world, &Ran::of(command.arg(text).output().unwrap()), &format!("{text:?}"));
    }
    let mut command = world.command(&format!("prune -y {STORE}"));
    let ran = Ran::of(command.env("SESSION_REAPER_CRON_RETENTION", text).output().unwrap());
    must_refuse(&world, &ran, &if text.is_empty() { "empty".to_owned() } else { format!("{text:?}") });
    let mut command = world.command(&format!("prune -y {STORE} --rule"));
    must_refuse(
        &world,
        &Ran::of(command.arg(format!("hook={text}")).output().unwrap()),
        &format!("{text:?}"),
    );
    in_every_file(&world, &Value::from(text).to_string(), &format!("{text:?}"));
}

/// The same in our own file and in OpenClaw's, as a literal of each.
fn in_every_file(world: &World, toml: &str, named: &str) {
    world.write("session-reaper.toml", &format!("[cron]\nretention = {toml}\n"));
    let ran = world.run(&format!("prune -y {STORE}"));
    must_refuse(world, &ran, "session-reaper.toml");
    assert!(ran.err.contains(named), "{toml}: {ran:#?}");
    std::fs::remove_file(world.path("session-reaper.toml")).unwrap();
}

/// A text in OpenClaw's own file, which has a grammar of its own.
fn in_openclaws_file(literal: &str) {
    let world = World::with(&expired());
    world.write("state/openclaw.json", &format!("{{cron: {{sessionRetention: {literal}}}}}"));
    let ran = world.run(&format!("prune -y --openclaw state {STORE}"));
    must_refuse(&world, &ran, "sessionRetention");
    assert!(ran.err.contains("openclaw.json"), "{ran:#?}");
}

#[test]
fn class_01_no_malformed_retention_becomes_a_default() {
    for text in MALFORMED {
        in_every_way(text);
    }
    let world = World::with(&expired());
    for toml in ["24", "1.5", "true", "[]", "['24h']", "{ h = 24 }", "2026-11-21", "inf", "nan"] {
        in_every_file(&world, toml, "cron.retention");
    }
    for literal in
        ["null", "true", "24", "1.5", "[]", "{}", "''", "' '", "'x'", "'24 h'", "'1w'", "'off'", "'${AGE}'"]
    {
        in_openclaws_file(literal);
    }
    // The same store by a value that can be read: it is the values that were refused.
    world.run(&format!("prune -y --retention 24h {STORE}")).expect(0);
    assert_eq!(world.keys().len(), 3);
}

#[test]
fn class_02_zero_negative_and_overflowing_ages_are_no_ages() {
    for text in ALL_AT_ONCE {
        in_every_way(text);
    }
    let world = World::with(&expired());
    for toml in ["0", "-1", "0.0", "1e300", "-inf", "9223372036854775807"] {
        in_every_file(&world, toml, "cron.retention");
    }
    for literal in ["0", "-1", "1e300", "Infinity", "'0'", "'0h'", "'-1h'", "'18446744073709551615d'"] {
        in_openclaws_file(literal);
    }
    for cap in ["0", "-1", "1e3", "99999999999999999999"] {
        let ran = world.run(&format!("prune -y --max-entries {cap} {STORE}"));
        must_refuse(&world, &ran, cap);
    }
}

/// As long as an age can be, and at times at which the sum of both would overflow: less goes, never more.
#[test]
fn class_02_the_longest_age_and_the_ends_of_time_take_nothing() {
    let world = World::with(&expired());
    for line in ["--retention 14285714w", "--retention 100000000d"] {
        let ran = world.run(&format!("prune -y --json {line} {STORE}")).expect(0);
        assert_eq!(ran.store()["pruned"], 0, "{ran:#?}");
    }
    for now in [0, 1, 86_399_999] {
        world.run_at(now, &format!("prune -y {STORE}")).expect(0);
    }
    for now in ["-8640000000000000", "-9223372036854775808", "9223372036854775807", "1e300"] {
        let ran = Ran::of(world.by_the_clock(&format!("--now={now} prune -y {STORE}")).output().unwrap());
        assert!([0, 2, 4].contains(&ran.code), "{now}: {ran:#?}");
    }
    assert_eq!(world.read(STORE), expired());
}

/// The values of `config show` that make the policy, as a report writes them.
fn configured(world: &World, env: &[(&str, &str)], flags: &str) -> Value {
    let mut command = world.command(&format!("config show --json {flags}"));
    let json = Ran::of(command.envs(env.iter().copied()).output().unwrap()).expect(0).json();
    let value = |key: &str| {
        let values = json["values"].as_array().unwrap();
        values.iter().find(|value| value["key"] == key).map_or(Value::Null, |value| value["value"].clone())
    };
    let rules = json["values"].as_array().unwrap().iter().filter_map(|value| {
        Some((value["key"].as_str()?.strip_prefix("rules.")?.to_owned(), value["value"].clone()))
    });
    let or_null = |value: Value| if value == json!(false) { Value::Null } else { value };
    json!({
        "retention": value("cron.retention"), "runId": value("cron.run_id"), "keepLast": value("cron.keep_last"),
        "rules": rules.collect::<serde_json::Map<_, _>>(), "maxEntries": or_null(value("max_entries")), "keep": value("keep"),
    })
}

#[test]
fn class_03_the_policy_in_every_report_is_the_configured_one() {
    let file = "[cron]\nretention = \"3d\"\nkeep_last = 2\n[rules]\nhook = \"9d\"\n";
    let env = [("SESSION_REAPER_CRON_RETENTION", "30h"), ("SESSION_REAPER_MAX_ENTRIES", "77")];
    let cases = [
        (None, &[][..], ""),
        (Some(file), &[], ""),
        (Some(file), &env, ""),
        (Some(file), &env, "--retention 26h --keep x* --rule subagent=5d"),
    ];
    let mut retentions = Vec::new();
    for (file, env, flags) in cases {
        let world = World::with(&expired());
        if let Some(file) = file {
            world.write("session-reaper.toml", file);
        }
        let expected = configured(&world, env, flags);
        for verb in ["prune -n", "plan", "tick -n", "tick", "prune -y"] {
            let mut command = world.command(&format!("{verb} --json {flags} {STORE}"));
            let json = Ran::of(command.envs(env.iter().copied()).output().unwrap()).expect(0).json();
            assert_eq!(json["policy"], expected, "{verb} {flags}");
        }
        retentions.push(expected["retention"].clone());
    }
    assert_eq!(retentions, ["24h", "3d", "1d6h", "1d2h"], "each source reaches the sweeper");
}
