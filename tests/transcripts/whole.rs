//! What becomes of a transcript, its payloads and its old text.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
};

use session_reaper::{
    Age, ErrorKind,
    artifact::{Options, transcripts},
};

use crate::world::{World, options, result, settings, transcript};

fn mode(path: &std::path::Path) -> u32 {
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
fn i3_a_torn_tail_stays_where_it_is_and_is_told() {
    for torn in ["{\"type\":\"mess", &result(&"z".repeat(60_000)), "\u{e4}"] {
        let world = World::new(&(transcript() + "no json\n" + torn));
        let done = world.compact().unwrap();
        assert_eq!((done.lines, done.touched, done.unreadable, done.torn), (6, 2, 1, 1));
        assert!(world.text().ends_with(&format!("\nno json\n{torn}")));
        let again = world.compact().unwrap();
        assert_eq!((again.run, again.touched, again.torn), (None, 0, 1));
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
