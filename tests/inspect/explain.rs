//! Every rule and every keep reason, explained.

use session_reaper::{
    Policy, Retention,
    inspect::{Answer, Explanation, explain},
    policy::{Decision, KeepReason, Rule, RunId},
};

use crate::support::{Fixture, NOW, UUID, policy, row, rows, run, store};

fn explained(fixture: &Fixture, policy: &Policy, key: &str) -> Explanation {
    match explain(&fixture.store, policy, NOW, key).unwrap() {
        Answer::Row(explanation) => *explanation,
        Answer::Nearest(near) => panic!("{key} is not there: {near:?}"),
    }
}

/// Both sentences.
fn told(fixture: &Fixture, policy: &Policy, key: &str, decision: Decision) -> String {
    let explanation = explained(fixture, policy, key);
    assert_eq!(explanation.row.verdict.decision, decision);
    format!("{} {}", explanation.why, explanation.outlook)
}

/// Both sentences about a row that stays.
fn kept(text: &str, policy: &Policy, key: &str, reason: KeepReason) -> String {
    told(&store(text), policy, key, Decision::Keep(reason))
}

const KEY: &str = "agent:main:cron:daily:run:0f6a2b1c-1111-4222-8333-444455556666";

fn cron(value: &str) -> String {
    format!("{{\"{KEY}\":{value}}}")
}

fn one(key: &str, hours: i64) -> String {
    format!("{{{}}}", row(key, hours))
}

#[test]
fn a_row_that_has_outlived_its_retention() {
    let fixture = rows(&[row(KEY, 100)]);
    let kind = session_reaper::Kind::CronRun;
    insta::assert_snapshot!(told(&fixture, &policy(), KEY, Decision::Prune(Rule::Retention(kind))), @"It has outlived the retention of cron-run rows, 24h, by 3d4h. The next sweep removes it.");
    let child = format!("{KEY}:subagent:x");
    let fixture = rows(&[row(KEY, 100), row(&child, 30)]);
    insta::assert_snapshot!(told(&fixture, &policy(), KEY, Decision::Prune(Rule::Retention(kind))), @"It has outlived the retention of cron-run rows, 24h, by 3d4h, and so has every other row of its family. The next sweep removes it.");
}

#[test]
fn a_row_that_the_cap_takes() {
    let policy = policy().with_max_entries(1).unwrap();
    let fixture = rows(&[row("agent:main:hook:a", 2), row("agent:main:hook:b", 1)]);
    insta::assert_snapshot!(told(&fixture, &policy, "agent:main:hook:a", Decision::Prune(Rule::MaxEntries)), @"The cap of 1 row is full of rows that are newer. The next sweep removes it.");
    insta::assert_snapshot!(told(&fixture, &policy, "agent:main:hook:b", Decision::Keep(KeepReason::WithinCap)), @"Only the cap of 1 row takes hook rows, and it has room. It stays until newer rows need its room.");
}

#[test]
fn a_row_that_is_young() {
    insta::assert_snapshot!(kept(&one(KEY, 3), &policy(), KEY, KeepReason::NotExpired), @"It is 3h old; the retention of cron-run rows is 24h. It goes after 2026-11-22T05:00:00.000Z, in 21h.");
    let policy = policy().with_keep_last(3).with_max_entries(500).unwrap();
    insta::assert_snapshot!(kept(&one(KEY, 3), &policy, KEY, KeepReason::NotExpired), @"It is 3h old; the retention of cron-run rows is 24h. It goes after 2026-11-22T05:00:00.000Z, in 21h, unless its run is then one of the newest 3 of its job, or sooner if the cap of 500 rows needs its room.");
}

