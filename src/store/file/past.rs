//! What was done to a store: its journal, its trash, and runs taken back.

use std::{ffi::OsStr, io, path::Path};

use super::{
    FileStore, Guard,
    compact::{self, Compacting, Slimming},
    place::Place,
    record::trash,
    rewrite::Rewrite,
    undo::{self, Undoing, Wish},
};
use crate::{
    fs::{Disk, OUR_FOLDER, Owner, Reader},
    json::{self, Asked, RawRow, Visit},
    lock::Stop,
    model::{Error, ErrorKind, Key, Timestamp},
    store::{Access, Commit, Tidy, TimeOf},
    trash::{Bundle, Cause, FolderName, Line, Listed, Note, RowsReader, RunId, Stage, Trash, read_journal},
};

/// The trash of a store, as far as it can be read.
#[derive(Debug, Default)]
pub struct Trashed {
    /// What is in it, oldest first.
    pub bundles: Vec<Listed>,
    /// Bundles that cannot be read, and why.
    pub damaged: Vec<(RunId, Error)>,
    /// How many a killed command has left on their way in or out, the note of a run that keeps nothing included: whoever locks
    /// the store next sees to them.
    pub on_the_way: usize,
}

/// Our folder beside a store, to look into.
struct Ours<D: Disk> {
    folder: D::Folder,
    place: Place<D>,
}

impl<D: Disk> Ours<D> {
    /// `None` when there is none: then nothing was ever done here.
    fn find(store: &FileStore<D>) -> Result<Option<Self>, Error> {
        let place = Place::find(store)?;
        match store.disk.subfolder(&place.folder, OsStr::new(OUR_FOLDER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            folder => {
                let folder = folder.map_err(store.fail("open the folder .session-reaper beside"))?;
                Ok(Some(Self { folder, place }))
            }
        }
    }

    /// To look into it, nobody needs to own it.
    fn trash<'a>(&'a self, store: &'a FileStore<D>) -> Trash<'a, D> {
        Trash::new(&store.disk, &self.folder, Owner::default(), &self.place.name)
    }
}

impl<D: Disk> FileStore<D> {
    /// The runs on this store, oldest first, and how many lines of the journal nobody can read.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn history(&self) -> Result<(Vec<Line>, u64), Error> {
        let Some(ours) = Ours::find(self)? else { return Ok((Vec::new(), 0)) };
        let mut journal = read_journal(&self.disk, &ours.folder).map_err(self.fail("read the journal of"))?;
        let name = ours.place.name.to_string_lossy();
        journal.lines.retain(|line| line.store == name);
        Ok((journal.lines, journal.unreadable))
    }

