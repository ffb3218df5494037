//! What is taken from an OpenClaw installation, and what is refused instead of guessed.

use proptest::prelude::*;

use super::*;

const STATE: &str = "/home/u/.openclaw";
const JSON: &str = "/home/u/.openclaw/openclaw.json";

fn flags() -> Flags {
    flag(Setting::OpenClaw, "true")
}

fn with_json(text: &str) -> Result<Effective, ConfigError> {
    load(&flags(), &env(&[]), &Memory::default().with(JSON, text), None, None)
}

fn stores(effective: &Effective) -> Vec<&str> {
    effective.stores.iter().map(|path| path.to_str().unwrap()).collect()
}

#[test]
fn without_a_file_openclaws_own_defaults_are_in_force() {
    let effective = load(&flags(), &env(&[]), &Memory::default(), None, None).unwrap();
    assert_eq!(stores(&effective), ["/home/u/.openclaw/agents/*/sessions/sessions.json"]);
    assert_eq!(effective.origin(Setting::Stores), &Origin::OpenClaw(STATE.into()));
    assert_eq!(shown(&effective, "cron.retention"), ("\"24h\"".to_owned(), "default".to_owned()));
    assert_eq!(shown(&effective, "openclaw"), (format!("{STATE:?}"), "--openclaw".to_owned()));
}

#[test]
fn a_retention_of_openclaws_is_read_by_its_own_grammar() {
    for (value, expected) in [
        ("'48h'", "\"2d\""),
        ("'48'", "\"2d\""),
        ("' 1H30M '", "\"1h30m\""),
        ("\"1.5d\"", "\"1d12h\""),
        ("false", "false"),
    ] {
        let effective =
            with_json(&format!("// ours\n{{ cron: {{ sessionRetention: {value}, }}, }}")).unwrap();
        assert_eq!(shown(&effective, "cron.retention"), (expected.to_owned(), JSON.to_owned()), "{value}");
    }
    for text in ["{}", "{cron: {}}", "\u{feff}{}", "{cron: {enabled: true}, gateway: {port: 1}}"] {
        assert_eq!(shown(&with_json(text).unwrap(), "cron.retention").1, "default", "{text}");
    }
}

