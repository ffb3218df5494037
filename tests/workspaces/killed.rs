//! A removal that is killed at each of its system calls, or has each of them fail.
//!
//! However far it came: no token outlives what it was for, nothing else is touched, no success is claimed while something is
//! left, and the next call finishes it.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Output},
};

use crate::world::World;

/// A system call, and which of its kind.
pub(crate) type Point = (String, u32);

/// Runs a command under strace; `None` where that cannot be done, which CI must be able to.
pub(crate) fn strace(options: &[&str], command: &[&str]) -> Option<Output> {
    let run = |options: &[&str], command: &[&str]| {
        Command::new("strace").args(options).arg("--").args(command).env_remove("LD_LIBRARY_PATH").output()
    };
    let works = run(&["-qq", "-o", "/dev/null"], &["true"]).is_ok_and(|output| output.status.success());
    if !works {
        assert!(std::env::var_os("CI").is_none(), "CI must run this, with strace");
        eprintln!("SKIPPED: strace is not there, or may not trace; tests/setup.sh installs it");
        return None;
    }
    Some(run(options, command).unwrap())
}

/// Each system call of a command, which is run for it.
pub(crate) fn points(world: &World, command: &[&str]) -> Option<Vec<Point>> {
    let trace = world.path("trace");
    let output = strace(&["-qq", "-o", trace.to_str().unwrap()], command)?;
    assert!(output.status.success(), "{output:?}");
    let mut counts = BTreeMap::new();
    let text = fs::read_to_string(trace).unwrap();
    let names = text.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name);
    let points = names.filter(|name| !["execve", "exit_group"].contains(name)).map(|name| {
        let count: &mut u32 = counts.entry(name.to_owned()).or_default();
        *count += 1;
        (name.to_owned(), *count)
    });
    Some(points.collect())
}

pub(crate) fn inject((name, count): &Point, what: &str) -> String {
    format!("inject={name}:{what}:when={count}")
}

fn ours(world: &World) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_session-reaper").to_owned();
    vec![program, "group".to_owned(), "remove".to_owned(), world.path("base/w").display().to_string()]
}

pub(crate) fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// How many files are in the group beside its token, and whether that is there.
fn left(world: &World) -> (usize, bool) {
    let files = ["base/w/src/deep/main.rs", "base/w/notes", "base/w-artifacts/summary.md"];
    (files.iter().filter(|file| world.path(file).exists()).count(), world.path("base/w.cred.sh").exists())
}

fn with_neighbour() -> World {
    let world = World::new();
    world.write("base/w2/file", "another job's");
    world.write("base/w2.cred.sh", "another token");
    world.write("base/w.owner", "");
    world
}

