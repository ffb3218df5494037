//! The file store beside other programs: their locks are waited for, taken over by the rules alone, and left as found;
//! and what they write in the very tick of our look is seen.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use session_reaper::{
    Age, ErrorKind, FileStore, Policy, Timestamp,
    fs::{Disk, MemDisk},
    lock::{Note, Stop},
    policy::Detail,
    process::Identity,
    store::{Access, Commit, Request, Store},
    sweep::{self, Options, Outcome, StoreReport},
};

use super::options;

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const OLD: &str = r#"{"agent:main:cron:a:run:0f6a2b1c-1111-4222-8333-444455556666":{"updatedAt":1700000000000},"x":{"n":1}}"#;
const NEW: &str = r#"{"x":{"n":1}}"#;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.json");
    fs::write(&path, OLD).unwrap();
    (dir, path)
}

fn prune(path: &Path) -> StoreReport {
    let options = Options { lock_timeout: Age::from_seconds(1), ..options() };
    sweep::prune(&FileStore::new(path), &Policy::default(), NOW, &options)
}

fn lock_of(path: &Path) -> PathBuf {
    path.with_file_name("sessions.json.lock")
}

fn gateways_lock(pid: u32, age: Duration) -> String {
    let created = session_reaper::now().as_millis() - i64::try_from(age.as_millis()).unwrap();
    format!("{{\n  \"pid\": {pid},\n  \"createdAt\": \"{}\"\n}}", Timestamp::from_millis(created))
}

/// A number beyond all that a kernel gives out. (No ended child's: while it starts it holds the locks of the tests beside
/// this one.)
const NOBODY: u32 = 2_000_000_000;

#[test]
fn i7_a_gateways_lock_is_waited_for_named_and_left_as_it_was() {
    let (_dir, path) = folder();
    // Whether its process lives or not cannot be known: it may be one of a container.
    for pid in [std::process::id(), NOBODY] {
        let text = gateways_lock(pid, Duration::ZERO);
        fs::write(lock_of(&path), &text).unwrap();
        let report = prune(&path);
        let error = report.error.unwrap();
        assert_eq!((report.outcome, error.kind()), (Outcome::Busy, ErrorKind::Held));
        assert!(error.message().contains(&format!("process {pid} has its lock")), "{error}");
        assert_eq!(fs::read_to_string(lock_of(&path)).unwrap(), text);
        assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    }
}

#[test]
fn a_lock_past_its_age_is_taken_over_and_ours_does_not_stay() {
    let (_dir, path) = folder();
    fs::write(lock_of(&path), gateways_lock(std::process::id(), Duration::from_secs(31))).unwrap();
    assert_eq!(prune(&path).outcome, Outcome::Swept);
    assert_eq!(fs::read_to_string(&path).unwrap(), NEW);
    assert!(!lock_of(&path).exists());
}

#[test]
fn a_lock_of_ours_whose_process_is_gone_is_taken_over_at_once() {
    let (_dir, path) = folder();
    let me = Identity::of_this_process();
    let world = me.world.unwrap();
    let text = format!(
        r#"{{"pid":{},"createdAt":"{}","token":"t","bootId":"{}","namespace":"{}"}}"#,
        NOBODY,
        session_reaper::now(),
        world.boot,
        world.namespace
    );
    assert!(Note::read(text.as_bytes()).unwrap().world.is_some());
    fs::write(lock_of(&path), text).unwrap();
    assert_eq!(prune(&path).outcome, Outcome::Swept);
    assert!(!lock_of(&path).exists());
}

#[test]
fn i7_where_the_store_is_a_link_it_is_locked_beside_the_link_and_beside_the_file() {
    let (dir, path) = folder();
    let links = dir.path().join("links");
    fs::create_dir(&links).unwrap();
    let link = links.join("sessions.json");
    symlink(&path, &link).unwrap();
    for lock in [lock_of(&path), lock_of(&link)] {
        fs::write(&lock, gateways_lock(1, Duration::ZERO)).unwrap();
        assert_eq!(prune(&link).outcome, Outcome::Busy, "{}", lock.display());
        fs::remove_file(lock).unwrap();
    }
    assert_eq!(prune(&link).outcome, Outcome::Swept);
    assert!(link.is_symlink() && !lock_of(&link).exists() && !lock_of(&path).exists());
    assert_eq!(fs::read_to_string(&path).unwrap(), NEW);
}

#[test]
fn i7_a_write_in_the_tick_in_which_the_store_was_read_is_seen() {
    let (path, other) = (Path::new("/s/sessions.json"), OLD.replace("\"n\":1", "\"n\":2"));
    let disk = MemDisk::default();
    let store = FileStore::on(disk.clone(), path);
    let request = Request { policy: &Policy::default(), now: NOW, detail: Detail::Counts, digest: false };
    let commit_after = |scribble: &dyn Fn(), wait: &dyn Fn()| {
        disk.put(path, OLD.as_bytes());
        let guard = store.lock(Duration::ZERO, &Stop::default()).unwrap();
        disk.put(path, OLD.as_bytes());
        wait();
        let planned = store.plan(&request).unwrap();
        scribble();
        store
            .commit(&guard, &planned, Access::Brief(Duration::ZERO), &crate::cause(), &Stop::default())
            .unwrap()
    };
    let (nothing, write) = (|| (), || disk.scribble(path, other.as_bytes()));
    let ticks = || {
        (0..3).for_each(|_| {
            disk.now_ns();
        });
    };
    assert_eq!(commit_after(&nothing, &nothing), Commit::Done);
    assert_eq!(commit_after(&write, &nothing), Commit::Moved);
    assert_eq!(disk.get(path).unwrap(), other.as_bytes());
    // When the tick is long over no write can leave the times as they were; this disk can, and shows what would go.
    assert_eq!(commit_after(&write, &ticks), Commit::Done);
}

