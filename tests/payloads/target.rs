//! What a sweep of a spool takes, what it leaves, and what it says.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use session_reaper::{
    Age, ErrorKind,
    artifact::{
        Action, Options,
        payloads::{self, is_spool, rests},
    },
    model::Outcome,
    now,
};

use crate::{
    child::Living,
    dead::{HOUR, age, all, inspected, kill, said, swept, swept_with},
    world::{World, put, small, whole_blobs},
};

fn grace(hours: i64) -> payloads::Options {
    small().with_grace(Age::from_millis(hours * HOUR).unwrap())
}

#[test]
fn what_the_dead_left_goes_whole_into_the_trash_and_what_lives_stays() {
    let world = World::new();
    let living = Living::start(&world, "living", "l");
    kill(&world, &["one", "two"]);
    let report = swept(&world);
    assert_eq!(
        (report.outcome, report.swept, report.retained, report.bytes_freed),
        (Outcome::Swept, 2, 1, 200),
        "{report:?}"
    );
    assert_eq!(said(&report), [("s-living", "owned"), ("s-one", "dead"), ("s-two", "dead")]);
    assert!(report.changed && report.can_be_undone);
    assert_eq!((report.by_rule["dead"], report.kept_by["owned"]), (2, 1));
    let item = report.items.iter().find(|item| item.name == "s-one").unwrap();
    assert_eq!((&item.action, item.bytes), (&Action::Sweep, 100));
    assert!(item.newest.is_some() && item.age_ms.is_some() && item.expires_at.is_some(), "{item:?}");
    assert_eq!(world.names("spool"), ["s-living"]);
    assert!(is_spool(&world.dir()) && !is_spool(&world.path(".")));
    // Again there is nothing to do.
    let report = swept(&world);
    assert_eq!((report.outcome, report.scanned, report.changed), (Outcome::Nothing, 1, false));
    living.kill();
    assert_eq!(swept(&world).swept, 1);
}

#[test]
fn i8_exactly_the_grace_stays_and_a_millisecond_more_goes() {
    let world = World::new();
    kill(&world, &["one"]);
    let last = fs::metadata(world.dir().join("s-one")).unwrap();
    let last = last.mtime() * 1_000 + last.mtime_nsec() / 1_000_000;
    let at = |millis: i64| session_reaper::Timestamp::from_millis(last + HOUR + millis);
    let report = payloads::sweep(&world.dir(), &grace(1), at(0), &all());
    assert_eq!(said(&report), [("s-one", "young")]);
    assert_eq!(report.items[0].expires_at, Some(at(0)));
    assert_eq!(said(&payloads::sweep(&world.dir(), &grace(1), at(1), &all())), [("s-one", "dead")]);
}

#[test]
fn without_reclaim_it_stays_for_ever_but_for_the_room_and_no_time_is_told() {
    let world = World::new();
    kill(&world, &["one"]);
    age(&world, "s-one", 9_000);
    let forever = small().with_grace(Age::from_hours(1)).without_reclaim();
    assert_eq!(world.spool_with(forever.clone()).sweep(now()).unwrap().retained, 1);
    let report = swept_with(&world, &forever, 0, &all());
    assert_eq!((said(&report), report.items[0].expires_at), (vec![("s-one", "young")], None));
    let tight = forever.with_max_bytes(10).unwrap();
    assert_eq!(said(&swept_with(&world, &tight, 0, &all())), [("s-one", "quota")]);
}

#[test]
fn i5_a_time_from_the_future_stays() {
    let world = World::new();
    kill(&world, &["one"]);
    let report = swept_with(&world, &small(), -HOUR, &all());
    assert_eq!((said(&report), report.skipped), (vec![("s-one", "future")], 1));
}

#[test]
fn i5_what_nobody_can_say_anything_about_stays_and_is_told() {
    let world = World::new();
    kill(&world, &["one"]);
    fs::write(world.path("spool/s-one/.owner"), "torn").unwrap();
    for name in ["mine", "s-mine", "x-mine"] {
        fs::create_dir(world.dir().join(name)).unwrap();
        fs::write(world.dir().join(name).join("file"), "kept").unwrap();
    }
    fs::write(world.path("spool/s-file"), "kept").unwrap();
    fs::write(world.path("spool/.room"), "").unwrap();
    symlink(world.path("."), world.path("spool/s-link")).unwrap();
    let before = world.names("spool").len();
    let report = swept(&world);
    let foreign = ["mine", "s-file", "s-link", "s-mine"].map(|name| (name, "foreign"));
    let told = [&foreign[..], &[("s-one", "unknown"), ("x-mine", "foreign")]].concat();
    assert_eq!((said(&report), report.skipped, report.changed), (told, 6, false));
    assert_eq!(world.names("spool").len(), before);
}

