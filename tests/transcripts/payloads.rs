//! Reading what a compaction has moved: it is what its name says, or an error.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use session_reaper::{ErrorKind, artifact::transcripts::payload};

use crate::world::{World, transcript};

/// A compacted transcript, and where its larger payload is, as its text says.
fn compacted() -> (World, PathBuf) {
    let world = World::new(&transcript());
    world.compact().unwrap();
    let text = world.text();
    let (_, named) = text.split_once("all of it is in ").unwrap();
    let path = PathBuf::from(named.split(':').next().unwrap());
    (world, path)
}

#[test]
fn i2_a_payload_that_the_text_names_is_read_back() {
    let (world, path) = compacted();
    assert_eq!(payload(&path).unwrap(), b"line\n".repeat(60_000));
    let elsewhere = world.root.join("elsewhere");
    symlink(&world.root, &elsewhere).unwrap();
    let through = elsewhere.join(path.strip_prefix(&world.root).unwrap());
    assert_eq!(payload(&through).unwrap().len(), 300_000, "the folder itself may be reached by a link");
}

#[test]
fn i6_one_that_was_changed_or_is_gone_is_an_error() {
    let (_world, path) = compacted();
    let whole = fs::read(&path).unwrap();
    let mut bent = whole.clone();
    bent[150_000] ^= 1;
    for other in [&bent[..], &whole[..299_999], b""] {
        fs::write(&path, other).unwrap();
        let error = payload(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.message().contains("not what its name says"), "{error}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(payload(&path).unwrap_err().kind(), ErrorKind::Gone);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert_eq!(payload(&path).unwrap_err().kind(), ErrorKind::Gone);
}

#[test]
fn i10_no_link_is_followed() {
    let (world, path) = compacted();
    let moved = world.root.join("moved");
    fs::rename(&path, &moved).unwrap();
    symlink(&moved, &path).unwrap();
    assert_eq!(payload(&path).unwrap_err().kind(), ErrorKind::Refused);
    fs::remove_file(&path).unwrap();
    fs::rename(&moved, &path).unwrap();
    assert_eq!(payload(&path).unwrap().len(), 300_000);
    fs::rename(world.payloads(), world.root.join("folder")).unwrap();
    symlink(world.root.join("folder"), world.payloads()).unwrap();
    assert_eq!(payload(&path).unwrap_err().kind(), ErrorKind::Refused);
}
