//! What the store that this one is modelled on promises, and keeps.

use std::{collections::BTreeSet, sync::Arc, thread};

use session_reaper::{
    ErrorKind,
    artifact::media::{CleanupPolicy, MediaRef, Meta, Outcome},
};

use crate::world::{MAX_AGE, MINUTE, World, at, delete, forget, put};

#[test]
fn what_is_stored_can_be_found_and_every_name_is_new() {
    let (world, paths) = (World::new(), ["a", "b", "a"]);
    let store = world.open();
    let names: BTreeSet<MediaRef> =
        paths.iter().map(|name| put(&store, &world.media(name), "s").reference).collect();
    assert_eq!(names.len(), 3);
    for name in names {
        assert!(store.resolve(name, at(0)).unwrap().path.exists());
    }
}

#[test]
fn what_is_said_of_a_file_comes_back() {
    let world = World::new();
    let store = world.open();
    let meta = Meta {
        filename: "Фото \"1\".png".to_owned(),
        content_type: "image/png".to_owned(),
        source: "tool:mcp:srv:tool".to_owned(),
        policy: CleanupPolicy::DeleteOnCleanup,
    };
    let media = store.store(&world.media("a"), meta.clone(), "scope", at(7)).unwrap();
    let found = world.open().resolve(media.reference, at(8)).unwrap();
    assert_eq!((&found.meta, found.scope.as_str(), found.stored, found.kept), (&meta, "scope", at(7), None));
    assert_eq!(found, media);
}

