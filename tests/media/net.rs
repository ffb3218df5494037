//! The net as a tick throws it: what goes lies in the trash, what stays is told with its reason, and nobody is swept too often.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use session_reaper::{
    Age, ErrorKind, Retention,
    artifact::{
        self, Action,
        media::{self, MediaStore, Outcome},
    },
    model::Outcome as SweepOutcome,
    policy::Detail,
};

use crate::world::{MAX_AGE, MINUTE, World, at, delete, forget, put};

fn now() -> artifact::Options {
    artifact::Options { items: Some(Detail::Everything), ..artifact::Options::default() }
}

fn tick() -> artifact::Options {
    artifact::Options { verb: "tick", every: Some(Age::from_minutes(99)), ..now() }
}

fn dir(world: &World) -> PathBuf {
    world.path("media")
}

fn adds_up(report: &artifact::Report) {
    let parts = report.swept + report.retained + report.skipped + report.failed;
    assert_eq!((report.scanned, report.items.len() as u64), (parts, parts), "{report:?}");
}

/// The names in the trash of a folder, run by run.
fn trash(world: &World) -> Vec<Vec<String>> {
    let mut past = media::past(&dir(world)).unwrap();
    past.in_trash.iter_mut().for_each(|kept| kept.things.sort());
    past.in_trash.into_iter().map(|kept| kept.things).collect()
}

#[test]
fn i4_i8_what_is_too_old_by_a_millisecond_lies_in_the_trash_and_stands_in_the_journal() {
    let world = World::new();
    let store = world.open();
    for name in ["a", "sub/b"] {
        put(&store, &world.media(name), "s");
    }
    let young = media::sweep(&world.options(), at(MAX_AGE), &now());
    adds_up(&young);
    assert_eq!((young.retained, young.outcome, young.kept_by["young"]), (2, SweepOutcome::Nothing, 2));
    assert_eq!(young.items[0].expires_at, Some(at(MAX_AGE)));
    let report = media::sweep(&world.options(), at(MAX_AGE + 1), &now());
    adds_up(&report);
    assert_eq!((report.kind, report.swept, report.bytes_freed), ("media", 2, 10));
    assert_eq!((report.by_rule["max-age"], report.outcome), (2, SweepOutcome::Swept));
    assert!(report.can_be_undone && report.has_removed());
    let names: Vec<&str> = report.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["a", "sub/b"]);
    assert_eq!((report.items[0].newest, report.items[0].age_ms), (Some(at(0)), Some(MAX_AGE + 1)));
    assert!(!world.path("media/a").exists() && !world.path("media/sub/b").exists());
    assert_eq!(trash(&world), [["a", "sub/b"]]);
    let past = media::past(&dir(&world)).unwrap();
    let line = &past.lines[0];
    assert_eq!((line.store.as_str(), line.verb.as_str(), line.pruned, line.kept), ("media", "prune", 2, 0));
    assert!(line.trash && line.by_rule["max-age"] == 2 && past.lines.len() == 1 && past.on_the_way == 0);
    assert_eq!(store.references().unwrap(), 0);
    assert!(media::is_store(&dir(&world)) && !media::is_store(&world.path("elsewhere")));
}

#[test]
fn i4_the_net_of_an_open_store_uses_the_trash_too_unless_it_is_told_not_to() {
    let world = World::new();
    let store = world.open();
    put(&store, &world.media("a"), "s");
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert_eq!(trash(&world), [["a"]]);
    let options = world.options().with_trash(false);
    let store = MediaStore::open(options, at(0)).unwrap();
    put(&store, &world.media("b"), "s");
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert_eq!(trash(&world), [["a"]]);
    // What its owner lets go he is done with.
    let media = put(&store, &world.media("c"), "s");
    store.release(media.reference).unwrap();
    assert!(trash(&world) == [["a"]] && !media.path.exists());
}

