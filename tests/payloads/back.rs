//! Taking back what a sweep of a spool took: its sessions go on.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

use session_reaper::{
    Age, ErrorKind, Timestamp,
    artifact::{
        Options, Undone,
        payloads::{BlobRef, Session, empty_trash, finish_killed, inspect, is_spool, past, undo},
    },
    now,
    sweep::RunId,
    trash,
};

use crate::{
    dead::{HOUR, all, inspected, kill, payload, said, swept, swept_with},
    world::{World, after, put, small, whole_blobs},
};

const DAY: i64 = 24 * HOUR;

fn newest(world: &World) -> RunId {
    past(&world.dir()).unwrap().lines.last().unwrap().run.clone()
}

fn back(world: &World, run: &RunId) -> Undone {
    undo(&world.dir(), run, now(), &all()).unwrap()
}

/// The folder of a run in the trash.
fn bundle(world: &World, run: &RunId) -> PathBuf {
    world.path(&format!("spool/.session-reaper/trash/{run}.payloads"))
}

/// What stood in the transcript of a session that was killed.
pub(crate) fn blob(id: &str) -> BlobRef {
    let world = World::new();
    let session = world.spool().session(id).unwrap();
    put(&session, &payload(id))
}

fn resolves(session: &Session, id: &str) {
    assert_eq!(session.get(&blob(id)).unwrap(), payload(id));
}

/// Sessions that were swept, and the run that took them.
fn taken(ids: &[&str]) -> (World, RunId) {
    let world = World::new();
    kill(&world, ids);
    assert_eq!(swept(&world).swept, ids.len() as u64);
    let run = newest(&world);
    (world, run)
}

#[test]
fn i4_what_was_swept_comes_back_whole_and_goes_on() {
    let (world, run) = taken(&["one", "two"]);
    assert_eq!(whole_blobs(&world.dir()), 0);
    let dry = undo(&world.dir(), &run, now(), &Options { dry_run: true, ..all() }).unwrap();
    let undone = back(&world, &run);
    assert_eq!(undone.restored, ["s-one", "s-two"]);
    assert_eq!(dry, undone);
    // A runtime that gives no grace opens it, and finds them all the same.
    let spool = world.spool();
    for id in ["one", "two"] {
        let session = spool.session(id).unwrap();
        resolves(&session, id);
        session.end().unwrap();
    }
    let past = past(&world.dir()).unwrap();
    let verbs: Vec<_> =
        past.lines.iter().map(|line| (line.verb.as_str(), line.pruned, line.restored)).collect();
    assert_eq!((verbs, past.in_trash.len()), (vec![("prune", 2, 0), ("undo", 0, 2)], 1));
}

/// An undo that cron undoes a minute later is none.
#[test]
fn i4_what_came_back_stays_for_a_day_whatever_the_grace_and_the_room() {
    let (world, run) = taken(&["one"]);
    back(&world, &run);
    let tight = small().with_max_bytes(10).unwrap().with_grace(Age::from_millis(1).unwrap());
    for (settings, millis) in [(small(), 60_000), (tight.clone(), 60_000), (small(), DAY - 60_000)] {
        let report = swept_with(&world, &settings, millis, &all());
        assert_eq!(said(&report), [("s-one", "restored")]);
        let expires = report.items[0].expires_at.unwrap();
        assert!(expires > after(DAY - 60_000) && expires < after(DAY + 60_000), "{expires}");
    }
    // Nor does a runtime take it, be it that it needs the room.
    let spool = world.spool_with(small().with_max_bytes(150).unwrap());
    assert_eq!(spool.sweep(after(60_000)).unwrap().retained, 1);
    let other = spool.session("other").unwrap();
    assert!(matches!(
        other.put(&[b'x'; 100], "text/plain"),
        session_reaper::artifact::payloads::Stored::Inline(_)
    ));
    other.end().unwrap();
    assert_eq!(said(&swept_with(&world, &small(), DAY + 60_000, &all())), [("s-one", "dead")]);
    // And again.
    assert_eq!(back(&world, &newest(&world)).restored, ["s-one"]);
    assert_eq!(said(&inspected(&world, &small())), [("s-one", "restored")]);
    assert_eq!(spool.sweep(after(DAY + 60_000)).unwrap().swept, 1);
}

#[test]
fn i8_exactly_a_day_stays_and_a_millisecond_more_goes() {
    let (world, run) = taken(&["one"]);
    back(&world, &run);
    let back = fs::metadata(world.path("spool/s-one/.restored")).unwrap();
    let at = |millis: i64| {
        Timestamp::from_millis(back.mtime() * 1_000 + back.mtime_nsec() / 1_000_000 + DAY + millis)
    };
    let why = |millis: i64| inspect(&world.dir(), &small(), at(millis)).items[0].why;
    assert_eq!((why(0), why(1)), ("restored", "dead"));
    let spool = world.spool();
    assert_eq!((spool.sweep(at(0)).unwrap().retained, spool.sweep(at(1)).unwrap().swept), (1, 1));
}

#[test]
fn one_that_was_taken_up_again_is_as_any_other() {
    let (world, run) = taken(&["one"]);
    back(&world, &run);
    // It puts the same payload once more, and is killed.
    kill(&world, &["one"]);
    assert_eq!(world.names("spool/s-one").len(), 2);
    assert_eq!(said(&swept(&world)), [("s-one", "dead")]);
}

#[test]
fn what_has_its_place_by_now_is_left_alone() {
    let (world, run) = taken(&["one", "two"]);
    let session = world.spool().session("one").unwrap();
    let other = put(&session, b"another payload");
    let dry = undo(&world.dir(), &run, now(), &Options { dry_run: true, ..all() }).unwrap();
    let undone = back(&world, &run);
    assert_eq!((&*undone.restored[0], &*undone.held_up[0]), ("s-two", "s-one"));
    assert_eq!(dry, undone);
    assert_eq!(session.get(&other).unwrap(), b"another payload");
    session.end().unwrap();
    assert_eq!(back(&world, &run).restored, ["s-one"]);
    resolves(&world.spool().session("one").unwrap(), "one");
}