#[test]
fn rows_that_no_rule_takes() {
    insta::assert_snapshot!(kept(&one("agent:main:main", 900), &policy(), "agent:main:main", KeepReason::NoRule), @"No rule speaks of main rows. It stays: no rule may take rows of its kind.");
    insta::assert_snapshot!(kept(&one("agent:main:subagent:s", 900), &policy(), "agent:main:subagent:s", KeepReason::NoRule), @"No rule speaks of subagent rows. It stays. `--rule subagent=30d` would limit such rows.");
    insta::assert_snapshot!(kept(&one(KEY, 900), &policy().with_retention(Retention::Off), KEY, KeepReason::RuleOff), @"The rule for cron-run rows is off. It stays. `--retention 24h` would limit such rows.");
    insta::assert_snapshot!(kept(&one("?", 900), &policy(), "?", KeepReason::UnknownKind), @"Nobody knows what its key says it is; what is unknown stays. It stays.");
    insta::assert_snapshot!(kept(&one("cron:a:run:7", 900), &policy(), "cron:a:run:7", KeepReason::RunIdNotUuid), @"Its key looks like a cron run's, but the run's id is no UUID. It stays. `cron.run_id = \"any\"` would let the retention take it.");
}

#[test]
fn rows_whose_age_nobody_knows() {
    for (value, reason) in [
        ("7", KeepReason::NotAnObject),
        ("{}", KeepReason::NoTimestamp),
        ("{\"updatedAt\":null}", KeepReason::NoTimestamp),
        ("{\"updatedAt\":\"x\"}", KeepReason::UnreadableTimestamp),
        ("{\"updatedAt\":1773912345}", KeepReason::ImplausibleTimestamp),
        ("{\"updatedAt\":1e300}", KeepReason::ImplausibleTimestamp),
    ] {
        let text = kept(&cron(value), &policy(), KEY, reason);
        assert!(text.ends_with(" It stays until somebody writes a time into it."), "{text}");
    }
    insta::assert_snapshot!(kept(&cron("{\"updatedAt\":0}"), &policy(), KEY, KeepReason::ImplausibleTimestamp), @"Its updatedAt is 0, which is no time in milliseconds (seconds? zero?). It stays until somebody writes a time into it.");
    insta::assert_snapshot!(kept(&one(KEY, -3), &policy(), KEY, KeepReason::FutureTimestamp), @"Its updatedAt lies 3h in the future, so its age cannot be believed. It goes after 2026-11-22T11:00:00.000Z, in 1d3h.");
}

#[test]
fn a_row_that_its_family_keeps_goes_with_the_youngest() {
    let (child, other) = (format!("{KEY}:subagent:x"), format!("{KEY}:subagent:y"));
    let fixture = rows(&[row(KEY, 48), row(&child, 2), row(&other, 30), row(&run(9), 1)]);
    insta::assert_snapshot!(told(&fixture, &policy(), KEY, Decision::Keep(KeepReason::Family)), @"It has expired, but another row of its family has not. It goes after 2026-11-22T06:00:00.000Z, in 22h.");
    let explanation = explained(&fixture, &policy(), KEY);
    let family: Vec<_> =
        explanation.family.iter().map(|row| (row.key.to_string(), row.keeps_family())).collect();
    assert_eq!((explanation.relatives, family), (2, vec![(child, true), (other, false)]));
}

#[test]
fn a_row_whose_family_has_one_without_a_time_stays() {
    let child = format!("{KEY}:subagent:x");
    let fixture = rows(&[row(KEY, 48), format!("\"{child}\":{{}}")]);
    insta::assert_snapshot!(told(&fixture, &policy(), KEY, Decision::Keep(KeepReason::Family)), @"It has expired, but another row of its family has not. It stays as long as the row of its family that no time removes.");
    let fixture = rows(&[row(KEY, 4), format!("\"{child}\":{{}}")]);
    let explanation = explained(&fixture, &policy(), KEY);
    assert_eq!((explanation.goes_after, explanation.relatives), (None, 1));
}

