//! What becomes of a transcript, its payloads and its old text.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, chown, symlink},
    },
    path::Path,
};

use session_reaper::{
    Age, ErrorKind,
    artifact::{Options, transcripts},
};

use crate::world::{World, options, result, settings, transcript};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn i2_results_go_to_files_of_their_owner_and_the_transcript_keeps_its_mode() {
    let world = World::new(&transcript());
    fs::set_permissions(world.path(), fs::Permissions::from_mode(0o640)).unwrap();
    let done = world.compact().unwrap();
    assert_eq!((done.lines, done.touched, done.kept, done.payloads), (4, 2, 2, 2));
    assert_eq!((done.unreadable, done.torn), (0, 0));
    assert_eq!(done.bytes_after, fs::metadata(world.path()).unwrap().len());
    assert_eq!((mode(&world.path()), mode(&world.payloads())), (0o640, 0o700));
    let names = world.names("one.jsonl.payloads");
    assert_eq!(names.len(), 2);
    let mut texts: Vec<_> = names.iter().map(|name| fs::read(world.payloads().join(name)).unwrap()).collect();
    texts.sort_by_key(Vec::len);
    assert_eq!(texts, [b"x".repeat(51_201), b"line\n".repeat(60_000)]);
    assert!(names.iter().all(|name| mode(&world.payloads().join(name)) == 0o600));
    assert!(names.iter().all(|name| world.text().contains(name.as_str())));
    assert!(world.text().contains("[the last 200 of 60000 lines, bytes 299000 to 300000; all of it is in "));
    let ours = world.names(".session-reaper");
    assert_eq!(ours, ["journal.jsonl", "transcripts.lock", "trash", "turn"]);
    let past = transcripts::past(&world.root).unwrap();
    assert_eq!((past.lines.len(), past.lines[0].pruned, past.lines[0].verb.as_str()), (1, 2, "prune"));
}

#[test]
fn i4_an_undo_brings_every_byte_back_and_what_was_added_stays() {
    let world = World::new(&transcript());
    let run = world.compact().unwrap().run.unwrap();
    let mut file = OpenOptions::new().append(true).open(world.path()).unwrap();
    file.write_all(b"{\"type\":\"added\"}\n").unwrap();
    assert_eq!(world.undo(&run).unwrap().restored, ["one.jsonl"]);
    assert_eq!(world.text(), transcript() + "{\"type\":\"added\"}\n");
    assert_eq!(world.names("one.jsonl.payloads").len(), 2, "payloads stay");
    assert_eq!(world.undo(&run).unwrap_err().kind(), ErrorKind::Gone);
}

#[test]
fn i3_a_torn_tail_is_put_aside_and_told_and_whoever_appends_then_is_read() {
    for torn in ["{\"type\":\"mess", &result(&"z".repeat(60_000)), "\u{e4}"] {
        let world = World::new(&(transcript() + "no json\n" + torn));
        // Its writer may still be at it, unless it has rested.
        assert_eq!(world.compact().unwrap_err().kind(), ErrorKind::Unsettled);
        let rested = settings().with_quiet(Some(Age::from_seconds(1)));
        let later = session_reaper::now().plus(Age::from_hours(1));
        let compact = || transcripts::compact(&world.path(), &rested, later, &options()).unwrap();
        let old = fs::read(world.path()).unwrap();
        let done = compact();
        let is_whole = serde_json::from_str::<serde_json::Value>(torn).is_ok();
        assert_eq!((done.lines, done.touched), (6, if is_whole { 3 } else { 2 }));
        assert_eq!((done.unreadable, done.torn), (1, u64::from(!is_whole)));
        assert_eq!(done.torn_bytes, if is_whole { 0 } else { torn.len() as u64 });
        if let Some(at) = &done.torn_at {
            assert_eq!((fs::read_to_string(at).unwrap().as_str(), mode(at)), (torn, 0o600));
            assert_eq!(transcripts::payload(at).unwrap(), torn.as_bytes());
        }
        let again = compact();
        assert_eq!((again.run, again.touched, again.torn), (None, 0, 0));
        // An appender of another program: it opens, writes and closes.
        let mut file = OpenOptions::new().append(true).open(world.path()).unwrap();
        file.write_all(b"{\"type\":\"added\"}\n").unwrap();
        let line: serde_json::Value = serde_json::from_str(world.text().lines().last().unwrap()).unwrap();
        assert_eq!(line["type"], "added");
        fs::write(world.path(), world.text().strip_suffix("{\"type\":\"added\"}\n").unwrap()).unwrap();
        world.undo(&done.run.unwrap()).unwrap();
        assert_eq!(fs::read(world.path()).unwrap(), old);
    }
}

