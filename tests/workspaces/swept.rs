//! What a sweep of a folder of groups takes, what it leaves, and what it says.

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use fs4::FileExt;
use session_reaper::{
    Age, ErrorKind, Timestamp,
    artifact::{
        Action, Options,
        workspaces::{Settings, Shape, remove_group, rests, sweep},
    },
    model::Outcome,
};

use crate::jobs::{age, job, now, options, said, settings, swept, world};

const HOUR: i64 = 3_600_000;

#[test]
fn what_is_old_goes_whole_and_what_is_young_stays() {
    let world = world();
    job(&world, "job-old", 25);
    job(&world, "job-new", 1);
    let report = swept(&world);
    assert_eq!(
        (report.outcome, report.swept, report.retained, report.bytes_freed),
        (Outcome::Swept, 1, 1, 19)
    );
    assert_eq!(said(&report), [("job-new", "young"), ("job-old", "ttl")]);
    assert_eq!(world.names("jobs"), [".session-reaper", "job-new", "job-new-artifacts", "job-new.cred.sh"]);
    // Again there is nothing to do.
    let report = swept(&world);
    assert_eq!((report.outcome, report.swept, report.retained), (Outcome::Nothing, 0, 1));
}

/// The original judged the folder by its own time, which a job that writes deep inside does not touch.
#[test]
fn i1_a_job_that_writes_deep_inside_keeps_everything() {
    let world = world();
    job(&world, "job-live", 25);
    age(&world.path("jobs/job-live.cred.sh"), 5);
    age(&world.path("jobs/job-live/src/deep/main.rs"), 1);
    assert_eq!(said(&swept(&world)), [("job-live", "young")]);
    // A result that is just being written keeps the clone, too.
    age(&world.path("jobs/job-live"), 25);
    age(&world.path("jobs/job-live-artifacts/s.md"), 1);
    assert_eq!(said(&swept(&world)), [("job-live", "young")]);
    assert!(world.path("jobs/job-live.cred.sh").exists());
}

/// The original removed whatever was old.
#[test]
fn i5_what_is_nobodys_we_know_stays_and_is_counted() {
    let world = world();
    for name in ["precious.db", "notes/x", "job"] {
        age(&world.write(&format!("jobs/{name}"), "precious"), 9_999);
    }
    age(&world.path("jobs/notes"), 9_999);
    let report = swept(&world);
    assert_eq!((report.skipped, report.swept), (3, 0));
    assert_eq!(said(&report), [("job", "foreign"), ("notes", "foreign"), ("precious.db", "foreign")]);
}

/// The original judged a link by what it led to, and a dangling one was in no count.
#[test]
fn i5_links_stay_and_are_told() {
    let world = world();
    age(&world.write("outside/file", "x"), 9_999);
    age(&world.path("outside"), 9_999);
    symlink(world.path("outside"), world.path("jobs/job-link")).unwrap();
    symlink(world.path("nowhere"), world.path("jobs/job-dangling")).unwrap();
    job(&world, "job-token", 25);
    fs::rename(world.path("jobs/job-token.cred.sh"), world.path("outside/token")).unwrap();
    symlink(world.path("outside/token"), world.path("jobs/job-token.cred.sh")).unwrap();
    let report = swept(&world);
    assert_eq!(
        said(&report),
        [("job-dangling", "dangling-link"), ("job-link", "link"), ("job-token", "link")]
    );
    assert_eq!((report.skipped, report.swept), (3, 0));
    assert!(world.path("outside/file").exists() && world.path("outside/token").exists());
}

