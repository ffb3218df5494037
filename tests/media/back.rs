//! Taking back what the net took: bytes, references and all that was said of them, to where they were and nowhere else.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use session_reaper::{
    ErrorKind, Timestamp,
    artifact::{
        self, Undone,
        media::{self, CleanupPolicy, Kept, Meta, Outcome},
    },
    trash::RunId,
};

use crate::world::{MAX_AGE, World, at, delete, forget, put};

fn dir(world: &World) -> PathBuf {
    world.path("media")
}

fn options() -> artifact::Options {
    artifact::Options::default()
}

/// Sweeps and tells the run.
fn sweep(world: &World, now: Timestamp) -> RunId {
    let report = media::sweep(&world.options(), now, &options());
    assert!(report.swept > 0 && report.error.is_none() && report.can_be_undone, "{report:?}");
    newest(world)
}

fn newest(world: &World) -> RunId {
    media::past(&dir(world)).unwrap().in_trash.pop().unwrap().line.run
}

fn undo(world: &World, run: &RunId, now: Timestamp) -> Undone {
    media::undo(&dir(world), run, now, &options()).unwrap()
}

#[test]
fn i4_bytes_and_references_come_back_as_they_were_and_count_as_new() {
    let world = World::new();
    let store = world.open();
    let meta = Meta {
        filename: "ein \"Bild\".png".to_owned(),
        content_type: "image/png".to_owned(),
        source: "telegram".to_owned(),
        policy: CleanupPolicy::DeleteOnCleanup,
    };
    let media = store.store(&world.media("sub/deep/a"), meta, "turn-1", at(0)).unwrap();
    let twin = put(&store, &media.path, "turn-2");
    let run = sweep(&world, at(MAX_AGE + 1));
    fs::remove_dir_all(world.path("media/sub")).unwrap();
    assert_eq!(store.resolve(media.reference, at(0)).unwrap_err().kind(), ErrorKind::Gone);
    let later = at(2 * MAX_AGE);
    let undone = undo(&world, &run, later);
    assert_eq!((undone.restored, undone.record), (vec!["sub/deep/a".to_owned()], None));
    assert_eq!(fs::read(&media.path).unwrap(), b"12345");
    // Also for the store that was open all the time.
    for store in [&store, &world.open_at(later)] {
        let found = store.resolve(media.reference, later).unwrap();
        assert_eq!((found.meta, found.scope, found.stored), (media.meta.clone(), "turn-1".into(), later));
        assert_eq!(found.kept, None);
        assert_eq!(store.resolve(twin.reference, later).unwrap().scope, "turn-2");
    }
    let line = media::past(&dir(&world)).unwrap().lines.pop().unwrap();
    assert_eq!((line.verb.as_str(), line.restored, line.undoes), ("undo", 1, Some(run.clone())));
    assert_eq!(undo(&world, &run, later), Undone::default());
    let unknown = RunId::new(at(0));
    let gone = media::undo(&dir(&world), &unknown, later, &options()).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Gone);
    // The next sweep does not take it at once, and the one that does puts it into the trash once more.
    let settings = world.options();
    assert_eq!(media::sweep(&settings, at(3 * MAX_AGE), &options()).swept, 0);
    let run = sweep(&world, at(3 * MAX_AGE + 1));
    assert!(!media.path.exists());
    undo(&world, &run, at(3 * MAX_AGE + 1));
    store.release_all("turn-1").unwrap();
    assert!(media.path.exists());
    assert_eq!(store.release_all("turn-2").unwrap().files, 1);
    assert!(!media.path.exists());
}

#[test]
fn i4_references_come_back_whose_files_never_went() {
    let world = World::new();
    let store = world.open();
    let forgotten = store.store(&world.media("forgotten"), forget(), "s", at(0)).unwrap();
    let outside = put(&store, &world.write("out/x", "precious"), "s");
    let shared = put(&store, &world.media("shared"), "old");
    let young = store.store(&shared.path, delete(), "young", at(MAX_AGE)).unwrap();
    let run = sweep(&world, at(MAX_AGE + 1));
    assert_eq!(store.references().unwrap(), 1);
    let undone = undo(&world, &run, at(MAX_AGE + 1));
    assert_eq!((undone.restored.len(), undone.held_up.len(), undone.failed.len()), (3, 0, 0), "{undone:?}");
    for media in [&forgotten, &outside, &shared, &young] {
        let found = store.resolve(media.reference, at(MAX_AGE + 1)).unwrap();
        assert_eq!((found.path.exists(), found.kept), (true, media.kept));
    }
    assert_eq!(outside.kept, Some(Kept::Outside));
    // What stays when it is let go stays after that as well.
    store.release_all("s").unwrap();
    assert!(forgotten.path.exists() && outside.path.exists());
    store.release_all("old").unwrap();
    store.release_all("young").unwrap();
    assert!(!shared.path.exists());
}