#[test]
fn i5_what_was_written_to_lately_or_is_no_plain_file_is_left_alone() {
    let world = World::new(&transcript());
    let day = settings().with_quiet(Some(Age::from_hours(24)));
    let at = |now| transcripts::compact(&world.path(), &day, now, &options());
    let error = at(session_reaper::now()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsettled);
    assert!(error.message().contains("a short while ago"), "{error}");
    fs::hard_link(world.path(), world.root.join("two.jsonl")).unwrap();
    assert_eq!(world.compact().unwrap_err().kind(), ErrorKind::Refused);
    fs::remove_file(world.root.join("two.jsonl")).unwrap();
    symlink(world.path(), world.root.join("link.jsonl")).unwrap();
    assert_eq!(crate::world::compact(&world.root.join("link.jsonl")).unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(crate::world::compact(&world.root.join("none.jsonl")).unwrap_err().kind(), ErrorKind::Missing);
    assert_eq!(crate::world::compact(&world.root).unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(world.names("."), ["link.jsonl", "one.jsonl"], "and nothing was made");
    assert_eq!(world.text(), transcript());
    assert_eq!(at(session_reaper::now().plus(Age::from_hours(25))).unwrap().payloads, 2);
}

#[test]
fn i9_a_dry_run_writes_nothing() {
    let world = World::new(&transcript());
    let dry = Options { dry_run: true, ..options() };
    let done = transcripts::compact(&world.path(), &settings(), session_reaper::now(), &dry).unwrap();
    assert_eq!((done.run, done.touched, done.payloads), (None, 2, 2));
    assert_eq!(world.names("."), ["one.jsonl"]);
}

#[test]
fn i6_a_payload_that_cannot_be_written_changes_nothing() {
    let world = World::new(&transcript());
    fs::write(world.payloads(), "no folder").unwrap();
    let error = world.compact().unwrap_err();
    assert!(!error.is_too_late(), "{error}");
    assert_eq!(world.text(), transcript());
    assert_eq!(fs::read_to_string(world.payloads()).unwrap(), "no folder");
    assert_eq!(world.names(".session-reaper"), ["transcripts.lock", "turn"]);
}

#[test]
fn i2_the_transcript_keeps_its_owner_and_its_attributes_through_a_compaction_and_an_undo() {
    let world = World::new(&transcript());
    let is_root = chown(world.path(), Some(4_321), Some(4_322)).is_ok();
    if is_root {
        // Our folder beside it could belong to one of them only.
        assert_eq!(world.compact().unwrap_err().kind(), ErrorKind::Refused);
        assert_eq!(world.names("."), ["one.jsonl"]);
        chown(&world.root, Some(4_321), None).unwrap();
    }
    let flags = rustix::fs::XattrFlags::empty();
    let has_attributes =
        rustix::fs::fsetxattr(File::open(world.path()).unwrap(), "user.of", b"somebody", flags).is_ok();
    let check = |path: &Path, is_whole: bool| {
        let stat = fs::metadata(path).unwrap();
        assert!(!is_root || (stat.uid(), stat.gid()) == (4_321, 4_322));
        let mut value = [0_u8; 32];
        let read = rustix::fs::fgetxattr(File::open(path).unwrap(), "user.of", &mut value[..]);
        assert!(!has_attributes || !is_whole || value[..read.unwrap()] == *b"somebody");
    };
    let run = world.compact().unwrap().run.unwrap();
    check(&world.path(), true);
    for name in world.names("one.jsonl.payloads") {
        check(&world.payloads().join(name), false);
    }
    world.undo(&run).unwrap();
    check(&world.path(), true);
    eprintln!("as root: {is_root}, with attributes: {has_attributes}");
}

#[test]
fn i5_where_no_text_could_say_where_payloads_are_a_transcript_stays() {
    let world = World::new("");
    let folder = world.root.join(OsStr::from_bytes(b"odd-\xff"));
    fs::create_dir(&folder).unwrap();
    for path in [folder.join("one.jsonl"), world.root.join(OsStr::from_bytes(b"\xff.jsonl"))] {
        fs::write(&path, transcript()).unwrap();
        let error = crate::world::compact(&path).unwrap_err();
        assert_eq!((error.kind(), error.is_too_late()), (ErrorKind::Refused, false));
        assert_eq!(fs::read_to_string(&path).unwrap(), transcript());
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "and nothing was made");
}

#[test]
fn i3_an_undo_that_was_killed_while_the_old_text_had_two_names_is_finished() {
    let world = World::new(&transcript());
    let run = world.compact().unwrap().run.unwrap();
    let kept = world.root.join(format!(".session-reaper/trash/{run}.transcripts/0"));
    fs::remove_file(world.path()).unwrap();
    fs::hard_link(kept, world.path()).unwrap();
    assert_eq!(world.undo(&run).unwrap().restored, ["one.jsonl"]);
    assert_eq!((world.text(), fs::metadata(world.path()).unwrap().nlink()), (transcript(), 1));
    assert_eq!(world.undo(&run).unwrap_err().kind(), ErrorKind::Gone);
}

#[test]
fn i9_a_dry_run_of_an_undo_writes_nothing() {
    let world = World::new(&transcript());
    let run = world.compact().unwrap().run.unwrap();
    fs::remove_file(world.root.join(".session-reaper/transcripts.lock")).unwrap();
    let (text, names) = (world.text(), world.names(".session-reaper"));
    let dry = Options { dry_run: true, ..options() };
    let undone = transcripts::undo(&world.root, &run, session_reaper::now(), &dry).unwrap();
    assert_eq!((undone.restored.len(), world.text()), (1, text));
    assert_eq!((world.names(".session-reaper"), world.names(".").len()), (names, 3));
}
