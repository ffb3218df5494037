//! What is to be done to the text of a store: rows that go, rows that come, rows that get another text.

use std::{io, ops::Range, vec};

use crate::{
    fs::{Disk, Reader, Writer, read_full},
    lock::Stop,
    trash::{Added, Placement, RowsReader, RowsWriter},
};

use super::{
    FileStore, Snapshot,
    crew::Crew,
    halves::{Half, Halves},
    outbox::{self, Outbox},
    pieces::{CHUNK, room_for},
};

/// What weighs less is written in no time, by one thread.
const MUCH: u64 = 4 << 20;

/// So much is read at least where only some rows are wanted.
const FEW: usize = 16 * 1024;

/// What is to be done to the text of a store. Everything is in the order of the text, and nothing overlaps.
#[derive(Debug, Default)]
pub(super) struct Edit {
    /// What to leave out so that the rows that go are gone.
    pub(super) cuts: Vec<Range<u64>>,
    /// What of the last of these belongs to rows, from the first key to the last value.
    pub(super) inner: Range<u64>,
    /// Where the rows stood that go.
    pub(super) placement: Placement,
    /// What to put in, and in the place of what.
    pub(super) puts: Vec<Put>,
    /// The rows that are put in.
    pub(super) added: Vec<Added>,
}

/// A text to put into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Put {
    /// What it takes the place of: the text of a row, or nothing at all.
    pub(super) at: Range<u64>,
    /// It begins with this,
    pub(super) before: Vec<u8>,
    /// goes on with this part of the rows that come back,
    pub(super) part: Range<u64>,
    /// and ends with this.
    pub(super) after: Vec<u8>,
    /// Which rows those are.
    pub(super) from: Origin,
    /// How many of them take no other's place.
    pub(super) rows: u64,
}

/// Which file of a bundle a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The rows that a run removed.
    Removed,
    /// The rows whose text it replaced.
    Replaced,
}

/// The rows of a bundle that come back.
#[derive(Debug)]
pub(super) struct Sources<R> {
    pub(super) removed: Option<RowsReader<R>>,
    pub(super) replaced: Option<RowsReader<R>>,
}

impl<R> Sources<R> {
    /// Nothing comes back.
    pub(super) const NONE: Self = Self { removed: None, replaced: None };

    pub(super) const fn of(&self, origin: Origin) -> Option<&RowsReader<R>> {
        match origin {
            Origin::Removed => self.removed.as_ref(),
            Origin::Replaced => self.replaced.as_ref(),
        }
    }
}

/// Where the rows go that leave the store; `None` where nobody keeps them.
#[derive(Debug)]
pub(super) struct Gone<W> {
    pub(super) removed: Option<RowsWriter<W>>,
    pub(super) replaced: Option<RowsWriter<W>>,
}

impl<W> Gone<W> {
    /// Nobody keeps them.
    pub(super) const FOR_EVER: Self = Self { removed: None, replaced: None };
}

impl<W: Writer> Gone<W> {
    /// Whether a write of what leaves the store has failed.
    pub(super) fn has_failed(&self) -> bool {
        [&self.removed, &self.replaced].into_iter().flatten().any(RowsWriter::has_failed)
    }
}

impl Edit {
    /// How many rows get another text.
    pub(super) fn replaced(&self) -> u64 {
        self.puts.iter().filter(|put| !put.at.is_empty()).count() as u64
    }

    /// How many rows come that take no other's place.
    pub(super) fn rows_in(&self) -> u64 {
        self.puts.iter().map(|put| put.rows).sum()
    }

    /// How many bytes are left out.
    fn cut(&self) -> u64 {
        self.cuts.iter().map(|cut| cut.end - cut.start).sum()
    }

    /// The size of the text once all is done.
    pub(super) fn size_of(&self, before: u64) -> u64 {
        let put: u64 = self.puts.iter().map(Put::length).sum();
        let replaced: u64 = self.puts.iter().map(|put| put.at.end - put.at.start).sum();
        before - self.cut() - replaced + put
    }

