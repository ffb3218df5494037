//! Bringing a transcript back as it was before a compaction, with what was added to it since.
//!
//! The compacted text must still be what the transcript begins with, to the byte; whatever follows was added, and is added to the
//! old text. An undo is a run like the compaction: what it replaces goes into the trash, and it can be taken back. The old text in
//! the trash goes only when it was seen to stand in its place, to the byte. Payloads stay where they are, for nobody knows who else
//! refers to them.

use std::{ffi::OsStr, io, ops::Range, path::Path};

use sha2::{Digest, Sha256};

use super::{
    KIND, Settings,
    gist::each_piece,
    heard::Heard,
    next::Next,
    place::{Base, Place, Source, is_ended},
    swap::Swap,
    trouble::{self, Trouble, again},
};
use crate::{
    artifact::{
        Options, Past, Undone,
        nook::Nook,
        past::{attic, plain},
    },
    fs::{Disk, OUR_FOLDER, Reader, RealDisk},
    lock::Lease,
    model::{Error, ErrorKind, Timestamp, hex},
    trash::{Attic, Cause, FolderName, Line, Opened, RunId, Stage, Text},
};

/// The runs on the transcripts of a folder.
///
/// # Errors
/// When the folder, the journal or the trash cannot be read.
pub fn past(folder: &Path) -> Result<Past, Error> {
    let base = Base::open(&RealDisk, folder)?;
    Past::of(&RealDisk, &base.folder, KIND.into()).map_err(base.fail("read the journal of"))
}

/// Takes back a run on a transcript of this folder: it is what it was before, byte for byte, and what was added since stands
/// behind that. A transcript that was changed otherwise is held up. A dry run takes no lock and writes nothing. Nobody is asked
/// for how long the transcript has rested: see [`undo_with`].
///
/// # Errors
/// [`ErrorKind::Gone`] when nothing of the run is in the trash, [`ErrorKind::Refused`] when it was killed and not finished yet;
/// otherwise as for [`super::compact()`].
pub fn undo(folder: &Path, run: &RunId, now: Timestamp, options: &Options) -> Result<Undone, Error> {
    undo_with(folder, run, &Settings::default().with_quiet(None), now, options)
}

/// The same, and what the settings say of quiet and of OpenClaw holds: a transcript that was added to since the run is left alone
/// until it has rested.
///
/// # Errors
/// As for [`undo`].
pub fn undo_with(
    folder: &Path,
    run: &RunId,
    settings: &Settings,
    now: Timestamp,
    options: &Options,
) -> Result<Undone, Error> {
    undo_on(&RealDisk, folder, run, &Undo { settings, now, options })
}

/// How a run is taken back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Undo<'u> {
    pub(super) settings: &'u Settings,
    pub(super) now: Timestamp,
    pub(super) options: &'u Options,
}

/// The same on any disk.
pub(super) fn undo_on<D: Disk>(
    disk: &D,
    folder: &Path,
    run: &RunId,
    how: &Undo<'_>,
) -> Result<Undone, Error> {
    let base = Base::open(disk, folder)?;
    if how.options.dry_run {
        let ours = disk.subfolder(&base.folder, OsStr::new(OUR_FOLDER));
        let ours = ours.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => gone(&base, run),
            _ => base.fail("look into the trash of")(error),
        })?;
        let (_, opened) = find(&base, &attic(disk, &ours, KIND.into()), run)?;
        return back(&base, &opened, run, how, None);
    }
    let _stake = how.options.stop.enter();
    let nook = base.enter(how.options)?;
    let (name, opened) = find(&base, &nook.attic(), run)?;
    back(&base, &opened, run, how, Some((&nook, &name)))
}

/// What is in the trash of a run.
fn find<D: Disk>(
    base: &Base<'_, D>,
    attic: &Attic<'_, D>,
    run: &RunId,
) -> Result<(FolderName, Opened<D>), Error> {
    let fail = base.fail("look into the trash of");
    let mut names = attic.names().map_err(&fail)?;
    names.retain(|name| name.run == *run && name.stage != Stage::Purged);
    let name = names.pop().ok_or_else(|| gone(base, run))?;
    if name.stage == Stage::Unfinished {
        return Err(unfinished(base, run));
    }
    let opened = attic.open(&name).map_err(&fail)?.ok_or_else(|| gone(base, run))?;
    Ok((name, opened))
}

fn gone<D: Disk>(base: &Base<'_, D>, run: &RunId) -> Error {
    let message = format!("nothing of run {run} is in its trash");
    Error::new(ErrorKind::Gone, "bring back a transcript in", &base.path, message)
}

