//! What an undo brings back is nobody's until it is back: a runtime that had its folder open before it went does not get it by
//! marking it in the trash.

use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    Age,
    artifact::{
        self,
        home::Home,
        payloads::{spool::MARK, target::sweep_on, undo::undo_on},
    },
    fs::Owner,
    lock::{OwnerMark, Ownership, owner_of},
    model::Retention,
};

const OWNER: Owner = Owner { uid: 0, gid: 0 };

fn options() -> artifact::Options {
    artifact::Options {
        trash_retention: Retention::Off,
        lock_timeout: Age::from_millis(1).unwrap(),
        ..artifact::Options::default()
    }
}

fn clock(disk: &MemDisk) -> Timestamp {
    Timestamp::from_nanos(disk.now_ns())
}

fn run(disk: &MemDisk) -> crate::trash::RunId {
    let names = disk.names(Path::new("/spool/.session-reaper/trash"));
    names.iter().find_map(|name| name.strip_suffix(".payloads")?.parse().ok()).unwrap()
}

/// A disk before a call of which somebody marks the folder that he had open; whether it was in the trash then and he got it.
fn marking(base: &MemDisk, at: u64) -> (MemDisk, Arc<AtomicU64>, Arc<Mutex<Option<bool>>>) {
    let open = base.folder(Path::new("/spool/s-0")).unwrap();
    let (calls, late) = (Arc::new(AtomicU64::new(u64::MAX / 2)), Arc::new(Mutex::new(None)));
    let (other, counted, told) = (base.clone(), calls.clone(), late.clone());
    let disk = base.clone().with_hook(move || {
        if counted.fetch_add(1, Ordering::SeqCst) == at {
            let is_away = other.names(Path::new("/spool/s-0")).is_empty();
            let mark = OwnerMark::take(&other, &open, OsStr::new(MARK), OWNER);
            *told.lock().unwrap() = Some(is_away && mark.is_ok_and(|mark| mark.is_some()));
        }
    });
    (disk, calls, late)
}

#[test]
fn i7_who_marks_a_folder_in_the_trash_does_not_own_what_comes_back() {
    let mut too_late = 0;
    for at in 0.. {
        let base = disk();
        drop(spool(&base, small()));
        lay(&base, 0, Thing::Dead, &markers());
        let (disk, calls, late) = marking(&base, at);
        sweep_on((base.clone(), &Home::default()), Path::new(DIR), &small(), clock(&base), &options());
        calls.store(0, Ordering::SeqCst);
        let undone = undo_on(disk, Path::new(DIR), &run(&base), clock(&base), &options()).unwrap();
        let calls = calls.swap(u64::MAX / 2, Ordering::SeqCst);
        assert_eq!(undone.restored, ["s-0"], "before call {at}");
        let Some(is_too_late) = *late.lock().unwrap() else {
            assert!(calls <= at);
            break;
        };
        let back = base.folder(Path::new("/spool/s-0")).unwrap();
        let owner = owner_of(&base, &back, OsStr::new(MARK));
        assert!(!is_too_late || matches!(owner, Ownership::Dead(_)), "before call {at}: {owner:?}");
        too_late += usize::from(is_too_late);
    }
    assert!(too_late > 3, "{too_late}");
}