#[test]
fn a_retention_that_openclaw_would_not_read_is_an_error_and_no_default() {
    for value in [
        "24",
        "0",
        "-1",
        "1.5",
        "1e300",
        "Infinity",
        "NaN",
        "null",
        "true",
        "[]",
        "{}",
        "''",
        "' '",
        "'0'",
        "'0h'",
        "'0.0d'",
        "'-1h'",
        "'1w'",
        "'1e3h'",
        "'off'",
        "'false'",
        "'never'",
        "'24 h'",
        "'${AGE}'",
        "'99999999999999999999d'",
    ] {
        let error = with_json(&format!("{{cron: {{sessionRetention: {value}}}}}")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{JSON}: cron.sessionRetention: ")), "{value}: {error}");
        assert!(error.contains("is no retention") && error.contains("--retention"), "{error}");
        assert!(error.ends_with("; nothing was removed"), "{error}");
    }
}

#[test]
fn a_retention_of_ours_beats_openclaws_even_a_bad_one() {
    for json in
        ["{cron: {sessionRetention: '48h'}}", "{cron: {sessionRetention: 0}}", "{$include: './cron.json5'}"]
    {
        let files = Memory::default()
            .with(JSON, json)
            .with("session-reaper.toml", "cron.retention = '3h'\nopenclaw = true\nstores = ['/s']");
        let effective = load(&Flags::default(), &env(&[]), &files, None, None).unwrap();
        assert_eq!(
            shown(&effective, "cron.retention"),
            ("\"3h\"".to_owned(), "session-reaper.toml:1".to_owned())
        );
    }
}

#[test]
fn the_place_of_the_stores_is_read_with_agent_and_home() {
    for (value, expected) in [
        ("'/srv/{agentId}/sessions.json'", "/srv/*/sessions.json"),
        ("'~/oc/{agentId}/s-{agentId}.json'", "/home/u/oc/*/s-*.json"),
        ("'/srv/one.json'", "/srv/one.json"),
        ("'/srv/[a]*/{agentId}.json'", "/srv/[[]a[]][*]/*.json"),
    ] {
        let effective = with_json(&format!("{{session: {{store: {value}}}}}")).unwrap();
        assert_eq!(stores(&effective), [expected]);
        assert_eq!(effective.origin(Setting::Stores), &Origin::OpenClaw(JSON.into()));
    }
    for value in ["5", "''", "'x/sessions.json'", "'${DIR}/sessions.json'", "null", "['/x']"] {
        let error = with_json(&format!("{{session: {{store: {value}}}}}")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{JSON}: session.store: ")), "{error}");
    }
}

#[test]
fn wildcards_in_the_state_folder_are_no_wildcards() {
    let effective = of_flags(&flag(Setting::OpenClaw, "/x/[1]*")).unwrap();
    assert_eq!(stores(&effective), ["/x/[[]1[]][*]/agents/*/sessions/sessions.json"]);
    assert_eq!(effective.openclaw.as_deref(), Some(Path::new("/x/[1]*")));
}

#[test]
fn the_state_folder_and_the_file_are_where_openclaw_looks() {
    let files = Memory::default()
        .with("/s/openclaw.json", "{cron: {sessionRetention: '1h'}}")
        .with("/d/openclaw.json", "{cron: {sessionRetention: '2h'}}")
        .with("/c.json", "{cron: {sessionRetention: '3h'}}");
    let by_variable = [("OPENCLAW_STATE_DIR", "/s"), ("OPENCLAW_CONFIG_PATH", "")];
    let both = [("OPENCLAW_STATE_DIR", "/s"), ("OPENCLAW_CONFIG_PATH", "/c.json")];
    for (flag_text, variables, retention, state) in [
        ("true", &by_variable[..], "\"1h\"", "/s"),
        ("/d", &by_variable, "\"2h\"", "/d"),
        ("true", &both, "\"3h\"", "/s"),
    ] {
        let effective =
            load(&flag(Setting::OpenClaw, flag_text), &env(variables), &files, None, None).unwrap();
        assert_eq!(shown(&effective, "cron.retention").0, retention);
        assert_eq!(effective.openclaw.as_deref(), Some(Path::new(state)));
    }
    let nowhere = env(&[("OPENCLAW_CONFIG_PATH", "/nowhere.json")]);
    let error = load(&flags(), &nowhere, &files, None, None).unwrap_err().to_string();
    assert!(
        error.starts_with("/nowhere.json: there is no such file, and OPENCLAW_CONFIG_PATH names it"),
        "{error}"
    );
    let homeless = load(&flags(), &Environment::default(), &files, None, None).unwrap_err().to_string();
    assert!(homeless.starts_with("--openclaw: cannot tell where"), "{homeless}");
}

#[test]
fn stores_give_way_only_to_a_wish_from_higher_up() {
    let file = "stores = ['/ours']\n";
    let of = |file: &str, flags: &Flags| {
        let files = Memory::default().with("session-reaper.toml", file);
        let effective = load(flags, &env(&[]), &files, None, None).unwrap();
        stores(&effective).join(" ")
    };
    let theirs = "/oc/agents/*/sessions/sessions.json";
    let asked = flag(Setting::OpenClaw, "/oc");
    assert_eq!(of(file, &asked), theirs);
    assert_eq!(of(&format!("{file}openclaw = '/oc'"), &Flags::default()), "/ours");
    assert_eq!(of("openclaw = '/oc'", &Flags::default()), theirs);
    assert_eq!(of(file, &Flags { stores: vec!["/arg".into()], ..asked }), "/arg");
    assert_eq!(of("openclaw = '/oc'", &flag(Setting::OpenClaw, "false")), "");
}

#[test]
fn a_file_that_cannot_be_understood_is_an_error() {
    for (text, message) in [
        ("", "not JSON5"),
        ("{\n\n  cron: }", "not JSON5"),
        ("{}{}", "not JSON5"),
        ("[]", "holds no object"),
        ("null", "holds no object"),
        ("{cron: 5}", "cron: 5 is no object"),
        ("{session: []}", "session: [] is no object"),
        ("{$include: './x.json5'}", "$include"),
        ("{cron: {$include: './x.json5'}}", "$include"),
        ("{cron: {sessionRetention: '1h'}, session: {$include: 'y'}}", "$include"),
    ] {
        let error = with_json(text).unwrap_err().to_string();
        assert!(error.starts_with(JSON) && error.contains(message), "{text}: {error}");
    }
    let deep = format!("{{a: {}", "[".repeat(1_000_000));
    assert!(with_json(&deep).unwrap_err().to_string().contains("nested too deep"));
    let line = with_json("{\n\n  cron: }").unwrap_err().problems()[0].line;
    assert_eq!(line, Some(3));
    let files = Memory::default().with_broken(JSON, io::ErrorKind::PermissionDenied);
    let error = load(&flags(), &env(&[]), &files, None, None).unwrap_err().to_string();
    assert_eq!(error, format!("{JSON}: cannot read it: permission denied; nothing was removed"));
}

#[test]
fn everything_wrong_in_openclaws_file_is_listed() {
    let error = with_json("{cron: {sessionRetention: 0}, session: {store: 0}}").unwrap_err();
    assert_eq!(error.problems().len(), 2);
}

proptest! {
    #[test]
    fn no_file_of_openclaws_makes_it_panic(text in "\\PC{0,60}|[\\[\\]{}:,'\"/*\\\\a-z0-9.\n+-]{0,60}|\\{cron: \\{sessionRetention: [^}]{0,12}\\}\\}") {
        if let Ok(effective) = with_json(&text) {
            prop_assert!(effective.policy.retention().age().is_none_or(|age| age.as_millis() > 0));
        }
    }
}
