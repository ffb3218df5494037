//! Programs that know no lock write at any moment of a compaction, of an undo, and of what finishes a killed one: whatever they
//! have written is in the transcript, or in the trash, and stays there.

use super::*;
use crate::{
    fs::Writer,
    lock::Fence,
    model::{ErrorKind, Retention},
};

pub(super) const FIRST: &[u8] = b"{\"type\":\"first\"}\n";
pub(super) const SECOND: &[u8] = b"{\"type\":\"second\"}\n";

/// The last calls of an undo, in which it has looked for the last time at what it takes out of the trash.
const LAST_CALLS: i64 = 16;

pub(super) fn disk() -> MemDisk {
    MemDisk::with_file(path(), transcript().as_bytes())
}

/// All files, by their paths.
fn files(disk: &MemDisk, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for name in disk.names(folder) {
        let path = folder.join(name);
        match disk.get(&path) {
            Some(bytes) => all.push((path.display().to_string(), bytes)),
            None => all.extend(files(disk, &path)),
        }
    }
    all
}

pub(super) fn has(disk: &MemDisk, bytes: &[u8]) -> bool {
    files(disk, Path::new("/t")).iter().any(|(_, text)| memchr::memmem::find(text, bytes).is_some())
}

/// Whatever is finished by the next one, it is, and what is old leaves the trash.
pub(super) fn age(disk: &MemDisk) {
    unlock(disk);
    let base = Base::open(disk, Path::new("/t")).unwrap();
    let nook = base.enter(&options()).unwrap();
    nook.tidy(now().plus(Age::from_hours(9_000)), Retention::After(Age::from_seconds(0)));
}

/// Lets `then` happen before the calls with these numbers.
pub(super) fn at_calls(
    disk: &MemDisk,
    mut calls: Vec<i64>,
    then: impl Fn(&MemDisk, usize) + Send + Sync + 'static,
) -> MemDisk {
    let (other, count) = (disk.clone(), AtomicI64::new(0));
    calls.sort_unstable();
    disk.clone().with_hook(move || {
        let now = count.fetch_add(1, Ordering::SeqCst);
        for which in calls.iter().enumerate().filter(|(_, at)| **at == now).map(|(which, _)| which) {
            then(&other, which);
        }
    })
}

/// Adds to the transcript as an appender does that opens it, writes and closes it.
pub(super) fn add(disk: &MemDisk, bytes: &[u8]) {
    if let Some(mut pen) = disk.pen(path()) {
        pen.write_all(bytes).unwrap();
    }
}

/// At which call the text changes, and how many calls there are.
pub(super) fn moments(disk: &MemDisk, act: impl Fn(&MemDisk)) -> (i64, i64) {
    let before = text(disk);
    let (other, count, seen) = (disk.clone(), Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(-1)));
    let (to_count, to_see) = (Arc::clone(&count), Arc::clone(&seen));
    act(&disk.clone().with_hook(move || {
        let call = to_count.fetch_add(1, Ordering::SeqCst);
        if text(&other) != before {
            let _ = to_see.compare_exchange(-1, call - 1, Ordering::SeqCst, Ordering::SeqCst);
        }
    }));
    (seen.load(Ordering::SeqCst), count.load(Ordering::SeqCst))
}

pub(super) fn switch_of_a_compaction() -> (i64, i64) {
    moments(&disk(), |disk| drop(compact(disk).unwrap()))
}

#[test]
fn i7_two_lines_that_are_added_around_the_switch_are_never_lost() {
    let (switch, _) = switch_of_a_compaction();
    let mut kept = 0;
    for first in switch - 3..=switch + 3 {
        for second in first..switch + 14 {
            let disk = disk();
            let lines = [FIRST, SECOND];
            let hooked = at_calls(&disk, vec![first, second], move |disk, which| add(disk, lines[which]));
            let done = compact(&hooked);
            age(&disk);
            for line in lines {
                assert!(has(&disk, line), "{first} {second}: {done:?}");
                kept += u64::from(memchr::memmem::find(&text(&disk), line).is_none());
            }
            // An undo brings back whatever is in the trash only.
            undo_all(&disk);
            let text = text(&disk);
            assert!(lines.iter().all(|line| memchr::memmem::find(&text, line).is_some()), "{first} {second}");
        }
    }
    assert!(kept > 0, "none of them was late");
}

