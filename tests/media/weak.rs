//! The weak points of the store that this one is modelled on: it would fail each of these.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
};

use session_reaper::{
    ErrorKind,
    artifact::media::{CleanupPolicy, Kept, MediaStore, Meta, Outcome},
};

use crate::world::{MAX_AGE, World, at, delete, put};

#[test]
fn i1_a_restart_loses_no_name_and_forgets_no_file() {
    let world = World::new();
    let media = put(&world.open(), &world.media("a"), "s");
    let store = world.open();
    assert_eq!(store.resolve(media.reference, at(0)).unwrap(), media);
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert!(!media.path.exists());
}

#[test]
fn i1_a_reload_opens_a_second_store_and_both_know_the_same() {
    let world = World::new();
    let (old, new) = (world.open(), world.open());
    let [one, two] = [put(&old, &world.media("a"), "s"), put(&new, &world.media("a"), "s")];
    assert!(old.resolve(two.reference, at(0)).is_ok() && new.resolve(one.reference, at(0)).is_ok());
    old.release(one.reference).unwrap();
    assert!(two.path.exists() && new.resolve(one.reference, at(0)).is_err());
    old.release_all("s").unwrap();
    assert!(!two.path.exists() && new.references().unwrap() == 0);
}

#[test]
fn a_scope_that_is_released_is_enough_and_no_age_is_needed() {
    let world = World::new();
    let store = MediaStore::open(world.options().with_max_age("false").unwrap(), at(0)).unwrap();
    let [a, b] = ["a", "b"].map(|name| put(&store, &world.media(name), "turn"));
    let other = put(&store, &world.media("c"), "turn-2");
    // Long after the age that others have, and with no sweep in between.
    let released = store.release_all("turn").unwrap();
    assert_eq!((released.references, released.files, released.bytes_freed), (2, 2, 10));
    assert!(!a.path.exists() && !b.path.exists() && other.path.exists());
    assert_eq!(store.release_all("turn").unwrap().references, 0);
}

#[test]
fn a_handle_that_is_dropped_is_enough_and_one_that_is_kept_is_none() {
    let world = World::new();
    let owned = world.open().store_owned(&world.media("a"), delete(), "s", at(0)).unwrap();
    let path = owned.path().to_owned();
    drop(owned);
    assert!(!path.exists());
    let store = world.open();
    let owned = store.store_owned(&world.media("b"), delete(), "s", at(0)).unwrap();
    let (path, reference) = (owned.path().to_owned(), owned.into_ref());
    assert!(path.exists() && store.resolve(reference, at(0)).is_ok());
    store.store_owned(&path, delete(), "s", at(0)).unwrap().keep();
    assert_eq!(store.references().unwrap(), 2);
}

/// The race between the decision and the removal: what is stored between two sweeps of one path is never lost. `schedules`
/// tries it in earnest.
#[test]
fn i1_a_path_that_is_stored_again_is_a_new_file() {
    let world = World::new();
    let store = world.open();
    for _ in 0..3 {
        let media = put(&store, &world.media("a"), "s");
        let again = put(&store, &media.path, "t");
        store.release_all("s").unwrap();
        assert!(store.resolve(again.reference, at(0)).is_ok());
        store.release_all("t").unwrap();
        assert!(!media.path.exists());
    }
}

#[test]
fn a_file_that_could_not_be_removed_is_tried_again() {
    if rustix::process::geteuid().is_root() {
        return immutable_folder();
    }
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("sub/a"), "s");
    let folder = media.path.parent().unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o500)).unwrap();
    let released = store.release(media.reference).unwrap();
    assert_eq!((released.references, released.waiting), (1, 1));
    let report = store.clean_expired(at(0));
    assert_eq!((report.failed(), report.count(Outcome::NotRemoved)), (1, 1));
    fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(world.open().clean_expired(at(0)).failed(), 0);
    assert!(!media.path.exists());
}

/// Root is stopped by no mode: a folder takes the file's place, and gives it back.
fn immutable_folder() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("sub/a"), "s");
    let (folder, away) = (world.path("media/sub"), world.path("media/away"));
    fs::rename(&folder, &away).unwrap();
    symlink(&away, &folder).unwrap();
    let released = store.release(media.reference).unwrap();
    assert_eq!((released.references, released.waiting), (1, 1));
    assert_eq!(store.clean_expired(at(0)).count(Outcome::NotRemoved), 1);
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    drop(world.open());
    assert!(!media.path.exists());
}

