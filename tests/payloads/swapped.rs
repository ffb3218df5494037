//! A spool, a session in it and a payload that become links while runtimes work there and the dead are swept: nothing outside of
//! the spool goes, and nothing comes to be there.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, Instant},
};

use session_reaper::{
    artifact::{
        self,
        payloads::{BlobHash, Spool, past, sweep, undo},
    },
    now,
};

use crate::{
    below::all_below,
    dead::{all, kill, payload},
    swap::while_swapping,
    world::{World, small},
};

/// What is exchanged for a link to its twin outside: the spool, a session of a dead process, and a payload of it.
fn levels() -> [String; 3] {
    let blob = BlobHash::of(&payload("one"));
    ["spool".to_owned(), "spool/s-one".to_owned(), format!("spool/s-one/{blob}")]
}

/// What came of a race.
#[derive(Debug, Default)]
struct Count {
    swaps: u64,
    gone: u64,
    /// In how many rounds something outside was not as before.
    strayed: u64,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn race(level: &str, live: impl Fn(&World) -> u64, shows: impl Fn(&Count) -> bool) -> Count {
    let (mut count, begun) = (Count::default(), Instant::now());
    while begun.elapsed() < Duration::from_secs(if shows(&count) { 1 } else { 40 }) {
        let world = World::new();
        kill(&world, &["one", "two"]);
        // The same sessions of the same dead processes: whoever is led there takes them for those of the spool.
        copy(&world.dir(), &world.path("outside/spool"));
        let before = all_below(&world.path("outside"));
        symlink(world.path("outside").join(level), world.path("link")).unwrap();
        let (gone, swaps) =
            while_swapping((&world.path(level), &world.path("link")), Duration::ZERO, || live(&world));
        count.gone += gone;
        count.swaps += swaps;
        count.strayed += u64::from(all_below(&world.path("outside")) != before);
    }
    count
}

/// Sweeps into the trash and back, and a last one for ever.
fn sweeps(world: &World) -> u64 {
    let mut gone = 0;
    for round in 0..8 {
        let options = artifact::Options { trash: round < 7, ..all() };
        gone += sweep(&world.dir(), &small(), now(), &options).swept;
        let runs = past(&world.dir()).map(|past| past.runs_in_trash().cloned().collect::<Vec<_>>());
        for run in runs.unwrap_or_default() {
            let _ = undo(&world.dir(), &run, now(), &all());
        }
    }
    gone
}

/// A runtime that takes up the sessions of the dead, and ends what the dead have left.
fn work(world: &World) -> u64 {
    let mut ended = 0;
    for _ in 0..8 {
        let Ok(spool) = Spool::open(&world.dir(), small(), now()) else { continue };
        let Ok(session) = spool.session("one") else { continue };
        let _ = session.put(&payload("one"), "text/plain");
        let _ = session.put(b"more than ten bytes", "text/plain");
        ended += u64::from(session.end().is_ok());
    }
    ended
}

fn nothing_strays(live: fn(&World) -> u64) {
    for level in levels() {
        let shows = |count: &Count| count.swaps > 100 && count.gone > 0;
        let count = race(&level, live, shows);
        eprintln!("{level}: {count:?}");
        assert!(count.strayed == 0 && shows(&count), "{level}: {count:?}");
    }
}

#[test]
fn i10_a_sweep_takes_nothing_from_outside_whoever_swaps_what_for_links() {
    nothing_strays(sweeps);
}

#[test]
fn i10_a_runtime_touches_nothing_outside_whoever_swaps_what_for_links() {
    nothing_strays(work);
}

/// The rig would see it: who looks first and then goes by the path is led outside.
#[test]
fn who_follows_paths_is_led_outside() {
    let naive = |world: &World| {
        let session = world.path("spool/s-one");
        for _ in 0..1_000 {
            let is_real = fs::canonicalize(&session).is_ok_and(|real| real == session);
            if is_real && fs::write(session.join("new"), "x").is_ok() {
                break;
            }
        }
        0
    };
    let count = race("spool/s-one", naive, |count| count.strayed > 0);
    assert!(count.strayed > 0, "{count:?}");
}
