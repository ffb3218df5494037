//! The media store and the spool of payloads in `tick`, `prune`, `list`, `explain`, `history`, `undo` and `trash`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use insta::assert_snapshot;
use session_reaper::artifact::payloads::{Options, Spool, Stored};

use crate::{
    jobs,
    world::{NOW, World, usual_store},
};

/// A session of a spool whose process is dead: this very binary plays the part.
#[test]
#[ignore = "it is a part that other tests start"]
fn a_session_that_nobody_ends() {
    let Some(dir) = env::var_os("SESSION_REAPER_TEST_SPOOL") else { return };
    let spool = Spool::open(Path::new(&dir), Options::default(), session_reaper::now()).unwrap();
    let session = spool.session("agent:main").unwrap();
    assert!(matches!(session.put(&vec![b'x'; 60_000], "text/plain"), Stored::Spooled(_)));
    // Nothing is dropped, and nobody says goodbye.
    std::process::abort();
}

fn leave_a_session(dir: &Path) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["folders::a_session_that_nobody_ends", "--ignored", "--exact"]);
    command.env("SESSION_REAPER_TEST_SPOOL", dir).stdout(Stdio::null()).stderr(Stdio::null());
    assert_eq!(command.status().unwrap().code(), None);
}

fn age(path: &Path, hours: i64) {
    let time = Duration::from_millis(u64::try_from(NOW - hours * 3_600_000).unwrap());
    fs::File::open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH + time).unwrap();
}

/// The store's folder of the tests, and the spool's.
pub(crate) fn dirs(world: &World) -> [PathBuf; 2] {
    ["media", "spool"].map(|name| fs::canonicalize(world.path(".")).unwrap().join(name))
}

pub(crate) fn configure(world: &World, more: &str) {
    let [media, spool] = dirs(world).map(|dir| dir.display().to_string());
    let text = format!("{more}\n[media]\ndir = {media:?}\n[payloads]\ndir = {spool:?}\n");
    world.write("session-reaper.toml", &text);
}

/// Two pictures, one of which nobody has used for an hour; a session of a dead process.
pub(crate) fn world() -> World {
    let world = World::new();
    configure(&world, "");
    for (name, hours) in [("old.png", 1), ("new.png", 0)] {
        let path = world.write(&format!("media/{name}"), "picture");
        age(&path, hours);
        let now = (NOW - hours * 3_600_000).to_string();
        world.run_at(&now, &format!("media store --scope turn --delete-on-cleanup media/{name}")).expect(0);
    }
    leave_a_session(&dirs(&world)[1]);
    age(&dirs(&world)[1].join("s-agent%3amain"), 25);
    world
}

pub(crate) fn is_there(world: &World) -> [bool; 3] {
    let [media, spool] = dirs(world);
    [media.join("old.png"), media.join("new.png"), spool.join("s-agent%3amain")].map(|path| path.exists())
}

