//! Taking back what a sweep of groups took.

use std::{fs, path::PathBuf};

use session_reaper::{
    Age, ErrorKind, Retention,
    artifact::{
        Options, Report, Undone,
        workspaces::{finish_killed, is_base, past, sweep, undo},
    },
    sweep::RunId,
    trash,
};

use crate::{
    jobs::{age, job, now, options, said, settings, swept, world},
    world::World,
};

fn newest(world: &World) -> RunId {
    past(&world.path("jobs")).unwrap().lines.last().unwrap().run.clone()
}

fn back(world: &World, run: &RunId) -> Undone {
    undo(&world.path("jobs"), run, now(), &Options::default()).unwrap()
}

/// The folder of a run in the trash.
fn bundle(world: &World, run: &RunId) -> PathBuf {
    world.path(&format!("jobs/.session-reaper/trash/{run}.workspaces"))
}

#[test]
fn i4_what_was_swept_comes_back_whole_but_for_secrets_and_counts_as_new() {
    let world = world();
    job(&world, "job-a", 25);
    job(&world, "job-b", 25);
    assert_eq!(swept(&world).swept, 2);
    let undone = back(&world, &newest(&world));
    assert_eq!(undone.restored, ["job-a", "job-a-artifacts", "job-b", "job-b-artifacts"]);
    assert_eq!(fs::read_to_string(world.path("jobs/job-a/src/deep/main.rs")).unwrap(), "1234567890");
    assert!(!world.path("jobs/job-a.cred.sh").exists());
    // Or the next sweep would take it again at once.
    assert_eq!(said(&swept(&world)), [("job-a", "young"), ("job-b", "young")]);
    let past = past(&world.path("jobs")).unwrap();
    let verbs: Vec<_> =
        past.lines.iter().map(|line| (line.verb.as_str(), line.pruned, line.restored)).collect();
    assert_eq!(verbs, [("prune", 2, 0), ("undo", 0, 4)]);
}

/// What is known of it is written last.
#[test]
fn i4_a_folder_whose_first_sweep_was_killed_is_known_again() {
    let world = world();
    job(&world, "job-a", 25);
    assert!(!is_base(&world.path("jobs")));
    swept(&world);
    let (bundle, ours) = (bundle(&world, &newest(&world)), world.path("jobs/.session-reaper"));
    fs::rename(&bundle, bundle.with_extension("workspaces.unfinished")).unwrap();
    fs::remove_file(ours.join("workspaces.state")).unwrap();
    assert!(is_base(&world.path("jobs")));
    fs::remove_file(ours.join("workspaces.lock")).unwrap();
    assert!(is_base(&world.path("jobs")));
    fs::remove_dir_all(ours.join("trash")).unwrap();
    assert!(!is_base(&world.path("jobs")));
}

#[test]
fn what_has_its_place_by_now_is_left_alone() {
    let world = world();
    job(&world, "job-a", 25);
    swept(&world);
    let run = newest(&world);
    world.write("jobs/job-a/new", "new");
    let dry = undo(&world.path("jobs"), &run, now(), &Options { dry_run: true, ..options() }).unwrap();
    let undone = back(&world, &run);
    assert_eq!(
        (&undone.restored[..], &undone.held_up[..]),
        (&["job-a-artifacts".to_owned()][..], &["job-a".to_owned()][..])
    );
    assert_eq!(dry, undone);
    assert_eq!(fs::read_to_string(world.path("jobs/job-a/new")).unwrap(), "new");
    // It is still in the trash, and comes back once there is room.
    fs::remove_dir_all(world.path("jobs/job-a")).unwrap();
    assert_eq!(back(&world, &run).restored, ["job-a"]);
    assert!(world.path("jobs/job-a/src/deep/main.rs").exists());
}

#[test]
fn what_is_not_there_is_said_so() {
    let world = world();
    job(&world, "job-a", 25);
    swept(&world);
    let other = RunId::new(now());
    let error = undo(&world.path("jobs"), &other, now(), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);
    assert!(undo(&world.path("none"), &other, now(), &Options::default()).is_err());
    assert_eq!(past(&world.path("none")).unwrap().lines.len(), 0);
}

/// The list lies in a folder of the user's, who can write there what he likes.
#[test]
fn i10_a_list_that_leads_out_of_the_folder_brings_nothing_there() {
    let world = world();
    job(&world, "job-a", 25);
    swept(&world);
    let run = newest(&world);
    let list = bundle(&world, &run).join("things.jsonl");
    let text = fs::read_to_string(&list).unwrap();
    for name in ["../out", "a/b", "..", ".session-reaper", ""] {
        fs::write(&list, text.replace("\"job-a\",\"of\"", &format!("\"{name}\",\"of\""))).unwrap();
        let undone = back(&world, &run);
        assert_eq!((undone.failed.len(), &*undone.failed[0].0), (1, name));
        assert!(bundle(&world, &run).join("0").exists());
    }
    assert_eq!(world.names(""), ["base", "jobs"]);
}

