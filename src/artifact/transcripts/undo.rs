//! Bringing a transcript back as it was before a compaction, with what was added to it since.
//!
//! The compacted text must still be what the transcript begins with, to the byte; whatever follows was added, and is added to the
//! old text. An undo is a run like the compaction: what it replaces goes into the trash, and it can be taken back. Payloads stay
//! where they are, for nobody knows who else refers to them.

use std::{io, ops::Range, path::Path};

use sha2::{Digest, Sha256};

use super::{
    KIND,
    gist::each_piece,
    next::Next,
    place::{Base, Place, Source},
    swap::Swap,
    trouble::{self, Trouble, again},
};
use crate::{
    artifact::{Options, Past, Undone, nook::Nook, past::plain},
    fs::{Disk, Reader, RealDisk},
    lock::Lease,
    model::{Error, ErrorKind, Timestamp, hex},
    trash::{Cause, FolderName, Line, Opened, RunId, Stage, Text},
};

/// The runs on the transcripts of a folder.
///
/// # Errors
/// When the folder, the journal or the trash cannot be read.
pub fn past(folder: &Path) -> Result<Past, Error> {
    let base = Base::open(&RealDisk, folder)?;
    Past::of(&RealDisk, &base.folder, KIND).map_err(base.fail("read the journal of"))
}

/// Takes back a run on a transcript of this folder: it is what it was before, byte for byte, and what was added since stands
/// behind that. A transcript that was changed otherwise is held up. In a dry run nothing is done.
///
/// # Errors
/// [`ErrorKind::Gone`] when nothing of the run is in the trash; otherwise as for [`super::compact()`].
pub fn undo(folder: &Path, run: &RunId, now: Timestamp, options: &Options) -> Result<Undone, Error> {
    undo_on(&RealDisk, folder, run, now, options)
}

/// The same on any disk.
pub(super) fn undo_on<D: Disk>(
    disk: &D,
    folder: &Path,
    run: &RunId,
    now: Timestamp,
    options: &Options,
) -> Result<Undone, Error> {
    let base = Base::open(disk, folder)?;
    let _stake = options.stop.enter();
    let nook = base.enter(options)?;
    let fail = base.fail("look into the trash of");
    let name = bundle(&nook, run).map_err(&fail)?.ok_or_else(|| gone(&base, run))?;
    let opened = nook.attic().open(&name).map_err(&fail)?.ok_or_else(|| gone(&base, run))?;
    let thing = opened.things().next().map(|(_, thing)| thing.clone()).ok_or_else(|| gone(&base, run))?;
    let place = base.place(&plain(&thing.name).map_err(&fail)?);
    let back = Back { place: &place, nook: &nook, opened: &opened, became: thing.became, run, now, options };
    let mut undone = Undone::default();
    if back.bring()? {
        undone.restored.push(thing.name);
        if !options.dry_run {
            // What it held stands in its place, durably.
            nook.attic().purge(&name).map_err(|error| fail(error).after_the_change())?;
        }
    } else {
        undone.held_up.push(thing.name);
    }
    Ok(undone)
}

fn bundle<D: Disk>(nook: &Nook<'_, D>, run: &RunId) -> io::Result<Option<FolderName>> {
    let mut names = nook.attic().names()?.into_iter();
    Ok(names.find(|name| name.run == *run && name.stage == Stage::Finished))
}

fn gone<D: Disk>(base: &Base<'_, D>, run: &RunId) -> Error {
    let message = format!("nothing of run {run} is in its trash");
    Error::new(ErrorKind::Gone, "bring back a transcript in", &base.path, message)
}

/// A transcript on its way back.
struct Back<'b, D: Disk> {
    place: &'b Place<'b, D>,
    nook: &'b Nook<'b, D>,
    opened: &'b Opened<D>,
    became: Option<Text>,
    run: &'b RunId,
    now: Timestamp,
    options: &'b Options,
}

impl<D: Disk> Back<'_, D> {
    /// `false` when it is not what the run made of it any more.
    fn bring(&self) -> Result<bool, Error> {
        let lease = if self.options.dry_run { None } else { Some(self.place.lease(self.options, false)?) };
        again(self.place, || self.attempt(lease.as_ref()))
    }

    fn attempt(&self, lease: Option<&Lease<D>>) -> Result<bool, Trouble> {
        let now = match self.place.open() {
            Err(error) if error.kind() == ErrorKind::Missing => return self.put_back(lease),
            now => now?,
        };
        let fail = trouble::of(self.place.fail("read"));
        let old = self.opened.read(0).map_err(&fail)?;
        let size = old.stat().map_err(&fail)?.size;
        if begins_with(&now, &old, size).map_err(&fail)? {
            return Ok(true);
        }
        let Some(added) = self.added(&now).map_err(&fail)? else { return Ok(false) };
        lease.map_or(Ok(true), |lease| self.switch(lease, &now, (&old, size), added).map(|()| true))
    }

    /// What was added since the run; `None` when the transcript does not begin with what the run made of it.
    fn added(&self, now: &Source<D>) -> io::Result<Option<Range<u64>>> {
        let Some(became) = &self.became else { return Ok(None) };
        let is_right = now.stat.size >= became.bytes && hash(&now.file, 0..became.bytes)? == became.sha256;
        Ok(is_right.then_some(became.bytes..now.stat.size))
    }

    /// There is no transcript: nothing is in the way.
    fn put_back(&self, lease: Option<&Lease<D>>) -> Result<bool, Trouble> {
        let fail = self.place.fail("put back");
        if lease.is_none() {
            return Ok(true);
        }
        let is_back = self.opened.put_back(0, self.place.at()).map_err(&fail)?;
        self.place.disk().sync_folder(&self.place.base.folder).map_err(&fail)?;
        if is_back {
            self.nook.journal().append(&self.line(0)).map_err(|error| fail(error).after_the_change())?;
        }
        Ok(is_back)
    }

    fn switch(
        &self,
        lease: &Lease<D>,
        now: &Source<D>,
        (old, size): (&impl Reader, u64),
        added: Range<u64>,
    ) -> Result<(), Trouble> {
        let fail = trouble::of(self.place.fail("write the old text of"));
        let mut next = Next::begin(self.place.disk(), &self.nook.ours).map_err(&fail)?;
        next.copy(old, 0..size).and_then(|()| next.copy(&now.file, added)).map_err(&fail)?;
        let attributes = now.file.attributes().map_err(&fail)?;
        let became = next.finish(&attributes).map_err(&fail)?;
        let line = Line { bytes_after: became.bytes, ..self.line(now.stat.size) };
        let swap = Swap { place: self.place, nook: self.nook, lease, old: now };
        swap.carry_out(&next, became, &line)
    }

    fn line(&self, bytes_before: u64) -> Line {
        let own = self.options.run.clone().unwrap_or_else(|| RunId::new(self.now));
        let cause = Cause { undoes: Some(self.run.clone()), ..Cause::new(own, "undo", self.now) };
        let line = cause.line(KIND, Timestamp::from_nanos(self.place.disk().now_ns()));
        Line { restored: 1, bytes_before, ..line }
    }
}

/// An undo that was killed right before its end has done it already.
fn begins_with<D: Disk>(now: &Source<D>, old: &impl Reader, size: u64) -> io::Result<bool> {
    Ok(now.stat.size >= size && hash(&now.file, 0..size)? == hash(old, 0..size)?)
}

fn hash(file: &impl Reader, range: Range<u64>) -> io::Result<String> {
    let mut hash = Sha256::new();
    each_piece(file, range, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(hex(&hash.finalize()))
}