#[test]
fn a_tick_sweeps_each_folder_once_and_then_rests_in_silence() {
    let world = world();
    assert_snapshot!(world.run("tick").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/media: 1 file swept (7 B), 1 kept
      swept   max-age 1
      kept    young 1
    [DIR]/spool: 1 session swept (60.0 kB), 0 kept
      swept   dead 1
    kept 1, pruned 2, failed 0, freed 60.0 kB, next due 2026-11-21T08:05:00.000Z
    --- stderr
    "#);
    assert_eq!(is_there(&world), [false, true, false]);
    assert_snapshot!(world.run("tick").shown(), @r#"
    exit 0
    --- stdout
    --- stderr
    "#);
}

#[test]
fn i9_a_dry_run_shows_it_and_changes_nothing_and_a_prune_does_it() {
    let world = world();
    let before = world.listing();
    assert_snapshot!(world.run("prune -n").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/media: 1 file would go (7 B), 1 kept
      sweep       1h  max-age             7 B  old.png
      to go   max-age 1
      kept    young 1
    [DIR]/spool: 1 session would go (60.0 kB), 0 kept
      sweep     1d1h  dead            60.0 kB  s-agent%3amain
      to go   dead 1
    dry run: nothing was removed
    kept 1, pruned 2, failed 0, freed 60.0 kB, next due now
    --- stderr
    "#);
    let dry = world.run("prune -n --json").expect(0).json();
    assert_eq!(world.listing(), before);
    let real = world.run("prune --yes --json").expect(0).json();
    for target in 0..2 {
        let targets = (&dry["targets"][target], &real["targets"][target]);
        for (key, value) in targets.0.as_object().unwrap().iter().filter(|(key, _)| *key != "nextDue") {
            assert_eq!(*value, targets.1[key], "{key}");
        }
    }
    assert_eq!(dry["totals"], real["totals"]);
    assert_eq!(is_there(&world), [false, true, false]);
}

#[test]
fn stores_and_all_folders_stand_in_one_report_and_come_back_as_one_run() {
    let world = world();
    world.write("sessions.json", &usual_store());
    jobs::job(&world, "job-1", 25);
    let base = fs::canonicalize(world.path("jobs")).unwrap();
    configure(
        &world,
        &format!("stores = [\"sessions.json\"]\n[workspaces]\nbase = {base:?}\nnames = [\"job-*\"]"),
    );
    assert_snapshot!(world.run("prune --yes").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: 2 of 6 rows pruned (246 B of 638 B)
      pruned  cron-run 2
      kept    not-expired 2, no-rule 2
    [DIR]/jobs: 1 workspace swept (21 B), 0 kept
      swept   ttl 1
    [DIR]/media: 1 file swept (7 B), 1 kept
      swept   max-age 1
      kept    young 1
    [DIR]/spool: 1 session swept (60.0 kB), 0 kept
      swept   dead 1
    kept 5, pruned 5, failed 0, freed 60.3 kB, next due 2026-11-21T08:05:00.000Z
    --- stderr
    note: to take this back: [PROGRAM] undo --store sessions.json --store [DIR]/jobs --store [DIR]/media --store [DIR]/spool [RUN]
    "#);
    assert_snapshot!(world.run("history").shown(), @r#"
    exit 0
    --- stdout
      RUN                           VERB   PRUNED  RESTORED  SIZE AFTER  STATE          STORE
      [RUN]  prune       1                   0 B  can be undone  [DIR]/spool
      [RUN]  prune       1                   0 B  can be undone  [DIR]/media
      [RUN]  prune       1                   0 B  can be undone  [DIR]/jobs
      [RUN]  prune       2                 392 B  can be undone  sessions.json
    --- stderr
    "#);
    assert_snapshot!(world.run("undo").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: 2 rows came back from run [RUN]
    [DIR]/jobs: 2 paths came back from run [RUN]
    [DIR]/media: 1 file came back from run [RUN]
    [DIR]/spool: 1 session came back from run [RUN]
    what a rule took, the next sweep takes again, unless the policy changes or it is pinned
    what came back of a job counts as new; secrets are not kept, and do not
    media that came back count as used now, and have the names that they had
    payloads that came back stay for a day at least: a runtime takes them up by their session
    to take this back: [PROGRAM] undo --store sessions.json [RUN]
    restored 6, kept 8, pruned 0, failed 0, held up 0
    --- stderr
    "#);
    assert_eq!(is_there(&world), [true; 3]);
    assert!(world.path("jobs/job-1/src/main.rs").exists());
    // What came back stays for a while.
    world.run("prune --yes --retention false").expect(0);
    assert_eq!(is_there(&world), [true; 3]);
}

#[test]
fn i9_a_name_that_came_back_is_good_again() {
    let world = world();
    let names = world.run("media list --json").json();
    let names: Vec<String> =
        names["media"].as_array().unwrap().iter().map(|one| one["reference"].to_string()).collect();
    world.run("prune --yes").expect(0);
    let resolved = |code| {
        for name in &names {
            world.run(&format!("media resolve {}", name.trim_matches('"'))).expect(code);
        }
    };
    assert_eq!(world.run("media list --json").json()["media"].as_array().unwrap().len(), 1);
    world.run("undo").expect(0);
    resolved(0);
    assert_eq!(world.read("media/old.png"), "picture");
}

#[test]
fn list_and_explain_say_what_would_become_of_each() {
    let world = world();
    let before = world.listing();
    assert_snapshot!(world.run("list").shown(), @r#"
    exit 2
    --- stdout
    --- stderr
    error: the configuration names several folders
    hint: name one of them:
      [DIR]/media
      [DIR]/spool
    "#);
    assert_snapshot!(world.run("list media").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/media: 1 file would go (7 B), 1 kept
      keep       0ms  young               0 B  new.png
      sweep       1h  max-age             7 B  old.png
      to go   max-age 1
      kept    young 1
    --- stderr
    "#);
    assert_snapshot!(world.run("list spool").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/spool: 1 session would go (60.0 kB), 0 kept
      sweep     1d1h  dead            60.0 kB  s-agent%3amain
      to go   dead 1
    --- stderr
    "#);
    assert_snapshot!(world.run("explain media old.png").shown(), @r#"
    exit 0
    --- stdout
    old.png
      goes (max-age): nobody has stored, resolved, leased or written to it for longer than media.max_age
      newest   2026-11-21T07:00:00.000Z (1h)
      expires  2026-11-21T07:30:00.000Z
      size     7 B looked at
    --- stderr
    "#);
    assert_snapshot!(world.run("explain spool s-agent%3amain").shown(), @r#"
    exit 0
    --- stdout
    s-agent%3amain
      goes (dead): its owner is dead, and its last payload older than payloads.grace
      newest   2026-11-20T07:00:00.000Z (1d1h)
      expires  2026-11-21T07:00:00.000Z
      size     60.0 kB looked at
    --- stderr
    "#);
    assert_eq!(world.run("explain media new.png --json").json()["item"]["why"], "young");
    assert_eq!(world.listing(), before);
}

#[test]
fn a_folder_that_was_swept_is_known_again_without_a_configuration() {
    let world = world();
    world.run("prune --yes").expect(0);
    fs::remove_file(world.path("session-reaper.toml")).unwrap();
    for folder in ["media", "spool"] {
        let json = world.run(&format!("undo --store {folder} --json")).expect(0).json();
        assert_eq!(
            (&json["stores"][0]["restored"], &json["stores"][0]["outcome"]),
            (&1.into(), &"restored".into())
        );
    }
    assert_eq!(is_there(&world), [true; 3]);
}

#[test]
fn the_trash_of_folders_is_listed_and_emptied() {
    let world = world();
    world.run("prune --yes").expect(0);
    assert_snapshot!(world.run("trash list").shown().replace(char::is_numeric, "0"), @r#"
    exit 0
    --- stdout
      RUN                           VERB   THINGS     SIZE  LEAVES                    STORE
      [RUN]  prune       0  00.0 kB  0000-00-00T00:00:00.000Z  [DIR]/spool
      [RUN]  prune       0      0 B  0000-00-00T00:00:00.000Z  [DIR]/media
    what leaves does so with the first sweep after that time
    0 runs in the trash, 0 things, 00.0 kB
    --- stderr
    "#);
    world.run("trash empty --yes").expect(0);
    assert_eq!(world.run("trash list --json").json()["bundles"].as_array().unwrap().len(), 0);
    assert!(world.run("undo").expect(1).err.contains("nothing of run"));
}

#[test]
fn without_a_trash_nothing_comes_back_and_that_is_said() {
    let world = world();
    world.run("prune --yes --no-trash").expect(0);
    assert_eq!(is_there(&world), [false, true, false]);
    assert_eq!(world.run("trash list --json").json()["bundles"].as_array().unwrap().len(), 0);
}

#[test]
fn each_sweep_has_its_line_in_the_log() {
    let world = world();
    let ran = world.run("tick --log-format json -v").expect(0);
    for (kind, counts) in
        [("media", "\"swept\":1,\"retained\":1"), ("payloads", "\"swept\":1,\"retained\":0")]
    {
        let lines: Vec<&str> = ran.err.lines().filter(|line| line.contains(&format!("\"{kind}\""))).collect();
        assert!(matches!(&*lines, [line] if line.contains(counts)), "{kind}: {}", ran.err);
    }
}

/// Whatever ends it early, its numbers are there, and are none.
#[test]
fn i9_each_early_exit_has_its_line_in_the_log_as_well() {
    let counts = ["scanned", "swept", "retained", "skipped", "failed", "bytes_freed"];
    let line = |world: &World, words: &str, kind: &str, outcome: &str| {
        let ran = world.run(&format!("{words} --log-format json -v"));
        let lines: Vec<serde_json::Value> =
            ran.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let lines: Vec<_> = lines.iter().filter(|line| line["kind"] == kind).collect();
        let [line] = &*lines else { panic!("{kind}, {outcome}: {}", ran.shown()) };
        assert_eq!(line["outcome"], outcome, "{line}");
        assert!(counts.iter().all(|name| line[name] == 0) && line["duration_ms"].is_u64(), "{line}");
    };
    for (kind, name, lock) in [("media", "media", "media.net.lock"), ("payloads", "spool", "payloads.lock")] {
        let world = world();
        line(&world, "prune --yes --now 2999-01-01T00:00:00Z", kind, "refused");
        let ours = world.path(name).join(".session-reaper");
        fs::create_dir_all(&ours).unwrap();
        fs::set_permissions(&ours, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let held = fs::File::create(ours.join(lock)).unwrap();
        fs4::FileExt::lock(&held).unwrap();
        line(&world, "tick", kind, "busy");
        fs4::FileExt::unlock(&held).unwrap();
        world.run("tick");
        line(&world, "tick", kind, "throttled");
        fs::remove_dir_all(world.path(name)).unwrap();
        line(&world, "prune --yes", kind, "nothing");
        world.write(name, "a file");
        line(&world, "prune --yes", kind, "failed");
    }
    let world = world();
    let [media, _] = dirs(&world).map(|dir| dir.display().to_string());
    world.write("session-reaper.toml", &format!("[media]\ndir = {media:?}\nenabled = false\n"));
    line(&world, "prune --yes", "media", "disabled");
}

#[test]
fn values_come_from_variables_as_well() {
    let world = world();
    fs::remove_file(world.path("session-reaper.toml")).unwrap();
    let [media, spool] = dirs(&world).map(|dir| dir.display().to_string());
    let variables = [
        ("SESSION_REAPER_MEDIA_DIR", &*media),
        ("SESSION_REAPER_MEDIA_MAX_AGE", "2h"),
        ("SESSION_REAPER_PAYLOADS_DIR", &*spool),
        ("SESSION_REAPER_PAYLOADS_GRACE", "26h"),
    ];
    world.run_with("prune --yes", &variables).expect(0);
    assert_eq!(is_there(&world), [true; 3]);
    world.run_with("prune --yes", &[variables[0], variables[2]]).expect(0);
    assert_eq!(is_there(&world), [false, true, false]);
}

#[test]
fn a_folder_from_which_nothing_was_kept_has_no_part_in_an_undo() {
    let world = world();
    // What somebody has ended, and what was still there of it: nothing of that is kept.
    fs::create_dir(dirs(&world)[1].join("x-1")).unwrap();
    world.run("prune --yes").expect(0);
    world.run("undo").expect(0);
    // All is back: the newest run is none that could be taken back again.
    let ran = world.run("undo").expect(1);
    assert!(ran.err.contains("nothing of run") && !ran.err.contains("secrets"), "{}", ran.shown());
    assert_eq!(world.run("trash list --json").json()["bundles"], serde_json::json!([]));
}

#[test]
fn who_names_a_folder_to_prune_is_told_how_it_is_swept() {
    let world = world();
    world.run("prune --yes").expect(0);
    let ran = world.run("prune --yes spool").expect(10);
    assert!(ran.err.contains("it was swept for payloads"), "{}", ran.shown());
}

#[test]
fn i1_folders_that_are_called_the_same_are_refused_before_anything_is_swept() {
    let world = world();
    let [media, spool] = dirs(&world).map(|dir| dir.display().to_string());
    let before = world.listing();
    let inner = format!("{spool}/media");
    for (media, how) in [(&spool, "is the same folder as"), (&inner, "is around")] {
        for command in ["tick", "prune --yes", "list spool", "config show"] {
            let ran = world.run_with(command, &[("SESSION_REAPER_MEDIA_DIR", media)]).expect(2);
            let told = format!("payloads.dir [DIR]/spool {how} media.dir [DIR]/spool");
            assert!(
                ran.err.contains(&told) && ran.err.contains("(from SESSION_REAPER_MEDIA_DIR)"),
                "{}",
                ran.err
            );
        }
    }
    let base = [("SESSION_REAPER_WORKSPACES_BASE", &*media), ("SESSION_REAPER_WORKSPACES_NAMES", "*")];
    let ran = world.run_with("tick", &base).expect(2);
    assert!(
        ran.err.contains("media.dir") && ran.err.contains("SESSION_REAPER_WORKSPACES_BASE"),
        "{}",
        ran.err
    );
    assert_eq!(world.listing(), before);
}

/// The configuration knows names alone; where they lead is known when it is time to sweep.
#[test]
fn i1_folders_that_a_link_makes_one_are_not_swept() {
    let world = world();
    let [_, spool] = dirs(&world);
    std::os::unix::fs::symlink(&spool, world.path("link")).unwrap();
    std::os::unix::fs::symlink(world.path("."), world.path("around")).unwrap();
    for name in ["link", "link/inner", "around"] {
        let dir = world.path(name).display().to_string();
        let variables = [("SESSION_REAPER_MEDIA_DIR", &*dir)];
        let before = world.listing();
        for command in ["tick --force", "prune --yes", "prune -n"] {
            let ran = world.run_with(command, &variables).expect(4);
            assert!(ran.err.contains(" really is ") && ran.err.contains("in another"), "{}", ran.err);
        }
        let ran = world.run_with("check", &variables).expect(3);
        assert!(ran.out.contains(" really is "), "{}", ran.shown());
        let ran = world.run_with("list spool", &variables).expect(4);
        assert!(ran.err.contains(" really is "), "{}", ran.err);
        assert_eq!(world.listing(), before);
    }
    world.run("prune --yes").expect(0);
    assert_eq!(is_there(&world), [false, true, false]);
}

#[test]
fn i1_a_folder_with_a_store_of_sessions_in_it_is_not_swept() {
    let world = world();
    world.write("media/agents/main/sessions/sessions.json", &usual_store());
    configure(&world, "stores = [\"media\"]");
    let ran = world.run("prune --yes").expect(3);
    assert!(ran.err.contains("sessions/sessions.json is in it"), "{}", ran.err);
    assert_eq!(is_there(&world), [true, true, false]);
}

/// Whose folder it is nobody has told us: the marks in there do.
#[test]
fn i1_sessions_of_a_spool_that_is_swept_as_jobs_stay_while_they_live() {
    let world = world();
    let [_, spool] = dirs(&world);
    let patient = Options::default().with_grace(session_reaper::Age::from_hours(99_999));
    let opened = Spool::open(&spool, patient, session_reaper::now()).unwrap();
    let session = opened.session("live").unwrap();
    assert!(matches!(session.put(&vec![b'x'; 60_000], "text/plain"), Stored::Spooled(_)));
    let sessions = ["s-agent%3amain", "s-live"].map(|name| spool.join(name));
    for folder in &sessions {
        jobs::age(folder, 999);
    }
    world.write("session-reaper.toml", &format!("[workspaces]\nbase = {spool:?}\nnames = [\"*\"]\n"));
    let report = world.run("prune --yes --json --show-kept").expect(0).json();
    let report = &report["targets"][0];
    assert_eq!((&report["byRule"]["ttl"], &report["keptBy"]["owned"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(sessions.map(|folder| folder.exists()), [false, true]);
    drop(session);
}

#[test]
fn a_monitor_is_told_of_folders_as_well() {
    let world = world();
    assert_snapshot!(world.run("check").shown(), @r#"
    exit 0
    --- stdout
    OK - 2 stores, none overdue for long; [DIR]/spool: 1 session overdue, the oldest for 1h | overdue=2 oldest=3600s;3600;86400 stores=2 failing=0 unknown=0
    --- stderr
    "#);
    assert_snapshot!(world.run("check --warning 20m").shown(), @r#"
    exit 1
    --- stdout
    WARNING - 2 of 2 stores, the worst [DIR]/spool: 1 session overdue, the oldest for 1h | overdue=2 oldest=3600s;1200;86400 stores=2 failing=0 unknown=0
    --- stderr
    "#);
    world.run("tick").expect(0);
    assert_snapshot!(world.run("check").shown(), @r#"
    exit 0
    --- stdout
    OK - 2 stores, nothing overdue | overdue=0 oldest=0s;3600;86400 stores=2 failing=0 unknown=0
    --- stderr
    "#);
    fs::remove_dir_all(world.path("spool")).unwrap();
    world.write("spool", "no folder");
    assert_snapshot!(world.run("check").shown(), @r#"
    exit 3
    --- stdout
    UNKNOWN - 1 of 2 stores, the worst [DIR]/spool: not a directory | overdue=0 oldest=0s;3600;86400 stores=2 failing=0 unknown=1
    --- stderr
    "#);
}