#[test]
fn i9_each_thing_is_told_with_what_becomes_of_it_and_a_look_says_the_same() {
    let world = World::new();
    let store = world.open();
    let [old, leased] = ["old", "leased"].map(|name| put(&store, &world.media(name), "s"));
    store.store(&world.media("young"), delete(), "s", at(MINUTE)).unwrap();
    store.store(&world.media("forgotten"), forget(), "s", at(0)).unwrap();
    let outside = put(&store, &world.write("out/x", "precious"), "s");
    world.media("orphan");
    let lease = store.lease(leased.reference).unwrap();
    let seen = media::inspect(&world.options(), at(MAX_AGE + 1));
    adds_up(&seen);
    let what = |report: &artifact::Report| -> BTreeMap<String, (Action, &'static str)> {
        report.items.iter().map(|item| (item.name.clone(), (item.action.clone(), item.why))).collect()
    };
    let found = what(&seen);
    let expected = [
        ("old".to_owned(), (Action::Sweep, "max-age")),
        ("leased".to_owned(), (Action::Retain, "leased")),
        ("young".to_owned(), (Action::Retain, "young")),
        ("forgotten".to_owned(), (Action::Sweep, "max-age")),
        (outside.reference.to_string(), (Action::Sweep, "max-age")),
        ("orphan".to_owned(), (Action::Sweep, "orphan")),
    ];
    assert_eq!(found, BTreeMap::from(expected));
    assert!(old.path.exists() && world.path("media/orphan").exists());
    let swept = media::sweep(&world.options(), at(MAX_AGE + 1), &now());
    assert_eq!(what(&swept), found);
    assert_eq!((swept.swept, seen.swept, swept.bytes_freed), (4, 4, seen.bytes_freed));
    assert!(outside.path.exists() && world.path("media/forgotten").exists() && leased.path.exists());
    assert_eq!(store.references().unwrap(), 2);
    drop(lease);
}

type Seen = BTreeMap<PathBuf, (u64, i64, i64, u32, Vec<u8>)>;

/// All that can be seen of a folder, times included.
fn all(path: &Path, seen: &mut Seen) {
    let stat = fs::symlink_metadata(path).unwrap();
    let bytes = if stat.is_file() { fs::read(path).unwrap() } else { Vec::new() };
    let time = stat.mtime() * 1_000_000_000 + stat.mtime_nsec();
    let changed = stat.ctime() * 1_000_000_000 + stat.ctime_nsec();
    seen.insert(path.to_owned(), (stat.ino(), time, changed, stat.mode(), bytes));
    if stat.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            all(&entry.unwrap().path(), seen);
        }
    }
}