fn finish(world: &World) {
    let command = ours(world);
    let output = Command::new(&command[0]).args(&command[1..]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(world.names("base"), ["w2", "w2.cred.sh"]);
    assert_eq!(fs::read_to_string(world.path("base/w2/file")).unwrap(), "another job's");
}

#[test]
fn i6_killed_at_any_system_call_it_leaves_no_token_behind_a_folder_and_can_be_finished() {
    let world = with_neighbour();
    let Some(points) = points(&world, &words(&ours(&world))) else { return };
    let (mut untouched, mut marks, mut missed) = (0, 0, 0);
    for point in &points {
        let world = with_neighbour();
        let kill = inject(point, "signal=KILL");
        let ran = strace(&["-qq", "-o", "/dev/null", "-e", &kill], &words(&ours(&world))).unwrap();
        // It came to its end, and the call never did.
        missed += usize::from(ran.status.success());
        let (files, token) = left(&world);
        assert!(!token || files == 3, "{point:?}: the token is there, and {files} of 3 files");
        // Its mark goes last: whoever asks whether somebody works there is told so until nothing is left.
        let mark = world.path("base/w.owner").exists();
        let is_empty =
            ["w", "w.cred.sh", "w-artifacts"].iter().all(|name| !world.path("base").join(name).exists());
        assert!(mark || is_empty, "{point:?}: the mark is gone before the rest");
        marks += usize::from(mark && is_empty);
        untouched += usize::from(token);
        finish(&world);
    }
    let kills = points.len() - missed;
    eprintln!(
        "{kills} kills, {missed} calls missed, {untouched} of them before anything was removed: 0 wrong"
    );
    assert!(missed * 20 <= kills, "{missed}");
    assert!(points.len() > 60 && untouched > 10 && points.len() - untouched > 10 && marks > 0);
}

#[test]
fn i6_when_any_system_call_fails_success_is_claimed_only_when_all_is_gone() {
    let world = with_neighbour();
    let Some(points) = points(&world, &words(&ours(&world))) else { return };
    let mut failed = 0;
    for (point, error) in
        points.iter().zip(["EIO", "EACCES", "ENOSPC", "EMFILE", "EROFS", "ENOSYS", "EPERM"].iter().cycle())
    {
        let world = with_neighbour();
        let error = inject(point, &format!("error={error}"));
        let ran = strace(&["-qq", "-o", "/dev/null", "-e", &error], &words(&ours(&world))).unwrap();
        let (files, token) = left(&world);
        let is_gone = world.names("base") == ["w2", "w2.cred.sh"];
        if ran.status.success() {
            assert!(is_gone, "{error}: success, and {files} files and the token ({token}) are left: {ran:?}");
        } else if !is_gone {
            failed += 1;
            let said = String::from_utf8_lossy(&ran.stderr);
            // What the kernel refuses to the process before it is ours to speak is not told by us.
            let is_ours = said.contains("error: cannot ") && said.contains("base/w");
            assert!(is_ours || (files, token) == (3, true), "{error}: {ran:?}");
        }
        finish(&world);
    }
    eprintln!("{} errors, {failed} of them told with something left: 0 wrong", points.len());
    assert!(failed > 10, "{failed}");
}

/// Each member goes for itself, whichever of them cannot.
#[test]
fn i6_what_cannot_go_of_one_member_keeps_no_other() {
    let world = with_neighbour();
    let Some(points) = points(&world, &words(&ours(&world))) else { return };
    let mut left = [0; 4];
    for point in points.iter().filter(|(name, _)| name == "unlinkat") {
        let world = with_neighbour();
        let error = inject(point, "error=EIO");
        let ran = strace(&["-qq", "-o", "/dev/null", "-e", &error], &words(&ours(&world))).unwrap();
        let is_there =
            ["w.cred.sh", "w", "w-artifacts", "w.owner"].map(|name| world.path("base").join(name).exists());
        assert_eq!(is_there.iter().filter(|is_there| **is_there).count(), 1, "{point:?}: {is_there:?}");
        left.iter_mut().zip(is_there).for_each(|(left, is_there)| *left += u32::from(is_there));
        assert_eq!(ran.status.code(), Some(3), "{ran:?}");
    }
    assert!(left.iter().all(|times| *times > 0), "{left:?}");
}

/// The rig would see it: who removes in the order of the names leaves a token without its folder.
#[test]
fn who_removes_the_folder_first_is_caught() {
    let world = World::new();
    let command = |world: &World| {
        let path = |suffix: &str| world.path("base").join(format!("w{suffix}")).display().to_string();
        let paths = ["", "-artifacts", ".cred.sh"].map(path);
        ["rm", "-rf"].map(str::to_owned).into_iter().chain(paths).collect::<Vec<_>>()
    };
    let Some(points) = points(&world, &words(&command(&world))) else { return };
    let caught = points
        .iter()
        .filter(|(name, _)| ["unlinkat", "unlink", "rmdir"].contains(&name.as_str()))
        .any(|point| {
            let world = World::new();
            strace(
                &["-qq", "-o", "/dev/null", "-e", &inject(point, "signal=KILL")],
                &words(&command(&world)),
            );
            let (files, token) = left(&world);
            token && files < 3
        });
    assert!(caught);
}
