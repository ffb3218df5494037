//! A ledger that is gone, emptied, cut off or put back from a backup, and what must not be taken for a store's own folder.

use std::{ffi::OsStr, fs, os::unix::fs::PermissionsExt, path::Path};

use session_reaper::{
    artifact::media::Outcome,
    fs::{Disk, MemDisk},
};

use crate::{
    memory,
    world::{MAX_AGE, World, at, delete, forget, put},
};

#[test]
fn i5_a_ledger_that_is_emptied_or_cut_off_while_it_is_open_loses_no_file() {
    for keep in [0, 1, 2] {
        let world = World::new();
        let (one, other) = (world.open(), world.open());
        let media =
            [0, 1, 2].map(|n| one.store(&world.media(&format!("f{n}")), forget(), "s", at(0)).unwrap());
        let text = fs::read_to_string(world.ledger()).unwrap();
        let cut: usize = text.split_inclusive('\n').take(keep).map(str::len).sum();
        fs::OpenOptions::new().write(true).open(world.ledger()).unwrap().set_len(cut as u64).unwrap();
        // Who has not followed yet knows no more than what is left.
        for store in [&other, &one, &world.open()] {
            store.clean_expired(at(MAX_AGE * 3));
        }
        assert!(media.iter().all(|media| media.path.exists()), "{keep}");
    }
}

#[test]
fn i5_a_ledger_from_a_backup_loses_no_file() {
    let world = World::new();
    let old = world.open();
    put(&old, &world.media("a"), "s");
    let backup = fs::read(world.ledger()).unwrap();
    let media = old.store(&world.media("b"), forget(), "s", at(0)).unwrap();
    drop(old);
    fs::write(world.ledger(), backup).unwrap();
    let report = world.open().clean_expired(at(MAX_AGE * 3));
    assert!(media.path.exists(), "{report}");
}

#[test]
fn i5_a_ledger_that_is_gone_while_two_stores_are_open_loses_no_file() {
    let world = World::new();
    let (one, other) = (world.open(), world.open());
    let media = other.store(&world.media("b"), forget(), "s", at(0)).unwrap();
    fs::remove_file(world.ledger()).unwrap();
    one.references().unwrap();
    let report = one.clean_expired(at(MAX_AGE * 3));
    assert!(media.path.exists(), "{report}");
    // What comes to be afterwards is as it always was.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let media = put(&one, &world.media("c"), "s");
    assert_eq!(other.release(media.reference).unwrap().files, 1);
}

fn without_ledger() -> MemDisk {
    let disk = memory::disk();
    drop(memory::open(&disk, memory::at(0)).unwrap());
    disk.put(&memory::path("a"), b"x");
    memory::open_without_net(&disk).store(&memory::path("a"), forget(), "s", memory::at(0)).unwrap();
    let ours = disk.folder(Path::new("/base/media/.session-reaper")).unwrap();
    disk.remove(&ours, OsStr::new("media.ledger")).unwrap();
    disk
}

fn is_kept(disk: &MemDisk, what: &str) {
    let late = memory::at(100 * MAX_AGE);
    let report = memory::open(disk, late).unwrap().clean_expired(late);
    assert!(disk.get(&memory::path("a")).is_some(), "{what}: {report}");
}

#[test]
fn i5_whoever_finds_the_ledger_gone_and_ends_or_fails_at_any_call_loses_no_file() {
    let mut points = 0;
    for calls in 0.. {
        let disk = without_ledger();
        let dying = disk.clone().ending_after(calls);
        let _ = memory::open(&dying, memory::at(0));
        is_kept(&disk, &format!("ended at call {calls}"));
        points += 1;
        if !dying.has_ended() {
            break;
        }
    }
    for call in 0..points {
        let disk = without_ledger();
        disk.fail_at(call, false);
        let _ = memory::open(&disk, memory::at(0));
        let _ = disk.heal();
        is_kept(&disk, &format!("call {call} failed"));
    }
    eprintln!("the ledger gone, and ended or failed at each of {points} calls: nothing lost");
    assert!(points > 20);
}

#[test]
fn i6_a_ledger_with_a_second_name_is_copied_and_the_backup_stays_what_it_was() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let backup = world.path("backup");
    fs::hard_link(world.ledger(), &backup).unwrap();
    let before = fs::read(&backup).unwrap();
    assert!(store.resolve(media.reference, at(61_000)).is_ok());
    assert_eq!(fs::read(&backup).unwrap(), before);
    // Also when a line is torn.
    fs::hard_link(world.ledger(), world.path("second")).unwrap();
    let text = fs::read(world.ledger()).unwrap();
    let file = fs::OpenOptions::new().write(true).open(world.ledger()).unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"0123", text.len() as u64).unwrap();
    let other = world.open();
    assert!(other.resolve(media.reference, at(0)).is_ok());
    assert_eq!((other.release(media.reference).unwrap().files, media.path.exists()), (1, false));
    assert!(fs::read(world.path("second")).unwrap().ends_with(b"0123"));
}

#[test]
fn i10_a_folder_that_is_empty_but_has_something_of_the_sessions_is_not_the_stores_alone() {
    let world = World::new();
    world.write("media/.session-reaper/sessions.json.state", "{}");
    fs::set_permissions(world.path("media/.session-reaper"), fs::Permissions::from_mode(0o700)).unwrap();
    drop(world.open());
    let sessions = world.write("media/sessions.json", "{}");
    let report = world.open().clean_expired(at(MAX_AGE * 3));
    assert!(sessions.exists() && !world.marker().exists(), "{report}");
    assert_eq!(report.count(Outcome::Unmarked), 1, "{report}");
}

#[test]
fn a_note_that_is_gone_or_cut_off_keeps_and_is_written_again() {
    for cut in [None, Some(0), Some(7)] {
        let world = World::new();
        let media = put(&world.open(), &world.media("a"), "s");
        let note = world.path("media/.session-reaper/media.length");
        match cut {
            None => fs::remove_file(&note).unwrap(),
            Some(cut) => {
                fs::OpenOptions::new().write(true).open(&note).unwrap().set_len(cut).unwrap();
            }
        }
        let store = world.open();
        assert!(store.release(media.reference).is_ok() && media.path.exists());
        std::thread::sleep(std::time::Duration::from_millis(20));
        let media = store.store(&world.media("b"), delete(), "s", at(0)).unwrap();
        assert_eq!(world.open().release(media.reference).unwrap().files, 1);
    }
}
