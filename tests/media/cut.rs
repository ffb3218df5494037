//! A net, or an undo, whose process ends at any of its calls, or whose disk fails at any: every file is in one place, the folder or
//! the trash, and its references are known, or come back with it.

use session_reaper::{
    artifact::{
        self,
        media::{self, MediaRef, Options},
    },
    fs::{Disk, MemDisk, MemEvent},
    trash::RunId,
};

use crate::{
    memory::{at, disk, open, open_without_net, path},
    world::{MAX_AGE, delete, forget},
};

/// The files in the folder; the last one is an orphan.
const FILES: [&str; 5] = ["a", "sub/b", "shared", "forgotten", "stray"];

const TRASH: &str = ".session-reaper/trash";

fn options() -> artifact::Options {
    artifact::Options { allow_clock_jump: true, ..artifact::Options::default() }
}

fn settings() -> Options {
    Options::new("/base/media").unwrap()
}

fn outside() -> std::path::PathBuf {
    "/base/out/keep".into()
}

/// A folder with files, all of which are too old, and their references.
fn prepared() -> (MemDisk, Vec<(MediaRef, &'static str)>) {
    let disk = disk();
    let store = open(&disk, at(0)).unwrap();
    for name in FILES {
        disk.put(&path(name), name.as_bytes());
    }
    let mut refs = Vec::new();
    for (name, scope) in [("a", "s"), ("sub/b", "s"), ("shared", "s"), ("shared", "t")] {
        refs.push((store.store(&path(name), delete(), scope, at(0)).unwrap().reference, scope));
    }
    refs.push((store.store(&path("forgotten"), forget(), "s", at(0)).unwrap().reference, "s"));
    refs.push((store.store(&outside(), delete(), "s", at(0)).unwrap().reference, "s"));
    (disk, refs)
}

fn sweep(disk: &MemDisk) -> artifact::Report {
    media::sweep_on(disk, &settings(), at(MAX_AGE + 1), &options())
}

/// The runs of which something may be in the trash.
fn runs(disk: &MemDisk) -> Vec<RunId> {
    let names = disk.names(&path(TRASH));
    let run = |name: &String| name.split('.').next().and_then(|run| run.parse().ok());
    names.iter().filter_map(run).collect()
}

/// Twice: a reference whose file went later, in a run of its own, waits until that is back.
fn undo_all(disk: &MemDisk) {
    for run in [runs(disk), runs(disk)].concat() {
        // Of one that took nothing there is nothing to take back.
        let _ = media::undo_on(disk, std::path::Path::new("/base/media"), &run, at(MAX_AGE + 1), &options());
    }
}

/// Where a file is, in the folder and in the trash.
fn places(disk: &MemDisk, name: &str) -> usize {
    let bundles = disk.names(&path(TRASH));
    let numbers = bundles.iter().flat_map(|bundle| {
        let bundle = path(TRASH).join(bundle);
        disk.names(&bundle).into_iter().map(move |number| bundle.join(number))
    });
    let is_it = |path: std::path::PathBuf| disk.get(&path).is_some_and(|bytes| bytes == name.as_bytes());
    numbers.chain([path(name)]).filter(|path| is_it(path.clone())).count()
}

/// Who comes first after somebody was killed.
#[derive(Debug, Clone, Copy)]
enum First {
    Open,
    Store,
    Sweep,
    Undo,
}

const ALL: [First; 4] = [First::Open, First::Store, First::Sweep, First::Undo];

fn come(disk: &MemDisk, first: First) {
    match first {
        First::Open => drop(open(disk, at(MAX_AGE)).unwrap()),
        First::Store => {
            // Somebody who had it open all the time stores one of the files once more.
            let store = open_without_net(disk);
            if let Ok(media) = store.store(&path("a"), delete(), "late", at(MAX_AGE)) {
                store.release(media.reference).map(drop).unwrap_or_default();
            }
        }
        First::Sweep => assert!(sweep(disk).error.is_none()),
        First::Undo => undo_all(disk),
    }
}

fn judge(disk: &MemDisk, refs: &[(MediaRef, &str)], first: First, what: &str) {
    for name in FILES {
        assert_eq!(places(disk, name), 1, "{what}: {name} before anybody came");
    }
    come(disk, first);
    for name in FILES {
        assert_eq!(places(disk, name), 1, "{what}, {first:?}: {name}");
    }
    undo_all(disk);
    let store = open_without_net(disk);
    for name in FILES {
        assert_eq!(disk.get(&path(name)).as_deref(), Some(name.as_bytes()), "{what}, {first:?}: {name}");
    }
    for (reference, scope) in refs {
        let found = store.resolve(*reference, at(MAX_AGE + 1));
        let found = found.unwrap_or_else(|error| panic!("{what}, {first:?}: {error}"));
        assert_eq!(found.scope, *scope);
    }
    assert_eq!(store.references().unwrap(), refs.len(), "{what}, {first:?}");
    // Nothing is left on its way, and the net still works.
    let again = media::sweep_on(disk, &settings(), at(3 * MAX_AGE), &options());
    assert_eq!((again.swept, again.failed), (7, 0), "{what}, {first:?}: {again:?}");
}

/// Every way in which `work` can be cut off, on disks that `prepare` makes.
fn cut(
    prepare: impl Fn() -> (MemDisk, Vec<(MediaRef, &'static str)>),
    work: impl Fn(&MemDisk),
    firsts: &[First],
) -> i64 {
    let (mut calls, mut is_over) = (0_i64, false);
    while !is_over {
        for first in firsts {
            let (disk, refs) = prepare();
            let dying = disk.clone().ending_after(calls);
            work(&dying);
            is_over = !dying.has_ended();
            judge(&disk, &refs, *first, &format!("ended at call {calls}"));
            let (disk, refs) = prepare();
            disk.fail_at(calls.unsigned_abs(), false);
            work(&disk);
            let _ = disk.heal();
            judge(&disk, &refs, *first, &format!("call {calls} failed"));
        }
        calls += 1;
    }
    calls
}

#[test]
fn i3_i4_a_net_that_ends_or_fails_at_any_call_loses_no_file_and_no_reference() {
    let points = cut(prepared, |disk| drop(sweep(disk)), &ALL);
    eprintln!("a net cut off at each of {points} calls, and each of them failed: nothing lost");
    assert!(points > 100);
}

/// A reference whose file stays, and that never went: its owner lets it go later, and it does not come back.
#[test]
fn i4_what_a_killed_net_only_meant_to_take_does_not_come_back_after_its_owner_has_let_it_go() {
    let (mut calls, mut is_over, mut stood) = (0, false, 0);
    while !is_over {
        let disk = disk();
        let store = open_without_net(&disk);
        disk.put(&path("forgotten"), b"forgotten");
        let reference = store.store(&path("forgotten"), forget(), "s", at(0)).unwrap().reference;
        let dying = disk.clone().ending_after(calls);
        drop(sweep(&dying));
        is_over = !dying.has_ended();
        // Whoever comes next has nothing to take, and finishes what the other has left.
        let next = media::sweep_on(&disk, &settings(), at(0), &options());
        assert!(next.error.is_none(), "{next:?}");
        if store.resolve(reference, at(0)).is_ok() {
            stood += 1;
            store.release(reference).unwrap();
            undo_all(&disk);
            assert!(store.resolve(reference, at(0)).is_err(), "ended at call {calls}");
        } else {
            undo_all(&disk);
            assert!(store.resolve(reference, at(0)).is_ok(), "ended at call {calls}: it is lost");
        }
        calls += 1;
    }
    assert!(stood > 20 && stood < calls, "{stood} of {calls}");
}

/// After a power cut nothing is to be in no place: where it has come to is durable before it is said to have gone.
#[test]
fn i4_whoever_settles_what_has_moved_makes_it_durable_first() {
    let mut seen = 0;
    for calls in 0.. {
        let disk = disk();
        let store = open_without_net(&disk);
        disk.put(&path("a"), b"a");
        store.store(&path("a"), delete(), "s", at(0)).unwrap();
        let dying = disk.clone().ending_after(calls);
        drop(sweep(&dying));
        if !dying.has_ended() {
            break;
        }
        disk.watch();
        store.references().unwrap();
        let events = disk.events();
        let mut text = Vec::new();
        let is_gone = |event: &MemEvent| {
            // A line may be written in pieces.
            if let MemEvent::Written { bytes, .. } = event {
                text.extend_from_slice(bytes);
            }
            String::from_utf8_lossy(&text).contains("\"op\":\"gone\"")
        };
        let Some(gone) = events.iter().position(is_gone) else { continue };
        let trash = disk.folder(&path(TRASH)).unwrap();
        let bundle = disk.subfolder(&trash, disk.names(&path(TRASH))[0].as_ref()).unwrap();
        let synced = events.iter().position(|event| *event == MemEvent::FolderSynced { folder: bundle });
        assert!(synced.is_some_and(|synced| synced < gone), "ended at call {calls}: {events:?}");
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn i3_i4_an_undo_that_ends_or_fails_at_any_call_loses_nothing_and_goes_on() {
    let swept = || {
        let (disk, refs) = prepared();
        assert_eq!(sweep(&disk).swept, 7);
        (disk, refs)
    };
    let firsts = [First::Open, First::Sweep, First::Undo];
    let points = cut(swept, undo_all, &firsts);
    eprintln!("an undo cut off at each of {points} calls, and each of them failed: nothing lost");
    assert!(points > 80);
}