    /// Cuts and puts in the order of the text, what comes in before what goes.
    fn steps(&self) -> vec::IntoIter<Step<'_>> {
        let mut steps: Vec<Step<'_>> = self.cuts.iter().map(Step::Cut).collect();
        if !self.puts.is_empty() {
            steps.extend(self.puts.iter().map(Step::Put));
            steps.sort_by_key(|step| (step.place().start, step.place().end));
        }
        steps.into_iter()
    }
}

impl Put {
    fn length(&self) -> u64 {
        (self.before.len() + self.after.len()) as u64 + self.part.end - self.part.start
    }
}

#[derive(Debug, Clone, Copy)]
enum Step<'e> {
    Cut(&'e Range<u64>),
    Put(&'e Put),
}

impl Step<'_> {
    const fn place(&self) -> &Range<u64> {
        match self {
            Self::Cut(cut) => cut,
            Self::Put(put) => &put.at,
        }
    }
}

/// Writes the new text to `to`, and what leaves the store to `gone`: reading the old text once, or where there is much of
/// both, with a thread for each.
pub(super) fn carry_out<D: Disk>(
    snapshot: &Snapshot<D>,
    edit: &Edit,
    sources: &Sources<D::Reader>,
    to: &mut D::Writer,
    gone: &mut Gone<D::Writer>,
    stop: &Stop,
) -> io::Result<()> {
    let crew = if edit.size_of(snapshot.layout.len) >= MUCH { Crew::claim() } else { None };
    let (halves, rewriting) = (Halves::new(stop), Rewriting { snapshot, edit, sources });
    if crew.is_none() {
        return outbox::write(to, |outbox| rewriting.write(outbox, gone, halves.one()));
    }
    let mut removed = if edit.cut() >= MUCH { gone.removed.take() } else { None };
    let kept = halves.side_by_side(
        removed.is_some(),
        |half| removed.as_mut().map_or(Ok(()), |removed| keep_removed(snapshot, edit, removed, half)),
        |half| outbox::write_beside(to, |outbox| rewriting.write(outbox, gone, half)),
    );
    if removed.is_some() {
        gone.removed = removed;
    }
    kept
}

/// The new text, made of the old one.
struct Rewriting<'a, D: Disk> {
    snapshot: &'a Snapshot<D>,
    edit: &'a Edit,
    sources: &'a Sources<D::Reader>,
}

impl<D: Disk> Rewriting<'_, D> {
    /// Writes it, reading the old text once, and keeps what `gone` is to keep.
    fn write(&self, outbox: &mut Outbox<'_>, gone: &mut Gone<D::Writer>, half: Half<'_>) -> io::Result<()> {
        let room = room_for(self.snapshot.layout.len);
        let mut old = Old::new(&self.snapshot.file, room, room, half);
        let mut at = 0;
        for step in self.edit.steps() {
            let place = step.place();
            if place.start < at {
                return Err(io::Error::other("two changes of the text overlap"));
            }
            old.each(at..place.start, |bytes| outbox.write(bytes))?;
            match step {
                Step::Cut(cut) => keep_cut(&mut old, self.edit, cut, gone.removed.as_mut())?,
                Step::Put(put) => {
                    keep_replaced(&mut old, put, gone.replaced.as_mut())?;
                    put_in(outbox, put, self.sources)?;
                }
            }
            at = place.end;
        }
        old.each(at..self.snapshot.layout.len, |bytes| outbox.write(bytes))
    }
}

/// Keeps the rows of all cuts, and reads little else.
fn keep_removed<D: Disk>(
    snapshot: &Snapshot<D>,
    edit: &Edit,
    removed: &mut RowsWriter<D::Writer>,
    half: Half<'_>,
) -> io::Result<()> {
    let mut old = Old::new(&snapshot.file, CHUNK, FEW, half);
    edit.cuts.iter().try_for_each(|cut| keep_cut(&mut old, edit, cut, Some(&mut *removed)))
}

