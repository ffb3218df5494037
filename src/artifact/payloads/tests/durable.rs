//! What is durable before somebody is told that it is: all that a reference needs after a loss of power.

use super::*;
use crate::fs::MemEvent;

/// What was made durable after the last byte of a payload was written, and before anything else is done.
fn synced(disk: &MemDisk, bytes: &[u8]) -> (bool, bool) {
    let events = disk.events();
    let written = |event: &MemEvent| matches!(event, MemEvent::Written { bytes: all, .. } if all == bytes);
    let at = events.iter().position(written).unwrap();
    let MemEvent::Written { file, .. } = events[at] else { panic!() };
    let folder = disk.folder(Path::new(FOLDER)).unwrap();
    let find = |wanted: &MemEvent| events[at..].iter().position(|event| event == wanted);
    let (file, folder) = (find(&MemEvent::Synced { file }), find(&MemEvent::FolderSynced { folder }));
    (file.is_some(), file.zip(folder).is_some_and(|(file, folder)| file < folder))
}

#[test]
fn i3_a_payload_and_its_name_are_durable_before_its_reference_is_there() {
    for options in [small(), small().with_max_bytes(99).unwrap()] {
        let disk = disk();
        let session = spool(&disk, options).session("one").unwrap();
        for number in 0..2 {
            disk.watch();
            put(&session, &payload(number)).unwrap();
            assert_eq!(synced(&disk, &payload(number)), (true, true), "the file, and the folder after it");
        }
    }
}

#[test]
fn i3_the_folder_of_a_session_is_durable_before_it_takes_a_payload() {
    let disk = disk();
    let spool = spool(&disk, small());
    for _ in 0..2 {
        disk.watch();
        let session = spool.session("one").unwrap();
        for path in [FOLDER, DIR] {
            let folder = disk.folder(Path::new(path)).unwrap();
            assert!(disk.events().contains(&MemEvent::FolderSynced { folder }), "{path}");
        }
        put(&session, &payload(0)).unwrap();
    }
}

#[test]
fn i3_what_takes_the_place_of_a_damaged_payload_is_durable() {
    let disk = disk();
    let session = spool(&disk, small()).session("one").unwrap();
    let blob = put(&session, &payload(0)).unwrap();
    disk.scribble(&Path::new(FOLDER).join(blob.hash.to_string()), b"damaged");
    disk.watch();
    assert_eq!(put(&session, &payload(0)), Some(blob));
    assert_eq!(synced(&disk, &payload(0)), (true, true));
}