fn unfinished<D: Disk>(base: &Base<'_, D>, run: &RunId) -> Error {
    let message = format!("run {run} was killed, or is still at work: it has to be finished first");
    let error = Error::new(ErrorKind::Refused, "bring back a transcript in", &base.path, message);
    error.with_hint(
        "a compaction or an undo in that folder finishes it, unless somebody has the transcript's lock",
    )
}

/// Takes back what a run did to its transcript, if there is a nook to do it with, and tells what came or would come of it.
fn back<D: Disk>(
    base: &Base<'_, D>,
    opened: &Opened<D>,
    run: &RunId,
    how: &Undo<'_>,
    with: Option<(&Nook<'_, D>, &FolderName)>,
) -> Result<Undone, Error> {
    let (_, thing) = opened.things().next().ok_or_else(|| gone(base, run))?;
    let name = plain(&thing.name).map_err(base.fail("look into the trash of"))?;
    let (place, became) = (base.place(&name), thing.became.as_ref().map(|became| &became.text));
    let back = Back { place: &place, opened, became, run, how };
    let is_back = match with {
        Some((nook, _)) => back.bring(nook)?,
        None => back.would_bring()?,
    };
    if let Some((nook, name)) = with.filter(|_| is_back) {
        back.clear(nook, name);
    }
    let mut undone = Undone::default();
    let told = if is_back { &mut undone.restored } else { &mut undone.held_up };
    told.push(thing.name.clone());
    Ok(undone)
}

/// A transcript on its way back.
struct Back<'b, D: Disk> {
    place: &'b Place<'b, D>,
    opened: &'b Opened<D>,
    became: Option<&'b Text>,
    run: &'b RunId,
    how: &'b Undo<'b>,
}

/// How it comes back.
enum Way<D: Disk> {
    /// It is back: an undo that was killed right before its end has done it already.
    Done,
    /// There is no transcript: nothing is in the way.
    Free,
    /// It takes the place of what is there, of which this was added.
    Switch(Source<D>, Range<u64>),
    /// What is there is not what the run made of it.
    HeldUp,
}

