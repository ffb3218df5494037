//! Parts of the store that no caller can reach: the bound of one run, and what is on its way where nothing can be written.

use std::{ffi::OsStr, path::Path, sync::Arc};

use super::{
    CleanupPolicy, MediaRef, MediaStore, Meta, Options, Outcome,
    record::By,
    report::Report,
    room::Room,
    state::dropped,
    sweep::{STEP, Sweep},
    worker::Worker,
};
use crate::{
    artifact,
    fs::{Disk, MemDisk},
    model::Timestamp,
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(2_000_000_000_000 + millis)
}

const LATE: i64 = 31 * 60_000;

fn path(name: &str) -> std::path::PathBuf {
    Path::new("/base/media").join(name)
}

fn open(disk: &MemDisk) -> MediaStore<MemDisk> {
    let options = Options::new("/base/media").unwrap().with_enabled(false);
    MediaStore::open_on(disk.clone(), options, at(0)).unwrap()
}

fn put(disk: &MemDisk, store: &MediaStore<MemDisk>, name: &str) -> MediaRef {
    disk.put(&path(name), b"12345");
    let meta = Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() };
    store.store(&path(name), meta, "s", at(0)).unwrap().reference
}

fn new_disk() -> MemDisk {
    MemDisk::with_file(Path::new("/base/x"), b"x")
}

/// One run that may take two things, of so many references and orphans.
fn bounded(references: usize, orphans: usize) -> (Report, MemDisk) {
    let disk = new_disk();
    let store = open(&disk);
    for number in 0..references {
        put(&disk, &store, &format!("r{number}"));
    }
    (0..orphans).for_each(|number| disk.put(&path(&format!("o{number}")), b"12345"));
    let mut room = Room::open(disk.clone(), Options::new("/base/media").unwrap()).unwrap();
    room.most = 2;
    (room.sweep(at(LATE)), disk)
}

#[test]
fn i9_what_the_list_of_a_run_has_no_room_for_is_passed_and_goes_in_the_next() {
    for (references, orphans) in [(5, 0), (0, 5), (1, 4), (2, 3)] {
        let (report, disk) = bounded(references, orphans);
        let counts =
            [Outcome::Removed, Outcome::Passed, Outcome::NotRemoved].map(|outcome| report.count(outcome));
        assert_eq!(counts, [2, 3, 0], "{references} {orphans}: {report}");
        assert_eq!(report.scanned, 5);
        assert_eq!(disk.names(&path("")).len(), 1 + 3);
    }
}

#[test]
fn nothing_is_listed_for_who_was_asked_to_stop() {
    let disk = new_disk();
    let store = open(&disk);
    put(&disk, &store, "a");
    disk.put(&path("stray"), b"x");
    let room = Room::open(disk.clone(), Options::new("/base/media").unwrap()).unwrap();
    drop(room.desk(STEP).unwrap());
    let nook = room.nook(STEP, std::time::Duration::ZERO).unwrap().unwrap();
    let options = artifact::Options::default();
    let mut sweep = Sweep::new(&room, at(LATE), &options);
    let found = sweep.look_for_orphans().unwrap();
    room.asked.asked().store(15, std::sync::atomic::Ordering::SeqCst);
    sweep.with_bin(&nook, |sweep, bin| sweep.take_orphans(found, bin)).unwrap();
    assert_eq!((sweep.report.count(Outcome::Passed), sweep.report.swept()), (1, 0));
    assert!(disk.names(&path(".session-reaper")).iter().all(|name| name != "trash"));
}

#[test]
fn whoever_reads_goes_on_where_what_is_on_its_way_cannot_be_settled() {
    let disk = new_disk();
    let store = open(&disk);
    let [moving, other] = ["a", "b"].map(|name| put(&disk, &store, name));
    let mut killed = store.room.desk(STEP).unwrap();
    // Who does this is killed.
    killed.write(STEP, vec![dropped(vec![moving], By::Trash, disk.now_ns())], true).unwrap();
    drop(killed);
    let room = Room::open(disk.clone(), Options::new("/base/media").unwrap()).unwrap();
    let ours = disk.folder(&path(".session-reaper")).unwrap();
    disk.remove(&ours, OsStr::new("media.reserve")).unwrap();
    disk.fill();
    let reader = MediaStore { room: Arc::new(room), worker: Worker::default() };
    assert!(reader.resolve(other, at(0)).is_ok());
    assert_eq!(reader.references().unwrap(), 1);
    assert_eq!(reader.usage().unwrap().references, 1);
    assert!(reader.store(&path("b"), Meta::default(), "s", at(0)).is_err());
    assert!(reader.release(other).is_err() && disk.get(&path("b")).is_some());
    disk.put(&path("filler"), b"");
    disk.remove(&disk.folder(&path("")).unwrap(), OsStr::new("filler")).unwrap();
    assert!(reader.resolve(moving, at(0)).is_ok() && disk.get(&path("a")).is_some());
}

/// Its references come back to it or are in the trash, and never to a file that took its place.
#[test]
fn i1_nothing_is_stored_where_something_moved_away_from_that_is_not_settled() {
    let mut refused = 0;
    for at_call in 0.. {
        let disk = new_disk();
        let store = open(&disk);
        let moving = put(&disk, &store, "a");
        let mut killed = store.room.desk(STEP).unwrap();
        killed.write(STEP, vec![dropped(vec![moving], By::Trash, disk.now_ns())], true).unwrap();
        drop(killed);
        disk.remove(&disk.folder(&path("")).unwrap(), OsStr::new("a")).unwrap();
        disk.put(&path("a"), b"another");
        disk.fail_at(at_call, false);
        let stored = store.store(&path("a"), Meta::default(), "s", at(0));
        let calls = disk.heal();
        refused += u64::from(stored.is_err());
        assert!(store.resolve(moving, at(0)).is_err(), "call {at_call}");
        if calls <= at_call {
            break;
        }
    }
    assert!(refused > 2, "{refused}");
}

/// Without a trash. It was old when the sweep that was killed, or met an error, saw it.
#[test]
fn i5_a_file_that_is_written_to_after_a_sweep_of_it_was_ended_is_young() {
    let mut written = 0;
    for at_call in 0.. {
        let disk = new_disk();
        let options = Options::new("/base/media").unwrap().with_trash(false).with_orphan_grace("1m").unwrap();
        let store = MediaStore::open_on(disk.clone(), options.clone(), at(0)).unwrap();
        disk.put(&path("a"), b"old");
        (0..99).for_each(|_| disk.put(Path::new("/base/out/keep"), b"x"));
        disk.fail_at(at_call, true);
        drop(store.clean_expired(Timestamp::from_nanos(disk.now_ns())));
        let calls = disk.heal();
        drop(store);
        let there = disk.folder(&path("")).and_then(|folder| disk.open_to_append(&folder, OsStr::new("a")));
        if let Ok(Some(file)) = there {
            crate::fs::Appender::append(&file, b"new").unwrap();
            drop(file);
            let again =
                MediaStore::open_on(disk.clone(), options, Timestamp::from_nanos(disk.now_ns())).unwrap();
            drop(again.clean_expired(Timestamp::from_nanos(disk.now_ns())));
            let text = disk.get(&path("a"));
            assert!(text.is_some_and(|text| text.starts_with(b"oldn")), "call {at_call}");
            written += 1;
        }
        if calls <= at_call {
            break;
        }
    }
    assert!(written > 5, "{written}");
}