#[test]
fn i7_whoever_has_the_transcript_open_all_the_time_loses_no_line() {
    let (switch, calls) = switch_of_a_compaction();
    for opened in switch - 12..calls {
        for later in [0, 1, 2, 3, 5, 8, 13, 400] {
            let (disk, pen) = (disk(), Arc::new(std::sync::Mutex::new(None)));
            let to_open = Arc::clone(&pen);
            let hooked = at_calls(&disk, vec![opened, opened + later], move |disk, which| {
                let mut pen = to_open.lock().unwrap();
                match which {
                    0 => *pen = disk.pen(path()),
                    _ => pen.as_mut().unwrap().write_all(FIRST).unwrap(),
                }
            });
            let done = compact(&hooked);
            if opened + later >= calls {
                pen.lock().unwrap().take().unwrap().write_all(FIRST).unwrap();
            }
            age(&disk);
            assert!(has(&disk, FIRST), "{opened} {later}: {done:?}");
            undo_all(&disk);
            age(&disk);
            assert!(has(&disk, FIRST), "{opened} {later}: {done:?}");
        }
    }
}

#[test]
fn i7_another_programs_text_that_a_killed_switch_took_out_is_never_lost_whatever_fails_then() {
    let (switch, _) = switch_of_a_compaction();
    let (mut put_back, mut in_trash) = (0, 0);
    for is_new_file in [false, true] {
        for killed in switch - 2..switch + 12 {
            for can in [true, false] {
                for fails in [-1, 5, 8, 11, 14, 17, 20, 23, 26, 29] {
                    let disk = disk();
                    let hooked = at_calls(&disk, vec![switch], move |disk, _| {
                        if is_new_file { disk.put(path(), FIRST) } else { add(disk, FIRST) }
                    });
                    let _ = compact(&hooked.ending_after(killed));
                    let disk = if can { disk } else { disk.without_exchange() };
                    unlock(&disk);
                    if let Ok(at) = u64::try_from(fails) {
                        disk.fail_at(at, false);
                        let _ = compact(&disk);
                        let _ = disk.heal();
                    }
                    age(&disk);
                    assert!(has(&disk, FIRST), "{killed}, can exchange: {can}, fails at {fails}");
                    let is_there = memchr::memmem::find(&text(&disk), FIRST).is_some();
                    put_back += u64::from(is_there);
                    in_trash += u64::from(!is_there);
                }
            }
        }
    }
    assert!(put_back > 9 && in_trash > 9, "{put_back} {in_trash}");
}

#[test]
fn i7_what_a_killed_switch_took_out_waits_for_whoever_has_the_lock() {
    let (switch, _) = switch_of_a_compaction();
    let disk = disk();
    let hooked = at_calls(&disk, vec![switch], |disk, _| add(disk, FIRST));
    let _ = compact(&hooked.ending_after(switch + 1));
    let new = text(&disk);
    // The lock is as the killed one left it, and its process is this one, which lives.
    let base = Base::open(&disk, Path::new("/t")).unwrap();
    drop(base.enter(&options()).unwrap());
    assert_eq!(text(&disk), new);
    assert!(has(&disk, FIRST));
    unlock(&disk);
    drop(base.enter(&options()).unwrap());
    assert_eq!(text(&disk), [transcript().as_bytes(), FIRST].concat());
    // What had its place for so long somebody may have open.
    assert!(files(&disk, Path::new("/t")).iter().any(|(path, text)| path.ends_with("/0") && *text == new));
    age(&disk);
    assert!(!files(&disk, Path::new("/t")).iter().any(|(path, _)| path.ends_with("/0")));
}

#[test]
fn i3_an_exchange_that_was_made_and_told_as_failed_is_taken_for_made() {
    let (_, _, new) = compacted();
    let disk = disk();
    disk.lie_about_exchanges(true);
    let error = compact(&disk).unwrap_err();
    assert!(error.is_too_late(), "{error}");
    assert_eq!((text(&disk), payloads(&disk)), (new.clone(), 2));
    disk.lie_about_exchanges(false);
    assert_eq!(compact(&disk).unwrap().payloads, 0);
    assert_eq!((text(&disk), payloads(&disk)), (new, 2));
    undo_all(&disk);
    assert_eq!(text(&disk), transcript().as_bytes());
}