impl<D: Disk> Back<'_, D> {
    fn would_bring(&self) -> Result<bool, Error> {
        let way = again(self.place, || self.way(|| Ok(self.place.open()?)))?;
        Ok(!matches!(way, Way::HeldUp))
    }

    /// `false` when it is not what the run made of it any more.
    fn bring(&self, nook: &Nook<'_, D>) -> Result<bool, Error> {
        let lease = self.place.lease(self.how.options, self.how.settings.for_openclaw)?;
        again(self.place, || match self.way(|| self.place.open_still())? {
            Way::Done => Ok(true),
            Way::HeldUp => Ok(false),
            Way::Free => self.put_back(nook),
            Way::Switch(now, added) => self.switch(nook, &lease, &now, added).map(|()| true),
        })
    }

    fn way(&self, open: impl FnOnce() -> Result<Source<D>, Trouble>) -> Result<Way<D>, Trouble> {
        let fail = trouble::of(self.place.fail("read"));
        if self.opened.is_successor(0) {
            // The run came to nothing: what it made is in the trash, and the old text has its place.
            return Ok(Way::HeldUp);
        }
        let old = self.opened.read(0).map_err(&fail)?;
        if self.is_linked(&old).map_err(&fail)? {
            return Ok(Way::Done);
        }
        let now = match open() {
            Err(Trouble::Failed(error)) if error.kind() == ErrorKind::Missing => return Ok(Way::Free),
            now => now?,
        };
        let heard = (&self.heard(&now.file), &self.heard(&old));
        if begins_with(heard, now.stat.size).map_err(&fail)? {
            return Ok(Way::Done);
        }
        let Some(added) = self.added(&now).map_err(&fail)? else { return Ok(Way::HeldUp) };
        if !added.is_empty() {
            self.how.settings.must_have_rested(self.place, &now, self.how.now)?;
        }
        Ok(Way::Switch(now, added))
    }

    /// Who asks to stop while this is read changes nothing, or leaves the run in the trash.
    const fn heard<'h, R: Reader>(&'h self, file: &'h R) -> Heard<'h, R> {
        Heard::new(file, &self.how.options.stop)
    }

    /// Whether the old text has its name again, besides that in the trash: an undo was killed between the two.
    fn is_linked(&self, old: &D::Reader) -> io::Result<bool> {
        let old = old.stat()?;
        Ok(self.place.stat()?.is_some_and(|stat| (stat.dev, stat.ino) == (old.dev, old.ino)))
    }

    /// What was added since the run; `None` when the transcript does not begin with what the run made of it.
    fn added(&self, now: &Source<D>) -> io::Result<Option<Range<u64>>> {
        let Some(became) = self.became else { return Ok(None) };
        let is_right =
            now.stat.size >= became.bytes && hash(&self.heard(&now.file), 0..became.bytes)? == became.sha256;
        Ok(is_right.then_some(became.bytes..now.stat.size))
    }

    fn put_back(&self, nook: &Nook<'_, D>) -> Result<bool, Trouble> {
        let fail = self.place.fail("put back");
        let is_back = self.opened.put_back(0, self.place.at()).map_err(&fail)?;
        if !is_back {
            // Somebody was quicker: it is looked at.
            return Err(Trouble::Moved);
        }
        let folder = &self.place.base.folder;
        let settled =
            self.place.disk().sync_folder(folder).and_then(|()| nook.journal().append(&self.line(0)));
        settled.map(|()| true).map_err(|error| fail(error).after_the_change().into())
    }

    fn switch(
        &self,
        nook: &Nook<'_, D>,
        lease: &Lease<D>,
        now: &Source<D>,
        added: Range<u64>,
    ) -> Result<(), Trouble> {
        let fail = trouble::of(self.place.fail("write the old text of"));
        let old = self.opened.read(0).map_err(&fail)?;
        let size = old.stat().map_err(&fail)?.size;
        let mut next = Next::begin(self.place.disk(), &nook.ours).map_err(&fail)?;
        next.copy(&self.heard(&old), 0..size).map_err(&fail)?;
        if !added.is_empty()
            && !is_ended(&old, size).map_err(&fail)?
            && is_ended(&now.file, added.start).map_err(&fail)?
        {
            // The compaction had put the rest of a line aside, and what was added since is none of it.
            next.write(b"\n").map_err(&fail)?;
        }
        next.copy(&self.heard(&now.file), added).map_err(&fail)?;
        let attributes = now.file.attributes().map_err(&fail)?;
        let text = next.finish(&attributes).map_err(&fail)?;
        let line = Line { bytes_after: text.bytes, ..self.line(now.stat.size) };
        Swap::new(self.place, nook, lease, now).carry_out(&next, text, &line)
    }

    fn line(&self, bytes_before: u64) -> Line {
        let own = self.how.options.run.clone().unwrap_or_else(|| RunId::new(self.how.now));
        let cause = Cause { undoes: Some(self.run.clone()), ..Cause::new(own, "undo", self.how.now) };
        let line = cause.line(KIND, Timestamp::from_nanos(self.place.disk().now_ns()));
        Line { restored: 1, bytes_before, ..line }
    }

    /// Takes the run's bundle away, if what it holds stands in its place. Somebody may have added to it meanwhile, or put
    /// something else there: then it stays.
    fn clear(&self, nook: &Nook<'_, D>, name: &FolderName) {
        let cleared = if self.opened.things().next().is_none() {
            nook.attic().discard(name)
        } else {
            self.must_stand().and_then(|()| nook.attic().purge(name))
        };
        if let Err(error) = cleared {
            let (path, run) = (self.place.path.display(), self.run);
            tracing::warn!(target: "session_reaper", %path, %run, %error, "the transcript is back, and the run stays in the trash");
        }
    }

    fn must_stand(&self) -> io::Result<()> {
        let old = self.opened.read(0)?;
        if self.is_linked(&old)? {
            return self.place.disk().sync_folder(&self.place.base.folder);
        }
        let now = self.place.open().map_err(|error| io::Error::other(error.to_string()))?;
        self.place.settle()?;
        let is_whole = begins_with((&self.heard(&now.file), &self.heard(&old)), now.stat.size)?;
        let is_there = self.place.stat()?.is_some_and(|stat| stat.ino == now.stat.ino);
        if is_whole && is_there { Ok(()) } else { Err(io::Error::other("not all of it stands there")) }
    }
}

/// Whether the first `length` bytes of a file begin with the old text, to the last byte that is in there by the end of the look.
fn begins_with((now, old): (&impl Reader, &impl Reader), length: u64) -> io::Result<bool> {
    let size = old.stat()?.size;
    let is_same = length >= size && hash(now, 0..size)? == hash(old, 0..size)?;
    Ok(is_same && old.stat()?.size == size)
}

fn hash(file: &impl Reader, range: Range<u64>) -> io::Result<String> {
    let mut hash = Sha256::new();
    each_piece(file, range, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(hex(&hash.finalize()))
}