    /// What is in the trash of this store.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn trashed(&self) -> Result<Trashed, Error> {
        let Some(ours) = Ours::find(self)? else { return Ok(Trashed::default()) };
        let trash = ours.trash(self);
        let names = trash.names().map_err(self.fail("list the trash of"))?;
        let (finished, others): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| name.stage == Stage::Finished);
        let note = self.disk.stat(&ours.folder, &Note::name(&ours.place.name));
        let notes = usize::from(note.is_ok_and(|note| note.is_file));
        let mut trashed = Trashed { on_the_way: others.len() + notes, ..Trashed::default() };
        for name in finished {
            match trash.open(&name).and_then(Bundle::list) {
                Ok(listed) => trashed.bundles.push(listed),
                Err(error) => trashed.damaged.push((name.run, self.fail("read from the trash of")(error))),
            }
        }
        Ok(trashed)
    }

    /// How many runs are in the trash of a store that is not there any more; none where nobody can tell.
    #[must_use]
    pub fn left_in_trash(&self) -> u64 {
        let count = || -> io::Result<u64> {
            let name = self.path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = self.disk.folder(parent.unwrap_or(Path::new(".")))?;
            let ours = self.disk.subfolder(&folder, OsStr::new(OUR_FOLDER))?;
            let names = Trash::new(&self.disk, &ours, Owner::default(), name).names()?;
            Ok(names.iter().filter(|name| name.stage == Stage::Finished).count() as u64)
        };
        count().unwrap_or(0)
    }

    fn finished(&self, trash: &Trash<'_, D>) -> Result<Vec<FolderName>, Error> {
        let mut names = trash.names().map_err(self.fail("list the trash of"))?;
        names.retain(|name| name.stage == Stage::Finished);
        Ok(names)
    }

    /// What taking back a run would do, nothing of it done.
    ///
    /// # Errors
    /// [`ErrorKind::Gone`] when the run is not in the trash; when something cannot be read; [`ErrorKind::Malformed`] when the
    /// bundle is damaged.
    pub fn plan_undo(&self, run: &RunId, wish: &Wish) -> Result<Undoing<D>, Error> {
        undo::plan(self, &self.bundle(run)?, wish)
    }

    /// Whether the bundle of a run holds a row with this key. The store itself is not read.
    ///
    /// # Errors
    /// As for [`FileStore::plan_undo`].
    pub fn bundle_has(&self, run: &RunId, key: &Key) -> Result<bool, Error> {
        has(&self.bundle(run)?, key).map_err(self.fail("read from the trash of"))
    }

    fn bundle(&self, run: &RunId) -> Result<Bundle<D>, Error> {
        let ours = Ours::find(self)?.ok_or_else(|| self.gone(run))?;
        let trash = ours.trash(self);
        let name = self.finished(&trash)?.into_iter().find(|name| name.run == *run);
        let name = name.ok_or_else(|| self.gone(run))?;
        trash.open(&name).map_err(self.fail("read from the trash of"))
    }

    /// What slimming the store would do, nothing of it done.
    ///
    /// # Errors
    /// When the store or its pins cannot be read.
    pub fn plan_compact(&self, slimming: &Slimming) -> Result<Compacting<D>, Error> {
        let pins = self.pins()?.pins();
        compact::plan(self, &pins, slimming)
    }

    /// Makes a change that [`FileStore::plan_undo`] or [`FileStore::plan_compact`] has found.
    ///
    /// # Errors
    /// As for [`crate::store::Store::commit`].
    pub fn rewrite(
        &self,
        guard: &Guard<D>,
        rewrite: &Rewrite<D>,
        access: Access<Self>,
        cause: &Cause,
        stop: &Stop,
    ) -> Result<Commit, Error> {
        rewrite.commit(self, guard, access, cause, stop)
    }

    /// Takes bundles out of the trash for ever; those that `goes` says, told oldest first. Returns what went, and what went
    /// wrong: nothing is taken away after that.
    pub fn purge(
        &self,
        guard: &Guard<D>,
        mut goes: impl FnMut(&RunId) -> bool,
    ) -> (Vec<RunId>, Option<Error>) {
        let trash = trash(self, guard);
        let names = match self.finished(&trash) {
            Ok(names) => names,
            Err(error) => return (Vec::new(), Some(error)),
        };
        let mut purged = Vec::new();
        for name in names {
            if !goes(&name.run) {
                continue;
            }
            if let Err(error) = self.purge_one(&trash, &name) {
                let error = if purged.is_empty() { error } else { error.half_way() };
                return (purged, Some(error));
            }
            purged.push(name.run);
        }
        (purged, None)
    }

    /// What is no folder is none of our bundles: once it were on its way out, nobody could get it further.
    fn purge_one(&self, trash: &Trash<'_, D>, name: &FolderName) -> Result<(), Error> {
        const STEP: &str = "empty the trash of";
        match trash.open(name) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound) => {
                return Err(self.fail(STEP)(error));
            }
            _ => {}
        }
        trash.purge(name).map_err(|error| {
            let error = self.fail(STEP)(error);
            // Out of sight it can never come back, though a part of it may still be there.
            let is_there = self.finished(trash).is_ok_and(|names| names.contains(name));
            if is_there { error } else { error.half_way() }
        })
    }

    fn gone(&self, run: &RunId) -> Error {
        let message = format!("run {run} is not in its trash");
        Error::new(ErrorKind::Gone, "bring back the rows of", &self.path, message)
            .with_hint("`session-reaper trash list` shows what is; a run with --no-trash keeps nothing")
    }
}

