//! How old is too old: to the millisecond, and from the last time that anybody had to do with a file.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use session_reaper::{
    Age,
    artifact::media::{End, MediaStore, Outcome},
};

use crate::world::{MAX_AGE, MINUTE, World, at, delete, put};

#[test]
fn i8_exactly_as_old_as_allowed_stays_and_a_millisecond_more_goes() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let report = store.clean_expired(at(MAX_AGE));
    assert_eq!((report.swept(), report.count(Outcome::Young)), (0, 1));
    assert!(media.path.exists());
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert!(!media.path.exists());
}

#[test]
fn i1_what_is_used_is_not_old() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    store.resolve(media.reference, at(20 * MINUTE)).unwrap();
    // Another store, and one after a restart, know of it.
    for store in [world.open(), store] {
        assert_eq!(store.clean_expired(at(20 * MINUTE + MAX_AGE)).count(Outcome::Young), 1);
    }
    assert_eq!(world.open().clean_expired(at(20 * MINUTE + MAX_AGE + 1)).swept(), 1);
}

#[test]
fn a_use_is_written_down_once_a_minute() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let size = || fs::metadata(world.ledger()).unwrap().len();
    let before = size();
    for second in 0..60 {
        store.resolve(media.reference, at(second * 1_000)).unwrap();
    }
    assert_eq!(size(), before);
    store.resolve(media.reference, at(MINUTE)).unwrap();
    assert!(size() > before);
    // The one who was told knows better than the ledger.
    store.resolve(media.reference, at(MINUTE + 59_000)).unwrap();
    assert_eq!(store.clean_expired(at(MINUTE + 59_000 + MAX_AGE)).swept(), 0);
    assert_eq!(world.open().clean_expired(at(MINUTE + 59_000 + MAX_AGE)).swept(), 1);
}

#[test]
fn i1_what_is_written_to_is_not_old() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let written = UNIX_EPOCH + Duration::from_millis(u64::try_from(at(MINUTE).as_millis()).unwrap());
    File::options().write(true).open(&media.path).unwrap().set_modified(written).unwrap();
    assert_eq!(store.clean_expired(at(MINUTE + MAX_AGE)).count(Outcome::Young), 1);
    assert_eq!(store.clean_expired(at(MINUTE + MAX_AGE + 1)).count(Outcome::Removed), 1);
}

#[test]
fn i5_times_in_the_future_keep_and_are_counted() {
    let world = World::new();
    let store = world.open();
    let stored = store.store(&world.media("a"), delete(), "s", at(1)).unwrap();
    let written = put(&store, &world.media("b"), "s");
    let never = SystemTime::now() + Duration::from_hours(100_000);
    File::options().write(true).open(&written.path).unwrap().set_modified(never).unwrap();
    // The clock went back: to before one was stored.
    let report = store.clean_expired(at(0));
    assert_eq!((report.count(Outcome::FutureTime), report.count(Outcome::Young)), (1, 1));
    let report = store.clean_expired(at(MAX_AGE + 1));
    assert_eq!((report.skipped(), report.retained(), report.swept()), (1, 1, 0), "{report}");
    assert!(stored.path.exists() && written.path.exists());
}

#[test]
fn i8_extreme_times_and_ages_do_no_harm() {
    let world = World::new();
    let options = world.options().with_max_age(&Age::MAX.to_string()).unwrap();
    let store = MediaStore::open(options, at(0)).unwrap();
    let media = put(&store, &world.media("a"), "s");
    for now in [i64::MIN, -1, 0, Age::MAX.as_millis()] {
        assert_eq!(store.clean_expired(session_reaper::Timestamp::from_millis(now)).swept(), 0);
    }
    assert!(media.path.exists());
}

#[test]
fn without_a_net_only_owners_let_go() {
    let world = World::new();
    for (store, end) in [
        (MediaStore::open(world.options().with_enabled(false), at(0)).unwrap(), true),
        (MediaStore::open(world.options().with_max_age("false").unwrap(), at(0)).unwrap(), false),
    ] {
        let media = put(&store, &world.media("a"), "s");
        let report = store.clean_expired(at(1_000 * MAX_AGE));
        assert_eq!((report.swept(), matches!(report.end, End::Disabled)), (0, end));
        store.release(media.reference).unwrap();
        assert!(!media.path.exists());
    }
}

#[test]
fn i5_a_file_of_which_nobody_can_tell_the_age_stays() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("sub/a"), "s");
    // A link in the place of its folder: nobody follows it.
    let (folder, away) = (world.path("media/sub"), world.path("away"));
    fs::rename(&folder, &away).unwrap();
    std::os::unix::fs::symlink(&away, &folder).unwrap();
    let report = store.clean_expired(at(MAX_AGE + 1));
    assert_eq!((report.count(Outcome::Unreadable), report.swept()), (1, 0), "{report}");
    assert_eq!(store.references().unwrap(), 1);
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert!(!media.path.exists());
}
