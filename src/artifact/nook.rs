//! Our own folder in a folder that is swept: the mutex, the time of the last sweep, the trash and the journal.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io,
    path::Path,
    time::Duration,
};

use super::{media, past::attic};

use crate::{
    fs::{self, Disk, OUR_FOLDER, Owner, RealDisk, is_temp_of, read_whole},
    lock,
    model::{Retention, Timestamp},
    store::State,
    trash::{Attic, FolderName, Journal, Line, Opened, Outcome, RunId, Stage, Trash, read_journal},
};

/// A state is some hundred bytes.
const MAX_STATE: usize = 1 << 16;

/// What is swept in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// How reports and the journal call it.
    pub(super) told: &'static str,
    /// How the names of its files in our folder begin.
    pub(super) files: &'static str,
}

impl From<&'static str> for Kind {
    fn from(name: &'static str) -> Self {
        Self { told: name, files: name }
    }
}

/// What is remembered of a folder; nothing where nobody can tell.
pub(super) fn state<D: Disk>(disk: &D, base: &D::Folder, kind: Kind) -> State {
    let read = || -> io::Result<State> {
        let ours = disk.subfolder(base, OsStr::new(OUR_FOLDER))?;
        let file = disk.open(&ours, &ending(kind, ".state"))?;
        Ok(serde_json::from_slice(&read_whole(&file, MAX_STATE)?)?)
    };
    read().unwrap_or_default()
}

/// Whether anything in our folder in `base` says that it was swept for this kind. The state is written last, so that after the
/// first sweep was killed there are only its mutex, and what it has moved into the trash.
pub(super) fn was_here(base: &Path, kind: Kind) -> bool {
    let find = || -> io::Result<bool> {
        let base = RealDisk.folder(&RealDisk.resolve(base)?)?;
        let ours = RealDisk.subfolder(&base, OsStr::new(OUR_FOLDER))?;
        let has = |end: &&str| RealDisk.stat(&ours, &ending(kind, end)).is_ok_and(|stat| stat.is_file);
        Ok([".state", ".lock", ".marker"].iter().any(has)
            || !attic(&RealDisk, &ours, kind).names()?.is_empty())
    };
    find().unwrap_or_default()
}

fn ending(kind: Kind, ending: &str) -> OsString {
    format!("{}{ending}", kind.files).into()
}

/// Our folder, while nobody else of us is at work in it.
#[derive(Debug)]
pub(super) struct Nook<'a, D: Disk> {
    disk: &'a D,
    base: &'a D::Folder,
    kind: Kind,
    pub(super) ours: D::Folder,
    owner: Owner,
    _lock: D::Lock,
}

impl<'a, D: Disk> Nook<'a, D> {
    /// Takes the mutex; `None` when somebody else had it all the time.
    ///
    /// # Errors
    /// As the operating system says.
    pub(super) fn enter(
        disk: &'a D,
        base: &'a D::Folder,
        kind: Kind,
        wait: Duration,
    ) -> io::Result<Option<Self>> {
        let owner = disk.stat(base, OsStr::new("."))?.owner;
        let ours = disk.private_folder(base, OsStr::new(OUR_FOLDER), owner)?;
        let lock = lock::wait_for(wait, || disk.try_lock(&ours, &ending(kind, ".lock"), owner))?;
        Ok(lock.map(|lock| Self { disk, base, kind, ours, owner, _lock: lock }))
    }

    /// Remembers a state: whole or not at all, and in no hurry to be durable.
    ///
    /// # Errors
    /// As the operating system says; then what was remembered still is.
    pub(super) fn remember(&self, state: &State) -> io::Result<()> {
        let text = serde_json::to_vec(state)?;
        let names = (&*ending(self.kind, ".state"), OsStr::new(self.kind.files));
        fs::publish(self.disk, &self.ours, names, &text, self.owner)
    }