/// A runtime that had the folder open when it went may mark it in the trash: that is nobody's to find.
#[test]
fn i4_whoever_marks_it_in_the_trash_does_not_own_what_comes_back() {
    let (world, run) = taken(&["one"]);
    let ours = world.spool().session("mine").unwrap();
    let inside = bundle(&world, &run).join("0");
    fs::copy(ours.path().join(".owner"), inside.join(".owner")).unwrap();
    back(&world, &run);
    // Ours is one that lives.
    assert_eq!(said(&inspected(&world, &small())), [("s-mine", "owned"), ("s-one", "restored")]);
    assert_eq!(world.names("spool/s-one").len(), 3);
}

/// Killed right after it has moved, a sweep has not put the dead owner's marker aside.
#[test]
fn i4_whoever_marks_what_a_killed_sweep_has_moved_does_not_own_what_comes_back() {
    let ours = World::new();
    let ours = ours.spool().session("mine").unwrap();
    for is_lost in [false, true] {
        let (world, run) = taken(&["one"]);
        let inside = bundle(&world, &run).join("0");
        fs::remove_file(inside.join(".owner.kept")).unwrap();
        if !is_lost {
            fs::copy(ours.path().join(".owner"), inside.join(".owner")).unwrap();
        }
        back(&world, &run);
        assert_eq!(said(&inspected(&world, &small())), [("s-one", "restored")], "{is_lost}");
        // Another process takes it up; this one could have, with its own marker in there.
        kill(&world, &["one"]);
        resolves(&world.spool_with(small().without_reclaim()).session("one").unwrap(), "one");
    }
}

#[test]
fn what_is_not_there_is_said_so() {
    let (world, run) = taken(&["one"]);
    let error = undo(&world.dir(), &RunId::new(now()), now(), &all()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);
    let (gone, error) = empty_trash(&world.dir(), &all(), |_| true);
    assert_eq!((gone, error.is_none()), (vec![run.clone()], true));
    assert_eq!(undo(&world.dir(), &run, now(), &all()).unwrap_err().kind(), ErrorKind::Gone);
    assert!(undo(&world.path("none"), &run, now(), &all()).is_err());
}

#[test]
fn i4_a_sweep_that_was_killed_is_finished_and_can_be_taken_back() {
    let (world, run) = taken(&["one"]);
    // As it is right after the last thing was moved.
    let name = bundle(&world, &run);
    let killed = name.with_extension("payloads.unfinished");
    fs::rename(&name, &killed).unwrap();
    fs::rename(killed.join("0/.owner.kept"), killed.join("0/.owner")).unwrap();
    fs::remove_file(world.path("spool/.session-reaper/journal.jsonl")).unwrap();
    let error = finish_killed(&world.dir(), &Options { dry_run: true, ..all() }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    finish_killed(&world.dir(), &all()).unwrap();
    assert_eq!(past(&world.dir()).unwrap().lines[0].outcome, trash::Outcome::Recovered);
    assert_eq!(back(&world, &run).restored, ["s-one"]);
    resolves(&world.spool().session("one").unwrap(), "one");
}

/// What is known of it is written last.
#[test]
fn i4_a_spool_whose_first_sweep_was_killed_is_known_again() {
    let (world, run) = taken(&["one"]);
    let ours = world.path("spool/.session-reaper");
    let all = ["payloads.state", "payloads.marker", "payloads.lock"];
    // One of them is enough, and so is what it has moved.
    for kept in all.map(Some).into_iter().chain([None]) {
        for name in all.iter().filter(|name| Some(**name) != kept) {
            let _ = fs::remove_file(ours.join(name));
        }
        if let Some(name) = kept {
            fs::write(ours.join(name), "").unwrap();
        }
        assert!(is_spool(&world.dir()), "{kept:?}");
    }
    for ending in ["payloads.unfinished", "payloads"] {
        fs::rename(bundle(&world, &run), bundle(&world, &run).with_extension(ending)).unwrap();
        assert!(is_spool(&world.dir()), "{ending}");
        fs::rename(bundle(&world, &run).with_extension(ending), bundle(&world, &run)).unwrap();
    }
    fs::rename(bundle(&world, &run), ours.join("trash/other.workspaces")).unwrap();
    assert!(!is_spool(&world.dir()) && !is_spool(&world.path("none")));
}

/// The list lies in a folder of the user's, who can write there what he likes.
#[test]
fn i10_a_list_that_leads_out_of_the_spool_brings_nothing_there() {
    let (world, run) = taken(&["one"]);
    let list = bundle(&world, &run).join("things.jsonl");
    let text = fs::read_to_string(&list).unwrap();
    for name in ["../out", "a/b", "..", ".session-reaper", ""] {
        fs::write(&list, text.replace("\"s-one\",\"of\"", &format!("\"{name}\",\"of\""))).unwrap();
        assert_eq!(back(&world, &run).failed[0].0, name);
        assert!(bundle(&world, &run).join("0").exists());
    }
    assert_eq!(world.names("."), ["spool"]);
}

#[test]
fn what_is_old_leaves_the_trash() {
    let (world, run) = taken(&["one"]);
    std::thread::sleep(std::time::Duration::from_millis(20));
    let soon = session_reaper::Retention::After(Age::from_millis(1).unwrap());
    swept_with(&world, &small(), 0, &Options { trash_retention: soon, ..all() });
    assert!(!bundle(&world, &run).exists());
}
