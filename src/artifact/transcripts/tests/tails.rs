//! Last lines that were never ended: what is no line is put aside, and what is added later is a line of its own.

use super::{
    races::{FIRST, add, at_calls, disk, has},
    *,
};
use crate::model::ErrorKind;

const TORN: &str = "{\"type\":\"mess";

pub(super) fn torn() -> Vec<u8> {
    [transcript().as_bytes(), TORN.as_bytes()].concat()
}

pub(super) fn torn_disk() -> MemDisk {
    MemDisk::with_file(path(), &torn())
}

fn aside(torn: &[u8]) -> std::path::PathBuf {
    Path::new(PAYLOADS).join(format!("{}.torn", BlobHash::of(torn)))
}

fn last_line(disk: &MemDisk) -> Option<serde_json::Value> {
    let text = text(disk);
    serde_json::from_slice(text.strip_suffix(b"\n")?.rsplit(|byte| *byte == b'\n').next()?).ok()
}

#[test]
fn i7_what_is_added_behind_a_torn_line_of_a_rested_transcript_can_be_read() {
    let large = result(&"z".repeat(900));
    for torn in [TORN.as_bytes(), &large.as_bytes()[..900], b"\xc3", b"\0\0\0", b"}"] {
        let old = [transcript().as_bytes(), torn].concat();
        let disk = MemDisk::with_file(path(), &old);
        let run = compact_rested(&disk).unwrap().run.unwrap();
        assert_eq!(disk.get(&aside(torn)).unwrap(), torn, "it is put aside");
        assert!(text(&disk).ends_with(b"\n"));
        add(&disk, FIRST);
        assert_eq!(last_line(&disk).unwrap()["type"], "first");
        undo(&disk, &run).unwrap();
        // There it stands behind a torn line, and is a line of its own all the same.
        assert_eq!(text(&disk), [&old[..], b"\n", FIRST].concat());
        undo_all(&disk);
        assert_eq!(last_line(&disk).unwrap()["type"], "first");
    }
}

#[test]
fn i4_an_undo_brings_a_torn_line_back_to_the_byte() {
    let disk = torn_disk();
    let run = compact_rested(&disk).unwrap().run.unwrap();
    assert!(!text(&disk).ends_with(TORN.as_bytes()));
    undo(&disk, &run).unwrap();
    assert_eq!(text(&disk), torn());
}

#[test]
fn a_last_line_that_lacks_its_line_break_only_gets_one() {
    for (last, goes) in [(result("short"), 2), (result(&"z".repeat(900)), 3), (" ".to_owned(), 2)] {
        let old = transcript() + &last;
        let disk = MemDisk::with_file(path(), old.as_bytes());
        let done = compact_rested(&disk).unwrap();
        assert_eq!((done.torn, done.payloads, done.lines), (0, goes, 5), "{last}");
        assert_eq!(done.bytes_after, text(&disk).len() as u64);
        assert!(text(&disk).ends_with(b"\n") && payloads(&disk) as u64 == goes, "{last}");
        add(&disk, FIRST);
        assert_eq!(last_line(&disk).unwrap()["type"], "first");
        undo(&disk, &done.run.unwrap()).unwrap();
        assert_eq!(text(&disk), [old.as_bytes(), b"\n", FIRST].concat());
    }
}

#[test]
fn a_transcript_in_which_nothing_is_large_keeps_its_torn_line() {
    for last in [TORN, "{\"type\":\"whole\"}"] {
        let old = format!("{}\n{last}", result("short"));
        let disk = MemDisk::with_file(path(), old.as_bytes());
        let done = compact_rested(&disk).unwrap();
        assert_eq!((done.run, done.torn), (None, u64::from(last == TORN)));
        assert_eq!((text(&disk), payloads(&disk)), (old.into_bytes(), 0));
    }
}

#[test]
fn i3_a_torn_line_is_in_the_transcript_or_aside_wherever_a_compaction_ends() {
    let disk = torn_disk();
    compact_rested(&disk).unwrap();
    let new = text(&disk);
    for at in 1.. {
        let disk = torn_disk();
        let ending = disk.clone().ending_after(at);
        let _ = compact_rested(&ending);
        let is_new = text(&disk) == new;
        assert!(is_new || text(&disk) == torn(), "{at}");
        assert!(!is_new || disk.get(&aside(TORN.as_bytes())).is_some(), "{at}");
        unlock(&disk);
        compact_rested(&disk).unwrap();
        assert_eq!((text(&disk), payloads(&disk)), (new.clone(), 3), "{at}");
        undo_all(&disk);
        assert_eq!(text(&disk), torn(), "{at}");
        if !ending.has_ended() {
            assert!(at > 60, "{at}");
            break;
        }
    }
}

#[test]
fn i6_where_any_call_fails_a_torn_line_is_in_the_transcript_or_aside() {
    let disk = torn_disk();
    compact_rested(&disk).unwrap();
    let new = text(&disk);
    for at in 0.. {
        let disk = torn_disk();
        disk.fail_at(at, false);
        let done = compact_rested(&disk);
        if disk.heal() <= at {
            assert!(done.is_ok() && at > 60, "{at}");
            break;
        }
        let is_new = text(&disk) == new;
        assert!(is_new || text(&disk) == torn(), "{at}");
        assert!(!is_new || disk.get(&aside(TORN.as_bytes())).is_some(), "{at}");
        assert_eq!(done.map_or_else(|error| error.is_too_late(), |_| true), is_new, "{at}");
    }
}

#[test]
fn i5_a_last_line_that_is_not_ended_is_waited_for_before_anything_is_written() {
    for dry_run in [false, true] {
        let disk = torn_disk();
        disk.watch();
        let options = Options { dry_run, ..options() };
        let error = compact_on(&disk, path(), &settings(), now(), &options).unwrap_err();
        assert_eq!((error.kind(), error.is_too_late()), (ErrorKind::Unsettled, false));
        let is_of_it = |event: &MemEvent| match event {
            MemEvent::Written { bytes, .. } => [&b"toolResult"[..], b"xxx", b"line"]
                .iter()
                .any(|part| memchr::memmem::find(bytes, part).is_some()),
            _ => false,
        };
        assert!(!disk.events().iter().any(is_of_it), "{:?}", disk.events());
        assert_eq!((text(&disk), payloads(&disk)), (torn(), 0));
    }
}

#[test]
fn i7_a_line_that_is_added_at_any_moment_of_a_compaction_of_a_torn_transcript_is_never_lost() {
    for at in 0..200 {
        let torn = torn_disk();
        let hooked = at_calls(&torn, vec![at], |disk, _| add(disk, FIRST));
        let _ = compact_rested(&hooked);
        assert!(has(&torn, TORN.as_bytes()), "{at}");
        assert!(has(&torn, FIRST) || !has(&torn, b"\"first"), "{at}");
    }
    assert!(!has(&disk(), FIRST));
}