#[test]
fn i7_lines_that_came_to_the_old_text_late_outlast_the_trash_and_an_undo_brings_them_back() {
    let disk = disk();
    let mut pen = disk.pen(path()).unwrap();
    let run = compact(&disk).unwrap().run.unwrap();
    pen.write_all(FIRST).unwrap();
    age(&disk);
    assert!(has(&disk, FIRST));
    assert_eq!(undo(&disk, &run).unwrap().restored, ["one.jsonl"]);
    assert_eq!(text(&disk), [transcript().as_bytes(), FIRST].concat());
    // An old text that nobody has added to goes when it is old.
    assert!(compact(&disk).unwrap().run.is_some());
    age(&disk);
    assert!(!files(&disk, Path::new("/t")).iter().any(|(path, _)| path.ends_with("/0")));
}

#[test]
fn i7_a_line_that_is_added_at_any_moment_of_an_undo_is_never_lost() {
    let (start, run, _) = compacted();
    let (_, calls) = moments(&start, |disk| drop(undo(disk, &run).unwrap()));
    for at in 0..calls {
        for is_to_the_old_text in [false, true] {
            let disk = disk();
            let old = Arc::new(std::sync::Mutex::new(disk.pen(path()).unwrap()));
            let run = compact(&disk).unwrap().run.unwrap();
            let hooked = at_calls(&disk, vec![at], move |disk, _| {
                if is_to_the_old_text {
                    old.lock().unwrap().write_all(FIRST).unwrap();
                } else {
                    add(disk, FIRST);
                }
            });
            let done = undo(&hooked, &run);
            // What was put back is told as unsettled: then the next one does it.
            let done = done.or_else(|_| undo(&disk, &run));
            age(&disk);
            assert!(
                has(&disk, FIRST) || is_to_the_old_text && at >= calls - LAST_CALLS,
                "{at} of {calls}, to the old text: {is_to_the_old_text}, {done:?}"
            );
            assert!(has(&disk, transcript().as_bytes()), "{at} of {calls}");
        }
    }
}

#[test]
fn i7_whatever_takes_the_transcripts_place_during_an_undo_the_old_text_stays_somewhere() {
    let (start, run, _) = compacted();
    let (_, calls) = moments(&start, |disk| drop(undo(disk, &run).unwrap()));
    for at in 0..calls - LAST_CALLS {
        let (disk, run, _) = compacted();
        let hooked = at_calls(&disk, vec![at], |disk, _| disk.put(path(), SECOND));
        let done = undo(&hooked, &run);
        assert!(has(&disk, transcript().as_bytes()) && has(&disk, SECOND), "{at} of {calls}: {done:?}");
    }
}

#[test]
fn i7_a_lock_that_is_taken_from_us_ends_a_compaction_and_nothing_has_changed() {
    let (switch, _) = switch_of_a_compaction();
    let (_, _, new) = compacted();
    let mut errors = 0;
    for at in switch - 10..switch + 8 {
        let disk = disk();
        let hooked = at_calls(&disk, vec![at], |disk, _| unlock(disk));
        match compact(&hooked) {
            Ok(_) => assert_eq!(text(&disk), new, "{at}"),
            Err(error) => {
                errors += 1;
                assert_eq!((error.kind(), error.is_too_late()), (ErrorKind::Held, false), "{at}: {error}");
                assert_eq!(text(&disk), transcript().into_bytes(), "{at}");
                // Somebody may have read the new text before it was taken back.
                assert!(payloads(&disk) == 0 || at > switch - 4, "{at}");
            }
        }
        assert!(at != switch || errors > 0, "that of right before the switch was not seen");
    }
    assert!(errors > 9, "{errors}");
}

/// In the tick in which it was written last, a text can change and keep its times.
fn rewrite(disk: &MemDisk, (from, to): (&[u8], &[u8]), which: usize, came: &AtomicI64) {
    if which == 0 {
        disk.put(path(), from);
    } else if is_young(disk) && text(disk) == from {
        disk.scribble(path(), to);
        came.store(1, Ordering::SeqCst);
    }
}

