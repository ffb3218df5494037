//! The verbs as people and scripts meet them.

use assert_cmd::{Command, cargo::cargo_bin};
use serde_json::Value;

use crate::support::{Fixture, NOW, UUID, hours_ago, row, rows, run, store};

const PATH: &str = "STORE";

/// Runs the binary on a store, away from any configuration of this machine.
fn reaper(fixture: &Fixture, args: &[&str]) -> (String, String, i32) {
    let path = fixture.store.path();
    let args = args.iter().map(|arg| if *arg == PATH { path.as_os_str() } else { (*arg).as_ref() });
    let output = Command::cargo_bin("session-reaper")
        .unwrap()
        .current_dir(path.parent().unwrap())
        .env_clear()
        .env("HOME", path.parent().unwrap())
        .args(["--now", &NOW.as_millis().to_string()])
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&*path.to_string_lossy(), PATH);
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn stdout(fixture: &Fixture, args: &[&str]) -> String {
    let (out, err, code) = reaper(fixture, args);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    out
}

fn json(fixture: &Fixture, args: &[&str]) -> Value {
    let text = stdout(fixture, args);
    assert_eq!(text.lines().count(), 1);
    serde_json::from_str(&text).unwrap()
}

fn mixed() -> Fixture {
    rows(&[
        row("agent:main:main", 900),
        row(&run(1), 48),
        row(&run(2), 3),
        format!("\"agent:main:hook:\u{1b}[31m\":{{\"note\":\"{}\",\"updatedAt\":null}}", "x".repeat(500))
            .replace('\u{1b}', "\\u001b"),
        row("agent:main:subagent:s", 5),
    ])
}