#[test]
fn rows_that_the_policy_protects() {
    let last = policy().with_keep_last(2);
    insta::assert_snapshot!(kept(&one(KEY, 48), &last, KEY, KeepReason::KeepLast), @"It has expired, but is one of the newest 2 runs of its job. It stays until its job has run more often.");
    let glob = policy().with_keep("x".parse().unwrap()).with_keep("*:cron:daily:*".parse().unwrap());
    insta::assert_snapshot!(kept(&one(KEY, 48), &glob, KEY, KeepReason::KeepPattern), @"The pattern *:cron:daily:* protects it. It stays.");
}

#[test]
fn a_key_is_what_javascript_sees_of_it() {
    let fixture = store(r#"{"\u0061gent:main:\ud800":{"updatedAt":1},"a\\b":{},"x":1,"x":{}}"#);
    let found = explained(&fixture, &policy(), r"agent:main:\ud800");
    assert_eq!(found.row.key.to_json(), r#""agent:main:\ud800""#);
    assert_eq!(explained(&fixture, &policy(), r"a\b").row.key.to_string(), r"a\b");
    assert_eq!(explained(&fixture, &policy(), "x").occurrences, 2);
}

#[test]
fn of_a_key_that_stands_twice_the_last_one_is_explained() {
    let fixture = rows(&[row(KEY, 48), row(KEY, 1)]);
    let explanation = explained(&fixture, &policy(), KEY);
    assert_eq!((explanation.occurrences, explanation.relatives), (2, 0));
    assert_eq!(explanation.row.age_millis(), Some(3_600_000));
}

#[test]
fn a_key_that_is_not_there_is_answered_with_those_nearest_to_it() {
    let fixture =
        rows(&[row("agent:main:main", 1), row(KEY, 2), row(&run(7), 3), row("agent:main:subagent:s", 3)]);
    let near = |key: &str| match explain(&fixture.store, &policy(), NOW, key).unwrap() {
        Answer::Nearest(near) => near.iter().map(ToString::to_string).collect::<Vec<_>>(),
        Answer::Row(_) => panic!("{key} is there"),
    };
    assert_eq!(near(UUID)[0], KEY);
    assert_eq!(near(&KEY.to_uppercase())[0], KEY);
    assert_eq!(near("agent:main:mian")[0], "agent:main:main");
    assert_eq!(near("main").len(), 3);
    assert_eq!(near("something else"), [""; 0]);
}

#[test]
fn any_id_of_a_run_may_count() {
    let any = policy().with_run_id(RunId::Any);
    let kind = session_reaper::Kind::CronRun;
    let fixture = rows(&[row("cron:a:run:7", 48)]);
    told(&fixture, &any, "cron:a:run:7", Decision::Prune(Rule::Retention(kind)));
}

#[test]
fn the_json_says_it_all() {
    let child = format!("{KEY}:subagent:x");
    let fixture = rows(&[row(KEY, 48), row(&child, 2)]);
    let json = serde_json::to_string_pretty(&explained(&fixture, &policy(), KEY)).unwrap();
    insta::assert_snapshot!(json, @r#"
{
  "key": "agent:main:cron:daily:run:0f6a2b1c-1111-4222-8333-444455556666",
  "kind": "cron-run",
  "bytes": 91,
  "action": "keep",
  "reason": "family",
  "updatedAt": "2026-11-19T08:00:00.000Z",
  "ageMs": 172800000,
  "expiresAt": "2026-11-20T08:00:00.000Z",
  "occurrences": 1,
  "retention": "24h",
  "goesAfter": "2026-11-22T06:00:00.000Z",
  "why": "It has expired, but another row of its family has not.",
  "outlook": "It goes after 2026-11-22T06:00:00.000Z, in 22h.",
  "pin": null,
  "relatives": 1,
  "family": [
    {
      "key": "agent:main:cron:daily:run:0f6a2b1c-1111-4222-8333-444455556666:subagent:x",
      "action": "keep",
      "reason": "not-expired",
      "expiresAt": "2026-11-22T06:00:00.000Z",
      "keepsFamily": true
    }
  ]
}
"#);
}
