//! Files in the folder that no reference names.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use session_reaper::artifact::media::{MediaStore, Outcome};

use crate::world::{MAX_AGE, MINUTE, World, at, put};

const HOUR: i64 = 60 * MINUTE;

/// Files that are never stored, at two depths.
fn strays(world: &World) -> [PathBuf; 2] {
    [world.media("stray"), world.media("sub/deep/stray")]
}

#[test]
fn in_a_folder_of_our_own_they_go_after_their_grace() {
    let world = World::new();
    let store = world.open();
    let (strays, media) = (strays(&world), put(&store, &world.media("a"), "s"));
    // Their own times are those of the tests, which run long before the moments that are told.
    assert_eq!(store.clean_expired(session_reaper::now()).count(Outcome::Young), 2);
    let report = store.clean_expired(at(0));
    assert_eq!((report.count(Outcome::Removed), report.bytes_freed), (2, 10), "{report}");
    assert!(strays.iter().all(|path| !path.exists()) && media.path.exists());
}

#[test]
fn when_a_store_is_opened_they_are_looked_for() {
    let world = World::new();
    drop(world.open());
    let strays = strays(&world);
    drop(MediaStore::open(world.options(), session_reaper::now()).unwrap());
    assert!(strays.iter().all(|path| path.exists()));
    drop(world.open());
    assert!(strays.iter().all(|path| !path.exists()));
}

#[test]
fn i8_the_grace_is_at_least_an_hour_and_can_be_told() {
    let world = World::new();
    let store = world.open();
    let stray = world.media("stray");
    let modified = fs::metadata(&stray).unwrap();
    let last = {
        use std::os::unix::fs::MetadataExt;
        modified.ctime() * 1_000 + modified.ctime_nsec() / 1_000_000
    };
    let time = session_reaper::Timestamp::from_millis;
    assert_eq!(store.clean_expired(time(last + HOUR)).count(Outcome::Young), 1);
    let longer = MediaStore::open(world.options().with_orphan_grace("2h").unwrap(), time(last)).unwrap();
    assert_eq!(longer.clean_expired(time(last + 2 * HOUR)).count(Outcome::Young), 1);
    let never = MediaStore::open(world.options().with_orphan_grace("false").unwrap(), time(last)).unwrap();
    assert_eq!(never.clean_expired(time(last + 1_000 * HOUR)).count(Outcome::Young), 1);
    assert_eq!(store.clean_expired(time(last + HOUR + 1)).count(Outcome::Removed), 1);
    assert!(!stray.exists());
}

#[test]
fn i10_in_a_folder_that_was_there_before_us_they_are_counted_and_stay() {
    let world = World::new();
    let strays = strays(&world);
    let store = world.open();
    assert!(!world.marker().exists());
    let media = put(&store, &world.media("a"), "s");
    let report = store.clean_expired(at(MAX_AGE + 1));
    assert_eq!((report.count(Outcome::Unmarked), report.count(Outcome::Removed)), (2, 1), "{report}");
    assert!(strays.iter().all(|path| path.exists()) && !media.path.exists());
    // It does not become ours because it is nearly empty by now.
    fs::remove_file(&strays[0]).unwrap();
    drop(world.open());
    assert!(!world.marker().exists() && strays[1].exists());
}

#[test]
fn i10_links_pipes_other_stores_and_what_is_ours_stay() {
    let world = World::new();
    drop(world.open());
    let outside = world.write("outside/file", "precious");
    symlink(world.path("outside"), world.path("media/folder-link")).unwrap();
    symlink(&outside, world.path("media/file-link")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(world.path("media/pipe")).status().unwrap();
    assert!(made.success());
    let other = world.write("media/other/.session-reaper/media.ledger", "another store's");
    let theirs = world.write("media/other/file", "another store's");
    let before = fs::read(world.marker()).unwrap();
    let report = world.open().clean_expired(at(0));
    assert_eq!((report.count(Outcome::Odd), report.swept()), (4, 0), "{report}");
    assert!(
        outside.exists() && theirs.exists() && other.exists() && fs::read(world.marker()).unwrap() == before
    );
    assert!(fs::symlink_metadata(world.path("media/file-link")).is_ok());
}

#[test]
fn i5_without_the_ledger_nobody_knows_so_all_stay() {
    let world = World::new();
    let media = put(&world.open(), &world.media("a"), "s");
    fs::remove_file(world.ledger()).unwrap();
    let report = world.open().clean_expired(at(0));
    assert_eq!((report.count(Outcome::Doubted), report.swept()), (1, 0), "{report}");
    assert!(media.path.exists());
}

#[test]
fn who_knows_the_ledger_writes_it_again() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    fs::remove_file(world.ledger()).unwrap();
    assert!(store.resolve(media.reference, at(0)).is_ok());
    assert!(world.open().resolve(media.reference, at(0)).is_ok());
}