#[test]
fn list_shows_the_newest_first() {
    insta::assert_snapshot!(stdout(&mixed(), &["list", PATH]), @r#"
    AGE  KIND           SIZE  GOES       KEY
     3h  cron-run       91 B  in 21h     agent:main:cron:daily:run:00000002-1111-4222-8333-444455556666
     5h  subagent       50 B  no-rule    agent:main:subagent:s
     2d  cron-run       91 B  now        agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666
   5w2d  main           44 B  no-rule    agent:main:main
      -  hook          556 B  no-rule    agent:main:hook:\u{1b}[31m
5 rows, 832 B; 1 would go now
"#);
    insta::assert_snapshot!(stdout(&mixed(), &["list", "--kind", "cron-run", "--limit", "1", "--sort", "expiry", PATH]), @r#"
    AGE  KIND           SIZE  GOES       KEY
     2d  cron-run       91 B  now        agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666
... and 1 more; --limit 2 shows them all
2 rows of 5, 182 B; 1 would go now
"#);
    insta::assert_snapshot!(stdout(&store("{}"), &["list", PATH]), @"0 rows, 0 B; none would go now");
}

#[test]
fn list_judges_by_the_retention_that_is_given() {
    let out = stdout(&mixed(), &["list", "--kind", "cron-run", "--retention", "1h", PATH]);
    assert!(out.ends_with("2 rows of 5, 182 B; 2 would go now\n"), "{out}");
    let out = stdout(&mixed(), &["list", "--kind", "cron-run", "--retention", "false", PATH]);
    assert!(out.contains("rule-off"), "{out}");
}

#[test]
fn list_in_json_holds_every_row() {
    let json = json(&mixed(), &["list", "--json", PATH]);
    assert_eq!((json["schema"].as_str(), json["verb"].as_str()), (Some("session-reaper/1"), Some("list")));
    assert_eq!(
        (json["scanned"].as_u64(), json["matched"].as_u64(), json["prunable"].as_u64()),
        (Some(5), Some(5), Some(1))
    );
    assert_eq!(json["store"], PATH);
    assert_eq!(json["now"], NOW.to_string());
    assert_eq!(json["policy"]["retention"], "24h");
    assert_eq!(json["rows"].as_array().unwrap().len(), 5);
    assert_eq!(json["rows"][0]["key"], run(2));
}

#[test]
fn stats_shows_kinds_fields_and_ages() {
    insta::assert_snapshot!(stdout(&mixed(), &["stats", PATH]), @r#"
STORE: 5 rows, 843 B, the next row goes in 21h
  KIND      ROWS   SIZE  SHARE  OLDEST  GO NOW  HEAVIEST
  hook         1  556 B    66%       -       -  note 91%
  cron-run     2  182 B    22%      2d       1  updatedAt 26%
  subagent     1   50 B   5.9%      5h       -  updatedAt 48%
  main         1   44 B   5.2%    5w2d       -  updatedAt 55%

  FIELD                   ROWS   SIZE  SHARE
  note                       1  508 B    60%
  updatedAt                  5  111 B    13%
  keys                          196 B    23%
  spaces and punctuation         28 B   3.3%

  AGE  2 up to 24h, 1 up to 7d, 1 older, 1 unknown
5 rows, 843 B; 1 would go now and free 93 B
"#);
}

#[test]
fn stats_in_json_adds_up() {
    let json = json(&mixed(), &["stats", "--json", PATH]);
    let store = &json["stores"][0];
    let part = |name: &str| store["weights"][name].as_u64().unwrap();
    assert_eq!(part("keys") + part("plainValues") + part("fieldBytes") + part("rest"), part("bytes"));
    assert_eq!(part("bytes"), store["bytesBefore"].as_u64().unwrap());
    assert_eq!(store["census"]["kinds"]["cron-run"]["prunable"], 1);
    assert_eq!(store["census"]["rows"], 5);
    assert_eq!(store["weights"]["kinds"]["hook"]["fields"][0]["name"], "note");
    assert_eq!(json["totals"]["rows"], 5);
    assert_eq!(store["error"], Value::Null);
}

#[test]
fn stats_of_several_stores_tells_of_those_that_cannot_be_read() {
    let fixture = mixed();
    let (out, err, code) = reaper(&fixture, &["stats", PATH, "no-such.json"]);
    assert_eq!(code, 3);
    assert!(out.contains("cron-run") && out.contains("SHARE"), "{out}");
    assert!(err.contains("cannot find no-such.json"), "{err}");
    let (_, _, code) = reaper(&fixture, &["stats", "no-such.json"]);
    assert_eq!(code, 10);
    let (out, _, _) = reaper(&fixture, &["stats", "--json", PATH, "no-such.json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["stores"][1]["error"]["kind"], "missing");
    assert_eq!(
        (json["totals"]["stores"].as_u64(), json["stores"][1]["store"].as_str()),
        (Some(1), Some("no-such.json"))
    );
}

#[test]
fn explain_says_why() {
    let fixture = mixed();
    insta::assert_snapshot!(stdout(&fixture, &["explain", PATH, &run(1)]), @r#"
agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666
  goes (rule cron-run): It has outlived the retention of cron-run rows, 24h, by 1d.
  The next sweep removes it.
  kind      cron-run
  size      91 B
  updated   2026-11-19T08:00:00.000Z, 2d ago
  retention 24h
  expires   2026-11-20T08:00:00.000Z, 1d ago
"#);
    insta::assert_snapshot!(stdout(&fixture, &["explain", PATH, "agent:main:subagent:s"]), @r#"
agent:main:subagent:s
  stays (no-rule): No rule speaks of subagent rows.
  It stays. `--rule subagent=30d` would limit such rows.
  kind      subagent
  size      50 B
  updated   2026-11-21T03:00:00.000Z, 5h ago
"#);
    let child = format!("{}:subagent:x", run(1));
    let family = rows(&[row(&run(1), 48), row(&child, 2), row(&child, 3)]);
    insta::assert_snapshot!(stdout(&family, &["explain", PATH, &run(1)]), @r#"
agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666
  stays (family): It has expired, but another row of its family has not.
  It goes after 2026-11-22T05:00:00.000Z, in 21h.
  kind      cron-run
  size      91 B
  updated   2026-11-19T08:00:00.000Z, 2d ago
  retention 24h
  expires   2026-11-20T08:00:00.000Z, 1d ago
  family    1 other row; a family goes when all of it has expired
            agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666:subagent:x  keeps it: not-expired until 2026-11-22T05:00:00.000Z
"#);
    insta::assert_snapshot!(stdout(&family, &["explain", PATH, &child]), @r#"
agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666:subagent:x
  stays (not-expired): It is 3h old; the retention of cron-run rows is 24h.
  It goes after 2026-11-22T05:00:00.000Z, in 21h.
  kind      cron-run
  size      102 B
  updated   2026-11-21T05:00:00.000Z, 3h ago
  retention 24h
  expires   2026-11-22T05:00:00.000Z, in 21h
  stands    2 times; JavaScript sees the last, and all share its fate
  family    1 other row; a family goes when all of it has expired
            agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666  has expired
"#);
}

#[test]
fn explain_in_json_holds_the_sentences() {
    let json = json(&mixed(), &["explain", "--json", PATH, &run(1)]);
    assert_eq!((json["verb"].as_str(), json["row"]["action"].as_str()), (Some("explain"), Some("prune")));
    assert_eq!(json["row"]["outlook"], "The next sweep removes it.");
}

#[test]
fn explain_of_a_key_that_is_not_there_names_those_that_are() {
    let (out, err, code) = reaper(&mixed(), &["explain", PATH, &run(1).to_uppercase()]);
    assert_eq!((out.as_str(), code), ("", 1));
    assert!(err.contains(&format!("did you mean one of these?\n  {}\n", run(1))), "{err}");
    let (_, err, code) = reaper(&store("{}"), &["explain", PATH, UUID]);
    assert_eq!(code, 1);
    assert!(err.contains("list STORE"), "{err}");
}

#[test]
fn a_store_that_is_none_is_an_error_for_each_verb() {
    let broken = store("{\"a\":");
    for args in [vec!["list", PATH], vec!["stats", PATH], vec!["explain", PATH, "a"]] {
        let (out, err, code) = reaper(&broken, &args);
        assert_eq!(code, 1, "{err}");
        assert!(!out.contains("rows") || args[0] == "stats", "{out}");
        assert!(err.contains("cannot read STORE"), "{err}");
    }
    let (_, err, code) = reaper(&broken, &["list", "--sort", "newest", PATH]);
    assert_eq!(code, 2);
    assert!(err.contains("[possible values: age, size"), "{err}");
    let (_, err, code) = reaper(&broken, &["list", "--kind", "cronrun", PATH]);
    assert!(code == 2 && err.contains("similar") && err.contains("'cron-run'"), "{err}");
}

#[test]
fn quiet_says_nothing() {
    assert_eq!(stdout(&mixed(), &["-q", "list", PATH]), "");
    assert_eq!(stdout(&mixed(), &["-q", "stats", PATH]), "");
    assert_eq!(stdout(&mixed(), &["-q", "explain", PATH, &run(1)]), "");
}

#[test]
fn demo_makes_a_store_sweeps_it_and_fits_on_a_screen() {
    let fixture = store("{}");
    let out = stdout(&fixture, &["demo", "new"]);
    let program = cargo_bin!("session-reaper").to_str().unwrap();
    assert!(out.contains(&format!("\n  {program} list new\n")), "{out}");
    let out = out.replace(program, "session-reaper");
    assert!(out.lines().count() < 24 && out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(out.contains("148 of the 148 rows left are byte for byte what they were"), "{out}");
    let (_, err, code) = reaper(&fixture, &["demo", "new"]);
    assert_eq!(code, 4);
    assert!(err.contains("it is not empty"), "{err}");
    std::fs::create_dir(fixture.store.path().with_file_name("empty")).unwrap();
    let report = json(&fixture, &["demo", "--json", "empty"]);
    assert_eq!((report["verb"].as_str(), report["applied"].as_bool()), (Some("prune"), Some(true)));
    assert_eq!(
        (report["totals"]["pruned"].as_u64(), report["totals"]["kept"].as_u64()),
        (Some(252), Some(148))
    );
    assert_eq!(report["stores"][0]["items"].as_array().map(Vec::len), Some(252));
    assert!(hours_ago(0) > 0);
}

#[test]
fn demo_finds_a_folder_of_its_own() {
    let fixture = store("{}");
    let output = Command::cargo_bin("session-reaper")
        .unwrap()
        .env_clear()
        .env("TMPDIR", fixture.store.path().parent().unwrap())
        .args(["demo", "--json"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let path = report["stores"][0]["store"].as_str().unwrap();
    assert!(
        path.contains("session-reaper-demo-")
            && path.starts_with(&*fixture.store.path().parent().unwrap().to_string_lossy())
    );
    assert!(std::fs::exists(path).unwrap());
}
