//! Nobody loses an update beside a real gateway, and who takes no lock is caught.

use std::{
    env,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    careless,
    gateways::{self, Figures, Gateways},
    pruner::{Loop, Pruned},
    reader::{Reader, Reads},
    skip, world,
};

/// Updates of each gateway in a try of the control, and how many tries it has. Most catch the loss in the first one.
const CONTROL: usize = 150;
const TRIES: usize = 10;

const DAY: i64 = 86_400_000;

fn updates() -> usize {
    env::var("SESSION_REAPER_OPENCLAW_UPDATES").map_or(1_000, |text| text.parse().expect("a number"))
}

/// The call that everything here is about.
fn prune(gateways: &Gateways) -> Command {
    let mut command = gateways.command(Path::new(env!("CARGO_BIN_EXE_session-reaper")));
    command.args([
        "prune",
        "--yes",
        "--allow-mass-delete",
        "--json",
        "--retention",
        "24h",
        "--lock-timeout",
        "10s",
    ]);
    command.arg(gateways.store());
    command
}

/// What happened while gateways and our binary worked on one store.
struct Outcome {
    theirs: Figures,
    ours: Pruned,
    reads: Reads,
    took: Duration,
}

fn work(gateways: &Gateways) -> Outcome {
    let _alone = world::alone();
    let processes = gateways.start();
    let reader = Reader::of(&gateways.store());
    let begin = Instant::now();
    let mut command = prune(gateways);
    let pruner = Loop::of(move |pruned: &mut Pruned| pruned.call(&mut command));
    let theirs = Gateways::finish(processes);
    let (took, ours) = (begin.elapsed(), pruner.finish());
    Outcome { theirs, ours, reads: reader.finish(), took }
}

fn tell(outcome: &Outcome, lost: usize) {
    let Outcome { theirs, ours, reads, took } = outcome;
    eprintln!("two gateways: {} updates, {} timeouts, in {took:?}", theirs.updates, theirs.timeouts);
    eprintln!(
        "our binary: {} calls, {} of them removed {} rows, {} busy",
        ours.calls,
        ours.sweeps,
        ours.keys.len(),
        ours.busy
    );
    eprintln!(
        "lost: {lost} of theirs, {} of ours came back; {} reads, {} complaints",
        ours.back.len(),
        reads.reads,
        reads.complaints.len()
    );
}

#[test]
fn i7_beside_two_gateways_nobody_loses_an_update() {
    let openclaw = match gateways::installed() {
        Ok(openclaw) => openclaw,
        Err(why) => return skip(&why),
    };
    let gateways = Gateways::new(&openclaw, updates());
    let mut outcome = work(&gateways);
    tell(&outcome, gateways.lost());
    must_have_worked(&outcome, gateways.updates());
    assert_eq!(outcome.theirs.updates, gateways.updates());
    assert_eq!(gateways.lost(), 0, "updates of the gateways");
    // Where nobody disturbs it, the last sweep leaves no run.
    let ours = &mut outcome.ours;
    let busy = ours.busy;
    ours.call(&mut prune(&gateways));
    assert_eq!(ours.busy, busy, "nobody holds the lock any more");
    assert!(ours.complaints.is_empty(), "{:#?}", ours.complaints);
    let back: Vec<_> = ours.back.iter().take(5).collect();
    assert!(back.is_empty(), "{} came back, such as {back:#?}", ours.back.len());
    let rows = gateways.rows();
    let left: Vec<_> = rows.keys().filter(|key| gateways::is_run(key) || ours.keys.contains(*key)).collect();
    assert!(left.is_empty(), "{left:#?}");
}

/// A rig in which nobody met anybody would prove nothing.
fn must_have_worked(outcome: &Outcome, updates: usize) {
    let Outcome { ours, reads, .. } = outcome;
    assert!(ours.complaints.is_empty(), "{:#?}", ours.complaints);
    assert!(ours.keys.len() >= updates / 2, "only {} rows pruned", ours.keys.len());
    assert!(ours.sweeps >= updates / 50, "only {} sweeps", ours.sweeps);
    assert!(ours.busy <= 3 + ours.calls / 10, "busy {} times of {}", ours.busy, ours.calls);
    assert!(reads.complaints.is_empty(), "{:#?}", reads.complaints);
    assert!(reads.reads >= updates / 2, "only {} reads", reads.reads);
}

#[test]
fn the_rig_catches_a_sweep_without_a_lock() {
    let openclaw = match gateways::installed() {
        Ok(openclaw) => openclaw,
        Err(why) => return skip(&why),
    };
    let caught = (1..=TRIES).any(|attempt| {
        let lost = lost_by_carelessness(&openclaw);
        eprintln!("without a lock, try {attempt}: {lost} of {} updates lost", 2 * CONTROL);
        lost > 0
    });
    assert!(caught, "nothing was lost, so that the rig shows nothing");
}

fn lost_by_carelessness(openclaw: &Path) -> usize {
    let _alone = world::alone();
    let gateways = Gateways::new(openclaw, CONTROL);
    let processes = gateways.start();
    let store = gateways.store();
    let sweeper = Loop::of(move |swept: &mut usize| *swept += careless::sweep(&store, has_expired));
    Gateways::finish(processes);
    assert!(sweeper.finish() > 0, "it removed nothing");
    gateways.lost()
}

fn has_expired(key: &str, row: &Value) -> bool {
    let now = session_reaper::now().as_millis();
    gateways::is_run(key) && row["updatedAt"].as_i64().is_some_and(|updated| updated < now - DAY)
}
