//! A writer that comes back through a failed fence gets an error, and its bytes are not written.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use session_reaper::lock::{Ended, LeaseController, LeaseError};

use crate::{FIRST, World, takeover};

/// What another program does.
type Change = fn(&Path);

/// What another program does to the transcript, and what our writer says then.
const CHANGES: [(Change, &str); 5] = [
    (grow, "it grew from 19 to 22 bytes"),
    (replace, "another file stands in its place"),
    (cut, "it was cut from 19 to 0 bytes"),
    (remove, "it is gone"),
    (rewrite, "its times changed, so it was written to or handed on"),
];

fn grow(path: &Path) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"{}\n").unwrap();
}

fn replace(path: &Path) {
    fs::write(path.with_extension("new"), FIRST).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
}

fn cut(path: &Path) {
    fs::write(path, "").unwrap();
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// The same length, some time later.
fn rewrite(path: &Path) {
    std::thread::sleep(Duration::from_millis(20));
    fs::write(path, FIRST).unwrap();
}

#[test]
fn a_transcript_that_changed_under_the_lock_is_not_written_to() {
    for (change, expected) in CHANGES {
        let world = World::new();
        let lease = LeaseController::default().acquire(world.transcript()).unwrap();
        change(&world.transcript());
        let after = fs::read(world.transcript()).ok();
        for _ in 0..2 {
            assert_eq!(takeover(lease.append(b"late\n")), Ended::Changed(expected.to_owned()));
            assert_eq!(fs::read(world.transcript()).ok(), after, "{expected}");
        }
        assert!(!world.lock().exists(), "who lost the right to write holds up nobody");
    }
}

#[test]
fn a_transcript_that_changed_while_the_lock_was_released_is_not_written_to() {
    for (change, expected) in CHANGES {
        let world = World::new();
        let paused = LeaseController::default().acquire(world.transcript()).unwrap().pause().unwrap();
        assert!(!world.lock().exists());
        change(&world.transcript());
        let after = fs::read(world.transcript()).ok();
        let error = paused.resume(Duration::ZERO).unwrap_err();
        let words = error.to_string();
        assert!(words.contains("session file changed while the lock was released: "), "{words}");
        assert_eq!(takeover::<()>(Err(error)), Ended::ChangedWhilePaused(expected.to_owned()));
        assert_eq!(fs::read(world.transcript()).ok(), after, "{expected}");
        assert!(!world.lock().exists());
    }
}

#[test]
fn what_did_not_change_can_be_gone_on_with() {
    let world = World::new();
    let controller = LeaseController::default();
    let mut lease = controller.acquire(world.transcript()).unwrap();
    for _ in 0..3 {
        lease.append(b"{}\n").unwrap();
        let paused = lease.pause().unwrap();
        // Another may have the lock for a while, as long as it leaves the transcript alone.
        let other = LeaseController::default().acquire(world.transcript()).unwrap();
        assert!(matches!(paused.resume(Duration::ZERO), Err(LeaseError::Timeout { .. })));
        other.release().unwrap();
        lease = paused.resume(Duration::ZERO).unwrap();
    }
    lease.append(b"{}\n").unwrap();
    assert_eq!(world.text(), format!("{FIRST}{}", "{}\n".repeat(4)));
    let paused = lease.pause().unwrap();
    controller.abandon_in_flight("no more");
    assert_eq!(takeover(paused.resume(Duration::ZERO)), Ended::Abandoned("no more".to_owned()));
}

#[test]
fn a_transcript_that_is_not_there_is_made_for_its_owner_alone() {
    let world = World::empty();
    let lease = LeaseController::default().acquire(world.transcript()).unwrap();
    assert!(!world.transcript().exists());
    lease.append(FIRST.as_bytes()).unwrap();
    lease.append(b"{}\n").unwrap();
    assert_eq!(world.text(), format!("{FIRST}{{}}\n"));
    assert_eq!(fs::metadata(world.transcript()).unwrap().permissions().mode() & 0o777, 0o600);
    drop(lease);

    let world = World::empty();
    let lease = LeaseController::default().acquire(world.transcript()).unwrap();
    fs::write(world.transcript(), "x\n").unwrap();
    assert_eq!(takeover(lease.append(b"late\n")), Ended::Changed("somebody made it".to_owned()));
    assert_eq!(world.text(), "x\n");
}

#[test]
fn behind_half_a_line_a_new_one_begins() {
    let world = World::new();
    fs::write(world.transcript(), format!("{FIRST}{{\"half")).unwrap();
    let controller = LeaseController::default();
    drop(controller.acquire(world.transcript()).unwrap());
    assert_eq!(world.text(), format!("{FIRST}{{\"half"), "who writes nothing changes nothing");
    let lease = controller.acquire(world.transcript()).unwrap();
    lease.append(b"1\n").unwrap();
    lease.append(b"in two ").unwrap();
    lease.append(b"parts\n").unwrap();
    assert_eq!(world.text(), format!("{FIRST}{{\"half\n1\nin two parts\n"));
}

#[test]
fn nothing_about_a_transcript_changes_but_its_end() {
    let world = World::new();
    fs::set_permissions(world.transcript(), fs::Permissions::from_mode(0o644)).unwrap();
    let before = fs::metadata(world.transcript()).unwrap();
    LeaseController::default().acquire(world.transcript()).unwrap().append(b"{}\n").unwrap();
    let after = fs::metadata(world.transcript()).unwrap();
    let all = |found: &fs::Metadata| (found.ino(), found.mode(), found.uid(), found.gid(), found.nlink());
    assert_eq!(all(&before), all(&after));
    assert_eq!(after.len(), before.len() + 3);
}

#[test]
fn a_lock_that_somebody_took_is_neither_written_under_nor_removed() {
    let world = World::new();
    let lease = LeaseController::default().acquire(world.transcript()).unwrap();
    fs::remove_file(world.lock()).unwrap();
    fs::write(world.lock(), "{\"pid\":1}").unwrap();
    assert!(!lease.is_held());
    assert_eq!(takeover(lease.append(b"late\n")), Ended::Lost);
    drop(lease);
    assert_eq!(
        (world.text().as_str(), fs::read_to_string(world.lock()).unwrap().as_str()),
        (FIRST, "{\"pid\":1}")
    );
}

#[test]
fn a_link_is_not_followed_and_a_pipe_not_waited_for() {
    let world = World::new();
    let (link, pipe) = (world.0.path().join("link.jsonl"), world.0.path().join("pipe.jsonl"));
    symlink(world.transcript(), &link).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let begin = Instant::now();
    for path in [link, pipe, world.0.path().to_owned()] {
        let refused = LeaseController::default().acquire(&path);
        assert!(matches!(refused, Err(LeaseError::Refused { .. })), "{path:?}: {refused:?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(10));
    // A link on the way to the folder leads to the same lock.
    let other = tempfile::tempdir().unwrap();
    symlink(world.0.path(), other.path().join("way")).unwrap();
    let lease = LeaseController::default().acquire(other.path().join("way/one.jsonl")).unwrap();
    assert!(world.lock().exists());
    drop(lease);
}

#[test]
fn a_transcript_that_becomes_a_link_or_a_pipe_is_not_written_to() {
    let world = World::new();
    let other = world.0.path().join("other");
    fs::write(&other, "").unwrap();
    for make in [(|path: &Path| symlink(path.with_file_name("other"), path).unwrap()) as Change, |path| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }] {
        fs::write(world.transcript(), FIRST).unwrap();
        let lease = LeaseController::default().acquire(world.transcript()).unwrap();
        fs::remove_file(world.transcript()).unwrap();
        make(&world.transcript());
        assert!(lease.append(b"late\n").is_err());
        assert_eq!(fs::read(&other).unwrap(), b"");
        drop(lease);
        fs::remove_file(world.transcript()).unwrap();
    }
}
