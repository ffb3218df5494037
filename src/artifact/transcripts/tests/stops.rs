//! Whoever asks to stop waits for no line to end, however long it is.

use super::*;
use crate::model::ErrorKind;

/// So many megabytes are in the longest line.
const LONG: usize = 12;

/// How many calls may be made before it is seen that somebody has asked, those that take back what was begun among them.
const FEW: i64 = 70;

/// A transcript of one large result and a line as long that stays.
fn long() -> Vec<u8> {
    let text = "0123456789abcde ".repeat(LONG << 16);
    format!("{}\n{}\n", result(&text), result(&text).replace("toolResult", "assistant")).into_bytes()
}

/// Somebody asks to stop before a call. Tells what came of it, and how many calls were made then.
fn asked_at<T>(
    disk: &MemDisk,
    at: i64,
    act: impl FnOnce(&MemDisk, &Options) -> Result<T, Error>,
) -> (Result<T, Error>, i64) {
    let (options, count) = (options(), Arc::new(AtomicI64::new(0)));
    let (asked, calls) = (options.stop.asked(), Arc::clone(&count));
    let hooked = disk.clone().with_hook(move || {
        if calls.fetch_add(1, Ordering::SeqCst) == at {
            asked.store(15, Ordering::SeqCst);
        }
    });
    let done = act(&hooked, &options);
    (done, count.load(Ordering::SeqCst) - at)
}

/// Asks at many moments. The text is the old one wherever it ended with an error, and it ended soon.
fn ask(make: impl Fn() -> MemDisk, act: impl Fn(&MemDisk, &Options) -> Result<(), Error>) {
    let (old, mut interrupted) = (text(&make()), 0);
    for at in (0..).step_by(9) {
        let disk = make();
        let (done, behind) = asked_at(&disk, at, &act);
        if behind <= 0 {
            break;
        }
        match done {
            Ok(()) => assert!(behind < 2 * FEW, "{at}: nobody heard it, {behind} calls before the end"),
            Err(error) => {
                interrupted += 1;
                assert_eq!((error.kind(), error.is_too_late()), (ErrorKind::Interrupted, false), "{error}");
                assert!(text(&disk) == old && behind < FEW, "{at}: {behind} calls");
            }
        }
    }
    assert!(interrupted > 9, "{interrupted}");
}

#[test]
fn i6_a_compaction_stops_in_the_midst_of_a_line_and_changes_nothing() {
    let old = long();
    let settings = Settings::default().with_quiet(None);
    ask(
        || MemDisk::with_file(path(), &old),
        |disk, options| compact_on(disk, path(), &settings, now(), options).map(drop),
    );
}

#[test]
fn i6_a_dry_run_stops_in_the_midst_of_a_line() {
    let old = long();
    let settings = Settings::default().with_quiet(None);
    ask(
        || MemDisk::with_file(path(), &old),
        |disk, options| {
            let options = Options { dry_run: true, ..options.clone() };
            compact_on(disk, path(), &settings, now(), &options).map(drop)
        },
    );
}

#[test]
fn i6_an_undo_stops_in_the_midst_of_a_line_and_changes_nothing() {
    let old = long();
    let settings = Settings::default().with_quiet(None);
    let run = RunId::new(now());
    let make = || {
        let disk = MemDisk::with_file(path(), &old);
        let named = Options { run: Some(run.clone()), ..options() };
        compact_on(&disk, path(), &settings, now(), &named).unwrap();
        disk
    };
    ask(make, |disk, options| undo_how(disk, &run, &settings, options).map(drop));
}
