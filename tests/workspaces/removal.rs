//! What goes with a group, and what never does.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use session_reaper::{
    ErrorKind,
    artifact::workspaces::{Outcome, Role, Shape, remove_group},
    fs::Freed,
};

use crate::world::{World, outcomes, remove_at};

#[test]
fn the_triple_goes_secrets_first() {
    let world = World::new();
    let removal = world.remove();
    assert!(removal.is_complete());
    assert_eq!(removal.freed(), Freed { files: 4, folders: 4, bytes: 24 });
    assert_eq!(removal.members[0].role, Role::Secret);
    assert_eq!(outcomes(&removal), [&Outcome::Removed; 3]);
    assert_eq!(world.names("base"), [""; 0]);
}

#[test]
fn what_is_absent_is_no_failure() {
    let world = World::new();
    fs::remove_file(world.path("base/w.cred.sh")).unwrap();
    let removal = world.remove();
    assert_eq!(outcomes(&removal), [&Outcome::Absent, &Outcome::Removed, &Outcome::Removed]);
    for path in ["base/w", "base/none", "none/w"] {
        let removal = remove_at(&world.path(path));
        assert!(removal.is_complete(), "{path}");
        assert_eq!(outcomes(&removal), [&Outcome::Absent; 3], "{path}");
    }
}

#[test]
fn a_main_path_that_never_was_leaves_no_token_behind() {
    let world = World::new();
    fs::remove_dir_all(world.path("base/w")).unwrap();
    assert!(world.remove().is_complete());
    assert_eq!(world.names("base"), [""; 0]);
}

#[test]
fn a_slash_at_the_end_takes_the_token_too() {
    let world = World::new();
    let removal = remove_at(&PathBuf::from(format!("{}//", world.path("base/w").display())));
    assert!(removal.is_complete());
    assert_eq!(world.names("base"), [""; 0]);
}

#[test]
fn names_that_only_begin_alike_stay() {
    let world = World::new();
    for other in ["base/w2", "base/w.cred.sh2", "base/w-artifacts-2", "base/w-other"] {
        world.write(other, "");
    }
    assert!(world.remove().is_complete());
    assert_eq!(world.names("base"), ["w-artifacts-2", "w-other", "w.cred.sh2", "w2"]);
}

#[test]
fn i10_links_go_and_what_they_lead_to_stays() {
    let world = World::new();
    let outside = world.write("outside/precious", "kept");
    symlink(world.path("outside"), world.path("base/w/to-folder")).unwrap();
    symlink(&outside, world.path("base/w/src/to-file")).unwrap();
    symlink("nowhere", world.path("base/w/dangling")).unwrap();
    fs::remove_dir_all(world.path("base/w-artifacts")).unwrap();
    symlink(world.path("outside"), world.path("base/w-artifacts")).unwrap();
    assert!(world.remove().is_complete());
    assert_eq!((world.names("base"), world.names("outside")), (Vec::new(), vec!["precious".to_owned()]));
}

#[test]
fn i10_a_main_path_that_is_a_link_or_a_file_is_what_goes() {
    let world = World::new();
    world.write("outside/precious", "kept");
    for other in ["link", "file"] {
        let main = world.path("base").join(other);
        if other == "link" {
            symlink(world.path("outside"), &main).unwrap();
        } else {
            fs::write(&main, "").unwrap();
        }
        assert!(remove_at(&main).is_complete() && !main.is_symlink());
    }
    assert_eq!(world.names("outside"), ["precious"]);
}

