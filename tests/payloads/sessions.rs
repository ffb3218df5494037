//! Payloads in one session: what stays, what goes, what comes back.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use session_reaper::{
    ErrorKind,
    artifact::payloads::{BlobRef, Options, Released, Side, Stored, Why},
};

use crate::{
    child::{PART, command},
    world::{World, put, small, whole_blobs},
};

#[test]
fn the_limit_itself_stays_inline_and_one_byte_more_is_spooled() {
    let world = World::new();
    let session = world.spool_with(Options::default()).session("one").unwrap();
    for size in [0, 1, 51_199, 51_200] {
        assert_eq!(session.put(&vec![b'x'; size], "text/plain"), Stored::Inline(Why::Small), "{size}");
    }
    let blob = put(&session, &vec![b'x'; 51_201]);
    assert_eq!((blob.length, session.get(&blob).unwrap().len()), (51_201, 51_201));
    assert_eq!(session.put(&b"\n".repeat(2_000), "text/plain"), Stored::Inline(Why::Small));
    let blob = put(&session, &b"\n".repeat(2_001));
    assert!((1_600..2_001).contains(&blob.excerpt.text.len()), "{}", blob.excerpt.text.len());
    session.end().unwrap();
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn no_context_grows_by_what_stands_in_the_place_of_a_payload() {
    let world = World::new();
    let session = world.spool_with(Options::default()).session("one").unwrap();
    let long = |length: usize| vec![b'x'; length];
    let line = format!("{}\n", "a line of text ".repeat(6));
    let wide = |length: usize| line.repeat(length / line.len() + 1).into_bytes();
    let payloads = (51_201..51_800).step_by(50).flat_map(|length| [long(length), wide(length)]);
    let breaks = (2_001..2_600).step_by(50).map(|lines| b"\n".repeat(lines));
    for payload in payloads.chain(breaks) {
        for side in [Side::Tail, Side::Head { first_line: 1 }] {
            let Stored::Spooled(blob) = session.put_showing(&payload, "text/plain", side) else { panic!() };
            let (said, length) = (blob.excerpt.to_string().len(), payload.len());
            assert!(said < length, "{side:?}: {said} of {length}: {}", blob.excerpt.notice);
            let most = if payload[0] == b'\n' { 2_000 } else { 51_200 };
            assert!(blob.excerpt.text.len() + 500 > length.min(most), "{side:?}: {said} of {length}");
        }
    }
}

#[test]
fn a_picture_comes_back_byte_by_byte_and_its_excerpt_says_what_it_is() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    let picture: Vec<u8> =
        (0..200_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let Stored::Spooled(blob) = session.put(&picture, "image/png") else { panic!() };
    assert_eq!(session.get(&blob).unwrap(), picture);
    let mut parts = Vec::new();
    while (parts.len() as u64) < blob.length {
        parts.extend(session.read_range(&blob, parts.len() as u64, 70_001).unwrap());
    }
    assert!(parts == picture, "read by parts it is another");
    assert_eq!(blob.excerpt.text, "(binary: 200000 bytes of image/png, not shown)");
    let path = session.path().join(blob.hash.to_string());
    assert!(blob.excerpt.notice.contains(path.to_str().unwrap()), "{}", blob.excerpt.notice);
}

#[test]
fn the_same_payload_is_one_file_until_the_last_one_gives_it_back() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    let blob = put(&session, b"the same payload");
    assert_eq!(put(&session, b"the same payload"), blob);
    let other = put(&session, b"another payload");
    assert_eq!(whole_blobs(&world.dir()), 2);
    assert_eq!(session.release(&blob).unwrap(), Released::StillNeeded);
    assert_eq!(session.get(&blob).unwrap(), b"the same payload");
    assert_eq!(session.release(&blob).unwrap(), Released::Removed);
    assert_eq!(session.release(&blob).unwrap(), Released::Kept);
    assert_eq!(whole_blobs(&world.dir()), 1);
    let lost = session.get(&blob).unwrap_err();
    assert_eq!((lost.error.kind(), lost.excerpt.text.as_str()), (ErrorKind::Gone, "the same payload"));
    assert_eq!(session.get(&other).unwrap(), b"another payload");
    // It can come again.
    assert_eq!(put(&session, b"the same payload"), blob);
    assert_eq!(session.get(&blob).unwrap(), b"the same payload");
}

#[test]
fn a_reference_goes_through_a_transcript() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    let blob = put(&session, "ein größerer Text\n".repeat(9).as_bytes());
    let read: BlobRef = serde_json::from_str(&serde_json::to_string(&blob).unwrap()).unwrap();
    assert_eq!(read, blob);
    assert!(blob.excerpt.notice.contains(session.path().to_str().unwrap()));
    assert_eq!(session.get(&read).unwrap(), "ein größerer Text\n".repeat(9).as_bytes());
    let evil = serde_json::to_string(&blob).unwrap().replace(&blob.hash.to_string(), "../../../etc/passwd");
    assert!(serde_json::from_str::<BlobRef>(&evil).is_err());
}