    pub(super) fn attic(&self) -> Attic<'_, D> {
        Attic::new(Trash::new(self.disk, &self.ours, self.owner, OsStr::new(self.kind.files)))
    }

    pub(super) fn journal(&self) -> Journal<'_, D> {
        Journal::new(self.disk, &self.ours, self.owner, OsStr::new(self.kind.files))
    }

    /// Finishes what killed sweeps have left here. Before that nobody knows what the trash holds.
    ///
    /// # Errors
    /// As the operating system says; what cannot be finished is left for the next one.
    pub(super) fn settle(&self) -> io::Result<()> {
        self.settle_until(&|| false)
    }

    /// The same, until somebody asks to stop: between two bundles, since one may be large.
    ///
    /// # Errors
    /// As for [`Nook::settle`].
    pub(super) fn settle_until(&self, is_over: &dyn Fn() -> bool) -> io::Result<()> {
        let is_ours = |name: &&OsString| is_temp_of(name, OsStr::new(self.kind.files));
        for name in self.disk.list(&self.ours)?.iter().filter(is_ours) {
            self.disk.remove(&self.ours, name)?;
        }
        for name in self.attic().names()?.into_iter().take_while(|_| !is_over()) {
            let settled = match name.stage {
                Stage::Finished => Ok(()),
                Stage::Purged => self.attic().purge_on(&name),
                Stage::Unfinished => self.finish(&name),
            };
            self.note(&name, settled);
        }
        Ok(())
    }

    /// What cannot be done about one bundle keeps no other, and nobody from the folder.
    fn note(&self, name: &FolderName, done: io::Result<()>) {
        if let Err(error) = done {
            let bundle = name.as_os_str().to_string_lossy();
            tracing::warn!(target: "session_reaper", kind = self.kind.told, %bundle, %error, "it stays in the trash for now");
        }
    }

    fn finish(&self, name: &FolderName) -> io::Result<()> {
        let opened = match self.attic().open(name) {
            // Nobody can tell what it was, and nobody can want it gone.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return self.attic().finish(name),
            opened => opened?,
        };
        if let Some(opened) = opened.as_ref().filter(|_| self.kind == media::NET) {
            media::take_idle_notes(self.disk, self.base, opened)?;
        }
        let Some(opened) = opened.filter(|opened| opened.things().next().is_some()) else {
            return self.attic().discard(name);
        };
        // First where it is, then where it was: a power cut in between may leave it in both places, and never in none.
        opened.settle()?;
        self.disk.sync_folder(self.base)?;
        let known = read_journal(self.disk, &self.ours)?;
        if !known.lines.iter().any(|line| line.run == opened.line.run && line.store == self.kind.told) {
            self.journal().append(&recovered(&opened))?;
        }
        self.attic().finish(name)
    }

    /// What is old leaves the trash, unless somebody has added to it there or nobody can tell: by the time that its run was told,
    /// and by the disk's own clock, so that a time that somebody chose shortens nothing. The newest run does so too: what is moved
    /// here takes room that somebody waits for.
    pub(super) fn tidy(&self, now: Timestamp, retention: Retention) {
        self.tidy_until(now, retention, &|| false);
    }

    /// The same, until somebody asks to stop: between two bundles, since one may be large.
    pub(super) fn tidy_until(&self, now: Timestamp, retention: Retention, is_over: &dyn Fn() -> bool) {
        let Some(age) = retention.age() else { return };
        let clock = Timestamp::from_nanos(self.disk.now_ns());
        let names = self.attic().names().unwrap_or_default();
        let finished = names.iter().filter(|name| name.stage == Stage::Finished);
        for name in finished.take_while(|_| !is_over()) {
            let tidied = self.attic().changed_ns(name).and_then(|changed| {
                let lies_since = Timestamp::from_nanos(changed);
                let told = name.run.time().unwrap_or(lies_since);
                let is_old = told.plus(age) < now && lies_since.plus(age) < clock;
                if is_old { self.attic().expire(name) } else { Ok(()) }
            });
            self.note(name, tidied);
        }
    }

    /// Takes runs out of the trash for ever: those that `goes` says, told oldest first. Returns what went, and the first thing
    /// that went wrong.
    pub(super) fn empty(&self, mut goes: impl FnMut(&RunId) -> bool) -> (Vec<RunId>, io::Result<()>) {
        let (mut gone, mut emptied) = (Vec::new(), Ok(()));
        let names = match self.attic().names() {
            Ok(names) => names,
            Err(error) => return (gone, Err(error)),
        };
        for name in names.iter().filter(|name| name.stage == Stage::Finished) {
            if !goes(&name.run) {
                continue;
            }
            let purged = match self.attic().open(name) {
                // A store that is called as our kind is has its bundles under the same names.
                Ok(None) => self.attic().discard(name),
                _ => self.attic().purge(name),
            };
            // Out of sight it can never come back, though a part of it may still be there.
            if purged.is_ok() || !self.has(&name.run) {
                gone.push(name.run.clone());
            }
            emptied = emptied.and(purged);
        }
        (gone, emptied)
    }

    /// Whether a run is in the trash, as far as can be told.
    fn has(&self, run: &RunId) -> bool {
        let is_it = |name: &FolderName| name.run == *run && name.stage == Stage::Finished;
        self.attic().names().map_or(true, |names| names.iter().any(is_it))
    }
}

/// The line of a run that was killed: of what it was to take, what it has taken. By which rules, its list does not say.
fn recovered<D: Disk>(opened: &Opened<D>) -> Line {
    let line = opened.line.clone();
    let taken = opened.things().filter(|(number, _)| !opened.is_successor(*number));
    let groups: BTreeSet<&str> = taken.map(|(_, thing)| thing.of.as_str()).collect();
    if groups.is_empty() {
        return Line { outcome: Outcome::Recovered, ..line.came_to_nothing() };
    }
    let pruned = groups.len() as u64;
    let kept = line.scanned.saturating_sub(pruned);
    Line { outcome: Outcome::Recovered, pruned, kept, by_rule: BTreeMap::new(), bytes_before: 0, ..line }
}
