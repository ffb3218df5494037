//! Sessions on a disk in memory, every call of which fails once, or is the last one.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use proptest::prelude::*;

use super::*;
use crate::{
    Timestamp,
    fs::{Disk as _, MemDisk},
};

mod back;
mod cut;
mod durable;
mod home;
mod late;
mod room;

const DIR: &str = "/spool";
const FOLDER: &str = "/spool/s-one";
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn small() -> Options {
    Options::default().with_inline_limit(10).unwrap()
}

fn disk() -> MemDisk {
    MemDisk::with_file(Path::new("/other/file"), b"")
}

/// The names in the spool, but for our own folder.
fn in_spool(disk: &MemDisk) -> Vec<String> {
    let mut names = disk.names(Path::new(DIR));
    names.retain(|name| name != crate::fs::OUR_FOLDER);
    names
}

fn spool(disk: &MemDisk, options: Options) -> Spool<MemDisk> {
    Spool::open_on(disk.clone(), Path::new(DIR), options, NOW).unwrap()
}

fn payload(number: u8) -> Vec<u8> {
    vec![b'a' + number; 20]
}

fn put(session: &Session<MemDisk>, payload: &[u8]) -> Option<BlobRef> {
    match session.put(payload, "text/plain") {
        Stored::Spooled(blob) => Some(*blob),
        Stored::Inline(_) => None,
    }
}

/// The files of payloads, each of which must be what its name says.
fn blobs(disk: &MemDisk) -> usize {
    let names = disk.names(Path::new(FOLDER));
    let hashes = names.iter().filter_map(|name| BlobHash::try_from(name.clone()).ok());
    hashes
        .inspect(|hash| {
            let bytes = disk.get(&Path::new(FOLDER).join(hash.to_string())).unwrap();
            assert_eq!(&BlobHash::of(&bytes), hash);
        })
        .count()
}

/// Whether the call numbered `at` was the last one to try.
fn put_failing_at(at: u64, options: Options) -> bool {
    let disk = disk();
    let session = spool(&disk, options).session("one").unwrap();
    disk.fail_at(at, false);
    let stored = session.put(&payload(0), "text/plain");
    let calls = disk.heal();
    match stored {
        Stored::Spooled(blob) => assert_eq!(session.get(&blob).unwrap(), payload(0), "call {at}"),
        Stored::Inline(why) => {
            assert_eq!((why, blobs(&disk)), (Why::Failed, 0), "call {at}");
            assert_eq!(disk.names(Path::new(FOLDER)), [".owner"], "call {at}");
        }
    }
    // Afterwards all is as if nothing had happened.
    let blob = put(&session, &payload(0)).unwrap();
    assert_eq!(session.get(&blob).unwrap(), payload(0), "call {at}");
    session.end().unwrap();
    assert!(in_spool(&disk).iter().all(|name| name == ".room"), "call {at}");
    calls < at
}

#[test]
fn i6_whatever_call_fails_the_payload_is_not_lost_and_no_part_of_it_left() {
    // Each to its own last call: one has more of them than the other.
    for options in [small(), small().with_max_bytes(99).unwrap()] {
        let last = (0..1_000).find(|at| put_failing_at(*at, options.clone())).unwrap();
        assert!(last > 8, "{last}");
    }
}

#[test]
fn i6_whatever_fails_for_ever_the_payload_stays_inline() {
    for at in 0..30 {
        let disk = disk();
        let session = spool(&disk, small()).session("one").unwrap();
        disk.fail_at(at, true);
        let stored = session.put(&payload(0), "text/plain");
        let _ = disk.heal();
        assert!(matches!(stored, Stored::Inline(Why::Failed)) || blobs(&disk) == 1, "call {at}");
    }
}

/// All that a session does.
fn life(disk: &MemDisk, options: Options) -> Option<()> {
    let spool = Spool::open_on(disk.clone(), Path::new(DIR), options, NOW).ok()?;
    let session = spool.session("one").ok()?;
    let blob = put(&session, &payload(0))?;
    put(&session, &payload(0))?;
    put(&session, &payload(1))?;
    session.release(&blob).ok()?;
    session.release(&blob).ok()?;
    session.end().ok()
}

#[test]
fn i3_whenever_the_process_is_killed_a_file_is_what_its_name_says_and_the_session_goes_on() {
    for calls in 0.. {
        let disk = disk();
        let is_done = life(&disk.clone().ending_after(calls), small()).is_some();
        blobs(&disk);
        let again = spool(&disk, small());
        let session = again.session("one").unwrap();
        let blob = put(&session, &payload(2)).unwrap();
        assert_eq!(session.get(&blob).unwrap(), payload(2));
        assert!(
            !disk.names(Path::new(FOLDER)).iter().any(|name| name.contains(".tmp")),
            "after {calls} calls"
        );
        session.end().unwrap();
        assert_eq!(disk.names(Path::new(FOLDER)), [""; 0]);
        if is_done {
            assert!(calls > 40, "{calls}");
            break;
        }
    }
}