#[test]
fn i4_a_sweep_that_was_killed_is_finished_and_can_be_taken_back() {
    let world = world();
    job(&world, "job-a", 25);
    swept(&world);
    let run = newest(&world);
    // As it is right after the last thing was moved.
    let name = bundle(&world, &run);
    fs::rename(&name, name.with_extension("workspaces.unfinished")).unwrap();
    fs::remove_file(world.path("jobs/.session-reaper/journal.jsonl")).unwrap();
    let base = world.path("jobs");
    let error = finish_killed(&base, &Options { dry_run: true, ..options() }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    finish_killed(&base, &options()).unwrap();
    let past = past(&base).unwrap();
    assert_eq!(
        (past.lines[0].outcome, past.runs_in_trash().collect::<Vec<_>>()),
        (trash::Outcome::Recovered, vec![&run])
    );
    assert_eq!(back(&world, &run).restored.len(), 2);
}

#[test]
fn one_that_was_killed_before_anything_moved_leaves_nothing() {
    let world = world();
    let unfinished = bundle(&world, &RunId::new(now())).with_extension("workspaces.unfinished");
    fs::create_dir_all(&unfinished).unwrap();
    let half = bundle(&world, &RunId::new(now())).with_extension("workspaces.purged");
    fs::create_dir_all(half.join("0/deep/er")).unwrap();
    assert_eq!(swept(&world).error.map(|error| error.to_string()), None);
    assert_eq!(world.names("jobs/.session-reaper/trash"), [""; 0]);
}

#[test]
fn what_is_old_leaves_the_trash() {
    let world = world();
    let sweep_with = |retention| -> Report {
        sweep(&world.path("jobs"), &settings(), now(), &Options { trash_retention: retention, ..options() })
    };
    let soon = Retention::After(Age::from_millis(1).unwrap());
    for name in ["job-a", "job-b"] {
        job(&world, name, 25);
        assert_eq!(swept(&world).swept, 1);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(world.names("jobs/.session-reaper/trash").len(), 2);
    sweep_with(Retention::Off);
    assert_eq!(world.names("jobs/.session-reaper/trash").len(), 2);
    sweep_with(soon);
    assert_eq!(past(&world.path("jobs")).unwrap().runs_in_trash().count(), 0);
}

#[test]
fn a_folder_that_nobody_may_write_to_is_moved_as_well() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    job(&world, "job-a", 25);
    fs::set_permissions(world.path("jobs/job-a"), fs::Permissions::from_mode(0o500)).unwrap();
    age(&world.path("jobs/job-a"), 25);
    assert_eq!(said(&swept(&world)), [("job-a", "ttl")]);
    assert_eq!(back(&world, &newest(&world)).restored.len(), 2);
}

/// What somebody else holds on to in one bundle keeps neither other bundles nor the folder.
#[test]
fn one_bundle_that_cannot_go_keeps_nothing_else() {
    let world = world();
    job(&world, "job-a", 25);
    swept(&world);
    let run = newest(&world);
    // A file where a folder should be cannot be opened as a bundle, and a list that is none cannot be read.
    let odd = bundle(&world, &RunId::new(now())).with_extension("workspaces.unfinished");
    fs::write(odd, "no folder").unwrap();
    let torn = bundle(&world, &RunId::new(now()));
    fs::create_dir(&torn).unwrap();
    fs::write(torn.join("things.jsonl"), "torn").unwrap();
    job(&world, "job-b", 25);
    assert_eq!(swept(&world).swept, 1);
    assert_eq!(back(&world, &run).restored.len(), 2);
    let past = past(&world.path("jobs")).unwrap();
    assert_eq!((past.on_the_way, past.damaged.len()), (1, 1));
}

/// A line in the journal tells what went, not what was to go.
#[test]
fn i9_a_recovered_run_tells_what_it_took() {
    let world = world();
    for name in ["job-a", "job-b"] {
        job(&world, name, 25);
    }
    swept(&world);
    let run = newest(&world);
    let name = bundle(&world, &run);
    // As if it had been killed between the two.
    for thing in ["2", "3"] {
        fs::rename(
            name.join(thing),
            world.path("jobs").join(format!("job-b{}", if thing == "2" { "" } else { "-artifacts" })),
        )
        .unwrap();
    }
    fs::rename(&name, name.with_extension("workspaces.unfinished")).unwrap();
    fs::remove_file(world.path("jobs/.session-reaper/journal.jsonl")).unwrap();
    finish_killed(&world.path("jobs"), &options()).unwrap();
    let line = &past(&world.path("jobs")).unwrap().lines[0];
    assert_eq!((line.pruned, line.kept, line.scanned), (1, 1, 2));
}

#[test]
fn i6_an_undo_that_cannot_be_written_down_says_that_it_was_done() {
    let world = world();
    job(&world, "job-a", 25);
    swept(&world);
    let run = newest(&world);
    // Root must not write to a file that has another name as well.
    fs::hard_link(world.path("jobs/.session-reaper/journal.jsonl"), world.path("other")).unwrap();
    let error = undo(&world.path("jobs"), &run, now(), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("nothing was removed"), "{error}");
    assert!(!world.path("jobs/job-a").exists(), "{error}");
    fs::remove_file(world.path("other")).unwrap();
    assert_eq!(back(&world, &run).restored.len(), 2);
}
