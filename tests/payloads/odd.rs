//! Links, files of others, and folders that are not what they seem.

use std::{fs, os::unix::fs::symlink};

use session_reaper::{
    ErrorKind,
    artifact::payloads::{Spool, Stored, Why},
};

use crate::{
    child::Living,
    world::{World, after, put, small, whole_blobs},
};

#[test]
fn i10_a_spool_behind_a_link_is_refused() {
    let world = World::new();
    fs::create_dir_all(world.path("real/spool")).unwrap();
    symlink(world.path("real"), world.path("link")).unwrap();
    symlink(world.path("real/spool"), world.path("spool")).unwrap();
    for path in ["link/spool", "spool"] {
        let error = Spool::open(&world.path(path), small(), after(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.hint().unwrap().ends_with("real/spool"), "{error:?}");
    }
    for (path, what) in [("none/spool", "a folder on the way is missing"), ("file", "it is a file")] {
        fs::write(world.path("file"), "").unwrap();
        assert!(Spool::open(&world.path(path), small(), after(0)).is_err(), "{what}");
    }
    symlink("nowhere", world.path("dangling")).unwrap();
    assert!(Spool::open(&world.path("dangling"), small(), after(0)).is_err());
    assert!(!world.path("nowhere").exists());
}

#[test]
fn i10_what_is_not_ours_is_counted_and_left() {
    let world = World::new();
    let spool = world.spool();
    fs::write(world.path("precious"), "kept").unwrap();
    let make = |name: &str| fs::create_dir_all(world.path("spool").join(name)).unwrap();
    let write = |name: &str| fs::write(world.path("spool").join(name), "kept").unwrap();
    for folder in ["mine", "s-mine", "h-mine", "x-mine"] {
        make(folder);
        write(&format!("{folder}/file"));
    }
    write("file");
    write("s-file");
    for link in ["link", "s-link"] {
        symlink(world.path("."), world.path("spool").join(link)).unwrap();
    }
    let report = spool.sweep(after(0)).unwrap();
    assert_eq!((report.scanned, report.skipped), (8, 8), "{report:?}");
    assert_eq!(world.names("spool").len(), 8);
    assert_eq!(fs::read_to_string(world.path("precious")).unwrap(), "kept");
    // Where a session would have its folder nothing is used that is no folder.
    assert!(spool.session("file").is_err() && spool.session("link").is_err());
    // Nor what somebody else has put things into: it would go with the session.
    assert_eq!(spool.session("mine").unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(world.names("spool/s-mine"), ["file"]);
    // An empty one is what a process left that was killed as it began.
    make("s-empty");
    assert_eq!(spool.sweep(after(0)).unwrap().retained, 1);
    assert_eq!(spool.sweep(after(61_000)).unwrap().swept, 1);
}

#[test]
fn i10_a_link_in_the_place_of_a_payload_or_a_marker_leads_nowhere() {
    let world = World::new();
    let precious = world.path("precious");
    fs::write(&precious, "a payload, and precious").unwrap();
    let spool = world.spool();
    let session = spool.session("one").unwrap();
    let blob = put(&session, b"a payload, and precious");
    let path = session.path().join(blob.hash.to_string());
    fs::remove_file(&path).unwrap();
    symlink(&precious, &path).unwrap();
    assert!(session.get(&blob).is_err() && session.read_range(&blob, 0, 3).is_err());
    // It is no payload of ours: it is moved aside, and the payload gets its name.
    put(&session, b"a payload, and precious");
    assert_eq!(session.get(&blob).unwrap(), b"a payload, and precious");
    symlink(world.path("."), session.path().join("way-out")).unwrap();
    session.end().unwrap();
    assert_eq!(world.names("spool"), [""; 0]);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "a payload, and precious");
    Living::start(&world, "two", "x").kill();
    let mark = world.path("spool/s-two/.owner");
    fs::rename(&mark, world.path("mark")).unwrap();
    symlink(world.path("mark"), &mark).unwrap();
    assert_eq!(spool.sweep(after(0)).unwrap().unknown, 1);
    assert!(spool.session("two").is_err());
}

#[test]
fn a_session_whose_folder_somebody_has_removed_keeps_its_payloads_inline() {
    let world = World::new();
    let spool = world.spool();
    let session = spool.session("one").unwrap();
    fs::remove_dir_all(session.path()).unwrap();
    assert_eq!(session.put(b"a payload of one", "text/plain"), Stored::Inline(Why::Failed));
    // Another one begins there meanwhile: it is none of the first one's to end.
    let another = spool.session("one").unwrap();
    let blob = put(&another, b"a payload of one");
    session.end().unwrap();
    assert_eq!(another.get(&blob).unwrap(), b"a payload of one");
    assert_eq!(whole_blobs(&world.dir()), 1);
}
