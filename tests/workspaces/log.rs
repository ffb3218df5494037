//! Each sweep, and each removal of a group, is one line in the log, whatever came of it: exactly these fields, of these types.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    process::Command,
};

use fs4::FileExt;
use serde_json::Value;

use crate::{
    jobs::{age, job, world},
    killed::strace,
    world::World,
};

/// What each line has, and of which type: a text, a number that is never negative, or a boolean.
const ALWAYS: [(&str, char); 6] = [
    ("timestamp", 't'),
    ("level", 't'),
    ("target", 't'),
    ("message", 't'),
    ("path", 't'),
    ("duration_ms", 'n'),
];

const SWEEP: [(&str, char); 10] = [
    ("verb", 't'),
    ("kind", 't'),
    ("outcome", 't'),
    ("applied", 'b'),
    ("scanned", 'n'),
    ("swept", 'n'),
    ("retained", 'n'),
    ("skipped", 'n'),
    ("failed", 'n'),
    ("bytes_freed", 'n'),
];

/// The one line of the log that a command writes.
fn line(world: &World, words: &[&str]) -> Value {
    let command = Command::new(env!("CARGO_BIN_EXE_session-reaper"))
        .env_clear()
        .env("HOME", "/")
        .current_dir(world.path(""))
        .args(["--log-format", "json"])
        .args(words)
        .output()
        .unwrap();
    let err = String::from_utf8(command.stderr).unwrap();
    let lines: Vec<&str> = err.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 1, "{words:?}: {err}");
    serde_json::from_str(lines[0]).unwrap()
}

/// One that is more, less, called otherwise or of another type is a change that somebody's graphs do not survive.
fn must_have(line: &Value, fields: &[(&str, char)]) {
    let mut expected: Vec<(&str, char)> = ALWAYS.iter().chain(fields).copied().collect();
    expected.sort_unstable();
    let kind = |value: &Value| match value {
        Value::String(_) => 't',
        Value::Bool(_) => 'b',
        Value::Number(number) if number.is_u64() => 'n',
        _ => '?',
    };
    let fields = line.as_object().unwrap();
    let mut is: Vec<(&str, char)> = fields.iter().map(|(name, value)| (name.as_str(), kind(value))).collect();
    is.sort_unstable();
    assert_eq!(is, expected, "{line}");
    assert_eq!(line["target"], "session_reaper", "{line}");
}

/// Configures the folder `base` of the world, which may be one that no sweep would touch.
fn configure(world: &World, base: &str, more: &str) {
    let base = world.path(base);
    world.write(
        "session-reaper.toml",
        &format!(
            "lock_timeout = '1ms'\n[workspaces]\nbase = {:?}\nnames = ['job-*']\n{more}",
            base.to_str().unwrap()
        ),
    );
}

/// The line of one sweep, which ended so and has these fields more than each has.
fn sweep_line(world: &World, words: &[&str], outcome: &str, more: &[(&str, char)]) -> Value {
    let line = line(world, words);
    let fields: Vec<(&str, char)> = SWEEP.iter().chain(more).copied().collect();
    must_have(&line, &fields);
    let said = ["message", "level", "kind", "outcome"].map(|name| line[name].as_str().unwrap());
    assert_eq!(said, ["sweep", "INFO", "workspaces", outcome], "{words:?}");
    line
}

#[test]
fn each_sweep_is_one_line_with_just_these_fields() {
    let world = world();
    job(&world, "job-old", 25);
    job(&world, "job-new", 1);
    age(&world.write("jobs/other", "x"), 9_999);
    configure(&world, "jobs", "");
    let counts = |line: &Value| {
        ["scanned", "swept", "retained", "skipped", "failed", "bytes_freed"]
            .map(|name| line[name].as_u64().unwrap())
    };
    let (run, due) = (("run", 't'), ("next_due", 't'));
    let dry = sweep_line(&world, &["prune", "-n"], "swept", &[]);
    assert_eq!(
        (counts(&dry), &dry["applied"], &dry["verb"]),
        ([3, 1, 1, 1, 0, 19], &false.into(), &"prune".into())
    );
    let swept = sweep_line(&world, &["tick"], "swept", &[run, due]);
    assert_eq!(
        (counts(&swept), &swept["applied"], &swept["verb"]),
        ([3, 1, 1, 1, 0, 19], &true.into(), &"tick".into())
    );
    assert_eq!(swept["path"], world.path("jobs").to_str().unwrap());
    let nothing = sweep_line(&world, &["prune", "--yes"], "nothing", &[]);
    assert_eq!(counts(&nothing), [2, 0, 1, 1, 0, 0]);
}

