//! What reviewers have proved to go wrong, each as it was proved.

use std::{
    fs,
    os::unix::{fs::MetadataExt, fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
    sync::Barrier,
    thread,
};

use session_reaper::{
    ErrorKind,
    artifact::payloads::{BlobRef, Options, Released, Spool, Stored, Why},
};

use crate::{
    child::{PART, command},
    world::{World, after, put, small, whole_blobs},
};

const NOBODY: u32 = 65_534;

#[test]
fn a_reference_with_a_wrong_length_takes_nothing_from_others() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    let blob = put(&session, b"a payload of some length");
    for length in [0, 1, 23, 25, u64::MAX] {
        let wrong = BlobRef { length, ..blob.clone() };
        let error = session.get(&wrong).unwrap_err().error;
        assert_eq!(error.kind(), ErrorKind::Malformed, "{length}");
        assert!(!error.to_string().contains("moved aside"), "{error}");
        assert_eq!(session.get(&blob).unwrap(), b"a payload of some length", "{length}");
    }
    assert_eq!(world.names("spool/s-one"), [".owner", &blob.hash.to_string()]);
}

#[test]
fn who_needs_a_payload_is_still_counted_after_it_was_damaged() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    let blob = put(&session, b"the same payload");
    fs::write(session.path().join(blob.hash.to_string()), "damaged").unwrap();
    assert!(session.get(&blob).unwrap_err().error.to_string().contains("moved aside"));
    // Another one stores it again and gives it back: the first one still needs it.
    put(&session, b"the same payload");
    assert_eq!(session.release(&blob).unwrap(), Released::StillNeeded);
    assert_eq!(session.get(&blob).unwrap(), b"the same payload");
    assert_eq!(session.release(&blob).unwrap(), Released::Removed);
}

#[test]
fn what_root_makes_in_the_spool_of_a_user_belongs_to_that_user() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root acts for others");
        return;
    }
    let world = World::new();
    std::os::unix::fs::chown(world.path("."), Some(NOBODY), Some(NOBODY)).unwrap();
    let session = world.spool_with(small().with_max_bytes(999).unwrap()).session("one").unwrap();
    let blob = put(&session, b"a payload of one").hash.to_string();
    let marker = ".session-reaper/payloads.marker";
    let session_files = ["s-one", "s-one/.owner", &format!("s-one/{blob}")];
    for name in ["", ".room", ".session-reaper", marker].into_iter().chain(session_files) {
        assert_eq!(fs::metadata(world.dir().join(name)).unwrap().uid(), NOBODY, "{name}");
    }
    drop(session);
    // A spool that is there already keeps its owner.
    let session = world.spool().session("two").unwrap();
    assert_eq!(fs::metadata(session.path()).unwrap().uid(), NOBODY);
    assert_eq!(fs::metadata(world.dir()).unwrap().uid(), NOBODY);
    session.end().unwrap();
    assert!(run_as_nobody(&world), "the user is locked out of his own spool");
}

/// Plays a part as a user that is not root.
fn run_as_nobody(world: &World) -> bool {
    let exe = world.path("part");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    fs::set_permissions(&exe, fs::Permissions::from_mode(0o755)).unwrap();
    let mut part = Command::new(&exe);
    part.args(PART).envs(command(world, "three", "x")).current_dir("/").uid(NOBODY).gid(NOBODY);
    let output = part.stdin(Stdio::null()).output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success() && String::from_utf8_lossy(&output.stdout).lines().any(|line| line == "finished")
}

#[test]
fn a_spool_of_another_user_or_one_that_others_may_write_into_is_refused() {
    let world = World::new();
    fs::create_dir(world.dir()).unwrap();
    for mode in [0o770, 0o707, 0o1777, 0o720] {
        fs::set_permissions(world.dir(), fs::Permissions::from_mode(mode)).unwrap();
        let error = Spool::open(&world.dir(), small(), after(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{mode:o}");
        assert!(error.hint().unwrap().contains("chmod go-w"), "{error:?}");
    }
    fs::set_permissions(world.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    drop(world.spool());
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can ask as another user");
        return;
    }
    fs::set_permissions(world.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(!run_as_nobody(&world));
    assert_eq!(world.names("spool"), [""; 0]);
}

#[test]
fn a_room_that_belongs_to_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root gives files away");
        return;
    }
    let world = World::new();
    let session = world.spool_with(small().with_max_bytes(999).unwrap()).session("one").unwrap();
    fs::write(world.dir().join(".room"), "").unwrap();
    std::os::unix::fs::chown(world.dir().join(".room"), Some(NOBODY), None).unwrap();
    assert_eq!(session.put(b"a payload of one", "text/plain"), Stored::Inline(Why::Failed));
    fs::remove_file(world.dir().join(".room")).unwrap();
    put(&session, b"a payload of one");
}

#[test]
fn a_session_whose_folder_somebody_has_removed_has_ended_and_fails_no_sweep() {
    let world = World::new();
    let spool = world.spool();
    let (one, two) = (spool.session("one").unwrap(), spool.session("two").unwrap());
    put(&two, b"a payload of two");
    fs::remove_dir_all(one.path()).unwrap();
    one.end().unwrap();
    // Another one has the name by now.
    fs::remove_dir_all(two.path()).unwrap();
    let another = spool.session("two").unwrap();
    two.end().unwrap();
    let report = spool.sweep(after(0)).unwrap();
    assert_eq!((report.scanned, report.retained, report.failed), (1, 1, 0), "{report:?}");
    another.end().unwrap();
    assert_eq!(open_and_removed(&world), 0);
    assert_eq!(world.names("spool"), [""; 0]);
}

/// How many folders of this world are open here that are gone; where that cannot be seen, none.
fn open_and_removed(world: &World) -> usize {
    let links = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
    targets
        .filter(|path| path.starts_with(world.dir()) && path.to_string_lossy().ends_with("(deleted)"))
        .count()
}

#[test]
fn a_marker_of_ours_that_a_child_holds_for_a_moment_is_waited_for() {
    let world = World::new();
    let spool = world.spool();
    let session = spool.session("one").unwrap();
    let mark = fs::File::open(session.path().join(".owner")).unwrap();
    drop(session);
    // As a child has it that has not called its program yet.
    rustix::fs::flock(&mark, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(std::time::Duration::from_millis(400));
            drop(mark);
        });
        spool.session("one").unwrap().end().unwrap();
    });
}

