//! What is kept of a change: its bundle in the trash, durable before the store changes, and its line in the journal.

use std::io;

use super::{
    FileStore, Guard,
    commit::Work,
    edit::{Edit, Gone},
};
use crate::{
    fs::Disk,
    model::{Error, Timestamp},
    store::Commit,
    trash::{Cause, Draft, FolderName, Identities, Journal, Line, Manifest, Trash},
};

/// What is to be remembered of a change.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) cause: Cause,
    pub(super) line: Line,
}

impl Record {
    /// The record of a change that makes a text of `before` bytes one of `after`.
    pub(super) fn new<D: Disk>(
        store: &FileStore<D>,
        guard: &Guard<D>,
        cause: &Cause,
        (before, after): (u64, u64),
    ) -> Self {
        let at = Timestamp::from_nanos(store.disk.now_ns());
        let line = cause.line(&guard.place.name.to_string_lossy(), at);
        Self { cause: cause.clone(), line: Line { bytes_before: before, bytes_after: after, ..line } }
    }

    /// Begins the bundle; where no rows are kept, one without any.
    pub(super) fn begin<'a, D: Disk>(
        &self,
        store: &'a FileStore<D>,
        guard: &'a Guard<D>,
    ) -> Result<Bundled<'a, D>, Error> {
        let fail = store.fail("open the journal of");
        let is_new = journal(store, guard).get_ready().map_err(&fail)?;
        let (trash, run) = (trash(store, guard), &self.cause.run);
        if self.cause.keep {
            // It syncs our folder for the trash, which is new as a rule when the journal is: once is enough for both.
            let draft = Draft::begin(trash, &guard.place.folder, run, is_new).map_err(store.fail(KEEP))?;
            return Ok(Bundled { draft: Some(draft), keep: true });
        }
        if is_new {
            store.disk.sync_folder(&guard.ours).map_err(&fail)?;
        }
        // Who keeps nothing needs no trash, and not one that can be written to.
        let draft = Draft::begin_without_rows(trash, run);
        let draft = draft.inspect_err(|error| {
            tracing::warn!(store = %store.path.display(), %error, "a kill would keep this run out of the journal");
        });
        Ok(Bundled { draft: draft.ok(), keep: false })
    }
}

/// The step at which what goes is kept.
pub(super) const KEEP: &str = "keep in the trash what goes of";

/// The trash of a store that we have the mutex of.
pub(super) fn trash<'a, D: Disk>(store: &'a FileStore<D>, guard: &'a Guard<D>) -> Trash<'a, D> {
    Trash::new(&store.disk, &guard.ours, guard.owner, &guard.place.name)
}

pub(super) fn journal<'a, D: Disk>(store: &'a FileStore<D>, guard: &'a Guard<D>) -> Journal<'a, D> {
    Journal::new(&store.disk, &guard.ours, guard.owner, &guard.place.name)
}

/// The bundle of a change under way.
pub(super) struct Bundled<'a, D: Disk> {
    draft: Option<Draft<'a, D>>,
    keep: bool,
}

impl<D: Disk> Bundled<'_, D> {
    /// Where the rows go that leave the store.
    pub(super) fn rows(&self, store: &FileStore<D>, edit: &Edit) -> Result<Gone<D::Writer>, Error> {
        let Self { draft: Some(draft), keep: true } = self else { return Ok(Gone::FOR_EVER) };
        let removed = (!edit.cuts.is_empty()).then(|| draft.removed()).transpose();
        let replaced = (edit.replaced() > 0).then(|| draft.replaced()).transpose();
        Ok(Gone {
            removed: removed.map_err(store.fail(KEEP))?,
            replaced: replaced.map_err(store.fail(KEEP))?,
        })
    }

    /// Makes the bundle durable.
    pub(super) fn seal(
        &self,
        store: &FileStore<D>,
        work: &Work<'_, D>,
        gone: Gone<D::Writer>,
        Identities { before, after }: Identities,
    ) -> Result<(), Error> {
        let Some(draft) = &self.draft else { return Ok(()) };
        let line = work.record.line.clone();
        if !self.keep {
            return draft.seal(&Manifest::new(line, before, after)).map_err(store.fail("note down a run on"));
        }
        let rows: u64 = work.edit.placement.rows();
        let removed = gone.removed.map(|file| file.finish(rows)).transpose();
        let replaced = gone.replaced.map(|file| file.finish(work.edit.replaced())).transpose();
        let manifest = Manifest {
            removed: removed.map_err(store.fail(KEEP))?,
            replaced: replaced.map_err(store.fail(KEEP))?,
            placement: work.edit.placement.clone(),
            added: work.edit.added.clone(),
            ..Manifest::new(line, before, after)
        };
        draft.seal(&manifest).map_err(store.fail(KEEP))
    }

    /// What becomes of the bundle. Where the store changed it stays, and the run gets its line in the journal; where nothing
    /// happened it vanishes; where nobody knows it stays unfinished for the next one to judge.
    pub(super) fn end(
        self,
        store: &FileStore<D>,
        guard: &Guard<D>,
        record: &Record,
        done: Result<Commit, Error>,
    ) -> Result<Commit, Error> {
        match done {
            Ok(Commit::Done) => {
                let name = self.draft.map(Draft::keep);
                if let Some(name) = name.as_ref().filter(|_| self.keep && record.cause.compress) {
                    compress(store, guard, name);
                }
                write_down(store, guard, &record.line, name.as_ref()).map_err(Error::too_late)?;
                Ok(Commit::Done)
            }
            Err(error) if error.is_too_late() => {
                let _ = self.draft.map(Draft::keep);
                Err(error)
            }
            nothing => nothing,
        }
    }
}

/// The line first: as long as the bundle is unfinished, whoever finds it writes the line.
pub(super) fn write_down<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    line: &Line,
    bundle: Option<&FolderName>,
) -> Result<(), Error> {
    journal(store, guard).append(line).map_err(store.fail("write the journal of"))?;
    let finished = bundle.map(|name| finish(store, guard, line, name)).transpose();
    finished.map(drop).map_err(store.fail("finish the bundle of"))
}

/// A bundle with rows is finished; one without has done its work, and what is left of it the next run clears.
pub(super) fn finish<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    line: &Line,
    bundle: &FolderName,
) -> io::Result<()> {
    let trash = trash(store, guard);
    if line.trash {
        return trash.finish(bundle);
    }
    if let Err(error) = trash.purge(bundle) {
        tracing::warn!(store = %store.path.display(), %error, "an empty bundle stays in the trash for now");
    }
    Ok(())
}

/// What cannot be compressed stays as it is. Only an unfinished bundle is compressed: what a killed run leaves in there is
/// cleared by whoever finishes it.
fn compress<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, name: &FolderName) {
    let done = trash(store, guard).open(name).and_then(|bundle| bundle.compress(guard.owner));
    if let Err(error) = done {
        tracing::warn!(store = %store.path.display(), %error, "the trash of this run is not compressed");
    }
}