#[test]
fn i4_files_that_no_reference_named_come_back_and_have_their_grace_again() {
    let world = World::new();
    drop(world.open());
    let stray = world.media("sub/stray");
    let run = sweep(&world, at(0));
    assert!(!stray.exists());
    let undone = undo(&world, &run, session_reaper::now());
    assert_eq!(undone.restored, ["sub/stray"]);
    assert_eq!(fs::read(&stray).unwrap(), b"12345");
    assert_eq!(media::sweep(&world.options(), session_reaper::now(), &options()).swept, 0);
    assert!(stray.exists());
}

#[test]
fn i1_nothing_comes_back_over_something_else() {
    let world = World::new();
    let store = world.open();
    let (a, b) = (put(&store, &world.media("a"), "s"), put(&store, &world.media("b"), "s"));
    let run = sweep(&world, at(MAX_AGE + 1));
    fs::write(&a.path, "somebody else's").unwrap();
    let dry = artifact::Options { dry_run: true, ..options() };
    let planned = media::undo(&dir(&world), &run, at(MAX_AGE + 1), &dry).unwrap();
    let undone = undo(&world, &run, at(MAX_AGE + 1));
    assert_eq!((&undone.restored, &undone.held_up), (&vec!["b".to_owned()], &vec!["a".to_owned()]));
    assert_eq!(planned, undone);
    assert_eq!(fs::read(&a.path).unwrap(), b"somebody else's");
    assert!(store.resolve(a.reference, at(0)).is_err() && store.resolve(b.reference, at(0)).is_ok());
    // What is held up is still there to come back.
    fs::remove_file(&a.path).unwrap();
    assert_eq!(undo(&world, &run, at(MAX_AGE + 1)).restored, ["a"]);
    assert!(store.resolve(a.reference, at(0)).is_ok());
}

#[test]
fn a_reference_does_not_come_back_to_another_file() {
    let world = World::new();
    let store = world.open();
    let media = store.store(&world.media("a"), forget(), "s", at(0)).unwrap();
    let run = sweep(&world, at(MAX_AGE + 1));
    fs::rename(world.media("other"), &media.path).unwrap();
    let undone = undo(&world, &run, at(MAX_AGE + 1));
    assert_eq!((undone.restored.len(), undone.held_up), (0, vec!["a".to_owned()]));
    assert_eq!(store.references().unwrap(), 0);
}

#[test]
fn nor_to_another_file_elsewhere() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.write("out/x", "precious"), "s");
    let run = sweep(&world, at(MAX_AGE + 1));
    fs::rename(world.write("out/y", "another"), &media.path).unwrap();
    let undone = undo(&world, &run, at(MAX_AGE + 1));
    assert_eq!((undone.restored.len(), undone.held_up.len()), (0, 1), "{undone:?}");
    assert_eq!(store.references().unwrap(), 0);
}

/// The list of the only run in the trash.
fn list(world: &World) -> PathBuf {
    let trash = world.path("media/.session-reaper/trash");
    let bundle = fs::read_dir(trash).unwrap().next().unwrap().unwrap().path();
    bundle.join("things.jsonl")
}

#[test]
fn i10_a_list_that_somebody_has_changed_leads_nowhere() {
    for bad in ["../a", "/tmp/a", ".session-reaper/a", "sub/../../a", ""] {
        let world = World::new();
        put(&world.open(), &world.media("a"), "s");
        let run = sweep(&world, at(MAX_AGE + 1));
        let text = fs::read_to_string(list(&world)).unwrap();
        fs::write(list(&world), text.replace("\"path\":\"a\"", &format!("\"path\":{bad:?}"))).unwrap();
        let undone = undo(&world, &run, at(MAX_AGE + 1));
        assert_eq!((undone.restored.len(), undone.failed.len()), (0, 1), "{bad:?}: {undone:?}");
        assert!(!world.path("a").exists() && !Path::new("/tmp/a").exists());
        assert_eq!(world.open().references().unwrap(), 0);
    }
}

#[test]
fn i10_a_link_that_took_the_place_of_a_folder_is_not_followed() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("sub/a"), "s");
    let run = sweep(&world, at(MAX_AGE + 1));
    fs::remove_dir(world.path("media/sub")).unwrap();
    fs::create_dir(world.path("out")).unwrap();
    symlink(world.path("out"), world.path("media/sub")).unwrap();
    let undone = undo(&world, &run, at(MAX_AGE + 1));
    assert_eq!((undone.restored.len(), undone.failed.len()), (0, 1), "{undone:?}");
    assert_eq!(fs::read_dir(world.path("out")).unwrap().count(), 0);
    assert_eq!(store.references().unwrap(), 0);
    fs::remove_file(world.path("media/sub")).unwrap();
    assert_eq!(undo(&world, &run, at(MAX_AGE + 1)).restored, ["sub/a"]);
    assert!(store.resolve(media.reference, at(0)).is_ok());
}

