//! Folders of jobs in `tick`, `prune`, `list`, `explain`, `history` and `undo`.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use insta::assert_snapshot;

use crate::world::{NOW, Ran, World, usual_store};

/// Gives a path, and all below it, an age in hours at the time of the tests.
pub(crate) fn age(path: &Path, hours: i64) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path(), hours);
        }
    }
    let time = Duration::from_millis(u64::try_from(NOW - hours * 3_600_000).unwrap());
    fs::File::open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH + time).unwrap();
}

pub(crate) fn job(world: &World, name: &str, hours: i64) {
    for (path, text) in [("/src/main.rs", "fn main() {}"), (".cred.sh", "token"), ("-artifacts/s.md", "done")]
    {
        world.write(&format!("jobs/{name}{path}"), text);
    }
    for member in ["", ".cred.sh", "-artifacts"] {
        age(&world.path(&format!("jobs/{name}{member}")), hours);
    }
}

/// Two jobs that were killed, a living one, a stranger, and a configuration that names the folder.
pub(crate) fn world() -> World {
    let world = World::new();
    job(&world, "job-1", 25);
    job(&world, "job-2", 48);
    job(&world, "job-3", 1);
    age(&world.write("jobs/precious.db", "x"), 9_999);
    configure(&world, "");
    world
}

fn configure(world: &World, more: &str) {
    let base = world.path("jobs");
    let text = format!("{more}\n[workspaces]\nbase = {:?}\nnames = [\"job-*\"]\n", base.to_str().unwrap());
    world.write("session-reaper.toml", &text);
}

