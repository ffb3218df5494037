//! Class 6: what was being done when the machine stopped is neither forgotten nor half done. Here the process is killed
//! at each call that changes what a folder or a file holds for good; tests/crash kills it at every call there is, and
//! tests/power takes the machine's power.

use std::{fs, process::Output};

use crate::world::{Entry, HOUR, NOW, Ran, STORE, World, run_key, store_of};

/// The calls between which files change.
const CALLS: [&str; 6] = ["fsync", "fdatasync", "rename", "renameat2", "linkat", "unlinkat"];

/// Nobody has more of one call than this.
const MOST: usize = 60;

fn old() -> String {
    store_of(&[25 * HOUR, HOUR, 30 * HOUR])
}

fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

/// A sweep that is killed at the `number`-th call of this name.
fn killed_at(world: &World, name: &str, number: usize) -> std::io::Result<Output> {
    let sweep = world.command(&format!("prune -y {STORE}"));
    let inject = format!("inject={name}:signal=KILL:when={number}");
    let mut strace = std::process::Command::new("strace");
    strace
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &inject, "--"])
        .arg(sweep.get_program())
        .args(sweep.get_args());
    strace.current_dir(world.path("")).env("HOME", world.path("")).output()
}

/// After any kill: the store is old or new; the next sweep makes it new, the history has one run, and its undo brings the
/// old bytes back. So no row is gone that the trash does not have, and no run happened that the journal does not tell.
fn must_be_whole(world: &World, new: &str, what: &str) -> bool {
    let found = world.read(STORE);
    assert!(found == old() || found == new, "{what}: torn: {found}");
    world.run(&format!("prune -y {STORE}")).expect(0);
    assert_eq!(world.read(STORE), new, "{what}");
    let runs = world.history();
    assert_eq!(runs.len(), 1, "{what}: {runs:#?}");
    assert_eq!((&runs[0]["pruned"], &runs[0]["state"]), (&2.into(), &"in-trash".into()), "{what}");
    world.run(&format!("undo --store {STORE}")).expect(0);
    assert_eq!(world.read(STORE), old(), "{what}");
    assert!(!world.path("sessions.json.lock").exists(), "{what}: its lock stays");
    let is_on_its_way =
        |entry: &Entry| entry.0.extension().is_some_and(|ending| ending == "tmp" || ending == "swap");
    let left: Vec<Entry> = world.listing().into_iter().filter(is_on_its_way).collect();
    assert!(left.is_empty(), "{what}: {left:#?}");
    found == new
}

#[test]
fn class_06_killed_between_files_nothing_is_torn_and_no_run_is_forgotten() {
    let world = World::with(&old());
    world.run(&format!("prune -y {STORE}")).expect(0);
    let new = world.read(STORE);
    let (mut before, mut after) = (0, 0);
    for name in CALLS {
        for number in 1..MOST {
            let world = World::with(&old());
            let output = match killed_at(&world, name, number) {
                Err(error) => return skip(&format!("strace: {error}; tests/setup.sh installs it")),
                Ok(output) => Ran {
                    code: output.status.code().unwrap_or(-9),
                    out: String::new(),
                    err: String::from_utf8_lossy(&output.stderr).into_owned(),
                },
            };
            if output.err.contains("ptrace") {
                return skip(&output.err);
            }
            if output.code == 0 {
                break;
            }
            let is_new = must_be_whole(&world, &new, &format!("killed at {name} #{number}"));
            *(if is_new { &mut after } else { &mut before }) += 1;
        }
    }
    eprintln!(
        "class 6: killed between files {} times, {before} before the swap and {after} after it",
        before + after
    );
    assert!(before >= 5 && after >= 3, "{before} and {after}: the rig looks at something else");
}

/// Half a line at the end of the journal is a line that could not be written, and no reason to forget the others, or the
/// rows of that run: its bundle knows them.
#[test]
fn class_06_a_torn_journal_loses_no_run() {
    let world = World::with(&old());
    world.run(&format!("prune -y {STORE}")).expect(0);
    let first = world.read(STORE);
    world.replace(
        &first
            .replace("\n}", &format!(",\n  \"{}\": {{\"updatedAt\": {}}}\n}}", run_key(9), NOW - 40 * HOUR)),
    );
    let second = world.read(STORE);
    world.run(&format!("prune -y {STORE}")).expect(0);
    let runs = world.history();
    let run = runs[0]["run"].as_str().unwrap().to_owned();
    let journal = world.read(".session-reaper/journal.jsonl");
    fs::write(world.path(".session-reaper/journal.jsonl"), &journal.as_bytes()[..journal.len() - 30])
        .unwrap();
    let ran = world.run(&format!("history --store {STORE}")).expect(0);
    assert!(ran.err.contains("1 line of the journal") && ran.err.contains("cannot be read"), "{ran:#?}");
    assert!(
        ran.out.contains(runs[1]["run"].as_str().unwrap()),
        "the run before it is not forgotten: {ran:#?}"
    );
    world.run(&format!("undo --store {STORE} {run}")).expect(0);
    assert_eq!(world.read(STORE), second, "the run whose line is torn can be taken back");
    assert_eq!(
        world.history().len(),
        3,
        "the undo stands on a line of its own, and the torn one is known by its bundle"
    );
}

/// Ghosts: a trash without its store changes nothing, and a store without its trash says what cannot be done.
#[test]
fn class_06_either_half_without_the_other_is_told() {
    let world = World::with(&old());
    world.run(&format!("prune -y {STORE}")).expect(0);
    let new = world.read(STORE);
    fs::remove_dir_all(world.path(".session-reaper/trash")).unwrap();
    let ran = world.run(&format!("undo --store {STORE}"));
    assert!(ran.code != 0 && ran.err.contains("nothing was removed"), "{ran:#?}");
    assert_eq!(world.read(STORE), new);
    assert_eq!(world.history()[0]["state"], "purged");
}
