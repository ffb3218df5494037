//! One process of ours: this test binary again, as a child that removes one row after the other.
//!
//! Each sweep judges at a time when exactly one more run of the process's own job has expired; patterns keep the runs of
//! all other jobs. So a sweep that removes anything but that one row has met a row that came back.

use std::{
    env,
    io::{self, Read},
    path::{Path, PathBuf},
    process::Command,
};

use serde::{Deserialize, Serialize};
use session_reaper::{
    Age, ErrorKind, FileStore, Policy, Timestamp,
    policy::{Detail, Glob},
    sweep::{self, Options, StoreReport},
};

use crate::careless;

/// Tells a child what to do: its kind, its job, how many runs, and the store.
const TASK: &str = "SESSION_REAPER_TEST_TASK";

const FIRST: i64 = 1_700_000_000_000;
const STEP: i64 = 1_000;

/// Bits in the name of a job, so that there may be 16 of them.
const LETTERS: usize = 4;

/// More refusals than this, and somebody does not let us work at all.
const MAX_RETRIES: usize = 10_000;

/// Odd sweeps that are told in full; what a child prints must fit into a pipe.
const TOLD: usize = 3;

/// How a child sweeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// By the library.
    Ours,
    /// Without a lock, for the control.
    Careless,
}

#[derive(Debug, Serialize, Deserialize)]
struct Task {
    kind: Kind,
    job: usize,
    runs: usize,
    store: PathBuf,
}

/// What a child did.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) swept: usize,
    /// Sweeps that removed anything else than their one row.
    pub(crate) odd: usize,
    /// The first of them.
    pub(crate) told: Vec<String>,
    pub(crate) busy: usize,
    pub(crate) unsettled: usize,
}

/// A cron job. Its name spells its number in the letters `a` and `b`, so that four patterns tell all others from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job(pub(crate) usize);

impl Job {
    fn letter(self, at: usize) -> char {
        if self.0 >> at & 1 == 0 { 'a' } else { 'b' }
    }

    pub(crate) fn key(self, run: usize) -> String {
        let name: String = (0..LETTERS).map(|at| self.letter(at)).collect();
        format!("agent:main:cron:{name}:run:0f6a2b1c-1111-4222-8{:03}-{run:012}", self.0)
    }

    pub(crate) fn updated(run: usize) -> i64 {
        FIRST + i64::try_from(run).unwrap() * STEP
    }

    /// Every job has another letter somewhere, but this one.
    fn policy(self) -> Policy {
        let other = |at| if self.letter(at) == 'a' { 'b' } else { 'a' };
        let glob = |at| format!("agent:main:cron:{}{}*", "?".repeat(at), other(at)).parse::<Glob>().unwrap();
        let policy = Policy::default().with_retention("24h".parse().unwrap());
        (0..LETTERS).map(glob).fold(policy, Policy::with_keep)
    }

    /// The first moment at which this run has expired.
    fn expiry(run: usize) -> Timestamp {
        Timestamp::from_millis(Self::updated(run) + Age::from_hours(24).as_millis() + 1)
    }
}

/// A child that says `ready`, waits for the end of its stdin, and then sweeps.
pub(crate) fn command(kind: Kind, job: Job, runs: usize, store: &Path) -> Command {
    let task = Task { kind, job: job.0, runs, store: store.to_owned() };
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "sweeper::child", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(TASK, serde_json::to_string(&task).unwrap());
    command
}

#[test]
#[ignore = "a process of the other tests, not a test"]
fn child() {
    let Ok(task) = env::var(TASK) else { return };
    let task: Task = serde_json::from_str(&task).unwrap();
    // The harness has begun a line of its own.
    println!("\nready");
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let figures = match task.kind {
        Kind::Ours => ours(&task),
        Kind::Careless => careless(&task),
    };
    println!("{}", serde_json::to_string(&figures).unwrap());
}

fn careless(task: &Task) -> Figures {
    let mut figures = Figures::default();
    for run in 0..task.runs {
        let own = Job(task.job).key(run);
        let swept = careless::sweep(&task.store, |key, _| key == own);
        figures.count((swept == 1).then_some(()).ok_or_else(|| format!("{own}: {swept} rows")));
    }
    figures
}

fn ours(task: &Task) -> Figures {
    let (job, store) = (Job(task.job), FileStore::new(&task.store));
    let policy = job.policy();
    let mut figures = Figures::default();
    for run in 0..task.runs {
        let report = figures.until_done(|options| sweep::prune(&store, &policy, Job::expiry(run), options));
        figures.count(one_row(&report, &job.key(run)));
    }
    figures
}

/// Whether a report speaks of exactly this row.
fn one_row(report: &StoreReport, key: &str) -> Result<(), String> {
    assert!(report.error.is_none(), "{key}: {report:?}");
    let gone: Vec<String> = report.items.to_vec().unwrap().iter().map(|item| item.key.to_string()).collect();
    if gone == [key] { Ok(()) } else { Err(format!("{key}: {gone:?} went")) }
}

impl Figures {
    fn count(&mut self, swept: Result<(), String>) {
        let Err(odd) = swept else {
            self.swept += 1;
            return;
        };
        self.odd += 1;
        if self.told.len() < TOLD {
            self.told.push(odd);
        }
    }

    /// Tries again while others are at work.
    fn until_done(&mut self, sweep: impl Fn(&Options) -> StoreReport) -> StoreReport {
        let options = Options {
            lock_timeout: Age::from_seconds(60),
            items: Some(Detail::Doomed),
            allow_mass_delete: true,
            allow_clock_jump: true,
            ..Options::default()
        };
        while self.busy + self.unsettled < MAX_RETRIES {
            let report = sweep(&options);
            match report.error.as_ref().map(session_reaper::Error::kind) {
                Some(ErrorKind::Busy) => self.busy += 1,
                Some(ErrorKind::Unsettled) => self.unsettled += 1,
                _ => return report,
            }
        }
        panic!("kept from its work: {self:?}")
    }
}

#[test]
fn patterns_keep_every_job_but_ones_own() {
    for own in (0..16).map(Job) {
        let keeps = |job: Job| own.policy().keep().iter().any(|glob| glob.matches(job.key(7).as_bytes()));
        let left: Vec<usize> = (0..16).filter(|other| !keeps(Job(*other))).collect();
        assert_eq!(left, [own.0]);
    }
}