pub(crate) fn names(world: &World) -> Vec<String> {
    let names = fs::read_dir(world.path("jobs")).unwrap();
    let names = names.map(|name| name.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

const LEFT: [&str; 4] = ["job-3", "job-3-artifacts", "job-3.cred.sh", "precious.db"];

#[test]
fn a_tick_sweeps_the_folder_once_and_then_rests_in_silence() {
    let world = world();
    assert_snapshot!(world.run("tick").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/jobs: 2 workspaces swept (42 B), 2 kept
      swept   ttl 2
      kept    foreign 1, young 1
    kept 2, pruned 2, failed 0, freed 42 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    "#);
    assert_eq!(names(&world), LEFT);
    assert_snapshot!(world.run("tick").shown(), @r#"
    exit 0
    --- stdout
    --- stderr
    "#);
    job(&world, "job-9", 25);
    world.run("tick --force").expect(0);
    assert_eq!(names(&world), LEFT);
}

#[test]
fn i9_a_dry_run_shows_it_and_a_prune_does_it() {
    let world = world();
    let before = world.listing();
    assert_snapshot!(world.run("prune -n").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/jobs: 2 workspaces would go (42 B), 2 kept
      sweep     1d1h  ttl                21 B  job-1
      sweep       2d  ttl                21 B  job-2
      to go   ttl 2
      kept    foreign 1, young 1
    dry run: nothing was removed
    kept 2, pruned 2, failed 0, freed 42 B, next due now
    --- stderr
    "#);
    assert_eq!(world.listing(), before);
    let dry = world.run("prune -n --json").json();
    let real = world.run("prune --yes --json").expect(0).json();
    for (key, value) in dry["targets"][0].as_object().unwrap().iter().filter(|(key, _)| *key != "nextDue") {
        assert_eq!(*value, real["targets"][0][key], "{key}");
    }
    assert_eq!((&dry["totals"], dry["targets"].as_array().unwrap().len()), (&real["totals"], 1));
    assert_eq!(names(&world), LEFT);
}

#[test]
fn stores_and_folders_stand_in_one_report() {
    let world = world();
    world.write("sessions.json", &usual_store());
    configure(&world, "stores = [\"sessions.json\"]");
    assert_snapshot!(world.run("prune --yes").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: 2 of 6 rows pruned (246 B of 638 B)
      pruned  cron-run 2
      kept    not-expired 2, no-rule 2
    [DIR]/jobs: 2 workspaces swept (42 B), 2 kept
      swept   ttl 2
      kept    foreign 1, young 1
    kept 6, pruned 4, failed 0, freed 288 B, next due 2026-11-21T08:05:00.000Z
    --- stderr
    note: to take this back: [PROGRAM] undo --store sessions.json --store [DIR]/jobs [RUN]
    "#);
    // Who names a store means that alone.
    job(&world, "job-9", 25);
    assert!(world.run("prune --yes --json sessions.json").json().get("targets").is_none());
    assert!(world.path("jobs/job-9").exists());
}

#[test]
fn without_a_terminal_it_needs_a_yes() {
    let world = world();
    assert!(world.run("prune").expect(2).err.contains("there is no terminal to ask on"));
    assert_eq!(names(&world).len(), 10);
}

#[test]
fn what_was_swept_comes_back() {
    let world = world();
    world.run("prune --yes").expect(0);
    assert_snapshot!(world.run("history").shown(), @r#"
    exit 0
    --- stdout
      RUN                           VERB   PRUNED  RESTORED  SIZE AFTER  STATE          STORE
      [RUN]  prune       2                   0 B  can be undone
    --- stderr
    "#);
    assert_snapshot!(world.run("undo -n").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/jobs: 4 paths would come back from run [RUN]
    dry run: nothing was changed
    restored 4, kept 4, pruned 0, failed 0, held up 0
    --- stderr
    "#);
    assert_snapshot!(world.run("undo").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/jobs: 4 paths came back from run [RUN]
    what came back of a job counts as new; secrets are not kept, and do not
    restored 4, kept 4, pruned 0, failed 0, held up 0
    --- stderr
    "#);
    assert_eq!(world.read("jobs/job-1/src/main.rs"), "fn main() {}");
    assert!(!world.path("jobs/job-1.cred.sh").exists());
    let base = world.path("jobs").display().to_string();
    assert!(world.run(&format!("history --store {base}")).out.contains("undone by"));
    assert!(world.run("undo").expect(1).err.contains("nothing of run"));
}

#[test]
fn a_folder_that_was_swept_is_known_again_without_a_configuration() {
    let world = world();
    world.run("prune --yes").expect(0);
    fs::remove_file(world.path("session-reaper.toml")).unwrap();
    let json = world.run("undo --store jobs --json").expect(0).json();
    assert_eq!(
        (&json["stores"][0]["restored"], &json["stores"][0]["outcome"]),
        (&4.into(), &"restored".into())
    );
}

#[test]
fn list_and_explain_say_what_would_become_of_each() {
    let world = world();
    assert_snapshot!(world.run("list").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/jobs: 2 workspaces would go (42 B), 2 kept
      sweep     1d1h  ttl                21 B  job-1
      sweep       2d  ttl                21 B  job-2
      keep        1h  young              21 B  job-3
      keep         -  foreign             0 B  precious.db
      to go   ttl 2
      kept    foreign 1, young 1
    --- stderr
    "#);
    assert_snapshot!(world.run("explain jobs job-1").shown(), @r#"
    exit 0
    --- stdout
    job-1
      goes (ttl): the newest time anywhere in it is older than workspaces.ttl, and no living process owns it
      newest   2026-11-20T07:00:00.000Z (1d1h)
      expires  2026-11-21T07:00:00.000Z
      size     21 B looked at
    --- stderr
    "#);
    assert_snapshot!(world.run("explain jobs precious.db").shown(), @r#"
    exit 0
    --- stdout
    precious.db
      stays (foreign): its name is not one of workspaces.names, nor of what belongs to one
      size     0 B looked at
    --- stderr
    "#);
    assert_snapshot!(world.run("explain jobs job-x").shown(), @r#"
    exit 1
    --- stdout
    --- stderr
    error: nothing in [DIR]/jobs has the name "job-x"
    hint: `session-reaper list [DIR]/jobs` shows the names that it has
    "#);
    let json = world.run("list jobs --json").json();
    assert_eq!((&json["target"]["swept"], &json["target"]["items"][0]["name"]), (&2.into(), &"job-1".into()));
    assert_eq!(world.run("explain jobs job-3 --json").json()["item"]["why"], "young");
}

/// Whatever is wrong with the rest of its group.
#[test]
fn a_monitor_is_told_of_a_token_that_should_be_gone() {
    let world = World::new();
    job(&world, "job-1", 8_760);
    fs::remove_dir_all(world.path("jobs/job-1-artifacts")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.path("jobs/job-1-artifacts")).unwrap();
    configure(&world, "");
    assert_snapshot!(world.run("check").shown(), @r#"
    exit 2
    --- stdout
    CRITICAL - [DIR]/jobs: 1 path overdue, the oldest for 52w18h | overdue=1 oldest=31514400s;3600;86400 stores=1 failing=0 unknown=0
    --- stderr
    "#);
    // Beside a group that lives on it is overdue since its own time.
    fs::remove_file(world.path("jobs/job-1-artifacts")).unwrap();
    age(&world.path("jobs/job-1/src/main.rs"), 1);
    age(&world.path("jobs/job-1.cred.sh"), 8);
    let json = world.run("check --json").expect(1).json();
    assert_eq!((&json["overdue"], &json["oldestMs"]), (&1.into(), &(2 * 3_600_000).into()));
    world.run("tick").expect(0);
    world.run("check").expect(0);
}

#[test]
fn explain_says_the_truth_of_a_clone_with_something_that_is_called_as_a_mark_is() {
    let world = world();
    fs::create_dir(world.path("jobs/job-3/.owner")).unwrap();
    age(&world.path("jobs/job-3"), 1);
    assert_snapshot!(world.run("explain jobs job-3").shown(), @r#"
    exit 0
    --- stdout
    job-3
      stays (unclear): it has something in it that is called .owner and is no mark of ours, cannot be read, or is that of a process that cannot be seen from here
      size     21 B looked at
    --- stderr
    "#);
}

/// The settings as somebody gets them wrong.
#[test]
fn a_mistake_in_the_configuration_is_told_and_nothing_goes() {
    let world = world();
    let base = world.path("jobs").display().to_string();
    let with = |lines: &str| -> Ran {
        world.write("session-reaper.toml", &format!("[workspaces]\nbase = {base:?}\n{lines}\n"));
        world.run("prune --yes")
    };
    for (lines, why) in [
        ("", "which folders in there are jobs' is not said"),
        ("names = []", "which folders in there are jobs' is not said"),
        ("names = 'job-*'", "is no list"),
        ("names = ['job-*']\nttl = 0", "0 is no age"),
        ("names = ['job-*']\nttl = '-1h'", "-1h"),
        ("names = ['job-*']\nttl = 60", "without a unit"),
        ("names = ['job-*']\nsecret_ttl = '0s'", "0s"),
        ("names = ['job-*']\nsecret_ttl = '-6h'", "-6h"),
        ("names = ['job-*']\nsecrets = ['../x']", "cannot stand behind a name"),
        ("names = ['job-*']\nnmae = 1", "unknown key"),
    ] {
        let ran = with(lines).expect(2);
        assert!(ran.err.contains(why), "{lines}: {}", ran.err);
        assert_eq!(names(&world).len(), 10);
    }
    // One that cannot be meant is refused before anything is looked at, wherever its file is.
    for (base, why) in [
        ("/", "this is the root of everything"),
        ("~", "your home folder is in there"),
        ("~/", "your home folder is in there"),
        ("jobs", "the path is relative"),
        ("./jobs", "the path is relative"),
        ("/x/../jobs", "there is a .. in the path"),
    ] {
        let file = world.write("etc/reaper.toml", &format!("[workspaces]\nbase = '{base}'\nnames = ['*']\n"));
        for verb in ["tick", "prune --yes", "list", "config check", "check"] {
            let ran = world.run(&format!("{verb} --config {}", file.display()));
            assert_eq!(ran.code, if verb == "check" { 3 } else { 2 }, "{base} {}", ran.shown());
            let said = format!("{}{}", ran.out, ran.err);
            let parts = ["reaper.toml:2", "workspaces.base", why];
            assert!(parts.iter().all(|part| said.contains(part)), "{base}: {}", ran.shown());
        }
        assert_eq!(names(&world).len(), 10);
    }
}

/// However many slashes there are at its end.
#[test]
fn i10_a_folder_that_is_a_link_or_behind_one_is_refused_by_its_real_path() {
    let world = world();
    std::os::unix::fs::symlink("jobs", world.path("link")).unwrap();
    fs::create_dir(world.path("deep")).unwrap();
    fs::rename(world.path("jobs"), world.path("deep/jobs")).unwrap();
    std::os::unix::fs::symlink("deep/jobs", world.path("jobs")).unwrap();
    std::os::unix::fs::symlink("deep", world.path("middle")).unwrap();
    let dir = fs::canonicalize(world.path("")).unwrap();
    for base in ["link", "link/", "link//", "link/.", "middle/jobs", "middle/jobs/"] {
        let text = format!("[workspaces]\nbase = '{}/{base}'\nnames = ['job-*']\n", dir.display());
        world.write("session-reaper.toml", &text);
        let ran = world.run("prune --yes").expect(4);
        assert!(ran.err.contains("there is a link on the way to it"), "{base}: {}", ran.shown());
        let hint = format!("hint: name it by its real path: {}/deep/jobs\n", dir.display());
        assert!(
            ran.err.replace("[DIR]", &dir.display().to_string()).contains(&hint),
            "{base}: {}",
            ran.shown()
        );
        assert_eq!(fs::read_dir(world.path("deep/jobs")).unwrap().count(), 10);
    }
}

#[test]
fn values_come_from_variables_as_well() {
    let world = world();
    fs::remove_file(world.path("session-reaper.toml")).unwrap();
    let base = world.path("jobs").display().to_string();
    let variables = [
        ("SESSION_REAPER_WORKSPACES_BASE", &*base),
        ("SESSION_REAPER_WORKSPACES_NAMES", "job-2,job-3"),
        ("SESSION_REAPER_WORKSPACES_TTL", "47h"),
    ];
    world.run_with("prune --yes", &variables).expect(0);
    assert_eq!(names(&world)[..2], ["job-1", "job-1-artifacts"]);
    assert!(!world.path("jobs/job-2").exists() && world.path("jobs/job-3").exists());
}

#[test]
fn each_sweep_has_its_line_in_the_log() {
    let world = world();
    let ran = world.run("tick --log-format json -v").expect(0);
    let line = ran.err.lines().find(|line| line.contains("workspaces")).unwrap();
    for part in [
        "\"swept\":2",
        "\"retained\":1",
        "\"skipped\":1",
        "\"failed\":0",
        "\"bytes_freed\":42",
        "duration_ms",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    // Early exits have one as well.
    fs::rename(world.path("jobs"), world.path("gone")).unwrap();
    let ran = world.run("prune --yes --log-format json -v").expect(0);
    assert!(
        ran.err.lines().any(|line| line.contains("\"outcome\":\"nothing\"") && line.contains("\"swept\":0"))
    );
    world.write("jobs", "a file");
    let ran = world.run("prune --yes --log-format json -v").expect(2);
    assert!(ran.err.lines().any(|line| line.contains("\"error\":") && line.contains("it is no folder")));
}

#[test]
fn the_trash_of_a_folder_is_listed_and_emptied() {
    let world = world();
    world.run("prune --yes").expect(0);
    // Of 42 bytes ten were secrets, which are not kept.
    let json = world.run("trash list --json").json();
    let bundle = &json["bundles"][0];
    assert_eq!(
        (&bundle["rows"], &bundle["bytes"], &bundle["verb"]),
        (&4.into(), &32.into(), &"prune".into())
    );
    assert!(world.run("trash list").out.contains("1 run in the trash, 4 things, 32 B"));
    let run = world.run("history --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    assert_snapshot!(world.run(&format!("trash list {run}")).shown(), @r#"
    exit 0
    --- stdout
      IF UNDONE  KEY
      restored   job-1
      restored   job-1-artifacts
      restored   job-2
      restored   job-2-artifacts
    4 rows of run [RUN]
    --- stderr
    "#);
    assert!(world.run("trash empty").expect(2).err.contains("there is no terminal"));
    assert_snapshot!(world.run("trash empty -n").shown(), @r#"
    exit 0
    --- stdout
    1 run would go, 32 B freed
    --- stderr
    "#);
    assert_snapshot!(world.run("trash empty --yes").shown(), @r#"
    exit 0
    --- stdout
    1 run gone for ever, 32 B freed
    --- stderr
    "#);
    assert!(fs::read_dir(world.path("jobs/.session-reaper/trash")).unwrap().next().is_none());
    assert!(world.run("undo").expect(1).err.contains("nothing of run"));
    assert!(world.run("history").out.contains("purged"));
}
