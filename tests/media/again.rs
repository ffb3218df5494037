//! A file that stands where a registered one stood, with its number; and what was done although something failed.

use std::{fs, io::Write as _, thread, time::Duration};

use session_reaper::{
    artifact::media::{End, Outcome},
    fs::Disk,
};

use crate::{
    memory,
    world::{MAX_AGE, World, delete, put},
};

/// Longer than a tick of the clock from which files have their times.
const TICK: Duration = Duration::from_millis(20);

#[test]
fn i10_another_file_with_the_number_of_one_that_is_gone_stays() {
    use std::os::unix::fs::MetadataExt;
    let mut same = 0;
    for _ in 0..50 {
        let world = World::new();
        world.write("media/own", "x");
        let store = world.open();
        let media = put(&store, &world.media("a"), "s");
        let number = fs::metadata(&media.path).unwrap().ino();
        thread::sleep(TICK);
        fs::remove_file(&media.path).unwrap();
        fs::write(&media.path, "somebody else's").unwrap();
        same += u32::from(fs::metadata(&media.path).unwrap().ino() == number);
        let released = store.release(media.reference).unwrap();
        assert!(media.path.exists(), "{released:?}");
    }
    eprintln!("{same} of 50 files had the number of the one before: all stay");
}

#[test]
fn i10_another_file_with_an_old_time_stays_though_it_is_let_go_late() {
    let world = World::new();
    world.write("media/own", "x");
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let old = fs::metadata(&media.path).unwrap().modified().unwrap() - Duration::from_secs(1000);
    let lease = store.lease(media.reference).unwrap();
    store.release(media.reference).unwrap();
    thread::sleep(TICK);
    fs::remove_file(&media.path).unwrap();
    fs::write(&media.path, "restored by somebody with its time").unwrap();
    fs::File::options().write(true).open(&media.path).unwrap().set_modified(old).unwrap();
    drop(lease);
    assert!(media.path.exists());
}

#[test]
fn i9_a_file_that_its_user_wrote_to_after_it_was_let_go_goes_with_his_lease() {
    let world = World::new();
    world.write("media/own", "x");
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let lease = store.lease(media.reference).unwrap();
    assert_eq!(store.release(media.reference).unwrap().waiting, 1);
    thread::sleep(TICK);
    fs::OpenOptions::new().append(true).open(&media.path).unwrap().write_all(b"more").unwrap();
    drop(lease);
    assert!(!media.path.exists());
}

#[test]
fn i7_what_went_is_counted_whatever_call_failed() {
    for call in 0.. {
        let disk = memory::disk();
        let store = memory::open(&disk, memory::at(0)).unwrap();
        disk.put(&memory::path("a"), b"12345");
        store.store(&memory::path("a"), delete(), "s", memory::at(0)).unwrap();
        disk.fail_at(call, false);
        let report = store.clean_expired(memory::at(3 * MAX_AGE));
        let calls = disk.heal();
        let is_gone = disk.get(&memory::path("a")).is_none();
        assert_eq!(report.bytes_freed, if is_gone { 5 } else { 0 }, "{call}: {report}");
        assert_eq!(report.count(Outcome::Removed), u64::from(is_gone), "{call}: {report}");
        if call > calls {
            assert!(is_gone && matches!(report.end, End::Whole));
            break;
        }
    }
}

#[test]
fn i9_on_a_full_disk_a_file_can_be_used_and_goes() {
    for is_swept in [false, true] {
        let disk = memory::disk();
        let store = memory::open(&disk, memory::at(0)).unwrap();
        disk.put(&memory::path("a"), b"12345");
        let media = store.store(&memory::path("a"), delete(), "s", memory::at(0)).unwrap();
        disk.fill();
        // A use that cannot be noted is one all the same; here it takes the reserve.
        assert!(store.resolve(media.reference, memory::at(120_000)).is_ok());
        drop(memory::open(&disk, memory::at(0)).unwrap());
        disk.fill();
        if is_swept {
            let report = store.clean_expired(memory::at(3 * MAX_AGE));
            assert!(matches!(report.end, End::Whole), "{report}");
        } else {
            assert_eq!(store.release(media.reference).unwrap().files, 1);
        }
        assert!(disk.get(&memory::path("a")).is_none());
    }
}

#[test]
fn i9_a_use_that_cannot_be_noted_is_a_use() {
    let disk = memory::disk();
    let store = memory::open(&disk, memory::at(0)).unwrap();
    disk.put(&memory::path("a"), b"12345");
    let media = store.store(&memory::path("a"), delete(), "s", memory::at(0)).unwrap();
    let ours = disk.folder(std::path::Path::new("/base/media/.session-reaper")).unwrap();
    disk.remove(&ours, std::ffi::OsStr::new("media.reserve")).unwrap();
    disk.fill();
    assert!(store.resolve(media.reference, memory::at(120_000)).is_ok());
}
