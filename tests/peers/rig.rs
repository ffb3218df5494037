//! One store, sweepers and peers on it all at once, and what is left at the end.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, iter,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    processes::Processes,
    reader::{Reader, Reads},
    sweeper::{self, Job, Kind},
    world,
};

const DIALECTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/dialects");

/// Far longer than it takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(15);

/// One process that speaks a dialect, with so many writers in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) dialect: &'static str,
    pub(crate) writers: usize,
}

/// Who works on the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast {
    pub(crate) sweepers: usize,
    pub(crate) kind: Kind,
    pub(crate) peers: &'static [Peer],
    /// Updates of each sweeper and of each writer of a peer.
    pub(crate) updates: usize,
}

/// What the peers did beside their updates.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PeerFigures {
    updates: usize,
    waits: usize,
    timeouts: usize,
    steals: usize,
}

/// What all processes say that they did, and what the store says.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Sweeps that removed their one row.
    pub(crate) swept: usize,
    /// Sweeps that removed anything else: a row had come back, or was gone already.
    pub(crate) odd: usize,
    /// Some of them.
    pub(crate) told: Vec<String>,
    pub(crate) updates: usize,
    /// Locks that peers took from others.
    pub(crate) steals: usize,
    /// Rows that a peer added and that are not there.
    pub(crate) lost: Vec<String>,
    /// Rows that a sweeper removed and that are there.
    pub(crate) back: Vec<String>,
    pub(crate) strangers: Vec<String>,
    pub(crate) reads: Reads,
}

impl Outcome {
    /// Sweeps of ours that came to nothing, at least for a moment.
    pub(crate) fn undone(&self) -> usize {
        self.odd + self.back.len()
    }

    /// Updates of anybody that came to nothing.
    pub(crate) fn losses(&self) -> usize {
        self.undone() + self.lost.len()
    }

    /// Some of what was lost or came back.
    pub(crate) fn examples(&self) -> Vec<&String> {
        self.told.iter().take(3).chain(self.lost.iter().take(3)).chain(self.back.iter().take(3)).collect()
    }
}

/// The store at the beginning: every run of every job, one job beside the other as in life.
fn beginning(cast: &Cast) -> String {
    let mut text = "{".to_owned();
    for run in 0..cast.updates {
        for job in (0..cast.sweepers).map(Job) {
            let comma = if text.len() > 1 { "," } else { "" };
            let (key, updated) = (job.key(run), Job::updated(run));
            write!(text, "{comma}\n  \"{key}\": {{\n    \"updatedAt\": {updated}\n  }}").unwrap();
        }
    }
    if text.len() > 1 { text + "\n}" } else { "{}".to_owned() }
}

/// The keys that must be there at the end.
fn ending(cast: &Cast) -> BTreeSet<String> {
    let key = |peer, writer, n| format!("agent:main:telegram:direct:p{peer}-{writer}-{n}");
    let writers = cast.peers.iter().enumerate().flat_map(|(at, peer)| iter::repeat(at).zip(0..peer.writers));
    writers.flat_map(|(peer, writer)| (0..cast.updates).map(move |n| key(peer, writer, n))).collect()
}

fn peer(cast: &Cast, at: usize, store: &Path) -> Command {
    let Peer { dialect, writers } = cast.peers[at];
    let mut command = Command::new("node");
    command.arg(format!("{DIALECTS}/{dialect}.mjs"));
    command.arg(store).arg(format!("p{at}")).args([cast.updates, writers].map(|number| number.to_string()));
    command
}

/// Whether there is a Node to run peers with.
pub(crate) fn has_node() -> bool {
    Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Lets everybody work and looks at what is left.
pub(crate) fn run(cast: &Cast) -> Outcome {
    let _alone = world::alone();
    let folder = world::folder();
    let store = folder.path().join("sessions.json");
    fs::write(&store, beginning(cast)).unwrap();
    let (mut ours, mut theirs) = (Processes::default(), Processes::default());
    for job in (0..cast.sweepers).map(Job) {
        ours.add(&mut sweeper::command(cast.kind, job, cast.updates, &store));
    }
    for at in 0..cast.peers.len() {
        theirs.add(&mut peer(cast, at, &store));
    }
    [&mut ours, &mut theirs].into_iter().for_each(Processes::wait_until_ready);
    let (begin, reader) = (Instant::now(), Reader::of(&store));
    ours.go();
    theirs.go();
    let ours: Vec<sweeper::Figures> = ours.finish(DEADLINE);
    let ours_took = begin.elapsed();
    let theirs: Vec<PeerFigures> = theirs.finish(DEADLINE);
    let took = begin.elapsed();
    let outcome = judge(cast, &store, &ours, &theirs, reader.finish());
    tell(cast, &outcome, &ours, &theirs);
    eprintln!("  took {took:?}, our part of it {ours_took:?}");
    outcome
}

fn judge(
    cast: &Cast,
    store: &Path,
    ours: &[sweeper::Figures],
    theirs: &[PeerFigures],
    reads: Reads,
) -> Outcome {
    let rows: Map<String, Value> = serde_json::from_slice(&fs::read(store).unwrap()).unwrap();
    let wanted = ending(cast);
    let strange = rows.keys().filter(|key| !wanted.contains(*key)).cloned();
    let (back, strangers) = strange.partition(|key| key.contains(":run:"));
    Outcome {
        swept: ours.iter().map(|one| one.swept).sum(),
        odd: ours.iter().map(|one| one.odd).sum(),
        told: ours.iter().flat_map(|one| one.told.clone()).collect(),
        updates: theirs.iter().map(|peer| peer.updates).sum(),
        steals: theirs.iter().map(|peer| peer.steals).sum(),
        lost: wanted.into_iter().filter(|key| !rows.contains_key(key)).collect(),
        back,
        strangers,
        reads,
    }
}

fn tell(cast: &Cast, outcome: &Outcome, ours: &[sweeper::Figures], theirs: &[PeerFigures]) {
    let of_ours = |figure: fn(&sweeper::Figures) -> usize| ours.iter().map(figure).sum::<usize>();
    let of_theirs = |figure: fn(&PeerFigures) -> usize| theirs.iter().map(figure).sum::<usize>();
    let peers: Vec<_> =
        cast.peers.iter().map(|peer| format!("{} of {}", peer.writers, peer.dialect)).collect();
    eprintln!("{:?} x {} x {}, beside {}:", cast.kind, cast.sweepers, cast.updates, peers.join(", "));
    eprintln!(
        "  ours: {} swept one row, {} odd, {} busy, {} unsettled",
        outcome.swept,
        outcome.odd,
        of_ours(|one| one.busy),
        of_ours(|one| one.unsettled),
    );
    eprintln!(
        "  theirs: {} updates, {} waits, {} timeouts, {} steals",
        outcome.updates,
        of_theirs(|peer| peer.waits),
        of_theirs(|peer| peer.timeouts),
        outcome.steals,
    );
    eprintln!(
        "  lost: {} of theirs, {} of ours came back; {} reads, {} complaints",
        outcome.lost.len(),
        outcome.back.len(),
        outcome.reads.reads,
        outcome.reads.complaints.len(),
    );
}