#[test]
fn i5_times_from_the_future_and_what_cannot_be_looked_into_stay() {
    let world = world();
    job(&world, "job-future", 25);
    age(&world.path("jobs/job-future/src"), -48);
    job(&world, "job-file", 25);
    fs::remove_dir_all(world.path("jobs/job-file")).unwrap();
    age(&world.write("jobs/job-file", "no folder"), 25);
    for name in ["job-future", "job-file"] {
        fs::remove_file(world.path(&format!("jobs/{name}.cred.sh"))).unwrap();
    }
    assert_eq!(said(&swept(&world)), [("job-file", "strange"), ("job-future", "future")]);
    if !rustix::process::geteuid().is_root() {
        job(&world, "job-locked", 25);
        age(&world.path("jobs/job-locked.cred.sh"), 1);
        let locked = world.path("jobs/job-locked/src");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        assert!(said(&swept(&world)).contains(&("job-locked", "unreadable")));
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn i8_exactly_the_ttl_is_kept_and_a_millisecond_more_goes() {
    let world = world();
    job(&world, "job-a", 0);
    let newest = now();
    let millis = u64::try_from(newest.as_millis()).unwrap();
    let set = |path: &str| {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        File::open(world.path(path)).unwrap().set_modified(time).unwrap();
    };
    for path in ["", "/src", "/src/deep", "/src/deep/main.rs", ".cred.sh", "-artifacts", "-artifacts/s.md"] {
        set(&format!("jobs/job-a{path}"));
    }
    let at = |age: i64| Timestamp::from_millis(newest.as_millis() + age);
    let look = |now| {
        let options = Options { dry_run: true, ..options() };
        sweep(&world.path("jobs"), &settings(), now, &options).items[0].clone()
    };
    let kept = look(at(24 * HOUR));
    // By then its token is older than six hours.
    assert_eq!((kept.action, kept.why, kept.age_ms), (Action::Sweep, "secret-ttl", Some(24 * HOUR)));
    assert_eq!(kept.expires_at, Some(at(6 * HOUR)), "what goes is its token");
    assert_eq!(look(at(24 * HOUR + 1)).why, "ttl");
    assert_eq!((look(at(6 * HOUR)).why, look(at(6 * HOUR + 1)).why), ("young", "secret-ttl"));
}

#[test]
fn a_secret_has_its_own_shorter_time_and_goes_alone() {
    let world = world();
    job(&world, "job-long", 7);
    age(&world.path("jobs/job-long/src/deep/main.rs"), 1);
    let report = swept(&world);
    assert_eq!(said(&report), [("job-long", "secret-ttl")]);
    assert_eq!((report.bytes_freed, world.names("jobs").len()), (5, 3));
    assert!(!world.path("jobs/job-long.cred.sh").exists());
    // No secret is ever in the trash.
    assert!(!world.path("jobs/.session-reaper/trash").exists());
}

/// A token whose folder is gone, as the original left it where somebody named the folder with a slash.
#[test]
fn a_token_without_its_folder_goes_by_its_own_age() {
    let world = world();
    age(&world.write("jobs/job-gone.cred.sh", "token"), 7);
    age(&world.write("jobs/job-late.cred.sh", "token"), 5);
    let report = swept(&world);
    assert_eq!(said(&report), [("job-gone", "secret-ttl"), ("job-late", "young")]);
    assert_eq!(world.names("jobs"), [".session-reaper", "job-late.cred.sh"]);
}

#[test]
fn a_living_owner_wins_over_every_age_and_a_dead_one_over_none() {
    let world = world();
    job(&world, "job-a", 999);
    let mark = File::create(world.path("jobs/job-a.owner")).unwrap();
    FileExt::lock(&mark).unwrap();
    assert_eq!(said(&swept(&world)), [("job-a", "owned")]);
    assert_eq!(world.names("jobs").len(), 5, "the token stays as well");
    drop(mark);
    age(&world.path("jobs/job-a.owner"), 999);
    assert_eq!(said(&swept(&world)), [("job-a", "ttl")]);
    assert_eq!(world.names("jobs"), [".session-reaper"]);
}

/// `flock` in a job's own script is an owner's mark, too.
#[test]
fn whoever_holds_the_lock_owns_the_group_until_he_is_killed() {
    let world = world();
    job(&world, "job-a", 25);
    let mark = world.path("jobs/job-a.owner");
    let script = format!("exec 9>'{}'; flock -n 9 || exit 1; echo ready; exec sleep 600", mark.display());
    let mut child = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    age(&mark, 25);
    assert_eq!(said(&swept(&world)), [("job-a", "owned")]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(said(&swept(&world)), [("job-a", "ttl")]);
}

#[test]
fn a_mark_alone_is_swept_by_its_own_age() {
    let world = world();
    age(&world.write("jobs/job-a.owner", ""), 25);
    age(&world.write("jobs/job-b.owner", ""), 23);
    assert_eq!(said(&swept(&world)), [("job-a", "ttl"), ("job-b", "young")]);
    assert_eq!(world.names("jobs"), [".session-reaper", "job-b.owner"]);
}

#[test]
fn i9_a_dry_run_says_what_the_run_does_and_writes_nothing() {
    let world = world();
    job(&world, "job-old", 25);
    job(&world, "job-long", 7);
    world.write("jobs/other", "x");
    let base = world.path("jobs");
    let dry = sweep(&base, &settings(), now(), &Options { dry_run: true, ..options() });
    assert!(!world.path("jobs/.session-reaper").exists());
    let real = swept(&world);
    assert_eq!((said(&dry), &dry.by_rule, &dry.kept_by), (said(&real), &real.by_rule, &real.kept_by));
    assert_eq!((dry.outcome, dry.bytes_freed), (real.outcome, real.bytes_freed));
}

/// The original made the folder when it swept it, took a file for one without a word, and was ready for any.
#[test]
fn i10_which_folder_may_be_swept() {
    let world = world();
    let report = |path: &Path| sweep(path, &settings(), now(), &options());
    assert_eq!(report(&world.path("none")).outcome, Outcome::Nothing);
    let every = Options { every: Some(Age::from_hours(1)), ..options() };
    assert!(rests(&world.path("none"), now(), &every) && !rests(&world.path("none"), now(), &options()));
    assert!(!world.path("none").exists());
    world.write("file", "x");
    symlink(world.path("jobs"), world.path("link")).unwrap();
    for (path, kind, why) in [
        (Path::new(""), ErrorKind::Config, "the path is empty"),
        (Path::new("jobs"), ErrorKind::Config, "the path is relative"),
        (Path::new("/"), ErrorKind::Config, "this is the root of everything"),
        (&world.path("jobs/.."), ErrorKind::Config, "there is a .. in the path"),
        (&world.path("file"), ErrorKind::Config, "it is no folder"),
        (&world.path("link"), ErrorKind::Refused, "there is a link on the way to it"),
    ] {
        let error = report(path).error.unwrap();
        assert_eq!((error.kind(), error.message()), (kind, why), "{path:?}");
        assert!(error.hint().is_some(), "{path:?}");
    }
}

#[test]
fn ticks_are_throttled_and_two_at_once_do_the_work_once() {
    let world = world();
    job(&world, "job-old", 25);
    let base = world.path("jobs");
    let tick = |now| {
        let options = Options { every: Some(Age::from_minutes(5)), ..options() };
        sweep(&base, &settings(), now, &options)
    };
    let first = tick(now());
    assert_eq!(first.swept, 1);
    let due = first.next_due.unwrap();
    job(&world, "job-old", 25);
    let second = tick(now());
    assert_eq!((second.outcome, second.next_due, second.scanned), (Outcome::Throttled, Some(due), 0));
    assert_eq!(tick(due).swept, 1);
    // Somebody else is at it.
    let lock = File::open(world.path("jobs/.session-reaper/workspaces.lock")).unwrap();
    FileExt::lock(&lock).unwrap();
    assert_eq!(tick(due.plus(Age::from_hours(1))).outcome, Outcome::Busy);
}

#[test]
fn what_is_off_is_not_looked_at_and_names_that_nobody_gave_take_nothing() {
    let world = world();
    job(&world, "job-old", 9_999);
    let off = Settings { ttl: "false".parse().unwrap(), secret_ttl: "false".parse().unwrap(), ..settings() };
    let report = |settings: &Settings| sweep(&world.path("jobs"), settings, now(), &options());
    assert_eq!(report(&off).outcome, Outcome::Disabled);
    let nameless = report(&Settings::default());
    assert_eq!((nameless.swept, nameless.skipped), (0, 3));
    let shape = Shape::new(vec![".token".to_owned()], vec!["-out".to_owned()]).unwrap();
    world.write("jobs/job-old.token", "t");
    let other = report(&Settings { shape, ..settings() });
    assert_eq!(said(&other)[0], ("job-old", "young"));
}

#[test]
fn without_a_trash_a_group_is_gone_for_ever_and_with_one_it_is_in_there() {
    let world = world();
    job(&world, "job-a", 25);
    swept(&world);
    let trash = world.names("jobs/.session-reaper/trash");
    assert_eq!(trash.len(), 1);
    let bundle = format!("jobs/.session-reaper/trash/{}", trash[0]);
    assert_eq!(world.names(&bundle), ["0", "1", "things.jsonl"]);
    assert!(world.path(&bundle).join("0/src/deep/main.rs").exists());
    job(&world, "job-b", 25);
    let report = sweep(&world.path("jobs"), &settings(), now(), &Options { trash: false, ..options() });
    assert_eq!(report.swept, 1);
    assert_eq!(world.names("jobs/.session-reaper/trash").len(), 1);
    assert_eq!(world.names("jobs"), [".session-reaper"]);
}

/// Whoever ends his job takes his mark with him.
#[test]
fn a_mark_goes_with_its_group() {
    let world = world();
    job(&world, "job-a", 0);
    world.write("jobs/job-a.owner", "");
    let removal = remove_group(&world.path("jobs/job-a"), &Shape::default()).unwrap();
    assert_eq!((removal.is_complete(), removal.members.len()), (true, 4));
    assert_eq!(world.names("jobs"), [""; 0]);
}

/// Whatever is wrong with the rest of its group, a token goes by its own age.
#[test]
fn a_token_beside_something_odd_does_not_stay_for_ever() {
    let world = world();
    for name in ["job-link", "job-future"] {
        job(&world, name, 25);
    }
    fs::remove_dir_all(world.path("jobs/job-link-artifacts")).unwrap();
    symlink("nowhere", world.path("jobs/job-link-artifacts")).unwrap();
    age(&world.path("jobs/job-future/src"), -48);
    assert_eq!(said(&swept(&world)), [("job-future", "secret-ttl"), ("job-link", "secret-ttl")]);
    assert_eq!(said(&swept(&world)), [("job-future", "future"), ("job-link", "dangling-link")]);
    assert!(world.path("jobs/job-link/src/deep/main.rs").exists());
}

/// Its mark is not that of the job whose results it seems to be.
#[test]
fn i1_a_living_job_that_is_called_like_results_stays() {
    let world = world();
    job(&world, "job-build-artifacts", 99);
    let mark = File::create(world.path("jobs/job-build-artifacts.owner")).unwrap();
    FileExt::lock(&mark).unwrap();
    assert_eq!(said(&swept(&world)), [("job-build-artifacts", "owned")]);
    assert_eq!(world.names("jobs").len(), 5);
}

/// A token that went is told, though the rest of its group could not be kept and stays.
#[test]
fn i9_what_went_of_a_group_that_failed_stands_in_the_journal() {
    let world = world();
    job(&world, "job-a", 25);
    // A trash that cannot be used: a bundle of this run's name is there already.
    let run = session_reaper::sweep::RunId::new(now());
    let options = Options { run: Some(run.clone()), ..options() };
    let taken = world.path(&format!("jobs/.session-reaper/trash/{run}.workspaces.unfinished/0/full"));
    fs::create_dir_all(&taken).unwrap();
    fs::write(
        world.path(&format!("jobs/.session-reaper/trash/{run}.workspaces.unfinished/things.jsonl")),
        "x",
    )
    .unwrap();
    let report = sweep(&world.path("jobs"), &settings(), now(), &options);
    assert_eq!((report.failed, report.swept, report.bytes_freed), (1, 0, 5));
    assert!(report.items[0].error.as_ref().unwrap().contains("cannot keep job-a in the trash"));
    assert!(world.path("jobs/job-a").exists() && !world.path("jobs/job-a.cred.sh").exists());
    let past = session_reaper::artifact::workspaces::past(&world.path("jobs")).unwrap();
    assert_eq!(past.lines.len(), 1, "a token went, and the journal says so");
}

/// Whoever renews his mark is at work, whether or not it is locked.
#[test]
fn a_mark_is_as_young_as_it_was_made_last() {
    let world = world();
    job(&world, "job-a", 25);
    age(&world.path("jobs/job-a.cred.sh"), 1);
    world.write("jobs/job-a.owner", "");
    assert_eq!(said(&swept(&world)), [("job-a", "young")]);
}

#[test]
fn a_time_far_ahead_of_the_clock_takes_no_token() {
    let world = world();
    job(&world, "job-a", 0);
    let base = world.path("jobs");
    let ahead = now().plus(Age::from_hours(8 * 24));
    let refused = sweep(&base, &settings(), ahead, &options());
    assert_eq!((refused.outcome, refused.error.unwrap().kind()), (Outcome::Refused, ErrorKind::Refused));
    assert!(world.path("jobs/job-a.cred.sh").exists());
    let wish = Options { allow_clock_jump: true, ..options() };
    assert_eq!(sweep(&base, &settings(), ahead, &wish).swept, 1);
}

/// A session of a spool has its mark inside, and no configuration need name the spool.
#[test]
fn i1_a_folder_with_a_mark_inside_stays_while_its_owner_is_not_proven_dead() {
    let world = world();
    for name in ["job-held", "job-unknown"] {
        job(&world, name, 25);
        age(&world.write(&format!("jobs/{name}/.owner"), ""), 25);
        age(&world.path(&format!("jobs/{name}")), 25);
    }
    let mark = File::open(world.path("jobs/job-held/.owner")).unwrap();
    FileExt::try_lock(&mark).unwrap();
    assert_eq!(said(&swept(&world)), [("job-held", "owned"), ("job-unknown", "secret-ttl")]);
    assert_eq!(said(&swept(&world)), [("job-held", "owned"), ("job-unknown", "unclear")]);
    // Nobody can say whether the other one lives: his folder stays, and his token goes by its own age.
    assert!(world.path("jobs/job-held.cred.sh").exists() && !world.path("jobs/job-unknown.cred.sh").exists());
}

#[test]
fn i1_a_folder_that_is_a_store_itself_stays_and_is_counted() {
    let world = world();
    for (name, sign) in [("job-a", "media.ledger"), ("job-b", "media.marker"), ("job-c", "payloads.marker")] {
        age(&world.write(&format!("jobs/{name}/.session-reaper/{sign}"), ""), 99);
        age(&world.path(&format!("jobs/{name}")), 99);
    }
    age(&world.write("jobs/job-d/.session-reaper/workspaces.state", ""), 99);
    age(&world.path("jobs/job-d"), 99);
    let report = swept(&world);
    assert_eq!(said(&report), [("job-a", "store"), ("job-b", "store"), ("job-c", "store"), ("job-d", "ttl")]);
    assert_eq!((report.skipped, report.swept), (3, 1));
}
