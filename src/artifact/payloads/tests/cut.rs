//! A sweep of a spool and the taking back of one, on a disk in memory: killed at each call, failing at each call, and beside a
//! runtime that takes up a session at each call.
//!
//! However far it came: each session is in one place, and whole; the next one finishes it.

use std::sync::Mutex;

use super::*;
use crate::{
    Age,
    artifact::{
        self, Undone,
        home::Home,
        payloads::{target::sweep_on, undo::undo_on},
    },
    model::{Outcome, Retention},
    policy::Detail,
    trash::RunId,
};

const DEAD: [&str; 3] = ["s-0", "s-1", "s-2"];
const FILES: [&str; 2] = ["payload", "more"];

fn options() -> artifact::Options {
    artifact::Options {
        items: Some(Detail::Everything),
        trash_retention: Retention::Off,
        lock_timeout: Age::from_millis(1).unwrap(),
        ..artifact::Options::default()
    }
}

/// What the disk's own clock says.
fn clock(disk: &MemDisk) -> Timestamp {
    Timestamp::from_nanos(disk.now_ns())
}

/// What dead owners left, half of what one has ended, and what nobody knows.
fn laid() -> MemDisk {
    let disk = disk();
    drop(spool(&disk, small()));
    for (number, thing) in
        [Thing::Dead, Thing::Dead, Thing::Dead, Thing::Going, Thing::Torn].into_iter().enumerate()
    {
        lay(&disk, number, thing, &markers());
    }
    for name in DEAD {
        for file in FILES {
            disk.put(&Path::new(DIR).join(name).join(file), format!("{name} {file}").as_bytes());
        }
    }
    disk
}

fn sweep(disk: &MemDisk) -> artifact::Report {
    let report =
        sweep_on((disk.clone(), &Home::default()), Path::new(DIR), &small(), clock(disk), &options());
    assert_eq!(report.scanned, report.swept + report.retained + report.skipped + report.failed, "{report:?}");
    report
}

/// The folders in which a file stands that holds this.
fn places(disk: &MemDisk, text: &str) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![PathBuf::from(DIR)], Vec::new());
    while let Some(folder) = folders.pop() {
        for name in disk.names(&folder) {
            match disk.get(&folder.join(&name)) {
                Some(bytes) if bytes == text.as_bytes() => found.push(folder.clone()),
                Some(_) => {}
                None => folders.push(folder.join(name)),
            }
        }
    }
    found
}

/// Where a session is, and that it is there whole and nowhere else.
fn place(disk: &MemDisk, name: &str, when: &str) -> PathBuf {
    let [one, other] = FILES.map(|file| places(disk, &format!("{name} {file}")));
    assert_eq!((one.len(), &one), (1, &other), "{name} {when}");
    let names = disk.names(&one[0]);
    assert!(names.iter().any(|name| [".owner", ".owner.kept"].contains(&name.as_str())), "{when}: {names:?}");
    one.into_iter().next().unwrap()
}

fn check(disk: &MemDisk, when: &str) {
    for name in DEAD {
        let place = place(disk, name, when);
        let in_trash = place.starts_with(format!("{DIR}/.session-reaper/trash"));
        assert!(in_trash || place == Path::new(DIR).join(name), "{when}: {}", place.display());
    }
    assert_eq!(disk.names(Path::new("/spool/s-4")), [".owner", "payload"], "{when}");
}

/// All of the dead is out of the spool, but for an empty folder in which somebody may be about to begin.
fn is_swept(disk: &MemDisk, when: &str) {
    let mut names = disk.names(Path::new(DIR));
    names.retain(|name| !name.starts_with("x-") || !disk.names(&Path::new(DIR).join(name)).is_empty());
    assert_eq!(names, [".session-reaper", "s-4"], "{when}");
}

/// The runs in the trash that are whole.
fn runs(disk: &MemDisk) -> Vec<RunId> {
    let names = disk.names(Path::new("/spool/.session-reaper/trash"));
    names.iter().filter_map(|name| name.strip_suffix(".payloads")?.parse().ok()).collect()
}

fn undo(disk: &MemDisk, run: &RunId) -> Result<Undone, crate::Error> {
    undo_on(disk.clone(), Path::new(DIR), run, clock(disk), &options())
}

/// Brings back what is in the trash; all of it is taken up again.
fn all_goes_on(disk: &MemDisk, when: &str) {
    for run in runs(disk) {
        match undo(disk, &run) {
            Ok(undone) => assert_eq!(undone.failed.len() + undone.held_up.len(), 0, "{when}: {undone:?}"),
            Err(error) => assert_eq!(error.kind(), crate::ErrorKind::Gone, "{when}: {error}"),
        }
    }
    // A runtime that gives no grace opens the spool: that takes nothing of what came back.
    let spool = Spool::open_on(disk.clone(), Path::new(DIR), small(), clock(disk)).unwrap();
    for name in DEAD {
        assert_eq!(place(disk, name, when), Path::new(DIR).join(name), "{when}");
        drop(spool.session(name.trim_start_matches("s-")).unwrap());
        let names = disk.names(&Path::new(DIR).join(name));
        assert_eq!(names, [".owner", "more", "payload"], "{when}");
    }
}