#[test]
fn i10_a_link_on_the_way_is_refused_with_the_real_path() {
    let world = World::new();
    symlink("base", world.path("link")).unwrap();
    let error = remove_group(&world.path("link/w"), &Shape::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let hint = format!("name it by its real path: {}", world.path("base/w").display());
    assert_eq!(error.hint(), Some(hint.as_str()));
    assert_eq!(world.names("base"), ["w", "w-artifacts", "w.cred.sh"]);
}

#[test]
fn bytes_of_a_file_with_another_name_are_not_freed() {
    let world = World::new();
    fs::hard_link(world.path("base/w/notes"), world.path("kept")).unwrap();
    assert_eq!(world.remove().freed(), Freed { files: 4, folders: 4, bytes: 19 });
}

#[test]
fn folders_as_deep_as_anybody_can_make_them_go() {
    // Far deeper than a path can be long, or files be open; and right where folders begin to be brought up.
    for depth in [61, 62, 63, 64, 65, 130, 3_000] {
        let world = World::new();
        world.dig("base/w", depth);
        let removal = world.remove();
        assert!(removal.is_complete(), "{depth}: {:?}", outcomes(&removal));
        assert_eq!((removal.freed().files, removal.freed().folders), (5, 4 + depth as u64), "{depth}");
        assert_eq!(world.names("base"), [""; 0]);
    }
}

#[test]
fn a_name_too_long_for_a_sibling_has_none() {
    let world = World::new();
    let long = "w".repeat(250);
    world.write(&format!("base/{long}/file"), "");
    let removal = remove_at(&world.path("base").join(&long));
    assert_eq!(outcomes(&removal), [&Outcome::Absent, &Outcome::Removed, &Outcome::Absent]);
    assert_eq!(world.names("base"), ["w", "w-artifacts", "w.cred.sh"]);
}

#[test]
fn i10_a_link_on_the_way_that_leads_nowhere_is_a_link_and_a_file_has_no_groups() {
    let world = World::new();
    symlink("gone", world.path("link")).unwrap();
    let error = remove_group(&world.path("link/w"), &Shape::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(remove_at(&world.path("base/w/notes/w")).is_complete());
}

/// An agent that is still dying writes on.
#[test]
fn what_is_written_meanwhile_goes_too_or_is_told() {
    let world = World::new();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // It may have lost its folder.
                let _ = fs::write(world.path("base/w/src").join(number.to_string()), "x");
            }
        });
        for _ in 0..50 {
            fs::create_dir_all(world.path("base/w/src")).unwrap();
            let removal = world.remove();
            assert_eq!(removal.is_complete(), !world.path("base/w").exists(), "{:?}", outcomes(&removal));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(world.remove().is_complete());
}

/// `group remove "$BASE/$JOB"` with an empty variable names the folder of all jobs.
#[test]
fn i10_a_folder_that_is_swept_is_no_job() {
    for sign in ["workspaces.lock", "workspaces.state"] {
        let world = World::new();
        world.write(&format!("base/.session-reaper/{sign}"), "");
        let path = PathBuf::from(format!("{}//.", world.path("base").display()));
        let error = remove_group(&path, &Shape::default()).unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Config, "session-reaper sweeps the jobs in that folder"),
            "{sign}"
        );
        let said = error.to_string();
        assert!(
            said.contains("cannot remove the group of") && said.contains(&path.display().to_string()),
            "{said}"
        );
        assert!(error.hint().unwrap().contains("name the main folder of one job"), "{:?}", error.hint());
        assert_eq!(world.names("base"), [".session-reaper", "w", "w-artifacts", "w.cred.sh"]);
    }
    // A link to a folder that is swept is a link.
    let world = World::new();
    world.write("swept/.session-reaper/workspaces.state", "");
    symlink(world.path("swept"), world.path("base/x")).unwrap();
    assert!(remove_at(&world.path("base/x")).is_complete());
    assert_eq!(world.names("swept"), [".session-reaper"]);
}

/// A repository may have files of any name, and a job may keep sessions, media or a spool in its own folder.
#[test]
fn what_a_job_has_in_its_folder_keeps_no_token_of_it() {
    for sign in ["workspaces.lock", "media.ledger", "payloads.marker", "sessions.json.lock", "notes"] {
        let world = World::new();
        world.write(&format!("base/w/.session-reaper/{sign}"), "");
        assert!(world.remove().is_complete(), "{sign}");
        assert_eq!(world.names("base"), Vec::<String>::new(), "{sign}");
    }
}

/// What is named after its results in turn is another job's only where it is not this one's too.
#[test]
fn results_that_are_called_like_others_of_the_same_job_go_with_it() {
    let world = World::new();
    for name in ["w-out/result", "w-out.log", "w.log"] {
        world.write(&format!("base/{name}"), "x");
    }
    let suffixes = ["-artifacts", "-out", ".log", "-out.log"].map(str::to_owned).to_vec();
    let shape = Shape::new(vec![".cred.sh".to_owned()], suffixes).unwrap();
    assert!(remove_group(&world.path("base/w"), &shape).unwrap().is_complete());
    assert_eq!(world.names("base"), Vec::<String>::new());
}

/// The same rule as that of a sweep.
#[test]
fn i1_a_job_that_is_called_like_the_results_of_another_stays() {
    for sign in [".owner", ".cred.sh", "-artifacts"] {
        let world = World::new();
        world.write(&format!("base/w-artifacts{sign}"), "another job's");
        let removal = world.remove();
        assert!(removal.is_complete(), "{sign}");
        assert_eq!(world.names("base"), ["w-artifacts".to_owned(), format!("w-artifacts{sign}")]);
        assert_eq!(fs::read_to_string(world.path("base/w-artifacts/summary.md")).unwrap(), "done");
    }
}