/// Whether a bundle holds a row with this key.
fn has<D: Disk>(bundle: &Bundle<D>, key: &Key) -> io::Result<bool> {
    let (removed, of_removed) = count(bundle.removed()?.as_ref(), key)?;
    let (_, of_replaced) = count(bundle.replaced()?.as_ref(), key)?;
    if bundle.manifest.placement.rows() != removed {
        let why = "its manifest does not fit its rows: it is damaged";
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(of_removed + of_replaced > 0)
}

/// How many rows there are, and how many of them with this key.
fn count<R: Reader>(file: Option<&RowsReader<R>>, key: &Key) -> io::Result<(u64, u64)> {
    struct Count<'k>(&'k Key, u64, u64);
    impl Visit for Count<'_> {
        fn asks(&self) -> Asked {
            Asked::Nothing
        }

        fn row(&mut self, row: RawRow<'_>) {
            self.1 += 1;
            self.2 += u64::from(Key::from_wtf8(&json::decode(row.key)) == *self.0);
        }
    }
    let mut rows = Count(key, 0, 0);
    let Some(file) = file else { return Ok((0, 0)) };
    file.each_row(&mut rows)?;
    Ok((rows.1, rows.2))
}

/// Takes old bundles out of the trash. A bundle is as old as its run says. By a clock it must have lain there for that long
/// as well, or a run that was judged at an old time would have no time in the trash. A time that somebody chose moves only
/// what was judged at a chosen time itself, unless somebody vouches for it.
pub(super) fn tidy<D: Disk>(store: &FileStore<D>, guard: &Guard<D>, tidy: &Tidy) -> Result<(), Error> {
    let Some(age) = tidy.retention.age() else { return Ok(()) };
    let is_old = |at: Timestamp| at < tidy.now.minus(age);
    let trash = trash(store, guard);
    let mut names = store.finished(&trash)?;
    if names.len() < 2 || !names.iter().any(|name| name.run.time().is_some_and(is_old)) {
        return Ok(());
    }
    let newest = newest(store, guard, &names)?;
    names.retain(|name| name.run.time().is_some_and(is_old) && newest.as_ref() != Some(&name.run));
    for name in names {
        let bundle = match trash.open(&name) {
            Ok(bundle) => bundle,
            Err(error) => {
                tracing::warn!(store = %store.path.display(), run = %name.run, %error, "cannot be read, and stays in the trash");
                continue;
            }
        };
        let line = &bundle.manifest.line;
        let goes = match tidy.time {
            TimeOf::Clock => is_old(line.at),
            TimeOf::Chosen => line.now.millis_since(line.at).unsigned_abs() > CHOSEN_MS,
            TimeOf::Vouched => true,
        };
        if goes {
            trash.purge(&name).map_err(store.fail("empty the trash of"))?;
        }
    }
    Ok(())
}

/// A run that was judged at a time so far from the clock's was judged at a time that somebody chose.
const CHOSEN_MS: u64 = 60_000;

/// The newest run on this store that is in its trash: what the journal says, or else the names.
fn newest<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    names: &[FolderName],
) -> Result<Option<RunId>, Error> {
    let journal = read_journal(&store.disk, &guard.ours).map_err(store.fail("read the journal of"))?;
    let name = guard.place.name.to_string_lossy();
    let is_in_trash = |run: &RunId| names.iter().any(|name| name.run == *run);
    let of_store = journal.lines.into_iter().rev().filter(|line| line.store == name);
    let newest = of_store.map(|line| line.run).find(is_in_trash);
    Ok(newest.or_else(|| names.last().map(|name| name.run.clone())))
}
