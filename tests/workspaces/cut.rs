//! A sweep, and the taking back of one, killed at each call that changes something on the disk.
//!
//! However far it came: each folder of a dead job stands in its place or in the trash, in one of them and whole; nothing of a
//! living one is touched; the next sweep finishes it, and all that was taken comes back.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    jobs::{age, job, world},
    killed::{Point, inject, points, strace, words},
    world::World,
};

/// The calls that can change something. Between two of them the disk is what it was.
const CHANGES: [&str; 14] = [
    "openat",
    "openat2",
    "mkdirat",
    "renameat",
    "renameat2",
    "linkat",
    "unlinkat",
    "fsync",
    "write",
    "pwrite64",
    "ftruncate",
    "utimensat",
    "fchmod",
    "flock",
];

const DEAD: [&str; 2] = ["job-a", "job-b"];

/// Two dead jobs and a living one.
fn jobs() -> World {
    let world = world();
    for name in DEAD {
        job(&world, name, 25);
    }
    job(&world, "job-live", 1);
    let base = world.path("jobs");
    world.write(
        "config.toml",
        &format!("[workspaces]\nbase = {:?}\nnames = [\"job-*\"]\n", base.to_str().unwrap()),
    );
    world
}

fn command(world: &World, verb: &[&str]) -> Vec<String> {
    let config = world.path("config.toml").display().to_string();
    let program = [env!("CARGO_BIN_EXE_session-reaper"), "-q", "--config", &config];
    program.iter().chain(verb).map(|&word| word.to_owned()).collect()
}

fn run(world: &World, verb: &[&str]) -> bool {
    let command = command(world, verb);
    Command::new(&command[0]).args(&command[1..]).output().unwrap().status.success()
}

fn prune(world: &World) {
    assert!(run(world, &["prune", "--yes"]));
}

/// Every place in which a dead job's file stands.
fn places(world: &World, name: &str, file: &str) -> Vec<PathBuf> {
    let text = format!("{name} {file}");
    let mut folders = vec![world.path("jobs")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).is_ok_and(|is| is == text) {
                found.push(path);
            }
        }
    }
    found
}

/// Files that can be told from one another, whatever they are called by now.
fn sign(world: &World) {
    for name in DEAD.iter().chain(&["job-live"]) {
        for file in ["src/deep/main.rs", "notes"] {
            world.write(&format!("jobs/{name}/{file}"), &format!("{name} {file}"));
        }
    }
    for name in DEAD {
        age(&world.path(&format!("jobs/{name}")), 25);
    }
}

fn check(world: &World, point: &Point) {
    for name in DEAD {
        let at = ["src/deep/main.rs", "notes"].map(|file| places(world, name, file));
        assert!(at.iter().all(|places| places.len() == 1), "{point:?}: {at:?}");
        let root = |path: &PathBuf, depth: usize| path.ancestors().nth(depth).unwrap().to_owned();
        assert_eq!(root(&at[0][0], 3), root(&at[1][0], 1), "{point:?}: one half here and one there");
        // Secrets go first: no token outlives the folder that it was for.
        let (token, folder) = (format!("jobs/{name}.cred.sh"), format!("jobs/{name}/notes"));
        assert!(!world.path(&token).exists() || world.path(&folder).exists(), "{point:?}: {token} is left");
    }
    assert_eq!(places(world, "job-live", "notes").len(), 1, "{point:?}");
    assert!(world.path("jobs/job-live.cred.sh").exists(), "{point:?}");
}

/// Takes back every run that has something in the trash.
fn take_back(world: &World) {
    let past = session_reaper::artifact::workspaces::past(&world.path("jobs")).unwrap();
    assert_eq!(past.on_the_way, 0);
    for name in past.runs_in_trash() {
        let _ = run(world, &["undo", name.as_str()]);
    }
}

fn changing(points: Vec<Point>) -> Vec<Point> {
    points.into_iter().filter(|(name, _)| CHANGES.contains(&name.as_str())).collect()
}

fn killed_at_each_change(verb: &[&str], prepare: impl Fn() -> World, least: usize) {
    let world = prepare();
    let Some(points) = points(&world, &words(&command(&world, verb))) else { return };
    let points = changing(points);
    let mut tokens = 0;
    for point in &points {
        let world = prepare();
        strace(
            &["-qq", "-o", "/dev/null", "-e", &inject(point, "signal=KILL")],
            &words(&command(&world, verb)),
        );
        check(&world, point);
        tokens += DEAD.iter().filter(|name| world.path(&format!("jobs/{name}.cred.sh")).exists()).count();
        prune(&world);
        check(&world, point);
        take_back(&world);
        for name in DEAD {
            assert!(
                world.path(&format!("jobs/{name}/src/deep/main.rs")).exists(),
                "{point:?}: {name} is not back"
            );
        }
    }
    #[expect(clippy::print_stderr, reason = "a rig says what it did")]
    {
        eprintln!("{verb:?}: {} kills, {tokens} tokens not yet gone: 0 wrong", points.len());
    }
    assert!(verb[0] != "prune" || (tokens > 10 && tokens < DEAD.len() * points.len()), "{tokens}");
    assert!(points.len() > least, "{}", points.len());
}

#[test]
fn i3_a_sweep_killed_at_any_change_loses_no_folder_and_can_be_taken_back() {
    let prepare = || {
        let world = jobs();
        sign(&world);
        world
    };
    killed_at_each_change(&["prune", "--yes"], prepare, 30);
}

#[test]
fn i3_an_undo_killed_at_any_change_loses_no_folder() {
    let prepare = || {
        let world = jobs();
        sign(&world);
        prune(&world);
        world
    };
    killed_at_each_change(&["undo"], prepare, 20);
}