#[test]
fn i9_a_look_and_a_dry_run_write_nothing_also_where_there_was_never_a_store() {
    let world = World::new();
    world.write("media/own", "x");
    let look = |swept: u64| {
        let (mut before, mut after) = (Seen::new(), Seen::new());
        all(&dir(&world), &mut before);
        let seen = media::inspect(&world.options(), at(MAX_AGE + 1));
        let dry = artifact::Options { dry_run: true, ..now() };
        let tried = media::sweep(&world.options(), at(MAX_AGE + 1), &dry);
        assert_eq!((seen.swept, tried.swept), (swept, swept), "{seen:?}");
        all(&dir(&world), &mut after);
        assert_eq!(before, after);
    };
    look(0);
    let store = world.open();
    let media = put(&store, &world.media("sub/a"), "s");
    look(1);
    // A line on its way is no damage.
    let torn = fs::read(world.ledger()).unwrap();
    fs::write(world.ledger(), [torn.as_slice(), b"0123456789abcdef {\"op\":\"st"].concat()).unwrap();
    look(1);
    drop(store);
    fs::set_permissions(dir(&world), fs::Permissions::from_mode(0o555)).unwrap();
    look(1);
    fs::set_permissions(dir(&world), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(media.path.exists());
    let none = media::Options::new(world.path("none")).unwrap();
    assert_eq!(media::inspect(&none, at(0)).outcome, SweepOutcome::Nothing);
    assert!(!world.path("none").exists());
}

#[test]
fn a_folder_that_is_not_there_or_has_no_net_is_left_alone() {
    let world = World::new();
    for options in [now(), tick()] {
        assert_eq!(media::sweep(&world.options(), at(0), &options).outcome, SweepOutcome::Nothing);
        assert!(!dir(&world).exists());
        assert_eq!(media::rests(&world.options(), at(0), &options), options.every.is_some());
    }
    let media = put(&world.open(), &world.media("a"), "s");
    let disabled = world.options().with_enabled(false);
    assert_eq!(media::sweep(&disabled, at(MAX_AGE + 1), &now()).outcome, SweepOutcome::Disabled);
    assert!(media.path.exists());
}

#[test]
fn i8_a_tick_sweeps_after_the_stores_own_interval_and_the_first_at_once() {
    let world = World::new();
    let settings = world.options().with_interval_of(Age::from_minutes(7));
    put(&world.open(), &world.media("a"), "s");
    let sweep = |millis: i64| media::sweep(&settings, at(MAX_AGE + millis), &tick());
    assert!(!media::rests(&settings, at(MAX_AGE + 1), &tick()));
    let first = sweep(1);
    assert_eq!((first.swept, first.next_due), (1, Some(at(MAX_AGE + 1 + 7 * MINUTE))));
    let early = sweep(7 * MINUTE);
    assert_eq!((early.outcome, early.next_due), (SweepOutcome::Throttled, first.next_due));
    assert!(media::rests(&settings, at(MAX_AGE + 7 * MINUTE), &tick()));
    assert!(!media::rests(&settings, at(MAX_AGE + 7 * MINUTE), &now()));
    assert!(!media::rests(&settings, at(MAX_AGE + 1 + 7 * MINUTE), &tick()));
    assert_eq!(sweep(1 + 7 * MINUTE).outcome, SweepOutcome::Nothing);
    assert!(world.path("media/.session-reaper/media.net.state").exists());
    // Nobody who is told to sweep now waits for that.
    assert_eq!(media::sweep(&settings, at(MAX_AGE + 8 * MINUTE), &now()).outcome, SweepOutcome::Nothing);
}

#[test]
fn a_time_far_ahead_is_refused_unless_it_is_meant() {
    let world = World::new();
    let media = put(&world.open(), &world.media("a"), "s");
    let far = session_reaper::now().plus(Age::from_hours(24 * 8));
    let report = media::sweep(&world.options(), far, &now());
    assert_eq!(report.error.map(|error| error.kind()), Some(ErrorKind::Refused));
    assert!(media.path.exists());
    let meant = artifact::Options { allow_clock_jump: true, ..now() };
    assert_eq!(media::sweep(&world.options(), far, &meant).swept, 1);
}

#[test]
fn what_lay_in_the_trash_for_long_enough_leaves_it() {
    let world = World::new();
    let store = world.open();
    put(&store, &world.media("a"), "s");
    let brief =
        artifact::Options { trash_retention: Retention::After(Age::from_millis(10).unwrap()), ..now() };
    // The longer retention holds: that of the caller decides here.
    let settings = world.options().with_trash_retention_of(brief.trash_retention);
    let sweep = |millis: i64, options: &artifact::Options| {
        drop(media::sweep(&settings, at(MAX_AGE + millis), options));
    };
    sweep(1, &brief);
    assert_eq!(trash(&world), [["a"]]);
    thread::sleep(Duration::from_millis(30));
    sweep(2, &now());
    assert_eq!(trash(&world), [["a"]]);
    sweep(20, &brief);
    assert!(trash(&world).is_empty());
    put(&store, &world.media("b"), "s");
    sweep(21, &now());
    let (gone, error) = media::empty_trash(&dir(&world), &now(), |_| true);
    assert!(gone.len() == 1 && error.is_none() && trash(&world).is_empty());
}

#[test]
fn i7_a_tick_beside_a_store_that_sweeps_by_itself_loses_and_doubles_nothing() {
    let world = World::new();
    let options = world.options().with_interval("1ms").unwrap().with_max_age("1ms").unwrap();
    let store = MediaStore::open(options.clone(), session_reaper::now()).unwrap();
    store.start().unwrap();
    for number in 0..200 {
        let path = world.media(&format!("f{number}"));
        store.store(&path, delete(), "s", session_reaper::now()).unwrap();
        if number % 5 == 0 {
            let report = media::sweep(&options, session_reaper::now(), &now());
            let is_busy = report.error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Busy);
            assert!(report.failed == 0 && (report.error.is_none() || is_busy), "{report:?}");
        }
    }
    let begun = Instant::now();
    while store.references().unwrap() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(2));
    }
    store.stop();
    let mut names: Vec<String> = trash(&world).concat();
    names.sort();
    let mut expected: Vec<String> = (0..200).map(|number| format!("f{number}")).collect();
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn i4_the_longer_of_two_retentions_holds_and_a_store_without_a_trash_has_none() {
    let world = World::new();
    let store = world.open();
    put(&store, &world.media("a"), "s");
    assert_eq!(media::sweep(&world.options(), at(MAX_AGE + 1), &now()).swept, 1);
    thread::sleep(Duration::from_millis(20));
    let age = |text: &str| text.parse::<Retention>().unwrap();
    let shortest = Retention::After(Age::from_millis(1).unwrap());
    let days = |days: i64| at(MAX_AGE + days * 24 * 60 * MINUTE);
    // The caller says a millisecond, the store says more.
    for kept in [age("7d"), age("false")] {
        let settings = world.options().with_trash_retention_of(kept);
        let options = artifact::Options { trash_retention: shortest, ..now() };
        assert!(media::sweep(&settings, days(3), &options).error.is_none());
        assert_eq!(trash(&world), [["a"]], "{kept}");
    }
    // The store says a millisecond, the caller says that nothing goes.
    let settings = world.options().with_trash_retention_of(shortest);
    let options = artifact::Options { trash_retention: Retention::Off, ..now() };
    assert!(media::sweep(&settings, days(3), &options).error.is_none());
    assert_eq!(trash(&world), [["a"]]);
    // Both say a millisecond.
    let options = artifact::Options { trash_retention: shortest, ..now() };
    assert!(media::sweep(&settings, days(3), &options).error.is_none());
    assert!(trash(&world).is_empty());
    let settings = world.options().with_trash(false);
    store.store(&world.media("b"), delete(), "s", days(3)).unwrap();
    assert_eq!(media::sweep(&settings, days(4), &now()).swept, 1);
    assert!(trash(&world).is_empty() && !world.path("media/b").exists());
}