#[test]
fn i3_a_sweep_that_is_killed_at_any_call_leaves_each_session_whole_in_one_place() {
    let mut in_trash = 0;
    for calls in 0.. {
        let (disk, when) = (laid(), format!("after {calls} calls"));
        let dying = disk.clone().ending_after(calls);
        let report =
            sweep_on((dying.clone(), &Home::default()), Path::new(DIR), &small(), clock(&disk), &options());
        check(&disk, &when);
        if !dying.has_ended() {
            assert_eq!((report.outcome, report.swept), (Outcome::Swept, 4), "{report:?}");
            assert!(calls > 100 && in_trash > 10, "{calls} {in_trash}");
            break;
        }
        in_trash +=
            usize::from(DEAD.iter().any(|name| place(&disk, name, &when) != Path::new(DIR).join(name)));
        let report = sweep(&disk);
        assert_eq!((report.failed, report.error.map(|error| error.to_string())), (0, None), "{when}");
        check(&disk, &when);
        is_swept(&disk, &when);
        all_goes_on(&disk, &when);
    }
}

#[test]
fn i6_a_sweep_of_which_any_call_fails_loses_nothing_and_the_next_one_finishes_it() {
    for at in 0.. {
        let (disk, when) = (laid(), format!("call {at}"));
        disk.fail_at(at, false);
        let report = sweep(&disk);
        let calls = disk.heal();
        check(&disk, &when);
        let gone = DEAD.iter().any(|name| place(&disk, name, &when) != Path::new(DIR).join(name));
        assert!(!gone || report.changed, "{when}: {report:?}");
        assert_eq!(sweep(&disk).failed, 0, "{when}");
        is_swept(&disk, &when);
        all_goes_on(&disk, &when);
        if calls <= at {
            break;
        }
    }
}

#[test]
fn i3_an_undo_that_is_killed_at_any_call_leaves_each_session_whole_in_one_place() {
    for calls in 0.. {
        let (disk, when) = (laid(), format!("after {calls} calls"));
        sweep(&disk);
        let run = runs(&disk).remove(0);
        let dying = disk.clone().ending_after(calls);
        let undone = undo_on(dying.clone(), Path::new(DIR), &run, clock(&disk), &options());
        check(&disk, &when);
        if !dying.has_ended() {
            assert_eq!(undone.unwrap().restored, DEAD);
            assert!(calls > 40, "{calls}");
            break;
        }
        // What has come back stays, and the rest comes back with the next one.
        let back: Vec<_> = DEAD.map(|name| place(&disk, name, &when)).into();
        assert_eq!(sweep(&disk).swept, 0, "{when}");
        assert_eq!(DEAD.map(|name| place(&disk, name, &when)).to_vec(), back, "{when}");
        all_goes_on(&disk, &when);
    }
}

/// What a runtime got that took up a session while it was swept.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Whole,
    Empty,
    Nothing,
}

fn got(disk: &MemDisk, taken: Option<&Session<MemDisk>>) -> Got {
    let Some(session) = taken else { return Got::Nothing };
    match disk.names(session.path()).len() {
        1 => Got::Empty,
        3 => Got::Whole,
        other => panic!("{other}"),
    }
}

/// What is in the trash comes back once the runtime's own is ended, to be taken up.
fn is_won_by_one(disk: &MemDisk, session: Option<Session<MemDisk>>, when: &str) -> Got {
    check(disk, when);
    let won = got(disk, session.as_ref());
    let in_trash = place(disk, "s-0", when) != Path::new(DIR).join("s-0");
    assert_eq!(in_trash, won != Got::Whole, "{when}");
    if let Some(session) = session {
        if won == Got::Empty { session.end().unwrap() } else { drop(session) }
    }
    all_goes_on(disk, when);
    won
}

#[test]
fn i7_of_a_sweep_and_a_runtime_that_takes_up_a_session_meanwhile_one_wins_wholly() {
    let mut all = Vec::new();
    for at in 0.. {
        let (base, when) = (laid(), format!("before call {at} of the sweep"));
        let grace = small().with_grace(Age::from_hours(9));
        let runtime = Spool::open_on(base.clone(), Path::new(DIR), grace, clock(&base)).unwrap();
        let (calls, taken) = (AtomicU64::new(0), std::sync::Arc::new(Mutex::new(None)));
        let slot = taken.clone();
        let disk = base.clone().with_hook(move || {
            if calls.fetch_add(1, Ordering::SeqCst) == at {
                *slot.lock().unwrap() = Some(runtime.session("0"));
            }
        });
        let _ = sweep_on((disk, &Home::default()), Path::new(DIR), &small(), clock(&base), &options());
        let Some(session) = taken.lock().unwrap().take() else { break };
        all.push(is_won_by_one(&base, session.ok(), &when));
    }
    for got in [Got::Whole, Got::Empty] {
        assert!(all.contains(&got), "{all:?}");
    }
}

#[test]
fn i7_of_a_runtime_and_a_sweep_that_comes_in_between_one_wins_wholly() {
    let mut all = Vec::new();
    for at in 0.. {
        let (base, when) = (laid(), format!("before call {at} of the runtime"));
        let grace = small().with_grace(Age::from_hours(9));
        let (other, calls) = (base.clone(), std::sync::Arc::new(AtomicU64::new(u64::MAX / 2)));
        let counted = calls.clone();
        let disk = base.clone().with_hook(move || {
            if counted.fetch_add(1, Ordering::SeqCst) == at {
                sweep(&other);
            }
        });
        let runtime = Spool::open_on(disk, Path::new(DIR), grace, clock(&base)).unwrap();
        calls.store(0, Ordering::SeqCst);
        let session = runtime.session("0");
        let is_over = calls.swap(u64::MAX / 2, Ordering::SeqCst) <= at;
        if is_over {
            break;
        }
        all.push(is_won_by_one(&base, session.ok(), &when));
    }
    for got in [Got::Whole, Got::Empty] {
        assert!(all.contains(&got), "{all:?}");
    }
}