#[test]
fn half_of_what_has_ended_is_finished_and_is_not_kept() {
    let world = World::new();
    kill(&world, &["one"]);
    fs::rename(world.path("spool/s-one"), world.path("spool/x-1-1")).unwrap();
    for name in ["s-begun", "s-begins"] {
        fs::create_dir(world.dir().join(name)).unwrap();
    }
    age(&world, "s-begun", 1);
    let report = swept_with(&world, &grace(1), 0, &all());
    assert_eq!(said(&report), [("s-begins", "beginning"), ("s-begun", "ended"), ("x-1-1", "ended")]);
    assert!(report.changed && !report.can_be_undone);
    assert_eq!((report.swept, report.bytes_freed), (2, 100));
    assert_eq!(world.names("spool"), ["s-begins"]);
    let past = payloads::past(&world.dir()).unwrap();
    assert_eq!((past.lines[0].trash, past.in_trash.len()), (false, 0));
}

/// Whoever names a folder by mistake has things in there that are called as ours are.
#[test]
fn i10_what_is_empty_and_unmarked_goes_only_where_a_runtime_had_its_spool() {
    let world = World::new();
    let marker = || world.path("spool/.session-reaper/payloads.marker");
    for name in ["s-empty", "h-empty", "x-empty"] {
        fs::create_dir_all(world.dir().join(name)).unwrap();
        age(&world, name, 1);
    }
    let told = |why| ["h-empty", "s-empty", "x-empty"].map(|name| (name, why)).to_vec();
    let report = swept(&world);
    assert_eq!((said(&report), report.changed), (told("foreign"), false));
    assert_eq!(said(&inspected(&world, &small())), told("foreign"));
    // What somebody else keeps in there says that it is no spool of ours alone. A dead owner's mark says enough.
    fs::write(world.path("spool/notes"), "kept").unwrap();
    kill(&world, &["one"]);
    assert!(!marker().exists());
    fs::create_dir_all(world.dir().join("s-empty")).unwrap();
    age(&world, "s-empty", 1);
    assert_eq!(said(&swept(&world)), [("notes", "foreign"), ("s-empty", "foreign"), ("s-one", "dead")]);
    fs::remove_file(world.path("spool/notes")).unwrap();
    drop(world.spool());
    assert!(marker().exists());
    fs::create_dir_all(world.dir().join("s-empty")).unwrap();
    age(&world, "s-empty", 1);
    assert_eq!(said(&swept(&world)), [("s-empty", "ended")]);
}

#[test]
fn without_a_trash_it_is_gone_for_ever() {
    let world = World::new();
    kill(&world, &["one"]);
    let report = swept_with(&world, &small(), 0, &Options { trash: false, ..all() });
    assert_eq!(
        (report.swept, report.bytes_freed, report.changed, report.can_be_undone),
        (1, 100, true, false)
    );
    assert_eq!(whole_blobs(&world.dir()), 0);
    assert!(payloads::past(&world.dir()).unwrap().in_trash.is_empty());
}

#[test]
fn the_oldest_of_the_dead_goes_first_until_the_spool_is_as_large_as_it_may_be() {
    let world = World::new();
    let _living = Living::start(&world, "living", "l");
    kill(&world, &["1st", "2nd", "3rd", "odd"]);
    for (name, hours) in [("s-1st", 5), ("s-2nd", 4), ("s-3rd", 3), ("s-living", 9), ("s-odd", 8)] {
        age(&world, name, hours);
    }
    fs::write(world.path("spool/s-odd/.owner"), "torn").unwrap();
    age(&world, "s-odd", 8);
    let most = |bytes: u64| grace(24).with_max_bytes(bytes).unwrap();
    assert_eq!(swept_with(&world, &most(500), 0, &all()).swept, 0);
    let dry = inspected(&world, &most(301));
    let report = swept_with(&world, &most(301), 0, &all());
    let told = ["quota", "quota", "young", "owned", "unknown"];
    let names = ["s-1st", "s-2nd", "s-3rd", "s-living", "s-odd"];
    assert_eq!(said(&report), names.into_iter().zip(told).collect::<Vec<_>>());
    assert_eq!(said(&dry), said(&report));
    // Never what lives, or what nobody knows.
    assert_eq!(swept_with(&world, &most(1), 0, &all()).by_rule["quota"], 1);
    assert_eq!(world.names("spool"), ["s-living", "s-odd"]);
}

