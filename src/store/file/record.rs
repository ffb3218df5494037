//! What is kept of a change: its bundle in the trash, durable before the store changes, or a note where nothing is to be kept,
//! and its line in the journal.

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
    trash::{Begun, Cause, Draft, FolderName, Identities, Journal, Line, Manifest, Note, Trash},
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

    /// Begins the bundle, where rows are kept.
    pub(super) fn begin<'a, D: Disk>(
        &self,
        store: &'a FileStore<D>,
        guard: &'a Guard<D>,
    ) -> Result<Bundled<'a, D>, Error> {
        let fail = store.fail("open the journal of");
        let is_new = journal(store, guard).get_ready().map_err(&fail)?;
        if self.cause.keep {
            // It syncs our folder for the trash, which is new as a rule when the journal is: once is enough for both.
            let draft = Draft::begin(trash(store, guard), &guard.place.folder, &self.cause.run, is_new);
            return draft.map(Bundled::Rows).map_err(store.fail(KEEP));
        }
        if is_new {
            store.disk.sync_folder(&guard.ours).map_err(&fail)?;
        }
        Ok(Bundled::Nothing(begun(store, guard)))
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

/// The note that a run which keeps nothing has begun.
pub(super) fn begun<'a, D: Disk>(store: &'a FileStore<D>, guard: &'a Guard<D>) -> Begun<'a, D> {
    Begun::new(&store.disk, &guard.ours, guard.owner, &guard.place.name)
}

/// What tells of a change under way to whoever finds it cut off.
pub(super) enum Bundled<'a, D: Disk> {
    /// What goes is kept.
    Rows(Draft<'a, D>),
    /// Nothing is.
    Nothing(Begun<'a, D>),
}

impl<D: Disk> Bundled<'_, D> {
    /// Where the rows go that leave the store.
    pub(super) fn rows(&self, store: &FileStore<D>, edit: &Edit) -> Result<Gone<D::Writer>, Error> {
        let Self::Rows(draft) = self else { return Ok(Gone::FOR_EVER) };
        let removed = (!edit.cuts.is_empty()).then(|| draft.removed()).transpose();
        let replaced = (edit.replaced() > 0).then(|| draft.replaced()).transpose();
        Ok(Gone {
            removed: removed.map_err(store.fail(KEEP))?,
            replaced: replaced.map_err(store.fail(KEEP))?,
        })
    }

    /// Makes the bundle durable, or notes the run down. From here on the store may change.
    pub(super) fn seal(
        &mut self,
        store: &FileStore<D>,
        work: &Work<'_, D>,
        gone: Gone<D::Writer>,
        Identities { before, after }: Identities,
    ) -> Result<(), Error> {
        let line = work.record.line.clone();
        match self {
            Self::Rows(draft) => seal(store, draft, work, gone, Manifest::new(line, before, after)),
            Self::Nothing(begun) => {
                // Who keeps nothing may have no room for a note either.
                if let Err(error) = begun.write(&Note { line, before, after }) {
                    let store = store.path.display();
                    tracing::warn!(%store, %error, "a kill would keep this run out of the journal");
                }
                Ok(())
            }
        }
    }

    /// What becomes of it. Where the store changed the bundle stays, and the run gets its line in the journal; where nothing
    /// happened it vanishes; where nobody knows it stays as it is for the next one to judge.
    pub(super) fn end(
        self,
        store: &FileStore<D>,
        guard: &Guard<D>,
        record: &Record,
        done: Result<Commit, Error>,
    ) -> Result<Commit, Error> {
        match (done, self) {
            (Ok(Commit::Done), bundled) => {
                bundled.write_down(store, guard, record).map_err(Error::too_late)?;
                Ok(Commit::Done)
            }
            (Err(error), Self::Rows(draft)) if error.is_too_late() => {
                draft.keep();
                Err(error)
            }
            (Err(error), Self::Nothing(begun)) if error.is_too_late() => {
                begun.keep();
                Err(error)
            }
            (nothing, _) => nothing,
        }
    }

    /// The line first: as long as the bundle is unfinished, or the note stands, whoever finds it writes the line.
    fn write_down(self, store: &FileStore<D>, guard: &Guard<D>, record: &Record) -> Result<(), Error> {
        let append =
            || journal(store, guard).append(&record.line).map_err(store.fail("write the journal of"));
        match self {
            Self::Rows(draft) => {
                let name = draft.keep();
                if record.cause.compress {
                    compress(store, guard, &name);
                }
                append()?;
                trash(store, guard).finish(&name).map_err(store.fail("finish the bundle of"))
            }
            Self::Nothing(begun) => {
                let appended = append();
                if appended.is_ok() {
                    forget(store, begun.remove());
                } else {
                    begun.keep();
                }
                appended
            }
        }
    }
}

/// Makes a bundle durable.
fn seal<D: Disk>(
    store: &FileStore<D>,
    draft: &Draft<'_, D>,
    work: &Work<'_, D>,
    gone: Gone<D::Writer>,
    empty: Manifest,
) -> Result<(), Error> {
    let removed = gone.removed.map(|file| file.finish(work.edit.placement.rows())).transpose();
    let replaced = gone.replaced.map(|file| file.finish(work.edit.replaced())).transpose();
    let manifest = Manifest {
        removed: removed.map_err(store.fail(KEEP))?,
        replaced: replaced.map_err(store.fail(KEEP))?,
        placement: work.edit.placement.clone(),
        added: work.edit.added.clone(),
        ..empty
    };
    draft.seal(&manifest).map_err(store.fail(KEEP))
}

/// The note has done its work.
pub(super) fn forget<D: Disk>(store: &FileStore<D>, removed: io::Result<()>) {
    if let Err(error) = removed {
        tracing::warn!(store = %store.path.display(), %error, "the note of a run that is done stays for now");
    }
}

/// What cannot be compressed stays as it is. Only an unfinished bundle is compressed: what a killed run leaves in there is
/// cleared by whoever finishes it.
fn compress<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, name: &FolderName) {
    let done = trash(store, guard).open(name).and_then(|bundle| bundle.compress(guard.owner));
    if let Err(error) = done {
        tracing::warn!(store = %store.path.display(), %error, "the trash of this run is not compressed");
    }
}