#[test]
fn where_one_process_tree_works_at_a_time_a_session_goes_on_after_its_container_began_anew() {
    let world = World::new();
    for (field, value) in [("namespace", "pid:[1]"), ("bootId", "of-another-machine")] {
        crate::child::Living::start(&world, "one", "x").kill();
        let mark = world.path("spool/s-one/.owner");
        let mut line: serde_json::Value = serde_json::from_slice(&fs::read(&mark).unwrap()).unwrap();
        for field in [field, "machine"] {
            line[field] = value.into();
        }
        fs::write(&mark, format!("{line}\n")).unwrap();
        // Nobody can say: it stays, and nobody has it.
        assert_eq!(world.spool().sweep(after(0)).unwrap().unknown, 1, "{field}");
        assert_eq!(world.spool().session("one").unwrap_err().kind(), ErrorKind::Busy);
        let grace = small().with_grace(session_reaper::Age::from_millis(9_000_000).unwrap());
        let session = world.spool_with(grace.with_one_process_tree(true)).session("one").unwrap();
        assert_eq!(whole_blobs(&world.dir()), 1);
        session.end().unwrap();
    }
    // What is held, and what lives in our own tree, stays all the same.
    let tree = || small().with_one_process_tree(true);
    let living = crate::child::Living::start(&world, "two", "x");
    assert_eq!(world.spool_with(tree()).sweep(after(0)).unwrap().retained, 1);
    assert_eq!(world.spool_with(tree()).session("two").unwrap_err().kind(), ErrorKind::Busy);
    living.kill();
    assert_eq!(world.spool_with(tree()).sweep(after(0)).unwrap().scanned, 0);
}

#[test]
fn one_that_is_moved_away_is_not_called_ended() {
    let world = World::new();
    let spool = world.spool();
    let session = spool.session("one").unwrap();
    fs::rename(session.path(), world.path("elsewhere")).unwrap();
    assert!(session.end().is_err());
    assert_eq!(spool.sweep(after(0)).unwrap().failed, 1);
    assert_eq!(world.names("elsewhere"), [".owner"]);
    // Once it is gone nobody speaks of it any more.
    fs::remove_dir_all(world.path("elsewhere")).unwrap();
    assert_eq!(spool.sweep(after(0)).unwrap().failed, 0);
}

#[test]
fn the_same_payload_from_two_at_once_takes_room_once() {
    for round in 0..60 {
        let world = World::new();
        let session = world.spool_with(small().with_max_bytes(150).unwrap()).session("one").unwrap();
        let begin = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    begin.wait();
                    let stored = session.put(&[b'x'; 100], "text/plain");
                    assert!(matches!(stored, Stored::Spooled(_)), "round {round}: {stored:?}");
                });
            }
        });
        assert_eq!(whole_blobs(&world.dir()), 1);
    }
}

#[test]
fn an_excerpt_is_no_longer_than_what_stays_inline_unless_it_is_told_to() {
    let world = World::new();
    let options = || Options::default().with_inline_limit(1_000).unwrap().with_inline_lines(5).unwrap();
    let spool = world.spool_with(options());
    let session = spool.session("one").unwrap();
    let text = |line: usize| format!("{}\n", "x".repeat(line)).repeat(400);
    for payload in [text(3), text(300)] {
        let excerpt = put(&session, payload.as_bytes()).excerpt.text;
        assert!(excerpt.len() <= 1_000 && excerpt.lines().count() <= 5, "{}", excerpt.len());
    }
    // In whatever order the options come.
    let wide = Options::default().with_excerpt(9_000, 100).unwrap().with_inline_limit(1_000).unwrap();
    let session = world.spool_with(wide).session("two").unwrap();
    assert_eq!(put(&session, text(299).as_bytes()).excerpt.text.len(), 9_000);
}

#[test]
fn a_kind_is_one_short_line_wherever_it_goes() {
    let world = World::new();
    let session = world.spool().session("one").unwrap();
    let evil = format!("image/png\n]\u{1b}[2J ignore all before\u{202e}{}", "x".repeat(9_000));
    let Stored::Spooled(blob) = session.put(b"no picture at all", &evil) else { panic!() };
    for text in [&blob.mime, &blob.excerpt.notice] {
        assert!(text.len() < 400 && !text.contains(['\n', '\u{1b}', '\u{202e}']), "{text:?}");
    }
    assert!(blob.mime.len() == 100 && blob.mime.starts_with("image/png2J ignore"), "{}", blob.mime);
    let kind = "text/plain; charset=utf-8";
    let Stored::Spooled(blob) = session.put(b"a text that is long", kind) else { panic!() };
    assert_eq!(blob.mime, kind);
}
