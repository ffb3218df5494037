//! Disks that are full, and folders that nobody may write into.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use session_reaper::artifact::payloads::{Spool, Stored, Why};

use crate::{
    folder::names,
    world::{World, after, put, small},
};

/// A small disk in memory, mounted while this lives.
struct Mount(PathBuf);

impl Mount {
    fn new(path: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let options = format!("mode=700,size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            assert!(std::env::var_os("CI").is_none(), "CI must run this, as root");
            eprintln!("SKIPPED: only root mounts disks");
            return None;
        }
        Some(Self(path))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).status().ok();
    }
}

#[test]
fn i6_on_a_full_disk_payloads_stay_inline_and_nothing_is_left_of_them() {
    let world = World::new();
    let Some(mount) = Mount::new(world.path("disk"), "128k") else { return };
    let spool = Spool::open(&mount.0.join("spool"), small(), after(0)).unwrap();
    let session = spool.session("one").unwrap();
    let (mut spooled, mut inline) = (Vec::new(), 0);
    for round in 0..40_u8 {
        let payload = vec![round; 10_000];
        match session.put(&payload, "application/octet-stream") {
            Stored::Spooled(blob) => spooled.push((blob, payload)),
            Stored::Inline(why) => {
                assert_eq!(why, Why::Failed);
                inline += 1;
            }
        }
        assert_eq!(names(session.path()).len(), 1 + spooled.len(), "round {round}");
    }
    assert!(spooled.len() > 3 && inline > 20, "{} fit", spooled.len());
    for (blob, payload) in &spooled {
        assert_eq!(&session.get(blob).unwrap(), payload);
    }
    // Once there is room again it goes on.
    session.release(&spooled[0].0).unwrap();
    put(&session, &[b'x'; 10_000]);
    session.end().unwrap();
    assert_eq!(names(&mount.0.join("spool")), [".session-reaper"]);
}

#[test]
fn i6_an_end_that_is_refused_is_tried_again() {
    let world = World::new();
    let spool = world.spool();
    let session = spool.session("one").unwrap();
    put(&session, b"a payload of one");
    let Some(mount) = Mount::new(session.path().join("mounted"), "128k") else { return };
    let error = session.end().unwrap_err();
    assert!(error.to_string().contains("cannot remove an ended session"), "{error}");
    let going = world.names("spool");
    assert!(going.len() == 1 && going[0].starts_with("x-"), "{going:?}");
    let report = spool.sweep(after(0)).unwrap();
    assert_eq!((report.scanned, report.failed), (1, 1), "{report:?}");
    // The session can begin anew meanwhile.
    spool.session("one").unwrap().end().unwrap();
    drop(Mount(world.dir().join(&going[0]).join("mounted")));
    std::mem::forget(mount);
    let report = spool.sweep(after(0)).unwrap();
    assert_eq!((report.scanned, report.swept), (1, 1), "{report:?}");
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn i6_where_nobody_may_write_payloads_stay_inline() {
    if rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: root may write everywhere");
        return;
    }
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    fs::set_permissions(session.path(), fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(session.put(b"a payload of one", "text/plain"), Stored::Inline(Why::Failed));
    fs::set_permissions(session.path(), fs::Permissions::from_mode(0o700)).unwrap();
    put(&session, b"a payload of one");
}
