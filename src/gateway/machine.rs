//! What a look at the machine finds before any store is thought of: which processes there are, which of them are programs
//! of OpenClaw, and which locks their gateways hold.
//!
//! To look takes some calls for every process of the machine, so the many stores of one call share a look for as long as
//! it is [`FRESH`]. What they share are facts alone: whether a gateway concerns a store is judged for each of them anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Sight, Watch,
    note::{self, Held},
    program, watch,
};
use crate::{fs::Owner, process};

/// So long a look may be shared. A gateway that was started since is not seen by whoever shares it, so a commit asks again
/// that much sooner; and ten looks a second are few, however many stores there are.
pub const FRESH: Duration = Duration::from_millis(100);

/// Root may write every store.
const ROOT: u32 = 0;

/// A look at this machine that many stores share, one after the other or from many threads.
#[derive(Debug, Default)]
pub struct Lookout {
    /// Where to look; `None` for what is this machine's when it is looked at.
    watch: Option<Watch>,
    last: Mutex<Option<Machine>>,
}

/// The machine as it was at one time. The locks of a user are looked up when the first of his stores asks.
#[derive(Debug)]
struct Machine {
    at: Instant,
    watch: Watch,
    /// The processes that run programs of OpenClaw, each with the user that it runs as.
    programs: Vec<(u32, u32)>,
    saw_all: bool,
    locks: BTreeMap<u32, Vec<Held>>,
}

/// Whoever may write the stores of one user, if he still lives.
#[derive(Debug)]
pub(super) struct Writers {
    pub(super) locks: Vec<Held>,
    pub(super) programs: Vec<u32>,
    /// Whether the machine's processes could be seen.
    pub(super) saw_processes: bool,
}

impl Lookout {
    /// One that looks where `watch` says.
    pub(super) const fn of(watch: Watch) -> Self {
        Self { watch: Some(watch), last: Mutex::new(None) }
    }

    /// The live gateways that may write the store in the real folder `place`, which belongs to the user `owner`. The machine
    /// is looked at anew if the last look is no longer fresh by `clock`; whoever comes meanwhile waits for it.
    #[must_use]
    pub fn look(&self, place: &Path, owner: Owner, clock: impl Fn() -> Instant) -> Sight {
        watch::beside(self.writers(owner, clock), place)
    }

    fn writers(&self, owner: Owner, clock: impl Fn() -> Instant) -> Writers {
        let asked = clock();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Once more, for it may have taken its time to get here. A look that was begun meanwhile is as good as one's own.
        let now = clock();
        let is_fresh = |at: Instant| at >= asked || now.saturating_duration_since(at) <= FRESH;
        let fresh = last.take().filter(|machine| is_fresh(machine.at));
        last.insert(fresh.unwrap_or_else(|| self.look_around(now))).writers(owner.uid)
    }

    fn look_around(&self, now: Instant) -> Machine {
        Machine::at(now, self.watch.clone().unwrap_or_else(Watch::of_this_machine))
    }
}

impl Machine {
    /// Looks who is there. `now` is the time before the look.
    fn at(now: Instant, watch: Watch) -> Self {
        let pids = process::pids().unwrap_or_default();
        tracing::debug!(processes = pids.len(), "looked for live gateways");
        // Where the processes of others are hidden, the first of all is too.
        Self { at: now, watch, programs: programs(&pids), saw_all: pids.contains(&1), locks: BTreeMap::new() }
    }

    /// Whoever can write what belongs to `owner`: his processes and root's. Gateways with locks are his, or ours.
    fn writers(&mut self, owner: u32) -> Writers {
        let may_write = |(_, user): &&(u32, u32)| [owner, ROOT].contains(user);
        let programs = self.programs.iter().filter(may_write).map(|(pid, _)| *pid).collect();
        let of_user =
            |uid: &u32| self.locks.entry(*uid).or_insert_with(|| locks(&self.watch.temps, *uid)).clone();
        let locks = BTreeSet::from([owner, process::user()]).iter().flat_map(of_user).collect();
        Writers { locks, programs, saw_processes: self.saw_all }
    }
}

/// Those of the processes that run programs of OpenClaw. Nearly none does: whose it is is asked of those alone.
fn programs(pids: &[u32]) -> Vec<(u32, u32)> {
    let (me, mut programs) = (std::process::id(), Vec::new());
    for pid in pids.iter().filter(|pid| **pid != me) {
        if process::argv(*pid).is_some_and(|argv| program::program(&argv).is_some()) {
            programs.extend(process::owner(*pid).map(|user| (*pid, user)));
        }
    }
    programs
}

/// The locks of live gateways of a user.
fn locks(temps: &BTreeSet<PathBuf>, user: u32) -> Vec<Held> {
    temps.iter().flat_map(|temp| note::held(temp, user)).collect()
}