/// Kills a sweep after it has taken out another program's update, and lets `meanwhile` happen before the next one.
fn cut_off_with_an_update(trash: bool, meanwhile: impl Fn(&MemDisk, &Path)) -> (MemDisk, Vec<String>) {
    let path = Path::new("/s/sessions.json");
    let update = br#"{"theirs":{"n":1}}"#;
    let mut call = 0;
    loop {
        let disk = MemDisk::with_file(path, OLD.as_bytes());
        disk.intrude(path, update);
        disk.fail_at(call, true);
        let options_of_it = Options { trash, ..options() };
        sweep::prune(&FileStore::on(disk.clone(), path), &Policy::default(), NOW, &options_of_it);
        let _ = disk.heal();
        let left = disk.names(Path::new("/s/.session-reaper"));
        if left.iter().any(|name| name.contains(".swap")) && disk.get(path).unwrap() == NEW.as_bytes() {
            meanwhile(&disk, path);
            sweep::prune(&FileStore::on(disk.clone(), path), &Policy::default(), NOW, &options());
            let left = disk.names(Path::new("/s/.session-reaper"));
            return (disk, left);
        }
        call += 1;
        assert!(call < 1_000, "no sweep was cut off between the exchange and the look");
    }
}

#[test]
fn i7_an_update_that_a_killed_sweep_had_taken_out_comes_back_only_where_nobody_wrote_since() {
    let path = Path::new("/s/sessions.json");
    for trash in [true, false] {
        let (disk, left) = cut_off_with_an_update(trash, |_, _| ());
        assert_eq!(disk.get(path).unwrap(), br#"{"theirs":{"n":1}}"#);
        let of_a_kill = ["swap", "rescued", "begun"];
        assert!(!left.iter().any(|name| of_a_kill.iter().any(|end| name.contains(end))), "{left:?}");
        // It was undone as a whole: nobody need be told of it.
        assert_eq!(FileStore::on(disk, path).history().unwrap(), (Vec::new(), 0));
    }
    // Disks give the number of a file that is gone to the next one: the survivors' own number tells nothing.
    let newest = br#"{"theirs":{"n":2},"more":{}}"#;
    let (disk, left) = cut_off_with_an_update(true, |disk, path| disk.scribble(path, newest));
    assert_eq!(disk.get(path).unwrap(), newest);
    assert!(left.iter().any(|name| name == "sessions.json.rescued"), "{left:?}");
}

#[test]
fn while_a_lock_of_ours_stands_a_signal_waits() {
    let (path, stop) = (Path::new("/s/sessions.json"), Stop::default());
    let disk = MemDisk::with_file(path, OLD.as_bytes());
    // An update comes before the first exchange, so that the next attempt is made under the lock from its beginning.
    disk.rest();
    disk.intrude(path, OLD.as_bytes());
    let (seen, watched) = (disk.clone(), Arc::new(AtomicUsize::new(0)));
    let (free, count) = (stop.is_free(), Arc::clone(&watched));
    let hooked = disk.with_hook(move || {
        if seen.names(Path::new("/s")).iter().any(|name| name == "sessions.json.lock") {
            count.fetch_add(1, Ordering::SeqCst);
            assert!(!free.load(Ordering::SeqCst), "a signal would leave the lock behind");
        }
    });
    let options = Options { stop: stop.clone(), ..options() };
    let report = sweep::prune(&FileStore::on(hooked, path), &Policy::default(), NOW, &options);
    assert_eq!((report.outcome, report.pruned), (Outcome::Swept, 1), "{report:?}");
    assert!(watched.load(Ordering::SeqCst) > 40, "the lock was seen at {watched:?} calls only");
    assert!(stop.is_free().load(Ordering::SeqCst));
}

#[test]
fn i7_locks_of_a_linked_store_are_held_all_together_or_not_at_all() {
    let (dir, path) = folder();
    let links = dir.path().join("links");
    fs::create_dir(&links).unwrap();
    let link = links.join("sessions.json");
    symlink(&path, &link).unwrap();
    fs::write(lock_of(&link), gateways_lock(1, Duration::ZERO)).unwrap();
    thread::scope(|scope| {
        let sweep = scope.spawn(|| prune(&link).outcome);
        let (mut free, mut looks) = (0, 0);
        while !sweep.is_finished() {
            free += usize::from(!lock_of(&path).exists());
            looks += 1;
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(sweep.join().unwrap(), Outcome::Busy);
        // One that is waited with would never be free.
        assert!(
            looks > 20 && free * 2 > looks,
            "the lock beside the file was free at {free} of {looks} looks"
        );
    });
}
