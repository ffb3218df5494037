//! Folders that become links while a group is removed: nothing outside of the group is ever touched.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, Instant},
};

use session_reaper::{
    Age,
    artifact::{
        Options,
        workspaces::{Settings, Shape, remove_group, sweep},
    },
};

use crate::{jobs::now, swap::while_swapping, world::World};

/// What a swapper exchanges for a link to its twin outside: the folder that groups are in, the main folder, one in its midst,
/// one at its end, a file, and a token.
const LEVELS: [&str; 7] =
    ["base", "base/w", "base/w/src", "base/w/src/deep", DEEP, "base/w/src/deep/main.rs", "base/w.cred.sh"];

/// Where folders are brought up.
const DEEP: &str = concat!(
    "base/w/",
    "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/",
    "33/34/35/36/37/38/39/40/41/42/43/44/45/46/47/48/49/50/51/52/53/54/55/56/57/58/59/60/61/62/63"
);

/// A twin of all that could be lost, outside.
fn twin(world: &World) {
    for name in [
        "w/src/deep/main.rs",
        "w/notes",
        "w.cred.sh",
        "w-artifacts/summary.md",
        "src/deep/main.rs",
        "deep/main.rs",
        "main.rs",
    ] {
        world.write(&format!("outside/{name}"), "precious");
    }
}

/// How many files there are below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// What came of removals beside a swapper.
#[derive(Debug, Default)]
struct Count {
    swaps: u64,
    complete: u64,
    lost: usize,
}

/// Removals of a whole group, each beside a swapper who is at work by then, for two seconds, and on a busy machine until
/// they have shown something.
fn race(level: &str, remove: impl Fn(&World) -> bool, shows: impl Fn(&Count) -> bool) -> Count {
    let (mut count, begun) = (Count::default(), Instant::now());
    while begun.elapsed() < Duration::from_secs(if shows(&count) { 2 } else { 60 }) {
        let world = World::new();
        for number in 0..50 {
            world.write(&format!("base/w/src/deep/{number}"), "x");
        }
        for number in 0..5 {
            world.write(&format!("{DEEP}/{number}/file"), "x");
        }
        twin(&world);
        let expected = files(&world.path("outside"));
        let link = world.path("link");
        symlink(world.path("outside"), &link).unwrap();
        let (is_complete, swaps) =
            while_swapping((&world.path(level), &link), Duration::ZERO, || remove(&world));
        count.complete += u64::from(is_complete);
        count.swaps += swaps;
        count.lost += expected - files(&world.path("outside"));
    }
    count
}

/// Whether something of the group is still there, whatever it is by now.
fn is_there(world: &World) -> bool {
    ["w", "w.cred.sh", "w-artifacts"].iter().any(|name| {
        let path = world.path("base").join(name);
        path.symlink_metadata().is_ok()
    })
}

#[test]
fn i10_nothing_outside_of_a_group_goes_whoever_swaps_its_folders_for_links() {
    for level in LEVELS {
        let remove = |world: &World| {
            let removal = remove_group(&world.path("base/w"), &Shape::default());
            let is_complete = removal.is_ok_and(|removal| removal.is_complete());
            // What is swapped itself may come back after the look.
            let is_within = level.starts_with("base/w/");
            assert!(!(is_complete && is_within && is_there(world)), "{level}: said to be gone");
            is_complete
        };
        // Where the folder that groups are in is swapped, there may be no group at the moment.
        let shows = |count: &Count| count.swaps > 100 && (count.complete > 0 || level == "base");
        let count = race(level, remove, shows);
        let (depth, Count { swaps, complete, .. }) = (level.matches('/').count(), &count);
        eprintln!("{depth} levels deep: {swaps} swaps, {complete} groups gone: 0 lost outside");
        assert!(count.lost == 0 && shows(&count), "{level}: {count:?}");
    }
}

/// At the root, in the midst and at the end; into the trash and for ever.
#[test]
fn i10_a_sweep_takes_nothing_from_outside_whoever_swaps_folders_for_links() {
    let settings = Settings::new(vec!["w".parse().unwrap()]);
    // By then all of it is old.
    let later = now().plus(Age::from_hours(48));
    for (level, trash) in
        LEVELS.into_iter().filter(|level| *level != DEEP).zip([true, false].into_iter().cycle())
    {
        let remove = |world: &World| {
            let options = Options { trash, ..Options::default() };
            let report = sweep(&world.path("base"), &settings, later, &options);
            assert_eq!(report.scanned, report.swept + report.retained + report.skipped + report.failed);
            report.swept > 0
        };
        let shows = |count: &Count| count.swaps > 100 && (count.complete > 0 || level == "base");
        let count = race(level, remove, shows);
        eprintln!(
            "sweep, swapped at {level}: {} swaps, {} groups gone: 0 lost outside",
            count.swaps, count.complete
        );
        assert!(count.lost == 0 && shows(&count), "{level}: {count:?}");
    }
}

/// A link may come to stand anywhere on the way to the folder that is swept.
#[test]
fn i10_a_sweep_is_not_led_astray_by_a_link_in_the_middle_of_its_path() {
    let settings = Settings::new(vec!["src".parse().unwrap()]);
    let later = now().plus(Age::from_hours(48));
    let remove = |world: &World| {
        let options = Options { trash: false, ..Options::default() };
        sweep(&world.path("base/w"), &settings, later, &options).swept > 0
    };
    let count = race("base", remove, |count| count.swaps > 100 && count.complete > 0);
    eprintln!(
        "sweep behind a swapped folder: {} swaps, {} groups gone: 0 lost outside",
        count.swaps, count.complete
    );
    assert!(count.lost == 0 && count.swaps > 100 && count.complete > 0, "{count:?}");
}

/// The rig would see it: who looks first and then follows paths is led outside.
#[test]
fn who_follows_paths_is_led_outside() {
    fn remove(path: &Path) {
        for name in fs::read_dir(path).into_iter().flatten().flatten() {
            let path = name.path();
            let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
            if is_folder { remove(&path) } else { drop(fs::remove_file(&path)) }
        }
        drop(fs::remove_dir(path));
    }
    let naive = |world: &World| {
        remove(&world.path("base/w"));
        !world.path("base/w").exists()
    };
    let count = race("base/w/src", naive, |count| count.lost > 0);
    assert!(count.lost > 0, "{count:?}");
}
