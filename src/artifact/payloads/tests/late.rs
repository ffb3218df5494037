//! A runtime's own sweep, and its quota, beside another that takes a session up and dies: what is judged is what is removed.

use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    Age,
    artifact::{self, home::Home, payloads::target::sweep_on},
    policy::Detail,
};

/// A session of a dead owner that is long out of its grace, and the time of the disk.
fn laid() -> (MemDisk, Timestamp) {
    let disk = disk();
    drop(spool(&disk, small()));
    lay(&disk, 0, Thing::Dead, &markers());
    for _ in 0..90 {
        disk.now_ns();
    }
    let now = Timestamp::from_nanos(disk.now_ns());
    (disk, now)
}

/// What somebody found in the session, and put there.
type Had = Mutex<Option<Vec<String>>>;

fn grace() -> Options {
    small().with_grace(Age::from_millis(60_000).unwrap())
}

/// Takes the session up before a call of others, puts something more and dies; tells what it had then.
fn taking_up(disk: &MemDisk, at: u64) -> (MemDisk, Arc<Had>, Arc<AtomicU64>) {
    let open =
        Spool::open_on(disk.clone(), Path::new(DIR), small().with_grace(Age::from_hours(9)), NOW_OF_OLD);
    let (other, runtime, had) = (disk.clone(), open.unwrap(), Arc::new(Mutex::new(None)));
    let (calls, slot) = (Arc::new(AtomicU64::new(u64::MAX / 2)), had.clone());
    let counted = calls.clone();
    let hooked = disk.clone().with_hook(move || {
        if counted.fetch_add(1, Ordering::SeqCst) == at
            && let Ok(session) = runtime.session("0")
        {
            put(&session, &payload(3)).unwrap();
            drop(session);
            // Of this process nobody would say that it is dead.
            other.put(Path::new("/spool/s-0/.owner"), &markers()[0]);
            *slot.lock().unwrap() = Some(other.names(Path::new("/spool/s-0")));
        }
    });
    (hooked, had, calls)
}

const NOW_OF_OLD: Timestamp = Timestamp::from_millis(0);

/// What was in the session when somebody had it must be there still.
fn is_kept(disk: &MemDisk, had: &Had, when: &str) -> bool {
    let had = had.lock().unwrap();
    if let Some(names) = &*had {
        assert_eq!(&disk.names(Path::new("/spool/s-0")), names, "{when}");
    }
    had.is_some()
}

#[test]
fn i7_what_somebody_had_since_it_was_looked_at_is_within_its_grace() {
    let mut kept = 0;
    for at in 0.. {
        let (base, now) = laid();
        let (disk, had, calls) = taking_up(&base, at);
        let sweeper = Spool::open_on(disk, Path::new(DIR), grace(), NOW_OF_OLD).unwrap();
        calls.store(0, Ordering::SeqCst);
        sweeper.sweep(now).unwrap();
        if calls.swap(u64::MAX / 2, Ordering::SeqCst) <= at {
            break;
        }
        kept += usize::from(is_kept(&base, &had, &format!("before call {at}")));
    }
    assert!(kept > 3, "{kept}");
}

#[test]
fn i7_what_somebody_had_since_it_was_weighed_is_not_the_oldest_any_more() {
    let mut kept = 0;
    for at in 0.. {
        let (base, _) = laid();
        lay(&base, 1, Thing::Dead, &markers());
        let (disk, had, calls) = taking_up(&base, at);
        let tight = grace().with_max_bytes(27).unwrap();
        let session =
            Spool::open_on(disk, Path::new(DIR), tight, NOW_OF_OLD).and_then(|spool| spool.session("mine"));
        let session = session.unwrap();
        calls.store(0, Ordering::SeqCst);
        let _ = session.put(&payload(0), "text/plain");
        if calls.swap(u64::MAX / 2, Ordering::SeqCst) <= at {
            break;
        }
        let had_all =
            had.lock().unwrap().as_ref().is_some_and(|names| names.iter().any(|name| name == "payload"));
        kept += usize::from(had_all && base.get(Path::new("/spool/s-0/payload")).is_some());
    }
    assert!(kept > 0, "{kept}");
}

/// Puts another folder in the place of the session before a call, and a third one as soon as that is gone.
fn exchanging(base: &MemDisk, at: u64) -> (MemDisk, Arc<AtomicU64>) {
    let (other, calls) = (base.clone(), Arc::new(AtomicU64::new(0)));
    let counted = calls.clone();
    let hooked = base.clone().with_hook(move || {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        let dir = other.folder(Path::new(DIR)).unwrap();
        if call == at && other.rename((&dir, OsStr::new("s-0")), (&dir, OsStr::new("mine"))).is_ok() {
            other.put(Path::new("/spool/s-0/other"), b"kept");
        } else if call > at && other.stat(&dir, OsStr::new("s-0")).is_err() {
            other.put(Path::new("/spool/s-0/third"), b"kept");
        }
    });
    (hooked, calls)
}

#[test]
fn i4_what_was_exchanged_and_is_in_the_trash_stands_in_the_journal() {
    let mut told = 0;
    for at in 0.. {
        let (base, now) = laid();
        let (disk, calls) = exchanging(&base, at);
        let options = artifact::Options { items: Some(Detail::Everything), ..artifact::Options::default() };
        let report = sweep_on((disk, &Home::default()), Path::new(DIR), &small(), now, &options);
        let bundles = base.names(Path::new("/spool/.session-reaper/trash"));
        let journal = base.get(Path::new("/spool/.session-reaper/journal.jsonl")).unwrap_or_default();
        let journal = String::from_utf8(journal).unwrap();
        for run in bundles.iter().filter_map(|name| name.strip_suffix(".payloads")) {
            assert!(report.changed && journal.contains(run), "before call {at}: {report:?}");
            told += report.failed;
        }
        if calls.load(Ordering::SeqCst) <= at {
            break;
        }
    }
    assert!(told > 0);
}