#[test]
fn i7_a_text_that_changes_within_a_tick_of_the_clock_is_seen_by_a_compaction_and_by_an_undo() {
    let (start, run, new) = compacted();
    let (in_compaction, _) = switch_of_a_compaction();
    let (in_undo, _) = moments(&start, |disk| drop(undo(disk, &run).unwrap()));
    for (is_undo, switch) in [(false, in_compaction), (true, in_undo)] {
        let from = if is_undo { new.clone() } else { transcript().into_bytes() };
        let to = String::from_utf8(from.clone()).unwrap().replace("done", "DONE").into_bytes();
        let mut all = 0;
        for (written, later) in (0..=switch).flat_map(|written| (1..14).map(move |later| (written, later))) {
            let (disk, run, _) = compacted();
            let disk = if is_undo { disk } else { self::disk() };
            let came = Arc::new(AtomicI64::new(0));
            let (to_see, from, other) = (Arc::clone(&came), from.clone(), to.clone());
            let hooked = at_calls(&disk, vec![written, written + later], move |disk, which| {
                rewrite(disk, (&from, &other), which, &to_see);
            });
            let done = if is_undo { undo(&hooked, &run).map(drop) } else { compact(&hooked).map(drop) };
            let done = done.err().map(|error| error.kind());
            assert!(
                done.is_none_or(|kind| kind == ErrorKind::Unsettled),
                "{written} {later}, undo: {is_undo}"
            );
            let is_other = came.load(Ordering::SeqCst);
            all += is_other;
            let has_other = memchr::memmem::find(&text(&disk), b"DONE").is_some();
            assert_eq!(has_other, is_other == 1, "{written} {later}, undo: {is_undo}");
        }
        assert!(all > 20, "{all}");
    }
}

/// Whether a write to the transcript might leave its times as they are.
fn is_young(disk: &MemDisk) -> bool {
    let folder = disk.folder(Path::new("/t")).unwrap();
    let stat = disk.stat(&folder, OsStr::new("one.jsonl")).unwrap();
    Fence::until_old(&stat, disk.now_ns()).is_some()
}

#[test]
fn i9_a_dry_run_of_an_undo_writes_nothing_and_takes_no_lock() {
    let (disk, run, _) = compacted();
    let dry = Options { dry_run: true, ..options() };
    let folder = disk.folder(Path::new("/t/.session-reaper")).unwrap();
    disk.remove(&folder, OsStr::new("transcripts.lock")).unwrap();
    let before = files(&disk, Path::new("/t"));
    disk.watch();
    assert_eq!(undo_how(&disk, &run, &settings(), &dry).unwrap().restored, ["one.jsonl"]);
    assert_eq!((files(&disk, Path::new("/t")), disk.events()), (before, Vec::new()));
    let none = self::disk();
    let error = undo_how(&none, &run, &settings(), &dry).unwrap_err();
    assert_eq!((error.kind(), none.names(Path::new("/t"))), (ErrorKind::Gone, vec!["one.jsonl".to_owned()]));
}

#[test]
fn i5_an_undo_that_is_to_ask_for_quiet_leaves_a_transcript_alone_that_was_added_to() {
    let (disk, run, _) = compacted();
    let settings = settings().with_quiet(Some(Age::from_hours(24)));
    let how = Undo { settings: &settings, now: Timestamp::from_millis(500_000), options: &options() };
    let undo = || undo_on(&disk, Path::new("/t"), &run, &how);
    add(&disk, FIRST);
    assert_eq!(undo().unwrap_err().kind(), ErrorKind::Unsettled);
    let (disk, run, _) = compacted();
    let undone = undo_on(&disk, Path::new("/t"), &run, &how).unwrap();
    assert_eq!((undone.restored.len(), text(&disk)), (1, transcript().into_bytes()));
}

#[test]
fn i6_a_disk_that_is_full_from_any_moment_on_changes_nothing() {
    let (_, calls) = switch_of_a_compaction();
    let (_, _, new) = compacted();
    for at in 0..calls {
        let disk = disk();
        let done = compact(&at_calls(&disk, vec![at], |disk, _| disk.fill()));
        let is_new = text(&disk) == new;
        assert!(is_new || text(&disk) == transcript().as_bytes(), "{at}");
        assert_eq!(done.map_or_else(|error| error.is_too_late(), |_| true), is_new, "{at}");
        age(&disk);
        compact(&disk).unwrap();
        assert_eq!((text(&disk), payloads(&disk)), (new.clone(), 2), "{at}");
    }
}