#[test]
fn i6_whatever_call_of_an_end_fails_the_next_sweep_finishes_it() {
    for at in 0.. {
        let disk = disk();
        let spool = spool(&disk, small());
        let session = spool.session("one").unwrap();
        put(&session, &payload(0)).unwrap();
        disk.fail_at(at, false);
        let ended = session.end();
        let calls = disk.heal();
        let report = spool.sweep(NOW).unwrap();
        assert_eq!(report.failed, 0, "call {at}: {report:?}");
        assert_eq!(in_spool(&disk), [""; 0], "call {at}: {ended:?}");
        if calls <= at {
            assert!(ended.is_ok() && report.scanned == 0);
            break;
        }
    }
}

#[test]
fn i6_an_end_goes_on_over_what_cannot_be_removed_and_says_that_it_is_half_done() {
    let mut half_done = 0;
    for at in 0.. {
        let disk = disk();
        let spool = spool(&disk, small());
        let session = spool.session("one").unwrap();
        (0..3).for_each(|number| drop(put(&session, &payload(number)).unwrap()));
        disk.fail_at(at, false);
        let ended = session.end();
        if disk.heal() <= at {
            break;
        }
        let names = in_spool(&disk);
        let Err(error) = ended else { continue };
        let inside = disk.names(&Path::new(DIR).join(&names[0]));
        let left = inside.iter().filter(|name| *name != ".owner").count();
        assert!([0, 1, 3].contains(&left), "call {at}: {inside:?}");
        assert_eq!(error.is_too_late(), left < 3, "call {at}: {error}");
        assert!(left == 0 || inside.contains(&".owner".to_owned()), "call {at}: {inside:?}");
        half_done += usize::from(left == 1);
    }
    assert!(half_done >= 3, "{half_done}");
}

/// The only folder on its way out, if there is one.
fn going(disk: &MemDisk) -> Option<PathBuf> {
    in_spool(disk).into_iter().find(|name| name.starts_with("x-")).map(|name| Path::new(DIR).join(name))
}

#[test]
fn what_appears_in_a_folder_on_its_way_out_goes_with_it() {
    for at in 0..30 {
        let base = disk();
        let (other, calls) = (base.clone(), AtomicU64::new(0));
        let disk = base.clone().with_hook(move || {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            if call == at + 1_000
                && let Some(folder) = going(&other)
            {
                other.put(&folder.join("late"), b"x");
            }
            if other.get(Path::new("/other/ending")).is_some() && call < 1_000 {
                calls.store(1_000, Ordering::SeqCst);
            }
        });
        let spool = spool(&disk, small());
        let session = spool.session("one").unwrap();
        put(&session, &payload(0)).unwrap();
        base.put(Path::new("/other/ending"), b"");
        session.end().unwrap();
        assert_eq!(in_spool(&base), [""; 0], "call {at}");
    }
}

#[test]
fn a_folder_that_is_led_out_while_it_is_taken_keeps_its_marker_as_long_as_it_has_payloads() {
    let [dead, _] = markers();
    for at in 0..40 {
        let base = disk();
        base.put(&Path::new(FOLDER).join(".owner"), &dead);
        base.put(&Path::new(FOLDER).join("payload"), b"x");
        let (other, calls) = (base.clone(), AtomicU64::new(0));
        let grace = small().with_grace(crate::Age::from_millis(9_000_000).unwrap());
        let disk = base.clone().with_hook(move || {
            if calls.fetch_add(1, Ordering::SeqCst) == at {
                let dir = other.folder(Path::new(DIR)).unwrap();
                let _ = other.rename((&dir, OsStr::new("s-one")), (&dir, OsStr::new("x-9-9")));
            }
        });
        // As old as a disk in memory is, it would be within its grace at no later time.
        let taken = Spool::open_on(disk, Path::new(DIR), grace, Timestamp::from_millis(0))
            .and_then(|spool| spool.session("one"));
        for folder in ["/spool/s-one", "/spool/x-9-9"] {
            let names = base.names(Path::new(folder));
            let is_marked = names.iter().any(|name| name == ".owner");
            assert!(is_marked || names.is_empty(), "call {at}: {folder}: {names:?}, {taken:?}");
        }
    }
}

