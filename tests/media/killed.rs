//! A process killed at each of its system calls that can change the disk, and at each of its words: while it opens a store,
//! stores, uses, leases, releases, sweeps and writes the ledger anew; and in the midst of a line that it adds to the ledger.
//!
//! However far it came: each name that it was given is good, nothing goes that it has not let go, what it was told to be gone
//! does not come back, and nothing stays for ever.

use std::{collections::BTreeMap, fs, os::unix::process::ExitStatusExt as _, process::Command};

use crate::{
    child::{BEGIN, DIR, DOES, LIMIT, PART},
    part::{Call, Part, was_killed},
    promised::{Promised, Stage},
    world::{World, put},
};

/// Calls that only look. Who is killed at one of them leaves what he leaves at the next one that does not.
const LOOKS: [&str; 22] = [
    "read",
    "pread64",
    "fstat",
    "newfstatat",
    "statx",
    "lseek",
    "getdents64",
    "fcntl",
    "readlink",
    "readlinkat",
    "access",
    "faccessat",
    "faccessat2",
    "flistxattr",
    "getpid",
    "gettid",
    "getuid",
    "geteuid",
    "prctl",
    "uname",
    "sched_getaffinity",
    "close",
];

fn part(stage: &Stage, does: &str) -> Part<'static> {
    let dir = stage.world.path("media").display().to_string();
    let begin = stage.begin.as_millis().to_string();
    Part { words: &PART, told: vec![(DIR, dir), (BEGIN, begin), (DOES, does.to_owned())] }
}

/// The calls of a part that can change the disk, or say something; `None` where there is no strace.
fn changes(stage: &Stage, does: &str) -> Option<Vec<Call>> {
    let mut calls = part(stage, does).calls(&stage.world.path("trace"))?;
    calls.retain(|call| match call.name.as_str() {
        "openat" | "openat2" => call.line.contains("O_CREAT") || call.line.contains("O_TRUNC"),
        name => !LOOKS.contains(&name),
    });
    Some(calls)
}

/// A store with a ledger that is nearly all dead: with some more lines it is written anew.
fn nearly_dead() -> World {
    let world = World::new();
    let store = world.open();
    for _ in 0..338 {
        let media = put(&store, &world.media("x"), "x");
        store.release(media.reference).unwrap();
    }
    world
}

fn lines(stage: &Stage) -> usize {
    fs::read(stage.world.ledger()).unwrap().split(|byte| *byte == b'\n').count()
}

/// What came of all kills.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    missed: usize,
    before_it_was_open: usize,
    /// After the ledger was written anew.
    anew: usize,
    /// Which calls they were.
    names: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

/// Kills a part at each of its calls, each time on a stage of its own.
fn killed_everywhere(left: Option<&World>, does: &str) -> Option<Tally> {
    let left = left.map(|world| world.path("media/.session-reaper"));
    let new = || Stage::new(left.as_deref());
    let mut tally = Tally::default();
    for call in changes(&new(), does)? {
        let stage = new();
        let before = lines(&stage);
        let output = part(&stage, does).killed_at(&call);
        if !was_killed(&output) {
            tally.missed += 1;
            continue;
        }
        let promised = Promised::read(&output.stdout);
        tally.kills += 1;
        tally.before_it_was_open += usize::from(!promised.has_opened);
        tally.anew += usize::from(lines(&stage) < before / 2);
        *tally.names.entry(call.name.clone()).or_default() += 1;
        tally
            .wrong
            .extend(promised.kept(&stage).err().map(|wrong| format!("{}: {wrong}; {promised:?}", call.line)));
    }
    Some(tally)
}

#[test]
fn i3_i4_killed_at_any_call_that_changes_the_disk_it_breaks_no_promise_and_leaks_nothing() {
    let Some(tally) = killed_everywhere(Some(&nearly_dead()), "lives") else { return };
    let Tally { kills, missed, before_it_was_open, anew, names, wrong } = tally;
    eprintln!(
        "{kills} kills, {missed} calls missed, {before_it_was_open} before the store was open, {anew} after the ledger was \
         written anew, {} wrong: {names:?}",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(3)]);
    assert!(kills >= 100 && missed == 0 && before_it_was_open >= 5 && anew >= 20 && anew + 20 <= kills);
    for (name, least) in
        [("write", 30), ("fdatasync", 10), ("fsync", 6), ("unlinkat", 6), ("renameat", 2), ("flock", 30)]
    {
        assert!(names.get(name).is_some_and(|count| *count >= least), "{name}: {names:?}");
    }
}

