//! Bundles that a killed run has left unfinished, and notes of runs that keep nothing: was the store changed or not?
//!
//! A bundle is durable before the store changes, and finished after. In between it says what the store was and what it was
//! to become, so that whoever comes next can tell, and so does a note. Where somebody else has written the store since, its
//! rows tell: a bundle whose rows are all in the store as they were is of no use, any other is kept.

use std::{ffi::OsString, io};

use super::{
    FileStore, Guard,
    record::{begun, forget, journal, trash},
    undo,
};
use crate::{
    fs::Disk,
    model::Error,
    trash::{FolderName, Identity, Line, Note, Outcome, Stage, read_journal},
};

/// Finishes what killed runs have left in the trash and among these names of our folder. Only to be called by who holds the
/// mutex. What cannot be finished is left for the next one: it keeps nobody from the store. `never_left` are new texts that
/// never took the store's place.
pub(super) fn settle<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    names: &[OsString],
    never_left: &[Identity],
) -> Result<(), Error> {
    if names.contains(&Note::name(&guard.place.name)) {
        settle_note(store, guard, never_left)?;
    }
    let fail = store.fail("look through the trash of");
    for name in trash(store, guard).names().map_err(fail)? {
        let settled = match name.stage {
            Stage::Finished => Ok(()),
            Stage::Purged => trash(store, guard).purge(&name),
            Stage::Unfinished => finish_or_purge(store, guard, &name, never_left)?,
        };
        if let Err(error) = settled {
            let store = store.path.display();
            tracing::warn!(%store, run = %name.run, %error, "what a killed run left in the trash stays for now");
        }
    }
    Ok(())
}

/// A note was whole before the store changed. One that is not has been through a power cut.
fn settle_note<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    never_left: &[Identity],
) -> Result<(), Error> {
    let begun = begun(store, guard);
    match begun.read() {
        Ok(note) => {
            if let Some(outcome) = judge(store, guard, (note.before, note.after), never_left, || false) {
                let line = Line { outcome, ..note.line };
                write_down(store, guard, &line).map_err(store.fail("write the journal of"))?;
            }
            forget(store, begun.clear());
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge) => {
            forget(store, begun.clear());
        }
        Err(error) => {
            let store = store.path.display();
            tracing::warn!(%store, %error, "the note of a killed run cannot be read, and stays for now");
        }
    }
    Ok(())
}

/// The outer error is one that ends everything: a journal that cannot be made durable.
fn finish_or_purge<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    name: &FolderName,
    never_left: &[Identity],
) -> Result<io::Result<()>, Error> {
    let line = match to_finish(store, guard, name, never_left) {
        Ok(Some(line)) => line,
        done => return Ok(done.map(drop)),
    };
    write_down(store, guard, &line).map_err(store.fail("write the journal of"))?;
    // Older versions wrote bundles without rows, which nobody needs any more.
    let trash = trash(store, guard);
    Ok(if line.trash { trash.finish(name) } else { trash.purge(name) })
}

/// The line of a run that has to be finished; `None` when there was nothing to finish.
fn to_finish<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    name: &FolderName,
    never_left: &[Identity],
) -> io::Result<Option<Line>> {
    let trash = trash(store, guard);
    let bundle = match trash.open(name) {
        // The store changes only after the manifest is durable.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return trash.purge(name).map(|()| None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return keep_damaged(store, guard, name).map(|()| None);
        }
        bundle => bundle?,
    };
    let files = (bundle.manifest.before, bundle.manifest.after);
    let is_of_no_use = || bundle.manifest.line.trash && undo::is_of_no_use(store, &bundle).unwrap_or(false);
    let outcome = judge(store, guard, files, never_left, is_of_no_use);
    let Some(outcome) = outcome else { return trash.purge(name).map(|()| None) };
    bundle.clear_temps()?;
    Ok(Some(Line { outcome, ..bundle.manifest.line }))
}

/// Gives a run its line in the journal, durable, if it has none yet.
fn write_down<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, line: &Line) -> io::Result<()> {
    let known = read_journal(&store.disk, &guard.ours)?;
    if known.lines.iter().any(|known| known.run == line.run && known.store == line.store) {
        // It stands there, but whether it is durable nobody knows.
        return journal(store, guard).sync();
    }
    tracing::warn!(store = %store.path.display(), run = %line.run, "finished a run that was killed");
    journal(store, guard).append(line)
}

/// Nobody can tell what it was, and nobody can want it gone.
fn keep_damaged<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, name: &FolderName) -> io::Result<()> {
    tracing::warn!(store = %store.path.display(), run = %name.run, "the bundle of a killed run is damaged and is kept");
    trash(store, guard).finish(name)
}

/// How the run ended that was to make the file `before` the file `after`; `None` when the store did not change, or when what
/// is kept of the run is of no use. A run that nobody can judge is kept.
fn judge<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    (before, after): (Identity, Identity),
    never_left: &[Identity],
    is_of_no_use: impl FnOnce() -> bool,
) -> Option<Outcome> {
    let stands = store.disk.stat(&guard.place.folder, &guard.place.name).map(|stat| Identity::of(&stat));
    match stands {
        _ if never_left.contains(&after) => None,
        Ok(stands) if stands == after => Some(Outcome::Recovered),
        Ok(stands) if stands == before => None,
        Ok(_) if is_of_no_use() => None,
        _ => Some(Outcome::Uncertain),
    }
}
