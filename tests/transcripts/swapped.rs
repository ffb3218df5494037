//! A transcript, its folder and the folder of its payloads that become links while it is compacted and taken back: nothing
//! outside is written, and nothing goes there.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, Instant},
};

use session_reaper::artifact::transcripts;

use crate::{
    below::{Tree, all_below},
    swap::while_swapping,
    world::{World, compact, names, options, transcript},
};

/// What came of a race.
#[derive(Debug, Default)]
struct Count {
    swaps: u64,
    done: u64,
    /// In how many rounds something was where it should not be.
    strayed: u64,
}

/// Whoever exchanges a transcript all the time lets nobody compact it, by rights.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(2), Duration::from_millis(60)];

/// `all/here/one.jsonl` is the transcript, and `outside` has the same names.
fn race(
    level: &str,
    live: impl Fn(&World) -> u64,
    strayed: impl Fn(&World, &Tree) -> bool,
    shows: impl Fn(&Count) -> bool,
) -> Count {
    let (mut count, begun, mut pauses) = (Count::default(), Instant::now(), PAUSES.into_iter().cycle());
    while begun.elapsed() < Duration::from_secs(if shows(&count) { 1 } else { 40 }) {
        let (world, pause) = (World::new(""), pauses.next().unwrap());
        for folder in ["all/here", "outside/here"] {
            let folder = world.root.join(folder);
            fs::create_dir_all(folder.join("one.jsonl.payloads")).unwrap();
            fs::write(folder.join("one.jsonl"), transcript()).unwrap();
        }
        let before = all_below(&world.root.join("outside"));
        let (from, link) = (world.root.join("all").join(level), world.root.join("link"));
        symlink(world.root.join("outside").join(level), &link).unwrap();
        let (done, swaps) = while_swapping((&from, &link), pause, || live(&world));
        count.done += done;
        count.swaps += swaps;
        count.strayed += u64::from(strayed(&world, &before));
    }
    count
}

/// Whether something outside is not as it was.
fn is_other(world: &World, before: &Tree) -> bool {
    all_below(&world.root.join("outside")) != *before
}

/// Compactions, and each taken back.
fn there_and_back(world: &World) -> u64 {
    let (mut done, folder, begun) = (0, world.root.join("all/here"), Instant::now());
    while begun.elapsed() < Duration::from_millis(200) {
        done += u64::from(compact(&folder.join("one.jsonl")).is_ok_and(|done| done.run.is_some()));
        let Ok(past) = transcripts::past(&folder) else { continue };
        let runs: Vec<_> = past.runs_in_trash().cloned().collect();
        for run in runs.iter().rev() {
            let _ = transcripts::undo(&folder, run, session_reaper::now(), &options());
        }
    }
    done
}

#[test]
fn i10_a_compaction_touches_nothing_outside_whoever_swaps_what_for_links() {
    for level in ["here/one.jsonl.payloads", "here/one.jsonl"] {
        let shows = |count: &Count| count.swaps > 100 && count.done > 0;
        let count = race(level, there_and_back, is_other, shows);
        eprintln!("{level}: {count:?}");
        assert!(count.strayed == 0 && shows(&count), "{level}: {count:?}");
    }
}

/// A folder is what its name leads to when it is opened: from then on all that is done to a transcript is done in that folder.
#[test]
fn i10_a_compaction_stays_in_one_folder_whoever_swaps_that_for_a_link() {
    let is_torn = |folder: &Path| {
        let text = fs::read_to_string(folder.join("one.jsonl")).unwrap();
        let payloads = names(&folder.join("one.jsonl.payloads"));
        let named = payloads.iter().filter(|name| text.contains(name.as_str())).count();
        text != transcript() && named != 2
    };
    let strayed = |world: &World, _: &Tree| {
        ["all", "outside"].iter().any(|at| is_torn(&world.root.join(at).join("here")))
    };
    let shows = |count: &Count| count.swaps > 100 && count.done > 2;
    let count = race("here", there_and_back, strayed, shows);
    eprintln!("here: {count:?}");
    assert!(count.strayed == 0 && shows(&count), "{count:?}");
}

/// The rig would see it: who looks first and then goes by the path is led outside.
#[test]
fn who_follows_paths_is_led_outside() {
    let naive = |world: &World| {
        let payloads = world.root.join("all/here/one.jsonl.payloads");
        for _ in 0..1_000 {
            let is_real = fs::canonicalize(&payloads).is_ok_and(|real| real == payloads);
            if is_real && fs::write(payloads.join("payload"), "x").is_ok() {
                break;
            }
        }
        0
    };
    let count = race("here/one.jsonl.payloads", naive, is_other, |count| count.strayed > 0);
    assert!(count.strayed > 0, "{count:?}");
}