#[test]
fn what_is_not_there_cannot_be_stored_and_the_system_says_why() {
    let world = World::new();
    let store = world.open();
    let error = store.store(&world.path("media/none"), delete(), "s", at(0)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("media/none") && text.contains("no such file"), "{text}");
    assert_eq!((error.kind(), store.references().unwrap()), (ErrorKind::Missing, 0));
    for folder in ["media/folder", "media", "media/.session-reaper"] {
        std::fs::create_dir_all(world.path(folder)).unwrap();
        let error = store.store(&world.path(folder), delete(), "s", at(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    }
    assert_eq!(store.store(&world.ledger(), delete(), "s", at(0)).unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn an_unknown_name_and_a_file_that_is_gone_are_told_apart() {
    let world = World::new();
    let store = world.open();
    let (kept, gone) = (put(&store, &world.media("a"), "s"), put(&store, &world.media("b"), "s"));
    store.release(kept.reference).unwrap();
    let error = store.resolve(kept.reference, at(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);
    assert!(error.to_string().contains(&kept.reference.to_string()), "{error}");
    std::fs::remove_file(&gone.path).unwrap();
    let error = store.resolve(gone.reference, at(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(error.to_string().contains(&gone.reference.to_string()), "{error}");
}

#[test]
fn a_released_scope_takes_its_files_and_no_others() {
    let world = World::new();
    let store = world.open();
    let [a, b, c] = [("a", "one"), ("b", "one"), ("c", "two")]
        .map(|(name, scope)| put(&store, &world.media(name), scope));
    let released = store.release_all("one").unwrap();
    assert_eq!((released.references, released.files, released.bytes_freed), (2, 2, 10));
    for gone in [a, b] {
        assert!(!gone.path.exists() && store.resolve(gone.reference, at(0)).is_err());
    }
    assert!(c.path.exists() && store.resolve(c.reference, at(0)).is_ok());
    for scope in ["one", "unknown", ""] {
        assert_eq!(store.release_all(scope).unwrap(), session_reaper::artifact::media::Released::default());
    }
}

#[test]
fn a_file_that_is_gone_already_is_no_failure() {
    let world = World::new();
    let store = world.open();
    let [a, b] = ["a", "b"].map(|name| put(&store, &world.media(name), "s"));
    std::fs::remove_file(&a.path).unwrap();
    let released = store.release_all("s").unwrap();
    assert_eq!((released.references, released.files, released.waiting), (2, 1, 0));
    assert!(!b.path.exists() && store.release(b.reference).unwrap().references == 0);
}

#[test]
fn what_is_only_registered_stays_however_it_goes() {
    let world = World::new();
    let store = world.open();
    let [a, b] = ["a", "b"].map(|name| store.store(&world.media(name), forget(), name, at(0)).unwrap());
    assert_eq!(store.release_all("a").unwrap().kept, 1);
    let report = store.clean_expired(at(MAX_AGE + 1));
    assert_eq!((report.swept(), report.count(Outcome::Forgotten)), (1, 1));
    for media in [a, b] {
        assert!(media.path.exists() && store.resolve(media.reference, at(0)).is_err());
    }
}

#[test]
fn i1_a_shared_file_goes_with_the_last_of_its_names() {
    let world = World::new();
    let store = world.open();
    let path = world.media("a");
    let [one, two] = ["one", "two"].map(|scope| put(&store, &path, scope));
    store.release_all("one").unwrap();
    assert!(path.exists() && store.resolve(one.reference, at(0)).is_err());
    assert!(store.resolve(two.reference, at(0)).is_ok());
    store.release_all("two").unwrap();
    assert!(!path.exists());
    // By age as well.
    let path = world.media("b");
    put(&store, &path, "old");
    store.store(&path, delete(), "young", at(MAX_AGE)).unwrap();
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).swept(), 1);
    assert!(path.exists());
    assert_eq!(store.clean_expired(at(2 * MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert!(!path.exists());
}

#[test]
fn i1_where_policies_differ_the_file_stays_whichever_came_first_or_goes_first() {
    for (first, second) in [(forget(), delete()), (delete(), forget())] {
        for order in [[0, 1], [1, 0]] {
            let world = World::new();
            let path = world.media("a");
            let store = world.open();
            let refs = [first.clone(), second.clone()]
                .map(|meta| store.store(&path, meta, "s", at(0)).unwrap().reference);
            store.release(refs[order[0]]).unwrap();
            // A restart in between forgets nothing.
            let store = world.open();
            store.release(refs[order[1]]).unwrap();
            assert!(path.exists());
            // From nobody on it counts anew.
            let media = put(&store, &path, "s");
            assert_eq!(media.kept, None);
            store.release(media.reference).unwrap();
            assert!(!path.exists());
        }
    }
}

#[test]
fn the_old_go_the_young_stay_and_empty_scopes_with_them() {
    let world = World::new();
    let store = world.open();
    let old = put(&store, &world.media("old"), "scope");
    let young = store.store(&world.media("young"), delete(), "scope", at(MINUTE)).unwrap();
    let report = store.clean_expired(at(MAX_AGE + 1));
    assert_eq!((report.swept(), report.retained(), report.bytes_freed), (1, 1, 5));
    assert!(!old.path.exists() && young.path.exists());
    assert_eq!(store.clean_expired(at(MAX_AGE + MINUTE + 1)).swept(), 1);
    assert_eq!(store.release_all("scope").unwrap().references, 0);
    assert_eq!(store.references().unwrap(), 0);
}

#[test]
fn twenty_threads_store_find_and_release() {
    let world = World::new();
    let store = Arc::new(world.open());
    thread::scope(|scope| {
        for thread in 0..20 {
            let (store, world) = (Arc::clone(&store), &world);
            scope.spawn(move || {
                for number in 0..5 {
                    let path = world.media(&format!("{thread}-{number}"));
                    let media = put(&store, &path, &thread.to_string());
                    assert_eq!(store.resolve(media.reference, at(0)).unwrap().path, path);
                }
                let released = store.release_all(&thread.to_string()).unwrap();
                assert_eq!((released.references, released.files), (5, 5));
            });
        }
    });
    assert_eq!(store.references().unwrap(), 0);
}

#[test]
fn i1_what_is_only_registered_is_no_orphan_either_not_even_in_the_stores_own_folder() {
    let world = World::new();
    let store = world.open();
    assert!(world.marker().exists());
    let media = store.store(&world.media("a"), forget(), "s", at(0)).unwrap();
    store.release(media.reference).unwrap();
    // Enough for the ledger to be written anew.
    for _ in 0..700 {
        let other = put(&store, &world.media("b"), "s");
        store.release(other.reference).unwrap();
    }
    assert!(std::fs::read_to_string(world.ledger()).unwrap().lines().count() < 1_500);
    drop(store);
    let store = world.open();
    store.clean_expired(at(100 * MAX_AGE));
    assert!(media.path.exists());
    let again = put(&store, &media.path, "s");
    store.release(again.reference).unwrap();
    assert!(!media.path.exists());
}
