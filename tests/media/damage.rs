//! A ledger that is cut off at any byte, or has another byte anywhere.

use std::path::Path;

use proptest::prelude::*;
use session_reaper::{
    artifact::media::{CleanupPolicy, MediaRef, Meta, Outcome},
    fs::MemDisk,
};

use crate::{
    memory::{LEDGER, at, disk, open, open_without_net, path},
    world::MAX_AGE,
};

/// What was written, and who still refers to what.
struct Written {
    text: Vec<u8>,
    /// In the order in which they were stored, and after how many bytes each was.
    living: Vec<(MediaRef, &'static str, usize)>,
}

const FILES: [&str; 4] = ["a", "b", "sub/c", "d"];

fn with_files() -> MemDisk {
    let disk = disk();
    drop(open(&disk, at(0)).unwrap());
    for name in FILES {
        disk.put(&path(name), name.as_bytes());
    }
    disk
}

/// A history in which every kind of line is met, on the disk and as text.
fn written() -> (MemDisk, Written) {
    let disk = with_files();
    let store = open_without_net(&disk);
    let put = |name: &'static str, scope: &str, policy| {
        let meta = Meta { filename: "ein \"Bild\"".to_owned(), policy, ..Meta::default() };
        let media = store.store(&path(name), meta, scope, at(0)).unwrap();
        (media.reference, name, disk.get(Path::new(LEDGER)).unwrap().len())
    };
    let deletes = CleanupPolicy::DeleteOnCleanup;
    let gone = put("d", "s", deletes);
    let mut living = vec![put("a", "s", deletes), put("b", "s", deletes)];
    let shared = put("b", "t", deletes);
    drop(store.lease(living[0].0).unwrap());
    store.resolve(living[0].0, at(60_000)).unwrap();
    store.release(gone.0).unwrap();
    living.push(put("sub/c", "s", CleanupPolicy::ForgetOnly));
    store.release(shared.0).unwrap();
    living.push(put("a", "t", deletes));
    let text = disk.get(Path::new(LEDGER)).unwrap();
    (disk, Written { text, living })
}

#[test]
fn i1_a_ledger_that_is_cut_off_anywhere_loses_only_what_was_never_answered_for() {
    let (disk, Written { text, living }) = written();
    for cut in 0..=text.len() {
        disk.put(Path::new(LEDGER), &text[..cut]);
        let store = open_without_net(&disk);
        for (reference, name, end) in &living {
            // A line that lacks only its end is whole.
            let is_whole = cut + 1 >= *end;
            assert_eq!(store.resolve(*reference, at(0)).is_ok(), is_whole, "{cut}: {name}");
        }
        assert_eq!(store.clean_expired(at(0)).damaged_lines, 0, "{cut}");
        let healed = disk.get(Path::new(LEDGER)).unwrap();
        assert!(healed.ends_with(b"\n"), "{cut}");
        // That something is missing stands there now.
        assert!(healed.len() <= text.len() + 128, "{cut}");
        let media = store.store(&path("a"), Meta::default(), "s", at(0)).unwrap();
        assert!(open_without_net(&disk).resolve(media.reference, at(0)).is_ok());
    }
}

/// With the net, which takes what no reference names: on a disk in memory every file is old enough.
#[test]
fn i5_no_file_goes_that_was_registered_behind_where_the_ledger_was_cut_off() {
    let (_, Written { text, .. }) = written();
    let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end + 1);
    let mut cuts: Vec<usize> = [0].into_iter().chain(ends).collect();
    assert_eq!(cuts.pop(), Some(text.len()));
    assert!(cuts.len() > 10);
    for (line, is_open) in (0..cuts.len()).flat_map(|line| [(line, false), (line, true)]) {
        let (disk, Written { text, .. }) = written();
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end + 1);
        let cut = [0].into_iter().chain(ends).nth(line).unwrap();
        let before = is_open.then(|| open(&disk, at(0)).unwrap());
        disk.scribble(Path::new(LEDGER), &text[..cut]);
        let store = before.unwrap_or_else(|| open(&disk, at(0)).unwrap());
        for now in [at(60_001), at(100 * MAX_AGE), at(200 * MAX_AGE)] {
            let report = store.clean_expired(now);
            drop(open(&disk, now).unwrap());
            for name in ["a", "b", "sub/c"] {
                assert!(disk.get(&path(name)).is_some(), "{line}, {is_open}: {name} went: {report}");
            }
        }
    }
}

fn is_safe(text: &[u8], living: &[(MediaRef, &'static str, usize)], disk: &MemDisk, what: &str) {
    disk.put(Path::new(LEDGER), text);
    // On a disk in memory every file is old enough to go at once when nobody is known to refer to it.
    let store = open(disk, at(0)).unwrap();
    let report = store.clean_expired(at(60_001));
    // Whoever had half of the names lets them go.
    for (reference, ..) in living.iter().skip(1).step_by(2) {
        let _ = store.release(*reference);
    }
    store.clean_expired(at(60_001));
    for (reference, name, _) in living.iter().step_by(2) {
        assert!(disk.get(&path(name)).is_some(), "{what}: {name} of {reference} went: {report}");
    }
    // Nor does a restart forget the damage.
    drop(open(disk, at(0)).unwrap());
    let report = open(disk, at(0)).unwrap().clean_expired(at(60_001));
    for (_, name, _) in living.iter().step_by(2) {
        assert!(disk.get(&path(name)).is_some(), "{what}: {name} went after a restart: {report}");
    }
}

#[test]
fn i5_with_any_one_bit_of_the_ledger_flipped_no_living_file_goes() {
    let (_, Written { text, .. }) = written();
    for place in 0..text.len() {
        let (disk, Written { mut text, living }) = written();
        let place = place % text.len();
        text[place] ^= 1 << (place % 8);
        is_safe(&text, &living, &disk, &format!("byte {place}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn i5_with_any_bytes_of_the_ledger_changed_no_living_file_goes(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let (disk, Written { mut text, living }) = written();
        // The last line may be taken for one that was never answered for.
        let last = text.len() - 1 - text.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap();
        for (place, byte) in &changes {
            text[place.index(last - 1)] = *byte;
        }
        is_safe(&text, &living, &disk, &format!("{changes:?}"));
    }
}

#[test]
fn a_damaged_line_is_counted_kept_and_told_of() {
    let (disk, Written { mut text, .. }) = written();
    text[40] ^= 1;
    disk.put(Path::new(LEDGER), &text);
    let store = open(&disk, at(0)).unwrap();
    let report = store.clean_expired(at(0));
    assert_eq!(report.damaged_lines, 1);
    assert!(disk.get(Path::new(LEDGER)).unwrap().starts_with(&text));
    // What comes to be afterwards is as it always was.
    disk.put(&path("new"), b"x");
    let meta = Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() };
    let media = store.store(&path("new"), meta, "new", at(0)).unwrap();
    store.release(media.reference).unwrap();
    assert!(disk.get(&path("new")).is_none());
    let report = store.clean_expired(at(100 * MAX_AGE));
    assert_eq!(report.count(Outcome::Removed), 0, "{report}");
    assert!(report.count(Outcome::Doubted) > 0, "{report}");
}