#[test]
fn what_is_not_shown_is_read_by_ranges() {
    let world = World::new();
    let session = world.spool_with(small().with_excerpt(50, 4).unwrap()).session("one").unwrap();
    let payload = (1..100).fold(String::new(), |text, line| text + &format!("line {line}\n"));
    let Stored::Spooled(blob) =
        session.put_showing(payload.as_bytes(), "text/plain", Side::Head { first_line: 1 })
    else {
        panic!()
    };
    assert_eq!(blob.excerpt.text, "line 1\nline 2\nline 3\nline 4\n");
    assert!(blob.excerpt.notice.contains("read on at line 5, byte 28"), "{}", blob.excerpt.notice);
    assert_eq!(session.read_range(&blob, 28, 7).unwrap(), b"line 5\n");
    let mut all = blob.excerpt.text.clone().into_bytes();
    while (all.len() as u64) < blob.length {
        all.extend(session.read_range(&blob, all.len() as u64, 13).unwrap());
    }
    assert_eq!(all, payload.as_bytes());
    for (offset, length) in [(blob.length, 9), (u64::MAX, 9), (0, 0)] {
        assert_eq!(session.read_range(&blob, offset, length).unwrap(), b"");
    }
    assert_eq!(session.read_range(&blob, 0, usize::MAX).unwrap(), payload.as_bytes());
}

#[test]
fn a_payload_that_has_changed_is_told_and_moved_aside_and_comes_back_with_the_next() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    for damaged in [&b"a pAyload of some length"[..], b"short", b"", b"a payload of some length and more"] {
        let blob = put(&session, b"a payload of some length");
        let path = session.path().join(blob.hash.to_string());
        fs::write(&path, damaged).unwrap();
        if damaged.len() != 24 {
            assert_eq!(session.read_range(&blob, 0, 3).unwrap_err().error.kind(), ErrorKind::Malformed);
        }
        let lost = session.get(&blob).unwrap_err();
        assert_eq!(lost.error.kind(), ErrorKind::Malformed);
        assert_eq!(lost.excerpt.text, "a payload of some length");
        assert_eq!(session.get(&blob).unwrap_err().error.kind(), ErrorKind::Gone);
        let aside = fs::read_dir(session.path()).unwrap().map(|file| file.unwrap().path());
        assert!(
            aside
                .filter(|path| path.extension().is_some_and(|end| end == "bad"))
                .any(|path| fs::read(path).unwrap() == damaged)
        );
        // Who stores it again gets a whole one, be it read before or not.
        let blob = put(&session, b"a payload of some length");
        fs::write(&path, damaged).unwrap();
        assert_eq!(put(&session, b"a payload of some length"), blob);
        assert_eq!(session.get(&blob).unwrap(), b"a payload of some length");
    }
    session.end().unwrap();
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn i10_an_id_leads_nowhere_else_and_every_one_has_a_folder_of_its_own() {
    let world = World::new();
    fs::create_dir(world.path("x")).unwrap();
    let spool = world.spool();
    let ids = [
        "../x", "a/b", ".", "..", "/", "\u{e4}", "a\u{308}", "A", "a", "unknown", "s-a", "%2e", "a b", "\0",
        "-",
    ];
    let long = ["x".repeat(4_096), "x".repeat(4_095)];
    let ids: Vec<&str> = ids.into_iter().chain(long.iter().map(String::as_str)).collect();
    let sessions: Vec<_> = ids.iter().map(|id| (id, spool.session(id).unwrap())).collect();
    for (id, session) in &sessions {
        assert_eq!(session.path().parent(), Some(world.dir().as_path()));
        put(session, format!("the payload of {id}").as_bytes());
    }
    assert_eq!(world.names("spool").len(), ids.len());
    assert_eq!((world.names("."), world.names("x").len()), (vec!["spool".to_owned(), "x".to_owned()], 0));
    for (id, session) in sessions {
        let blob = put(&session, format!("the payload of {id}").as_bytes());
        assert_eq!(session.get(&blob).unwrap(), format!("the payload of {id}").as_bytes());
        session.end().unwrap();
    }
    assert_eq!(world.names("spool"), [""; 0]);
    assert_eq!(spool.session("").unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn two_sessions_know_nothing_of_each_other() {
    let world = World::new();
    let spool = world.spool();
    let (one, two) = (spool.session("one").unwrap(), spool.session("two").unwrap());
    let blob = put(&one, b"a payload of one");
    assert_eq!(two.get(&blob).unwrap_err().error.kind(), ErrorKind::Gone);
    assert_eq!(two.release(&blob).unwrap(), Released::Kept);
    put(&two, b"a payload of one");
    one.end().unwrap();
    assert_eq!(two.get(&blob).unwrap(), b"a payload of one");
}

#[test]
fn after_its_end_a_session_begins_anew_and_old_references_keep_their_excerpts() {
    let world = World::new();
    let spool = world.spool();
    let session = spool.session("one").unwrap();
    let blob = put(&session, b"before the end");
    session.end().unwrap();
    let session = spool.session("one").unwrap();
    let lost = session.get(&blob).unwrap_err();
    assert_eq!((lost.error.kind(), lost.excerpt.text.as_str()), (ErrorKind::Gone, "before the end"));
    assert_eq!(session.get(&put(&session, b"after the end")).unwrap(), b"after the end");
}

#[test]
fn nobody_else_can_read_it_whatever_the_umask() {
    // Who takes rights from himself cannot open what he has made, unless he is root.
    let odd = rustix::process::geteuid().is_root().then_some("0777");
    for umask in ["0000", "0022", "0077"].into_iter().chain(odd) {
        let world = World::new();
        let exe = std::env::current_exe().unwrap();
        let mut shell = Command::new("sh");
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        // It ends in the midst, with everything in its place.
        let output = shell
            .args(["-c", &script])
            .arg(exe)
            .args(PART)
            .envs(command(&world, "one", "payload"))
            .env("SPOOL_LEAVES", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let session = world.dir().join("s-one");
        assert_eq!((mode(&world.dir()), mode(&session)), (0o700, 0o700), "{umask}");
        let names = world.names("spool/s-one");
        assert_eq!(names.len(), 2);
        for name in names {
            assert_eq!(mode(&session.join(&name)), 0o600, "{umask}: {name}");
        }
    }
}