/// Of the last cut only the rows are kept: what separates them from others has its place in the manifest.
fn keep_cut<R: Reader, W: Writer>(
    old: &mut Old<'_, R>,
    edit: &Edit,
    cut: &Range<u64>,
    removed: Option<&mut RowsWriter<W>>,
) -> io::Result<()> {
    let Some(removed) = removed else { return Ok(()) };
    let is_last = edit.cuts.last() == Some(cut);
    let rows = if is_last { edit.inner.clone() } else { cut.clone() };
    old.each(rows, |bytes| removed.write(bytes))
}

fn keep_replaced<R: Reader, W: Writer>(
    old: &mut Old<'_, R>,
    put: &Put,
    replaced: Option<&mut RowsWriter<W>>,
) -> io::Result<()> {
    let Some(replaced) = replaced.filter(|_| !put.at.is_empty()) else { return Ok(()) };
    replaced.separate()?;
    old.each(put.at.clone(), |bytes| replaced.write(bytes))
}

/// The old text, read in chunks that do not grow with the store.
struct Old<'a, R> {
    file: &'a R,
    buffer: Vec<u8>,
    start: u64,
    length: usize,
    /// So much is read at least, if there is room.
    least: usize,
    half: Half<'a>,
}

impl<'a, R: Reader> Old<'a, R> {
    fn new(file: &'a R, room: usize, least: usize, half: Half<'a>) -> Self {
        Self { file, buffer: vec![0; room], start: 0, length: 0, least, half }
    }

    /// Hands over a part of the text. Parts are asked for in order, so that each byte is read once.
    fn each(&mut self, mut part: Range<u64>, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        while part.start < part.end {
            if !(self.start..self.start + self.length as u64).contains(&part.start) {
                self.fill(&part)?;
            }
            let from = usize::try_from(part.start - self.start).unwrap_or_default();
            let wanted = length(&part);
            let bytes = self.buffer.get(from..self.length).unwrap_or_default();
            let bytes = bytes.get(..wanted.min(bytes.len())).unwrap_or_default();
            to(bytes)?;
            part.start += bytes.len() as u64;
        }
        Ok(())
    }

    fn fill(&mut self, part: &Range<u64>) -> io::Result<()> {
        self.half.goes_on()?;
        let room = self.buffer.len();
        let wanted = length(part).clamp(self.least.min(room), room);
        self.length = self.file.read_at(self.buffer.get_mut(..wanted).unwrap_or_default(), part.start)?;
        self.start = part.start;
        if self.length == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        Ok(())
    }
}

fn length(part: &Range<u64>) -> usize {
    usize::try_from(part.end - part.start).unwrap_or(usize::MAX)
}

/// Puts a text in.
fn put_in(outbox: &mut Outbox<'_>, put: &Put, sources: &Sources<impl Reader>) -> io::Result<()> {
    outbox.write(&put.before)?;
    if let Some(rows) = sources.of(put.from) {
        rows.each_chunk_of(put.part.clone(), |bytes| outbox.write(bytes))?;
    }
    outbox.write(&put.after)
}

/// Where the text ends that JSON has before `end`: behind white space and commas.
pub(super) fn text_end<D: Disk>(
    store: &FileStore<D>,
    file: &D::Reader,
    part: Range<u64>,
) -> Result<u64, crate::Error> {
    const STEP: u64 = 4096;
    let mut end = part.end;
    while end > part.start {
        let from = end.saturating_sub(STEP).max(part.start);
        let bytes = read_range(file, from..end).map_err(store.fail("read"))?;
        let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
        if let Some(last) = bytes.iter().rposition(is_text) {
            return Ok(from + last as u64 + 1);
        }
        end = from;
    }
    Ok(part.start)
}

/// All bytes of a part of a file.
pub(super) fn read_range(file: &impl Reader, part: Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(part.end - part.start).unwrap_or_default()];
    if read_full(file, &mut bytes, part.start)? < bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}
