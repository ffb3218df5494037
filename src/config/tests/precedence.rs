//! Flag over variable over file over OpenClaw over default, for each value by itself.

use proptest::prelude::*;

use super::*;

/// A setting with a value for each source: default, file, variable, flag; as they are shown.
type Case = (Setting, [&'static str; 4]);

/// Every setting but the rules, which the next test has, `openclaw`, which has a room of its own, the folder of jobs, which is
/// nothing without names, and the age of orphans, whose default is another value's.
const CASES: [Case; 31] = [
    (Setting::Stores, ["[]", "[\"/f\"]", "[\"/e\"]", "[\"/a\"]"]),
    (Setting::Retention, ["\"24h\"", "\"1h\"", "false", "\"3h\""]),
    (Setting::RunId, ["\"uuid\"", "\"any\"", "\"uuid\"", ""]),
    (Setting::KeepLast, ["0", "1", "0", "3"]),
    (Setting::MaxEntries, ["false", "100", "200", "false"]),
    (Setting::Keep, ["[]", "[\"f*\"]", "[\"e*\"]", "[\"a*\"]"]),
    (Setting::TrashEnabled, ["true", "false", "true", "false"]),
    (Setting::TrashRetention, ["\"1w\"", "\"2w\"", "false", "\"3w\""]),
    (Setting::TrashCompress, ["false", "true", "false", ""]),
    (Setting::Every, ["\"5m\"", "\"1m\"", "\"2m\"", "\"3m\""]),
    (Setting::LockTimeout, ["\"5s\"", "\"1s\"", "\"2s\"", "\"3s\""]),
    (Setting::MaxTime, ["false", "\"10m\"", "false", "\"30m\""]),
    (Setting::BesideLiveGateway, ["false", "true", "false", "true"]),
    (Setting::AllowMassDelete, ["false", "true", "false", "true"]),
    (Setting::AllowClockJump, ["false", "true", "false", "true"]),
    (Setting::AllowTightened, ["false", "true", "false", "true"]),
    (Setting::WorkspacesNames, ["[]", "[\"f-*\"]", "[\"e-*\"]", ""]),
    (Setting::WorkspacesTtl, ["\"24h\"", "\"1h\"", "false", ""]),
    (Setting::WorkspacesSecretTtl, ["\"6h\"", "false", "\"2h\"", ""]),
    (Setting::WorkspacesSecrets, ["[\".cred.sh\"]", "[\".f\"]", "[\".e\"]", ""]),
    (Setting::WorkspacesSiblings, ["[\"-artifacts\"]", "[\"-f\"]", "[\"-e\"]", ""]),
    (Setting::MediaDir, ["false", "\"/f\"", "\"/e\"", ""]),
    (Setting::MediaEnabled, ["true", "false", "true", ""]),
    (Setting::MediaMaxAge, ["\"30m\"", "\"1h\"", "false", ""]),
    (Setting::MediaInterval, ["\"5m\"", "\"1m\"", "\"2m\"", ""]),
    (Setting::PayloadsDir, ["false", "\"/f-spool\"", "\"/e-spool\"", ""]),
    (Setting::PayloadsGrace, ["\"24h\"", "\"1h\"", "false", ""]),
    (Setting::PayloadsMaxBytes, ["false", "1000", "2000", ""]),
    (Setting::PayloadsInlineLimit, ["51200", "1000", "2000", ""]),
    (Setting::LogFormat, ["\"text\"", "\"json\"", "\"text\"", "\"json\""]),
    (Setting::Color, ["\"auto\"", "\"always\"", "\"never\"", "\"auto\""]),
];

/// A shown value as a variable or flag writes it.
fn bare(literal: &str) -> String {
    literal.trim_matches(['[', ']']).trim_matches('"').to_owned()
}

/// Which sources give each of the cases.
type Given = [[bool; 3]; CASES.len()];

fn load_case(given: &Given) -> Effective {
    let mut lines = vec![];
    let mut variables = vec![];
    let mut flags = Flags::default();
    for ((setting, [_, in_file, in_env, in_flag]), [f, e, a]) in CASES.iter().zip(given) {
        if *f {
            lines.push(format!("{} = {in_file}", setting.key()));
        }
        if *e {
            variables.push((setting.env(), bare(in_env)));
        }
        if *a && setting.flag().is_some() {
            flags = merge(flags, flag(*setting, &bare(in_flag)));
        }
    }
    let files = Memory::default().with("session-reaper.toml", &lines.join("\n"));
    load(&flags, &variables.into_iter().collect(), &files, None, None).unwrap()
}

fn merge(a: Flags, b: Flags) -> Flags {
    let many = |a: Vec<String>, b: Vec<String>| if b.is_empty() { a } else { b };
    Flags {
        stores: if b.stores.is_empty() { a.stores } else { b.stores },
        openclaw: b.openclaw.or(a.openclaw),
        retention: b.retention.or(a.retention),
        keep_last: b.keep_last.or(a.keep_last),
        rules: many(a.rules, b.rules),
        max_entries: b.max_entries.or(a.max_entries),
        keep: many(a.keep, b.keep),
        no_trash: b.no_trash || a.no_trash,
        trash_retention: b.trash_retention.or(a.trash_retention),
        every: b.every.or(a.every),
        lock_timeout: b.lock_timeout.or(a.lock_timeout),
        max_time: b.max_time.or(a.max_time),
        beside_live_gateway: b.beside_live_gateway.or(a.beside_live_gateway),
        allow_mass_delete: b.allow_mass_delete.or(a.allow_mass_delete),
        allow_clock_jump: b.allow_clock_jump.or(a.allow_clock_jump),
        allow_tightened: b.allow_tightened.or(a.allow_tightened),
        log_format: b.log_format.or(a.log_format),
        color: b.color.or(a.color),
    }
}

proptest! {
    #[test]
    fn the_highest_source_wins_for_each_value_by_itself(given in any::<[[bool; 3]; CASES.len()]>()) {
        let effective = load_case(&given);
        for ((setting, values), [f, e, a]) in CASES.iter().zip(given) {
            let source = match setting.flag() {
                Some(_) if a => 3,
                _ if e => 2,
                _ if f => 1,
                _ => 0,
            };
            let (value, _) = shown(&effective, setting.key());
            prop_assert_eq!(&value, values[source], "{:?}", setting);
            let origin = effective.origin(*setting);
            prop_assert_eq!(usize::from(origin.rank()), [0, 2, 3, 4][source], "{:?} {}", setting, origin);
        }
    }

    #[test]
    fn what_is_shown_is_a_file_with_the_same_effect(given in any::<[[bool; 3]; CASES.len()]>()) {
        let effective = load_case(&given);
        let again = of_text(&text_of(&effective)).unwrap();
        // Only the origins are others: there everything comes from the file.
        let (file, origins) = (again.file.clone(), again.origins.clone());
        prop_assert_eq!(again, Effective { file, origins, ..effective });
    }

    #[test]
    fn any_text_survives_being_shown(text in "\\PC{1,20}|[\"'\\\\\u{1}-\u{1f}\u{7f}]{1,9}") {
        prop_assume!(!text.trim().is_empty());
        let flags = Flags { keep: vec![text.clone()], stores: vec![format!("/{text}").into()], ..Flags::default() };
        let effective = of_flags(&flags).unwrap();
        let again = of_text(&text_of(&effective)).unwrap();
        prop_assert_eq!(again.policy, effective.policy);
        prop_assert_eq!(again.stores, effective.stores);
    }
}

fn text_of(effective: &Effective) -> String {
    show(effective).iter().map(ShownValue::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn rules_go_kind_by_kind() {
    let files =
        Memory::default().with("session-reaper.toml", "[rules]\nsubagent = '1d'\nhook = '1d'\nacp = '1d'\n");
    let env = env(&[("SESSION_REAPER_RULES", "hook=2d, acp=2d")]);
    let flags = Flags { rules: vec!["acp=off".into()], ..Flags::default() };
    let effective = load(&flags, &env, &files, None, None).unwrap();
    for (key, value, origin) in [
        ("rules.subagent", "\"1d\"", "session-reaper.toml:2"),
        ("rules.hook", "\"2d\"", "SESSION_REAPER_RULES"),
        ("rules.acp", "false", "--rule"),
    ] {
        let value = value.replace("1d", "24h");
        assert_eq!(shown(&effective, key), (value, origin.to_owned()));
    }
    assert_eq!(effective.policy.rules().len(), 3);
}

#[test]
fn a_bad_value_is_an_error_even_where_a_better_one_overrules_it() {
    let flags = Flags { retention: Some("24h".into()), ..Flags::default() };
    assert!(
        load(&flags, &env(&[("SESSION_REAPER_CRON_RETENTION", "0")]), &Memory::default(), None, None)
            .is_err()
    );
    let files = Memory::default().with("session-reaper.toml", "cron.retention = 0");
    assert!(load(&flags, &env(&[]), &files, None, None).is_err());
}

#[test]
fn lists_of_variables_are_taken_apart_at_their_own_sign() {
    let stores = if cfg!(windows) { "/a;~/b" } else { "/a:~/b" };
    let effective =
        of_env(&[("SESSION_REAPER_STORES", stores), ("SESSION_REAPER_KEEP", "agent:*:main, hook:*")])
            .unwrap();
    assert_eq!(effective.stores, [Path::new("/a"), Path::new("/home/u/b")]);
    let keep: Vec<&str> = effective.policy.keep().iter().map(crate::policy::Glob::as_str).collect();
    assert_eq!(keep, ["agent:*:main", "hook:*"]);
}

#[test]
fn shown_values_speak_json_too() {
    let effective = of_flags(&flag(Setting::Retention, "36h")).unwrap();
    let json = serde_json::to_value(show(&effective)).unwrap();
    assert_eq!(
        json[2],
        serde_json::json!({
            "key": "cron.retention", "value": "1d12h", "origin": "--retention",
            "env": "SESSION_REAPER_CRON_RETENTION", "flag": "--retention"
        })
    );
}