#[test]
fn i10_what_took_a_files_place_is_neither_taken_nor_followed() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let precious = world.write("precious", "x");
    fs::remove_file(&media.path).unwrap();
    symlink(&precious, &media.path).unwrap();
    let report = media::sweep(&world.options(), at(MAX_AGE + 1), &options());
    assert_eq!((report.swept, report.skipped), (0, 2), "{report:?}");
    assert_eq!(report.kept_by["replaced"], 1);
    assert!(precious.exists() && fs::symlink_metadata(&media.path).is_ok());
    assert_eq!(store.references().unwrap(), 0);
}

#[test]
fn i4_what_the_thread_of_a_store_took_comes_back_as_well() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    undo(&world, &newest(&world), at(MAX_AGE + 1));
    assert!(media.path.exists() && store.resolve(media.reference, at(MAX_AGE + 1)).is_ok());
    let line = media::past(&dir(&world)).unwrap().lines.remove(0);
    assert_eq!((line.verb.as_str(), line.pruned), ("clean", 1));
}

/// A process that is killed between the two steps of a move back leaves a file with both names.
#[test]
fn i4_a_file_that_has_its_old_name_again_and_the_one_in_the_trash_is_back() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let run = sweep(&world, at(MAX_AGE + 1));
    let number = list(&world).with_file_name("0");
    fs::hard_link(&number, &media.path).unwrap();
    let dry = artifact::Options { dry_run: true, ..options() };
    let planned = media::undo(&dir(&world), &run, at(MAX_AGE + 1), &dry).unwrap();
    let undone = undo(&world, &run, at(MAX_AGE + 1));
    assert_eq!((&undone.restored, &planned), (&vec!["a".to_owned()], &undone));
    assert!(!number.exists() && store.resolve(media.reference, at(MAX_AGE + 1)).is_ok());
    store.release(media.reference).unwrap();
    assert!(!media.path.exists());
}

#[test]
fn an_undo_that_is_told_to_stop_leaves_the_rest_in_the_trash() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let run = sweep(&world, at(MAX_AGE + 1));
    let stopped = options();
    stopped.stop.asked().store(15, std::sync::atomic::Ordering::SeqCst);
    let undone = media::undo(&dir(&world), &run, at(MAX_AGE + 1), &stopped).unwrap();
    assert_eq!((undone.restored.len(), undone.failed.len()), (0, 1), "{undone:?}");
    assert!(undone.failed[0].1.contains("asked to stop") && store.references().unwrap() == 0);
    assert_eq!(undo(&world, &run, at(MAX_AGE + 1)).restored, ["a"]);
    assert!(store.resolve(media.reference, at(MAX_AGE + 1)).is_ok());
}

#[test]
fn i1_where_no_births_are_told_a_file_that_came_back_is_known_by_what_happened_to_it() {
    let disk = crate::memory::disk().without_births();
    let store = crate::memory::open(&disk, crate::memory::at(0)).unwrap();
    let path = crate::memory::path("a");
    disk.put(&path, b"12345");
    let media = store.store(&path, delete(), "s", crate::memory::at(0)).unwrap();
    let twin = store.store(&path, delete(), "t", crate::memory::at(0)).unwrap();
    let options = artifact::Options { allow_clock_jump: true, ..options() };
    let later = crate::memory::at(MAX_AGE + 1);
    let settings = media::Options::new("/base/media").unwrap();
    assert!(media::sweep_on(&disk, &settings, later, &options).error.is_none());
    assert!(disk.get(&path).is_none());
    let names = disk.names(&crate::memory::path(".session-reaper/trash"));
    let run: RunId = names[0].split('.').next().unwrap().parse().unwrap();
    assert_eq!(media::undo_on(&disk, settings.dir(), &run, later, &options).unwrap().restored, ["a"]);
    let ledger = String::from_utf8(disk.get(Path::new(crate::memory::LEDGER)).unwrap()).unwrap();
    let last = ledger.lines().rfind(|line| line.contains("\"op\":\"store\"")).unwrap();
    assert!(last.contains("\"since\":"), "{last}");
    for reference in [media.reference, twin.reference] {
        assert!(disk.get(&path).is_some() && store.resolve(reference, later).is_ok());
        store.release(reference).unwrap();
    }
    assert!(disk.get(&path).is_none());
}
