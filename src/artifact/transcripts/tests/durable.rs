//! What is durable before the switch, and what can be read of it afterwards.

use std::collections::BTreeMap;

use super::{
    races::{has, moments},
    tails::{torn, torn_disk},
    *,
};
use crate::{artifact::transcripts::read::payload_on, model::ErrorKind};

/// When the file that holds just this was written to for the last time, and when it was made durable since.
fn moments_of(events: &[MemEvent], wanted: &[u8]) -> (Option<usize>, Option<usize>) {
    let mut files = BTreeMap::<usize, (Vec<u8>, usize, Option<usize>)>::new();
    for (when, event) in events.iter().enumerate() {
        match event {
            MemEvent::Written { file, bytes } if !bytes.is_empty() => {
                let (all, written, synced) = files.entry(*file).or_default();
                all.extend_from_slice(bytes);
                (*written, *synced) = (when, None);
            }
            MemEvent::Synced { file } => files.entry(*file).or_default().2 = Some(when),
            _ => {}
        }
    }
    let found = files.into_values().find(|(bytes, ..)| bytes == wanted);
    found.map_or((None, None), |(_, written, synced)| (Some(written), synced))
}

#[test]
fn i3_payloads_their_names_and_the_new_text_are_durable_before_the_switch() {
    let disk = torn_disk();
    let (switch, _) = moments(&disk, |disk| drop(compact_rested(disk).unwrap()));
    let new = text(&disk);
    let ended_after = |calls| {
        let disk = torn_disk();
        disk.watch();
        compact_rested(&disk.clone().ending_after(calls)).unwrap_err();
        disk
    };
    let disk = (0..=switch).rev().map(ended_after).find(|disk| text(disk) == torn()).unwrap();
    assert!(has(&disk, &new), "it ended right before the switch");
    let events = disk.events();
    let bytes_of = |name: &String| disk.get(&Path::new(PAYLOADS).join(name)).unwrap();
    let mut wanted: Vec<_> =
        disk.names(Path::new(PAYLOADS)).into_iter().map(|name| (bytes_of(&name), name)).collect();
    assert_eq!(wanted.len(), 3);
    let last = wanted.iter().filter_map(|(bytes, _)| moments_of(&events, bytes).0).max();
    wanted.push((new, "the new text".to_owned()));
    let is_missing = |bytes: &[u8]| moments_of(&events, bytes).1.is_none();
    let mut missing: Vec<_> =
        wanted.into_iter().filter(|(bytes, _)| is_missing(bytes)).map(|(_, name)| name).collect();
    for folder in [PAYLOADS, "/t"] {
        let number = disk.folder(Path::new(folder)).unwrap();
        let when = events.iter().rposition(|event| *event == MemEvent::FolderSynced { folder: number });
        if when < last {
            missing.push(folder.to_owned());
        }
    }
    assert_eq!(missing, [""; 0], "not durable");
}

#[test]
fn i6_a_payload_is_what_its_name_says_or_an_error() {
    let disk = torn_disk();
    let torn_at = compact_rested(&disk).unwrap().torn_at.unwrap();
    assert!(torn().ends_with(&payload_on(&disk, &torn_at).unwrap()));
    let at = Path::new(PAYLOADS).join(BlobHash::of("x".repeat(900).as_bytes()).to_string());
    assert_eq!(payload_on(&disk, &at).unwrap(), "x".repeat(900).as_bytes());
    for other in ["x".repeat(899), "y".repeat(900), String::new()] {
        disk.put(&at, other.as_bytes());
        assert_eq!(payload_on(&disk, &at).unwrap_err().kind(), ErrorKind::Malformed);
    }
    let folder = disk.folder(Path::new(PAYLOADS)).unwrap();
    disk.remove(&folder, at.file_name().unwrap()).unwrap();
    let elsewhere = Path::new("/none/x.payloads").join(at.file_name().unwrap());
    for path in [&at, &elsewhere] {
        let error = payload_on(&disk, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gone);
        assert!(error.hint().unwrap().contains("excerpt"), "{error:?}");
    }
    for path in ["/", "x", PATH, "/t/one.jsonl.payloads/0a"] {
        assert_eq!(payload_on(&disk, Path::new(path)).unwrap_err().kind(), ErrorKind::Refused, "{path}");
    }
}