#[test]
fn a_spool_that_is_not_there_holds_nothing_and_is_not_made() {
    let world = World::new();
    let report = swept(&world);
    assert_eq!((report.outcome, report.scanned), (Outcome::Nothing, 0));
    // There is nothing to wait for at the next tick, but whoever asks for a sweep is told.
    let every = Options { every: Some(Age::from_hours(1)), ..all() };
    assert!(rests(&world.dir(), now(), &every) && !rests(&world.dir(), now(), &all()));
    assert!(!rests(Path::new("spool"), now(), &every) && !world.dir().exists());
    assert!(payloads::past(&world.dir()).unwrap().lines.is_empty());
    payloads::finish_killed(&world.dir(), &all()).unwrap();
    assert!(payloads::empty_trash(&world.dir(), &all(), |_| true).1.is_none());
    assert!(!world.dir().exists());
}

#[test]
fn i10_what_no_spool_can_be_is_refused_and_left_alone() {
    let world = World::new();
    kill(&world, &["one"]);
    symlink(world.dir(), world.path("link")).unwrap();
    let refused = |path: &Path| {
        let report = payloads::sweep(path, &small(), now(), &all());
        let error = report.error.unwrap();
        assert_eq!((report.outcome, error.kind()), (Outcome::Refused, ErrorKind::Refused), "{error}");
        assert!(payloads::past(path).is_err() && payloads::finish_killed(path, &all()).is_err());
        error
    };
    refused(&world.path("link"));
    refused(Path::new("spool"));
    refused(Path::new("/"));
    fs::set_permissions(world.dir(), fs::Permissions::from_mode(0o770)).unwrap();
    assert!(refused(&world.dir()).hint().unwrap().contains("chmod go-w"));
    fs::set_permissions(world.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    if rustix::process::geteuid().is_root() {
        // Root acts for everybody, so that another user has to ask: see `proven`.
        std::os::unix::fs::chown(world.dir(), Some(65_534), Some(65_534)).unwrap();
        assert_eq!(swept(&world).swept, 1);
        assert_eq!(fs::metadata(world.path("spool/.session-reaper")).unwrap().uid(), 65_534);
    }
}

#[test]
fn a_sweep_that_is_not_due_looks_at_nothing() {
    let world = World::new();
    drop(world.spool());
    let every = || Options { every: Some(Age::from_hours(1)), ..all() };
    let report = swept_with(&world, &small(), 0, &every());
    assert!(report.next_due.is_some() && rests(&world.dir(), now(), &every()));
    kill(&world, &["one"]);
    let report = swept_with(&world, &small(), 0, &every());
    assert_eq!((report.outcome, report.scanned), (Outcome::Throttled, 0));
    assert_eq!(swept_with(&world, &small(), HOUR + 1, &every()).swept, 1);
}

/// Everything below a folder: its name, its size, when it was changed.
fn picture(folder: &Path) -> Vec<(PathBuf, u64, i64, i64, u32)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(path) = folders.pop() {
        let stat = fs::symlink_metadata(&path).unwrap();
        if stat.is_dir() {
            folders.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        all.push((path, stat.len(), stat.mtime(), stat.mtime_nsec(), stat.mode()));
    }
    all.sort();
    all
}

#[test]
fn i9_to_look_changes_nothing_and_says_what_a_sweep_does() {
    let world = World::new();
    let _living = Living::start(&world, "living", "l");
    kill(&world, &["one", "two"]);
    fs::rename(world.path("spool/s-two"), world.path("spool/x-1-1")).unwrap();
    fs::set_permissions(world.dir(), fs::Permissions::from_mode(0o500)).unwrap();
    let before = picture(&world.path("."));
    let looked = inspected(&world, &small());
    let dry = swept_with(&world, &small(), 0, &Options { dry_run: true, ..all() });
    assert_eq!(picture(&world.path(".")), before);
    assert!(!looked.changed && !dry.changed && !dry.can_be_undone);
    fs::set_permissions(world.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    let done = swept(&world);
    for report in [&looked, &dry] {
        assert_eq!(said(report), said(&done));
        assert_eq!(
            (report.swept, report.retained, report.bytes_freed, &report.by_rule),
            (done.swept, done.retained, done.bytes_freed, &done.by_rule)
        );
    }
}

#[test]
fn i10_what_sweeps_keep_in_the_spool_is_in_nobodys_way() {
    let world = World::new();
    kill(&world, &["one"]);
    swept(&world);
    let before = picture(&world.path("spool/.session-reaper"));
    let spool = world.spool_with(small().with_max_bytes(250).unwrap());
    let report = spool.sweep(now()).unwrap();
    assert_eq!((report.scanned, report.skipped), (0, 0), "{report:?}");
    // What is in the trash takes no room of the sessions'.
    let session = spool.session("one").unwrap();
    put(&session, &[b'x'; 250]);
    session.end().unwrap();
    assert_eq!(picture(&world.path("spool/.session-reaper")), before);
    assert_eq!(world.names("spool"), [".room"]);
}