/// What is wrong once a part was killed where a file becomes longer than this; `None` when it came to its end.
fn torn(limit: u64, tally: &mut Tally) -> Option<bool> {
    let stage = Stage::new(None);
    let limit = fs::metadata(stage.world.ledger()).unwrap().len() + limit;
    let part = part(&stage, "lives");
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(part.words).envs(part.told).env(LIMIT, limit.to_string()).output().unwrap();
    if output.status.success() {
        return None;
    }
    assert_eq!(output.status.signal(), Some(SIGXFSZ), "{output:?}");
    let promised = Promised::read(&output.stdout);
    let is_torn = fs::read(stage.world.ledger()).unwrap().last() != Some(&b'\n');
    tally.kills += 1;
    tally.wrong.extend(promised.kept(&stage).err().map(|wrong| format!("at {limit}: {wrong}; {promised:?}")));
    Some(is_torn)
}

/// The signal for a file that is longer than it may be: the kernel writes what there is room for, and then kills.
const SIGXFSZ: i32 = 25;

/// At every how many-th byte of what it adds to the ledger.
const BYTES: usize = 23;

#[test]
fn i3_i4_killed_in_the_midst_of_a_line_of_the_ledger_it_breaks_no_promise_and_the_line_is_healed() {
    let (mut tally, mut halves) = (Tally::default(), 0);
    for limit in (0..).step_by(BYTES) {
        let Some(is_torn) = torn(limit, &mut tally) else { break };
        halves += usize::from(is_torn);
    }
    let Tally { kills, wrong, .. } = tally;
    eprintln!("{kills} kills at every {BYTES} bytes, {halves} of them in half a line, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(3)]);
    assert!(kills >= 80 && halves >= 70 && halves <= kills);
}

#[test]
fn i3_i4_whoever_heals_after_a_kill_may_be_killed_as_well() {
    let new = || Stage::new(None);
    let Some(firsts) = changes(&new(), "lives") else { return };
    let (mut tally, mut pairs) = (Tally::default(), 0);
    // There is something to end when a file is about to go.
    let lets_go = |call: &&Call| call.name == "unlinkat" || call.line.contains("media.going.");
    for first in firsts.iter().filter(lets_go) {
        let killed = || {
            let stage = new();
            let output = part(&stage, "lives").killed_at(first);
            (was_killed(&output).then(|| Promised::read(&output.stdout)), stage)
        };
        let seconds = changes(&killed().1, "opens").unwrap();
        for second in seconds {
            let (promised, stage) = killed();
            let second_was_killed = was_killed(&part(&stage, "opens").killed_at(&second));
            let Some(promised) = promised.filter(|_| second_was_killed) else {
                tally.missed += 1;
                continue;
            };
            pairs += 1;
            let wrong = promised.kept(&stage).err();
            tally.wrong.extend(wrong.map(|wrong| format!("{} and {}: {wrong}", first.line, second.line)));
        }
    }
    let Tally { missed, wrong, .. } = tally;
    eprintln!("{pairs} pairs of kills, {missed} missed, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(3)]);
    assert!(pairs >= 50 && missed == 0);
}

#[test]
fn the_rig_finds_whoever_is_careless() {
    for (does, complaint) in [
        ("removes before he asks", "its name is lost"),
        ("answers before he asks", "its name came back"),
        ("removes the marker", "are left"),
    ] {
        let Some(tally) = killed_everywhere(None, does) else { return };
        let found = tally.wrong.iter().filter(|wrong| wrong.contains(complaint)).count();
        eprintln!("{does}: {found} of {} kills are wrong", tally.kills);
        assert!(found > 0 && found == tally.wrong.len() && found < tally.kills, "{does}: {:#?}", tally.wrong);
    }
}
