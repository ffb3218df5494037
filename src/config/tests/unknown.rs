//! Names that nobody knows: refused at every level, with the name that was meant.

use super::*;

#[test]
fn an_unknown_key_is_named_with_its_line_and_what_was_meant() {
    for (text, line, message) in [
        ("[cron]\nretension = '24h'", 2, "unknown key \"retension\" in [cron]; did you mean \"retention\"?"),
        ("[cron]\nkeep-last = 3", 2, "unknown key \"keep-last\" in [cron]; did you mean \"keep_last\"?"),
        ("\nevry = '5m'", 2, "unknown key \"evry\"; did you mean \"every\"?"),
        ("[corn]\nretention = '24h'", 1, "unknown key \"corn\"; did you mean \"cron\"?"),
        ("retention = '24h'", 1, "unknown key \"retention\"; did you mean \"retention\" in [cron]?"),
        (
            "[cron]\nevery = '5m'",
            2,
            "unknown key \"every\" in [cron]; did you mean \"every\", which stands above all tables?",
        ),
        ("[log]\nfromat = 'json'", 2, "unknown key \"fromat\" in [log]; did you mean \"format\"?"),
        ("[trsh]\nretention = '7d'", 1, "unknown key \"trsh\"; did you mean \"trash\"?"),
        ("[trash]\nretension = '7d'", 2, "unknown key \"retension\" in [trash]; did you mean \"retention\"?"),
        (
            "[trash]\nmax_time = '7d'",
            2,
            "unknown key \"max_time\" in [trash]; did you mean \"max_time\", which stands above",
        ),
        ("enabled = false", 1, "unknown key \"enabled\"; did you mean \"enabled\" in [trash]?"),
        ("[rules]\nsubagnet = '7d'", 2, "unknown key \"subagnet\" in [rules]; did you mean \"subagent\"?"),
        ("[rules]\nzzz = '7d'", 2, "unknown key \"zzz\" in [rules]; known are cron-base, subagent, hook,"),
        ("\"cron.retention\" = '24h'", 1, "unknown key \"cron.retention\""),
        ("zzzzzz = 1", 1, "unknown key \"zzzzzz\""),
        ("[cron.retention]\nage = 1", 1, "cron.retention: a table is no age"),
        ("[[cron]]\nretention = '24h'", 1, "cron: a list is no table"),
    ] {
        let error = of_text(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("session-reaper.toml:{line}: {message}")), "{text}: {error}");
        assert!(error.ends_with("; nothing was removed"), "{error}");
    }
}

#[test]
fn an_unknown_variable_is_named_with_what_was_meant() {
    for (name, message) in [
        ("SESSION_REAPER_RETENTION", "unknown variable; did you mean \"SESSION_REAPER_CRON_RETENTION\"?"),
        ("SESSION_REAPER_TRASH", "unknown variable"),
        ("SESSION_REAPER_NO_TRASH", "unknown variable"),
        ("SESSION_REAPER_COMPRESS", "unknown variable; did you mean \"SESSION_REAPER_TRASH_COMPRESS\"?"),
        ("SESSION_REAPER_MAXTIME", "unknown variable; did you mean \"SESSION_REAPER_MAX_TIME\"?"),
        ("SESSION_REAPER_EVRY", "unknown variable; did you mean \"SESSION_REAPER_EVERY\"?"),
        ("SESSION_REAPER_CONFIGURATION", "unknown variable; did you mean \"SESSION_REAPER_CONFIG\"?"),
        ("SESSION_REAPER_", "unknown variable; nothing"),
        ("SESSION_REAPER_ZZZ", "unknown variable; nothing"),
    ] {
        let error = of_env(&[(name, "24h")]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: {message}")), "{error}");
    }
}

#[test]
fn variables_of_others_and_of_tests_are_left_alone() {
    let variables = [
        ("SESSION_REAPER_NODE_DOCS", "1"),
        ("SESSION_REAPER_TEST_X", ""),
        ("SESSIONREAPER_X", "1"),
        ("PATH", ""),
    ];
    assert_eq!(of_env(&variables).unwrap(), Effective::default());
}
