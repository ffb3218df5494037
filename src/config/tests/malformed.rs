//! Values that nobody can mean: each is refused by name, in every source, and none becomes a default.

use proptest::prelude::*;

use super::*;

/// What is said, whatever is wrong.
pub(super) fn refused(result: Result<Effective, ConfigError>, place: &str, parts: &[&str]) {
    let message = result.expect_err(place).to_string();
    assert!(message.starts_with(&format!("{place}: ")), "{place}: {message}");
    assert!(message.ends_with("; nothing was removed"), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// Texts that are no age, for variables and flags. An empty variable is refused before it is read.
const NO_AGES: [&str; 30] = [
    "0",
    "0h",
    "0ms",
    "-1",
    "-24h",
    "24",
    "24 h",
    " 24h",
    "1e300",
    "1e300h",
    "18446744073709551615d",
    "NaN",
    "inf",
    "Infinity",
    "null",
    "nil",
    "none",
    "true",
    "yes",
    "1y",
    "1M",
    "24H",
    "h",
    "1h1h",
    "1.h",
    ".5h",
    "1,5h",
    "[24h]",
    "99999999999999999999w",
    "\"24h\"",
];

/// The settings that are ages, or an age or `false`.
const AGES: [Setting; 5] =
    [Setting::Retention, Setting::TrashRetention, Setting::Every, Setting::LockTimeout, Setting::MaxTime];

/// The settings that are yes or no.
const SWITCHES: [Setting; 6] = [
    Setting::TrashEnabled,
    Setting::TrashCompress,
    Setting::BesideLiveGateway,
    Setting::AllowMassDelete,
    Setting::AllowClockJump,
    Setting::AllowTightened,
];

#[test]
fn no_malformed_age_is_taken_from_a_variable_or_a_flag() {
    for setting in AGES {
        for text in NO_AGES {
            let parts = [format!("{text:?}"), "24h".to_owned()];
            let parts = parts.each_ref().map(String::as_str);
            refused(of_env(&[(&setting.env(), text)]), &setting.env(), &parts);
            refused(of_flags(&flag(setting, text)), setting.flag().unwrap(), &parts);
        }
        refused(of_env(&[(&setting.env(), "")]), &setting.env(), &["empty"]);
        refused(of_flags(&flag(setting, "")), setting.flag().unwrap(), &["\"\"", "empty", "24h"]);
    }
}

#[test]
fn no_malformed_age_is_taken_from_a_rule() {
    for text in NO_AGES {
        let rule = format!("hook={text}");
        refused(of_env(&[("SESSION_REAPER_RULES", &rule)]), "SESSION_REAPER_RULES", &[]);
        refused(of_flags(&flag(Setting::Rules, &rule)), "--rule", &[]);
        let file = format!("\n[rules]\nhook = {text:?}");
        refused(of_text(&file), "session-reaper.toml:3", &["rules.hook: ", &format!("{text:?}"), "24h"]);
    }
}

#[test]
fn no_malformed_age_is_taken_from_the_file() {
    let numbers = ["0", "-1", "24", "1.5", "0.0", "1e300", "inf", "nan", "9223372036854775807", "0x10"];
    let others = ["true", "['24h']", "{ h = 24 }", "2026-11-21", "''"];
    let texts: Vec<String> = NO_AGES.iter().map(|text| format!("{text:?}")).collect();
    for literal in numbers.iter().chain(&others).copied().chain(texts.iter().map(String::as_str)) {
        refused(
            of_text(&format!("\n[cron]\n\nretention = {literal}")),
            "session-reaper.toml:4",
            &["cron.retention: "],
        );
        for key in AGES.map(Setting::key) {
            let text = format!("{key} = {literal}");
            refused(of_text(&text), "session-reaper.toml:1", &[&format!("{key}: ")]);
        }
    }
    refused(of_text("every = false"), "session-reaper.toml:1", &["every: false is no age"]);
}

#[test]
fn a_number_without_a_unit_is_answered_with_the_unit() {
    for (text, expected) in [
        ("cron.retention = 24", "24 is a number without a unit; write \"24h\", or false to keep everything"),
        ("every = 5", "5 is a number without a unit; write \"5m\""),
        ("lock_timeout = 0x10", "16 is a number without a unit; write \"16s\""),
        ("cron.retention = 0", "0 is no age: zero would mean everything at once; write one such as \"24h\""),
        ("cron.retention = -3", "-3 is no age: it is negative"),
        ("cron.retention = 1.5", "1.5 is no age; write one as text"),
        ("cron.retention = true", "true is no age"),
        ("cron.retention = ['24h']", "a list is no age"),
    ] {
        refused(of_text(text), "session-reaper.toml:1", &[expected]);
    }
}

#[test]
fn no_malformed_number_is_taken() {
    let max = u64::from(u32::MAX) + 1;
    for text in
        ["-1", "+1", "1.5", "1e3", "abc", " 1", "0x10", "1_000", "", &max.to_string(), &"9".repeat(60)]
    {
        refused(
            of_flags(&flag(Setting::KeepLast, text)),
            "--keep-last",
            &[&format!("{text:?}"), "whole number"],
        );
    }
    for text in ["0", "-1", "1.5", "abc", "true", "none", "", &"9".repeat(60)] {
        refused(of_flags(&flag(Setting::MaxEntries, text)), "--max-entries", &[]);
    }
    for literal in ["-1", "1.5", "'3'", "true", "false", "[3]", "4294967296"] {
        refused(
            of_text(&format!("cron.keep_last = {literal}")),
            "session-reaper.toml:1",
            &["cron.keep_last: "],
        );
    }
    for literal in ["0", "-1", "1.5", "'3'", "'off'", "true", "[3]"] {
        refused(of_text(&format!("max_entries = {literal}")), "session-reaper.toml:1", &["max_entries: "]);
    }
}

#[test]
fn no_malformed_switch_is_taken() {
    for setting in SWITCHES {
        let neither = |text: &str| format!("{text} is neither true nor false");
        for text in
            ["0", "1", "yes", "no", "on", "off", "never", "True", "FALSE", " true", "null", "\"true\""]
        {
            let part = neither(&format!("{text:?}"));
            refused(of_env(&[(&setting.env(), text)]), &setting.env(), &[&part]);
            if setting.flag().is_some_and(|flag| !flag.starts_with("--no-")) {
                refused(of_flags(&flag(setting, text)), setting.flag().unwrap(), &[&part]);
            }
        }
        refused(of_env(&[(&setting.env(), "")]), &setting.env(), &["empty"]);
        let key = setting.key();
        for (literal, shown) in [
            ("0", "0"),
            ("1", "1"),
            ("'true'", "\"true\""),
            ("''", "\"\""),
            ("[true]", "a list"),
            ("1.0", "1.0"),
        ] {
            let part = format!("{key}: {}", neither(shown));
            refused(of_text(&format!("\n{key} = {literal}")), "session-reaper.toml:2", &[&part]);
        }
    }
}

#[test]
fn a_limit_of_time_may_be_false_and_nothing_else_that_is_no_age() {
    for text in ["false", "off", "never"] {
        assert_eq!(of_flags(&flag(Setting::MaxTime, text)).unwrap().max_time, None, "{text}");
        let origin = shown(&of_text(&format!("max_time = '{text}'")).unwrap(), "max_time").1;
        assert_eq!(origin, "session-reaper.toml:1", "{text}");
    }
    for (text, expected) in [
        ("max_time = 5", "max_time: 5 is a number without a unit; write \"5m\", or false for no limit"),
        ("max_time = '0s'", "or false for no limit"),
        ("trash.retention = 7", "7 is a number without a unit; write \"7d\", or false to keep everything"),
    ] {
        refused(of_text(text), "session-reaper.toml:1", &[expected]);
    }
}

#[test]
fn no_malformed_word_list_or_rule_is_taken() {
    for (text, parts) in [
        ("color = 'red'", ["color: \"red\"", "\"always\""]),
        ("color = true", ["color: true", "\"never\""]),
        ("log.format = 'xml'", ["log.format: \"xml\"", "\"json\""]),
        ("cron.run_id = 'UUID'", ["cron.run_id: \"UUID\"", "\"uuid\""]),
        ("stores = '/x'", ["stores: \"/x\" is no list", "write one such as"]),
        ("stores = ['']", ["stores: \"\"", "empty"]),
        ("keep = [5]", ["keep: 5 is no text", "list of texts"]),
        ("keep = ['']", ["keep: \"\" is no pattern", "empty"]),
        ("openclaw = 5", ["openclaw: 5", "true and false"]),
        ("openclaw = ''", ["openclaw: \"\"", "empty"]),
        ("rules = ['hook=1d']", ["rules: a list is no table", "[rules]"]),
        ("cron = '24h'", ["cron: \"24h\" is no table", "[cron]"]),
        ("rules.main = '1d'", ["rules.main: ", "kind main"]),
        ("rules.cron-run = '1d'", ["rules.cron-run: ", "cron.retention"]),
        ("trash = false", ["trash: false is no table", "write [trash] and its keys below it"]),
        ("[every]", ["every: a table", "text"]),
    ] {
        refused(of_text(text), "session-reaper.toml:1", &parts);
    }
    for (rule, part) in [
        ("hook", "KIND=AGE"),
        ("=1d", "\"\" is no kind of row; known are cron-base, subagent"),
        ("hoook=1d", "\"hoook\" is no kind of row; did you mean \"hook\"?"),
        ("unknown=1d", "kind unknown"),
        ("hook=1d,hook=2d", "given twice"),
        ("hook=1d,,acp=1d", "\"\""),
    ] {
        refused(of_env(&[("SESSION_REAPER_RULES", rule)]), "SESSION_REAPER_RULES", &[part]);
    }
    refused(of_env(&[("SESSION_REAPER_STORES", "/a::/b")]), "SESSION_REAPER_STORES", &["empty"]);
    refused(of_env(&[("SESSION_REAPER_KEEP", "a,,b")]), "SESSION_REAPER_KEEP", &["empty"]);
    refused(of_flags(&flag(Setting::Stores, "")), "STORE", &["empty"]);
}

#[test]
fn a_member_of_a_long_list_is_named_by_its_own_line() {
    let error = of_text("every = '1m'\nkeep = [\n  'a',\n  'b',\n  7,\n]\n").unwrap_err().to_string();
    assert!(error.starts_with("session-reaper.toml:5: keep: 7 is no text"), "{error}");
}

#[test]
fn everything_wrong_is_listed_at_once_in_order() {
    let files =
        Memory::default().with("session-reaper.toml", "every = 5\nclor = 'auto'\n[cron]\nretention = 0\n");
    let flags = Flags { keep_last: Some("x".into()), ..Flags::default() };
    let error = load(&flags, &env(&[("SESSION_REAPER_COLOR", "red")]), &files, None, None).unwrap_err();
    let places: Vec<_> =
        error.problems().iter().map(|problem| (problem.place.as_str(), problem.line)).collect();
    let file = "session-reaper.toml";
    assert_eq!(
        places,
        [
            (file, Some(1)),
            (file, Some(2)),
            (file, Some(4)),
            ("SESSION_REAPER_COLOR", None),
            ("--keep-last", None)
        ]
    );
    assert_eq!(error.to_string().lines().count(), 5);
}

#[test]
fn text_that_is_no_toml_is_named_by_its_line() {
    for (text, line) in [
        ("every = ", 1),
        ("every = '1m'\nevery = '2m'", 2),
        ("[cron]\nretention = '1h'\n[cron]\n", 3),
        ("cron.retention = '1h'\n[cron]\nretention = '2h'", 2),
        ("every = '1m'\r\n\r\n]", 3),
        ("a = \"\\ud800\"", 1),
        ("a = '\u{0}'", 1),
        ("retention: 24h", 1),
    ] {
        refused(of_text(text), &format!("session-reaper.toml:{line}"), &["not TOML"]);
    }
}

#[test]
fn a_variable_that_is_no_text_is_refused() {
    #[cfg(unix)]
    {
        use std::{ffi::OsString, os::unix::ffi::OsStringExt};
        let value = OsString::from_vec(vec![b'2', 0xff]);
        let env: Environment = [("SESSION_REAPER_EVERY", value)].into_iter().collect();
        refused(
            load(&Flags::default(), &env, &Memory::default(), None, None),
            "SESSION_REAPER_EVERY",
            &["no UTF-8 text"],
        );
    }
}

#[test]
fn nothing_nested_deep_breaks_the_stack() {
    for open in ["[", "{a=", "{a=["] {
        assert!(of_text(&format!("a = {}", open.repeat(100_000))).is_err());
    }
    assert!(of_text(&format!("a{} = 1", ".a".repeat(100_000))).is_err());
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "\\PC{0,80}|[a-z_.=\\[\\]{}'\"0-9 \n#-]{0,80}|(every|keep|stores|\\[cron\\]|retention|rules\\.hook)( = [0-9'\\[\\]a-z-]{0,8})?\n?") {
        let _ = of_text(&text);
    }

    #[test]
    fn no_value_makes_it_panic_and_no_age_is_zero(text in "\\PC*|[0-9.smhdw-]{0,8}", setting in prop::sample::select(Setting::ALL.to_vec())) {
        let results = [of_flags(&flag(setting, &text)), of_env(&[(&setting.env(), &text.replace('\0', ""))])];
        for effective in results.into_iter().flatten() {
            let ages = [Some(effective.every), Some(effective.lock_timeout), effective.max_time, effective.trash_retention.age()];
            prop_assert!(ages.into_iter().flatten().all(|age| age.as_millis() > 0));
        }
    }
}