/// Whatever ends it early, its numbers are there, and are none.
#[test]
fn each_early_exit_is_one_line_as_well() {
    let world = world();
    job(&world, "job-old", 25);
    configure(&world, "jobs", "");
    let (error, due) = (("error", 't'), ("next_due", 't'));
    let is_empty = |line: &Value| {
        let counts = ["scanned", "swept", "retained", "skipped", "failed", "bytes_freed"];
        assert!(counts.iter().all(|name| line[*name] == 0), "{line}");
        line["error"].as_str().unwrap_or_default().to_owned()
    };
    // Far ahead of the clock.
    let ahead = ["--now", "2999-01-01T00:00:00Z", "prune", "--yes"];
    assert!(is_empty(&sweep_line(&world, &ahead, "refused", &[error])).contains("ahead of the clock"));
    fs::create_dir(world.path("jobs/.session-reaper")).unwrap();
    fs::set_permissions(
        world.path("jobs/.session-reaper"),
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .unwrap();
    let lock = File::create(world.path("jobs/.session-reaper/workspaces.lock")).unwrap();
    FileExt::lock(&lock).unwrap();
    assert!(is_empty(&sweep_line(&world, &["tick"], "busy", &[error])).contains("another session-reaper"));
    drop(lock);
    configure(&world, "jobs", "ttl = false\nsecret_ttl = false\n");
    is_empty(&sweep_line(&world, &["prune", "--yes"], "disabled", &[]));
    configure(&world, "none", "");
    is_empty(&sweep_line(&world, &["prune", "--yes"], "nothing", &[]));
    configure(&world, "file", "");
    world.write("file", "x");
    assert!(
        is_empty(&sweep_line(&world, &["prune", "--yes"], "failed", &[error])).contains("it is no folder")
    );
    configure(&world, "link", "");
    symlink("jobs", world.path("link")).unwrap();
    assert!(
        is_empty(&sweep_line(&world, &["prune", "--yes"], "refused", &[error])).contains("there is a link")
    );
    assert!(world.path("jobs/job-old.cred.sh").exists());
    configure(&world, "jobs", "");
    sweep_line(&world, &["tick"], "swept", &[("run", 't'), due]);
    job(&world, "job-old", 25);
    is_empty(&sweep_line(&world, &["tick"], "throttled", &[due]));
    assert!(world.path("jobs/job-old.cred.sh").exists());
}

#[test]
fn each_removal_of_a_group_is_one_line_as_well() {
    let world = World::new();
    let remove = |path: &str| line(&world, &["group", "remove", world.path(path).to_str().unwrap()]);
    let removed = [("complete", 'b'), ("files", 'n'), ("bytes_freed", 'n')];
    for (files, bytes) in [(4, 24), (0, 0)] {
        let line = remove("base/w");
        must_have(&line, &removed);
        let is = (&line["level"], &line["message"], &line["complete"], &line["files"], &line["bytes_freed"]);
        assert_eq!(is, (&"INFO".into(), &"group removed".into(), &true.into(), &files.into(), &bytes.into()));
    }
    fs::create_dir(world.path("base/.session-reaper")).unwrap();
    world.write("base/.session-reaper/workspaces.state", "");
    let refused = remove("base");
    must_have(&refused, &[("error", 't')]);
    assert_eq!([&refused["level"], &refused["message"]], ["WARN", "group refused"]);
    // A part of it alone cannot go: a removal that nobody could finish.
    let Some(part) = incomplete(&World::new()) else { return };
    must_have(&part, &[&removed[..], &[("failed", 't')]].concat());
    assert_eq!([&part["level"], &part["message"]], ["WARN", "group not removed"]);
    assert_eq!((&part["complete"], &part["files"]), (&false.into(), &0.into()));
}

/// The line of a removal in which nothing can be unlinked.
fn incomplete(world: &World) -> Option<Value> {
    let path = world.path("base/w").display().to_string();
    let command = [env!("CARGO_BIN_EXE_session-reaper"), "--log-format", "json", "group", "remove", &path];
    let ran = strace(&["-qq", "-o", "/dev/null", "-e", "inject=unlinkat:error=EIO"], &command)?;
    let err = String::from_utf8(ran.stderr).unwrap();
    let lines: Vec<&str> = err.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 1, "{err}");
    let said = serde_json::from_str(lines[0]).unwrap();
    // Nobody reads more than this of a job that ended badly: each member that is left is named, the first of it.
    for name in ["w.cred.sh", "w/", "w-artifacts/summary.md"] {
        assert!(
            lines[0].contains(&format!("cannot remove {}", world.path("base").join(name).display())),
            "{err}"
        );
    }
    Some(said)
}