#[test]
fn what_was_there_before_stays_until_the_end_of_the_session() {
    let disk = disk();
    let spool = spool(&disk, small());
    let session = spool.session("one").unwrap();
    let blob = put(&session, &payload(0)).unwrap();
    drop(session);
    let session = spool.session("one").unwrap();
    assert_eq!(put(&session, &payload(0)), Some(blob.clone()));
    for _ in 0..3 {
        assert_eq!(session.release(&blob).unwrap(), Released::Kept);
    }
    assert_eq!(session.get(&blob).unwrap(), payload(0));
}

#[test]
fn a_session_has_one_owner_and_an_id() {
    let disk = disk();
    let spool = spool(&disk, small());
    let _session = spool.session("one").unwrap();
    let error = spool.session("one").unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Busy);
    assert!(error.message().contains("this process has it") && error.hint().is_some(), "{error:?}");
    assert_eq!(spool.session("").unwrap_err().kind(), crate::ErrorKind::Refused);
    assert!(spool.session("two").is_ok());
}

#[test]
fn i10_a_relative_spool_is_refused() {
    for path in ["spool", "./spool", "", "/spool/../other"] {
        let error = Spool::open_on(disk(), Path::new(path), small(), NOW).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Refused, "{path}");
    }
}

/// What may lie in a spool.
#[derive(Debug, Clone, Copy)]
enum Thing {
    Dead,
    Torn,
    Stranger,
    Unmarked,
    File,
    Folder,
    Going,
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let all = [
        Thing::Dead,
        Thing::Torn,
        Thing::Stranger,
        Thing::Unmarked,
        Thing::File,
        Thing::Folder,
        Thing::Going,
    ];
    proptest::collection::vec(proptest::sample::select(all.to_vec()), 0..12)
}

/// The marker of a process of this world that is not there, and of one of another world.
fn markers() -> [Vec<u8>; 2] {
    let disk = disk();
    let session = spool(&disk, small()).session("one").unwrap();
    drop(session);
    let mut line: serde_json::Value =
        serde_json::from_slice(&disk.get(&PathBuf::from(FOLDER).join(".owner")).unwrap()).unwrap();
    line["pid"] = u32::MAX.into();
    let dead = format!("{line}\n").into_bytes();
    line["namespace"] = "elsewhere".into();
    [dead, format!("{line}\n").into_bytes()]
}

fn lay(disk: &MemDisk, number: usize, thing: Thing, [dead, stranger]: &[Vec<u8>; 2]) {
    let put = |path: String, bytes: &[u8]| disk.put(Path::new(&format!("{DIR}/{path}")), bytes);
    match thing {
        Thing::Dead => put(format!("s-{number}/.owner"), dead),
        Thing::Torn => put(format!("s-{number}/.owner"), &dead[..9]),
        Thing::Stranger => put(format!("s-{number}/.owner"), stranger),
        Thing::Going => put(format!("x-{number}/.owner"), dead),
        Thing::Unmarked => {}
        Thing::File => put(format!("s-{number}"), b"x"),
        Thing::Folder => put(format!("mine-{number}/x"), b"x"),
    }
    let has_more =
        matches!(thing, Thing::Dead | Thing::Torn | Thing::Stranger | Thing::Unmarked | Thing::Going);
    if has_more {
        let beginning = if matches!(thing, Thing::Going) { "x" } else { "s" };
        put(format!("{beginning}-{number}/payload"), &[b'x'; 7]);
    }
}

proptest! {
    #[test]
    fn i9_a_report_adds_up_and_only_what_the_dead_left_is_gone(things in things(), fail in 0_u64..400) {
        let markers = markers();
        for is_failing in [false, true] {
            let disk = disk();
            let spool = spool(&disk, small());
            for (number, thing) in things.iter().enumerate() {
                lay(&disk, number, *thing, &markers);
            }
            let alive = spool.session("alive").unwrap();
            if is_failing {
                disk.fail_at(fail, false);
            }
            let report = spool.sweep(NOW);
            let _ = disk.heal();
            let Ok(report) = report else { continue };
            prop_assert_eq!(report.scanned, report.swept + report.retained + report.skipped + report.failed);
            prop_assert!(report.unknown <= report.retained);
            let count = |wanted: fn(&Thing) -> bool| things.iter().filter(|thing| wanted(thing)).count() as u64;
            let gone = count(|thing| matches!(thing, Thing::Dead | Thing::Going));
            let foreign = count(|thing| matches!(thing, Thing::Unmarked | Thing::File | Thing::Folder));
            let left = in_spool(&disk).len() as u64;
            prop_assert!(left > things.len() as u64 - gone);
            if !is_failing {
                prop_assert_eq!(report.scanned, things.len() as u64 + 1);
                prop_assert_eq!((report.swept, report.skipped, report.failed), (gone, foreign, 0));
                prop_assert_eq!(report.bytes_freed, gone * 7);
                prop_assert_eq!(left, things.len() as u64 + 1 - gone);
            }
            drop(alive);
        }
    }
}