#[test]
fn i1_every_way_to_write_a_path_is_the_same_file() {
    let world = World::new();
    let store = world.open();
    let path = world.media("sub/a");
    symlink(&path, world.path("media/link")).unwrap();
    symlink(world.path("media"), world.path("alias")).unwrap();
    let ways = ["media/sub/a", "media/./sub//a", "media/sub/../sub/a", "media/link", "alias/sub/a"];
    let refs = ways.map(|way| store.store(&world.path(way), delete(), "s", at(0)).unwrap());
    for (number, media) in refs.iter().enumerate() {
        assert_eq!(media.path, path);
        assert!(path.exists(), "{number}");
        store.release(media.reference).unwrap();
    }
    assert!(!path.exists());
    assert!(fs::symlink_metadata(world.path("media/link")).is_ok(), "a link is none of ours");
}

#[test]
fn i1_another_name_of_the_same_file_stays() {
    let world = World::new();
    let store = world.open();
    let path = world.media("a");
    let other = world.path("media/b");
    fs::hard_link(&path, &other).unwrap();
    let [one, two] = [put(&store, &path, "s"), put(&store, &other, "s")];
    let released = store.release(one.reference).unwrap();
    assert_eq!((released.files, released.bytes_freed), (1, 0));
    assert!(!path.exists() && store.resolve(two.reference, at(0)).is_ok());
}

#[test]
fn i5_an_unknown_policy_removes_nothing() {
    let world = World::new();
    let store = world.open();
    let policy = CleanupPolicy::from_word("delete-on-cleanup");
    let media = store.store(&world.media("a"), Meta { policy, ..Meta::default() }, "s", at(0)).unwrap();
    assert_eq!(media.kept, Some(Kept::ForgetOnly));
    store.release_all("s").unwrap();
    assert!(media.path.exists());
}

#[test]
fn i10_registered_is_not_owned() {
    let world = World::new();
    let store = world.open();
    let path = world.write("workspace/report.pdf", "precious");
    let media = put(&store, &path, "s");
    assert_eq!((media.kept, media.meta.policy), (Some(Kept::Outside), CleanupPolicy::DeleteOnCleanup));
    symlink(&path, world.path("media/link")).unwrap();
    let led = put(&store, &world.path("media/link"), "t");
    assert_eq!((led.kept, &led.path), (Some(Kept::Outside), &path));
    store.release_all("s").unwrap();
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Forgotten), 1);
    assert!(path.exists());
}

#[test]
fn i10_a_file_that_took_anothers_place_is_not_removed() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let other = world.media("other");
    fs::rename(&other, &media.path).unwrap();
    assert_eq!(store.release(media.reference).unwrap().kept, 1);
    assert!(media.path.exists());
    // One that was given to us in its place is ours.
    let media = put(&store, &media.path, "s");
    store.release(media.reference).unwrap();
    assert!(!media.path.exists());
}

#[test]
fn i10_a_link_that_took_a_files_place_is_not_followed() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let precious = world.write("precious", "x");
    fs::remove_file(&media.path).unwrap();
    symlink(&precious, &media.path).unwrap();
    assert_eq!(store.resolve(media.reference, at(0)).unwrap_err().kind(), ErrorKind::Missing);
    let report = store.clean_expired(at(MAX_AGE + 1));
    assert_eq!(report.count(Outcome::Removed), 0, "{report}");
    assert!(precious.exists() && fs::symlink_metadata(&media.path).is_ok());
}

#[test]
fn what_a_store_works_with_is_refused_when_it_cannot_be_meant() {
    let world = World::new();
    for bad in ["0", "0m", "-5m", "300000000000000w"] {
        assert_eq!(world.options().with_max_age(bad).unwrap_err().kind(), ErrorKind::Config);
    }
    let file = world.write("file", "x");
    let error =
        MediaStore::open(session_reaper::artifact::media::Options::new(file).unwrap(), at(0)).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn a_store_can_be_moved_with_its_folder() {
    let world = World::new();
    let media = put(&world.open(), &world.media("sub/a"), "s");
    fs::rename(world.path("media"), world.path("moved")).unwrap();
    let options = session_reaper::artifact::media::Options::new(world.path("moved")).unwrap();
    let store = MediaStore::open(options, at(0)).unwrap();
    assert_eq!(store.resolve(media.reference, at(0)).unwrap().path, world.path("moved/sub/a"));
    store.release(media.reference).unwrap();
    assert!(!world.path("moved/sub/a").exists());
}
