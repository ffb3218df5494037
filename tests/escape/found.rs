//! A store that was found, and is led away before it is used: the same, without a race.

use std::{fs, os::unix::fs::symlink, time::Duration};

use session_reaper::{
    ErrorKind, FileStore,
    lock::Stop,
    model::Timestamp,
    policy::{Detail, Policy},
    store::{Request, Store},
};

use crate::world::{LEVELS, World, said};

/// Exchanges a folder for a link to its twin, for good.
fn lead_away(world: &World, level: &str) {
    let folder = world.path("state").join(level);
    fs::rename(&folder, world.path("aside/was")).unwrap();
    symlink(world.path("twin").join(level), folder).unwrap();
}

#[test]
fn i10_what_was_found_below_a_folder_is_refused_once_its_path_leads_elsewhere() {
    let policy = Policy::default();
    let now = Timestamp::from_millis(1_795_248_000_000);
    for level in &LEVELS[..3] {
        let world = World::new();
        let root = fs::canonicalize(world.path("state")).unwrap();
        let found = FileStore::new(world.store()).contained_in(&root);
        let named = FileStore::new(world.store());
        let request = || Request { policy: &policy, now, detail: Detail::Counts, digest: false };
        found.plan(&request()).unwrap();
        drop(found.lock(Duration::ZERO, &Stop::default()).unwrap());
        lead_away(&world, level);
        let errors = [
            found.plan(&request()).unwrap_err(),
            found.lock(Duration::ZERO, &Stop::default()).unwrap_err(),
            found.admit(true).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert!(error.message().contains("leads out of the folder"), "{error}");
        }
        assert_eq!(world.escapes(), Vec::<std::path::PathBuf>::new(), "{level}");
        // Whoever names a store is taken at his word.
        named.plan(&request()).unwrap();
        assert_eq!(named.root(), None);
    }
}

#[test]
fn i10_by_a_root_that_is_no_real_path_nothing_is_in_it() {
    let world = World::new();
    symlink(world.path("state"), world.path("link")).unwrap();
    for root in [world.path("link"), "state".into()] {
        let store = FileStore::new(world.store()).contained_in(root);
        let error = store.lock(Duration::ZERO, &Stop::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
    }
}

#[test]
fn our_own_folder_that_is_a_link_is_not_followed() {
    let world = World::new();
    lead_away(&world, LEVELS[3]);
    let output = world.run(&["prune", "--yes", "state"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(world.escapes(), Vec::<std::path::PathBuf>::new());
}

/// What has a second name is somebody else's file, for all we know.
#[test]
fn i10_a_file_of_ours_that_is_somebody_elses_too_is_not_written() {
    for name in ["journal.jsonl", "sessions.json.lock", "turn"] {
        let world = World::new();
        let victim = world.path("victim");
        fs::write(&victim, "half a line").unwrap();
        let ours = world.path("state").join(LEVELS[3]).join(name);
        fs::remove_file(&ours).unwrap();
        fs::hard_link(&victim, &ours).unwrap();
        let output = world.run(&["prune", "--yes", "state"]);
        assert_eq!(output.status.code().map(|code| code == 0), Some(false), "{name}: {}", said(&output));
        assert!(said(&output).contains("a single name"), "{name}: {}", said(&output));
        assert!(!world.is_swept(), "{name}: {}", said(&output));
        assert_eq!(fs::read_to_string(&victim).unwrap(), "half a line", "{name}");
    }
}