/// An owner let go of it, and the process was killed before the file went.
#[test]
fn what_owners_let_go_is_removed_and_no_line_promises_that_it_comes_back() {
    let world = World::new();
    let store = world.open();
    let released = put(&store, &world.media("released"), "s");
    put(&store, &world.media("old"), "t");
    let copy = world.path("copy");
    fs::hard_link(&released.path, &copy).unwrap();
    store.release(released.reference).unwrap();
    drop(store);
    let ledger = fs::read_to_string(world.ledger()).unwrap();
    let (before, last) = ledger.trim_end().rsplit_once('\n').unwrap();
    assert!(last.contains("gone"), "{last}");
    fs::write(world.ledger(), format!("{before}\n")).unwrap();
    fs::rename(&copy, &released.path).unwrap();
    let first = media::sweep(&world.options(), at(0), &now());
    assert_eq!((first.swept, first.retained, first.can_be_undone), (1, 1, false), "{first:?}");
    assert!(first.has_removed() && !released.path.exists());
    assert!(media::past(&dir(&world)).unwrap().lines.is_empty());
    // Both in one run.
    let store = world.open();
    let other = put(&store, &world.media("other"), "s");
    fs::hard_link(&other.path, &copy).unwrap();
    store.release(other.reference).unwrap();
    drop(store);
    let ledger = fs::read_to_string(world.ledger()).unwrap();
    let (before, _) = ledger.trim_end().rsplit_once('\n').unwrap();
    fs::write(world.ledger(), format!("{before}\n")).unwrap();
    fs::rename(&copy, &other.path).unwrap();
    let report = media::sweep(&world.options(), at(MAX_AGE + 1), &now());
    assert_eq!((report.swept, report.by_rule["released"]), (2, 1), "{report:?}");
    let line = media::past(&dir(&world)).unwrap().lines.pop().unwrap();
    assert_eq!((line.pruned, line.scanned, line.by_rule.get("released")), (1, 1, None));
}

#[test]
fn who_is_told_to_stop_empties_no_trash_before_he_does() {
    let world = World::new();
    let store = world.open();
    put(&store, &world.media("a"), "s");
    assert_eq!(media::sweep(&world.options(), at(MAX_AGE + 1), &now()).swept, 1);
    thread::sleep(Duration::from_millis(20));
    let shortest = Retention::After(Age::from_millis(1).unwrap());
    let settings = world.options().with_trash_retention_of(shortest);
    let options = artifact::Options { trash_retention: shortest, ..now() };
    options.stop.asked().store(15, std::sync::atomic::Ordering::SeqCst);
    let _report = media::sweep(&settings, at(2 * MAX_AGE), &options);
    assert_eq!(trash(&world), [["a"]]);
    let options = artifact::Options { trash_retention: shortest, ..now() };
    assert!(media::sweep(&settings, at(2 * MAX_AGE), &options).error.is_none());
    assert!(trash(&world).is_empty());
}
