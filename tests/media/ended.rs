//! A process that ends at any of its calls to the disk, or whose disk fails at any: no name that was given is lost, and no
//! file stays for ever.

use session_reaper::{
    Error,
    artifact::media::{CleanupPolicy, MediaRef, Meta},
    fs::MemDisk,
};

use crate::memory::{LEDGER, MemStore, at, disk, open, path};

const NAMES: [&str; 4] = ["a", "sub/b", "c", "d"];

/// What somebody knows of his files.
#[derive(Debug, Default)]
struct Known {
    /// He was given these names, and has not asked to let them go.
    stored: Vec<(MediaRef, &'static str)>,
    /// He asked to let these go, and does not know what came of it.
    asked: Vec<(MediaRef, &'static str)>,
    /// He was told that these are let go.
    released: Vec<&'static str>,
}

fn delete() -> Meta {
    Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() }
}

fn put(store: &MemStore, name: &'static str, known: &mut Known) -> Result<(), Error> {
    let media = store.store(&path(name), delete(), name, at(0))?;
    known.stored.push((media.reference, name));
    Ok(())
}

fn release(store: &MemStore, which: usize, known: &mut Known) -> Result<(), Error> {
    if which >= known.stored.len() {
        return Ok(());
    }
    let (reference, name) = known.stored.remove(which);
    known.asked.push((reference, name));
    store.release(reference)?;
    known.asked.pop();
    known.released.push(name);
    Ok(())
}

/// Each step is tried, whether or not one before it failed.
fn life(disk: &MemDisk, known: &mut Known) {
    let Ok(store) = open(disk, at(0)) else { return };
    for name in NAMES {
        let _ = put(&store, name, known);
    }
    let _ = release(&store, 0, known);
    let _ = store.clean_expired(at(0));
    let _ = release(&store, 0, known);
    if let Some((reference, _)) = known.stored.last() {
        let _ = store.resolve(*reference, at(120_000));
    }
    let _ = release(&store, 0, known);
}

/// A disk with files, and with a ledger that is nearly all dead: the next one to change it writes it anew.
fn prepared() -> (MemDisk, usize) {
    let disk = disk();
    drop(open(&disk, at(0)).unwrap());
    let store = open(&disk, at(0)).unwrap();
    for _ in 0..340 {
        disk.put(&path("x"), b"x");
        store.release(store.store(&path("x"), delete(), "x", at(0)).unwrap().reference).unwrap();
    }
    for name in NAMES {
        disk.put(&path(name), b"12345");
    }
    // The walk of a store that is opened takes what nobody has stored: these are stored by somebody else.
    for name in NAMES {
        let media = store.store(&path(name), delete(), "other", at(0)).unwrap();
        std::hint::black_box(media);
    }
    let lines = lines(&disk);
    (disk, lines)
}

fn lines(disk: &MemDisk) -> usize {
    String::from_utf8(disk.get(std::path::Path::new(LEDGER)).unwrap()).unwrap().lines().count()
}

/// Whoever comes next finds what was promised, and can end everything.
fn judge(disk: &MemDisk, known: &Known, point: u64) {
    let store = open(disk, at(0)).unwrap();
    for (reference, name) in &known.stored {
        assert!(store.resolve(*reference, at(120_000)).is_ok(), "{point}: {name} is lost");
    }
    for (reference, name) in &known.asked {
        let is_known = store.resolve(*reference, at(120_000)).is_ok();
        assert!(!is_known || disk.get(&path(name)).is_some(), "{point}: {name}");
        store.release(*reference).unwrap();
    }
    // The other owner's names are there, and so are all files.
    for name in NAMES {
        assert!(disk.get(&path(name)).is_some(), "{point}: {name} went too early");
    }
    store.release_all("other").unwrap();
    for name in NAMES {
        let is_stored = known.stored.iter().any(|(_, stored)| *stored == name);
        let is_there = disk.get(&path(name)).is_some();
        assert!(is_there || !is_stored, "{point}: {name} went too early");
    }
    for name in NAMES {
        store.release_all(name).unwrap();
    }
    store.clean_expired(at(0));
    for name in NAMES {
        assert!(disk.get(&path(name)).is_none(), "{point}: {name} leaks");
    }
    let mut ours = disk.names(&path(".session-reaper"));
    // What was made and never stored may have gone into the trash.
    ours.retain(|name| !["journal.jsonl", "trash", "media.net.folders"].contains(&name.as_str()));
    assert_eq!(
        ours,
        ["media.ledger", "media.length", "media.lock", "media.marker", "media.net.lock", "media.reserve"],
        "{point}"
    );
}

#[test]
fn i1_whoever_ends_at_any_call_loses_no_name_and_leaks_no_file() {
    let (mut points, mut anew) = (0, 0);
    for calls in 0.. {
        let (disk, before) = prepared();
        let dying = disk.clone().ending_after(calls);
        let mut known = Known::default();
        life(&dying, &mut known);
        anew += usize::from(lines(&disk) < before / 2);
        judge(&disk, &known, calls.unsigned_abs());
        points += 1;
        if !dying.has_ended() {
            assert_eq!((known.stored.len(), known.released.len()), (1, 3));
            break;
        }
    }
    eprintln!(
        "ended at each of {points} calls, {anew} of them after the ledger was written anew: nothing lost, nothing leaked"
    );
    assert!(points > 100 && anew > 10 && points - anew > 10, "{points} {anew}");
}

#[test]
fn i6_whatever_call_fails_no_name_is_lost_and_no_file_leaks() {
    for forever in [false, true] {
        let mut points = 0;
        for call in 0.. {
            let (disk, _) = prepared();
            disk.fail_at(call, forever);
            let mut known = Known::default();
            life(&disk, &mut known);
            let calls = disk.heal();
            judge(&disk, &known, call);
            points += 1;
            if call > calls {
                break;
            }
        }
        eprintln!("each of {points} calls failed, for ever: {forever}; nothing lost, nothing leaked");
        assert!(points > 50);
    }
}

#[test]
fn i6_a_scope_of_which_some_files_have_gone_is_not_told_as_untouched() {
    const FILES: usize = 700;
    let disk = disk();
    let other = disk.clone();
    let fails = move || {
        // The first batch is gone.
        if other.names(&path("")).len() == 1 + FILES - 512 {
            other.fail_at(0, true);
        }
    };
    let store = open(&disk.clone().with_hook(fails), at(0)).unwrap();
    (0..FILES).for_each(|number| disk.put(&path(&number.to_string()), b"x"));
    for number in 0..FILES {
        store.store(&path(&number.to_string()), delete(), "s", at(0)).unwrap();
    }
    let error = store.release_all("s").unwrap_err();
    assert!(error.is_too_late() && !error.to_string().contains("nothing was removed"), "{error}");
    drop(store);
    let _ = disk.heal();
    let store = open(&disk, at(0)).unwrap();
    store.release_all("s").unwrap();
    store.clean_expired(at(0));
    assert_eq!(disk.names(&path("")), [".session-reaper"]);
}