#[test]
fn a_reference_whose_file_is_gone_goes_when_a_store_is_opened() {
    let world = World::new();
    let store = world.open();
    let [here, gone] = ["a", "b"].map(|name| put(&store, &world.media(name), "s"));
    let elsewhere = put(&store, &world.write("elsewhere/c", "x"), "s");
    let away = put(&store, &world.write("away/d", "x"), "s");
    for path in [&gone.path, &elsewhere.path] {
        fs::remove_file(path).unwrap();
    }
    // A disk that is not mounted at the moment, and another one of which the bare folder is there.
    fs::remove_dir_all(world.path("away")).unwrap();
    let store = world.open();
    assert_eq!(store.references().unwrap(), 3, "only what is in the folder is known to be gone");
    assert!(store.resolve(elsewhere.reference, at(0)).is_err());
    assert!(store.resolve(here.reference, at(0)).is_ok());
    world.write("away/d", "x");
    assert!(store.resolve(away.reference, at(0)).is_ok());
}

#[test]
fn i8_a_folder_that_was_just_moved_here_is_as_young_as_that() {
    let world = World::new();
    let options = world.options().with_orphan_grace("2s").unwrap();
    let store = MediaStore::open(options, session_reaper::now()).unwrap();
    world.write("unpacked/deep/photo.jpg", "x");
    let media = store.store(&world.media("sub/a"), crate::world::delete(), "s", at(0)).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    fs::rename(world.path("unpacked"), world.path("media/unpacked")).unwrap();
    fs::rename(world.path("media/sub"), world.path("media/renamed")).unwrap();
    let moved = [world.path("media/unpacked/deep/photo.jpg"), world.path("media/renamed/a")];
    let report = store.clean_expired(session_reaper::now());
    assert_eq!(report.swept(), 0, "{report}");
    assert!(moved.iter().all(|path| path.exists()) && !media.path.exists());
    let later = session_reaper::now().plus(session_reaper::Age::from_hours(1));
    assert_eq!(store.clean_expired(later).count(Outcome::Removed), 2);
    assert!(moved.iter().all(|path| !path.exists()));
}

#[test]
fn folders_in_which_nothing_is_any_more_go_after_the_grace() {
    let world = World::new();
    let store = world.open();
    for turn in 0..20 {
        let media = put(&store, &world.media(&format!("turn-{turn}/deep/a")), "s");
        store.release(media.reference).unwrap();
    }
    let count = || fs::read_dir(world.path("media")).unwrap().count() - 1;
    store.clean_expired(session_reaper::now());
    assert_eq!(count(), 20, "somebody may be about to write there");
    // The folders around those that go are empty only then, and have changed by that.
    store.clean_expired(at(0));
    store.clean_expired(at(100 * MAX_AGE));
    assert_eq!(count(), 0);
    assert!(world.path("media").is_dir());
    let theirs = World::new();
    theirs.write("media/sub/own", "x");
    fs::create_dir(theirs.path("media/empty")).unwrap();
    theirs.open().clean_expired(at(100 * MAX_AGE));
    assert!(theirs.path("media/empty").is_dir());
}

/// What lives in there somebody else knows, be he in no configuration of ours.
#[test]
fn i1_what_a_spool_or_a_store_of_sessions_keeps_is_no_orphan() {
    let world = World::new();
    drop(world.open());
    let kept = [
        "media/s-live/.owner",
        "media/s-live/0123.txt",
        "media/spool/.session-reaper/payloads.marker",
        "media/spool/s-live/0123.txt",
        "media/bounded/.room",
        "media/bounded/0123.txt",
        "media/agent/sessions.json",
        "media/agent/sessions.json.lock",
        "media/agent/0123.jsonl",
    ]
    .map(|name| world.write(name, "alive"));
    let stray = world.media("stray");
    let report = world.open().clean_expired(at(0));
    assert_eq!((report.count(Outcome::Odd), report.swept()), (4, 0), "{report}");
    assert!(kept.iter().all(|path| path.exists()) && !stray.exists());
}

#[test]
fn i1_in_a_folder_that_is_a_spool_as_well_nothing_is_an_orphan() {
    for sign in ["media/.session-reaper/payloads.marker", "media/.session-reaper/payloads.state"] {
        let world = World::new();
        drop(world.open());
        world.write(sign, "");
        let strays = strays(&world);
        fs::create_dir(world.path("media/s-begun")).unwrap();
        let report = world.open().clean_expired(at(0));
        assert_eq!((report.count(Outcome::Odd), report.swept()), (3, 0), "{report}");
        assert!(strays.iter().all(|path| path.exists()) && world.path("media/s-begun").is_dir());
    }
}
