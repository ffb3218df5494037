//! Compacting a transcript: look at every line, write what stays and what is shown, switch.

use std::{io, ops::Range, path::Path, time::Instant};

use sha2::{Digest, Sha256};

use super::{
    Compacted, KIND, Settings,
    gist::{Gist, each_piece},
    heard::Heard,
    lines::{self, Line},
    log,
    next::Next,
    payload::{Kept, Payloads},
    place::{Base, Place, Source},
    swap::Swap,
    trouble::{self, Trouble, again},
};
use crate::{
    artifact::{Options, nook::Nook},
    fs::{Disk, Reader, RealDisk},
    lock::Lease,
    model::{Error, ErrorKind, Timestamp, hex},
    trash::{Cause, Line as Entry, RunId, Text},
};

/// Takes large results of tools out of a transcript: they go to files beside it, and an excerpt stands in their place. The old
/// text goes into the trash of its folder, always; [`super::undo()`] brings it back. A dry run takes no lock and writes nothing.
///
/// Payloads are in `<transcript>.payloads/`, each in a file that is called after its SHA-256. Nothing here ever removes one
/// that a transcript, or an old text in the trash, may refer to.
///
/// # Errors
/// [`ErrorKind::Missing`] when there is none, [`ErrorKind::Busy`] and [`ErrorKind::Held`] when somebody is at work on it,
/// [`ErrorKind::Unsettled`] when it was written to lately or all the time, [`ErrorKind::Refused`] when it is no file that can be
/// replaced, and as the operating system says. Unless [`Error::is_too_late`], nothing has changed.
pub fn compact(
    path: &Path,
    settings: &Settings,
    now: Timestamp,
    options: &Options,
) -> Result<Compacted, Error> {
    compact_on(&RealDisk, path, settings, now, options)
}

/// The same on any disk.
pub(super) fn compact_on<D: Disk>(
    disk: &D,
    path: &Path,
    settings: &Settings,
    now: Timestamp,
    options: &Options,
) -> Result<Compacted, Error> {
    let begun = Instant::now();
    let done = Compaction { settings, now, options }.run(disk, path);
    log::compacted(path, &done, options.dry_run, begun.elapsed());
    done
}

/// Is told of each result that goes, and of a torn line, with what is to stand there.
type Each<'e> = dyn FnMut(&Kept<'_>, &[u8]) -> Result<(), Trouble> + 'e;

struct Compaction<'c> {
    settings: &'c Settings,
    now: Timestamp,
    options: &'c Options,
}

impl Compaction<'_> {
    fn run<D: Disk>(&self, disk: &D, path: &Path) -> Result<Compacted, Error> {
        let no_name = || Error::new(ErrorKind::Refused, "compact", path, "it names no file");
        let name = path.file_name().ok_or_else(no_name)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let base = Base::open(disk, parent.unwrap_or(Path::new(".")))?;
        let place = base.place(name);
        must_be_nameable(&place)?;
        // What is not there, or must not be touched, gets no folder of ours beside it.
        self.open(&place)?;
        if self.options.dry_run {
            return again(&place, || self.look(&place));
        }
        let nook = base.enter(self.options)?;
        let lease = place.lease(self.options, self.settings.for_openclaw)?;
        let compacted = again(&place, || self.attempt(&place, &nook, &lease))?;
        base.tidy(&nook, self.now, self.options.trash_retention);
        Ok(compacted)
    }

    /// Opens it, if nobody has written to it lately.
    fn open<D: Disk>(&self, place: &Place<'_, D>) -> Result<Source<D>, Error> {
        let source = place.open()?;
        self.settings.must_have_rested(place, &source, self.now)?;
        Ok(source)
    }

    /// What a dry run does.
    fn look<D: Disk>(&self, place: &Place<'_, D>) -> Result<Compacted, Trouble> {
        let source = self.open(place)?;
        self.settings.must_be_ended(place, &source)?;
        self.walk(place, &source, &mut |_, _| Ok(()))
    }

    fn attempt<D: Disk>(
        &self,
        place: &Place<'_, D>,
        nook: &Nook<'_, D>,
        lease: &Lease<D>,
    ) -> Result<Compacted, Trouble> {
        let old = place.open_still()?;
        self.settings.must_have_rested(place, &old, self.now)?;
        self.settings.must_be_ended(place, &old)?;
        let _stake = self.options.stop.enter();
        let mut payloads = Payloads::of(place, old.stat.owner, &self.options.stop);
        let text = Heard::new(&old.file, &self.options.stop);
        let mut new = New { place, nook, old: &old, text: &text, next: None, at: 0 };
        let compacted = self.walk(place, &old, &mut |kept, shown| {
            let keep = payloads.keep(&text, kept);
            keep.map_err(trouble::of(place.fail("keep a payload of")))?;
            new.replace(kept.raw.clone(), shown)
        })?;
        let Some((next, became)) = new.finish()? else { return Ok(compacted) };
        payloads.settle().map_err(place.fail("make durable the payloads of"))?;
        let run = self.options.run.clone().unwrap_or_else(|| RunId::new(self.now));
        let line = self.entry::<D>(place, &run, &compacted);
        let swap = Swap::new(place, nook, lease, &old);
        let switched = swap.carry_out(&next, became, &line);
        if swap.was_there() {
            payloads.stay();
        }
        switched.map(|()| Compacted { run: Some(run), ..compacted })
    }

    fn entry<D: Disk>(&self, place: &Place<'_, D>, run: &RunId, done: &Compacted) -> Entry {
        let cause = Cause::new(run.clone(), self.options.verb, self.now);
        let mut line = cause.line(KIND, Timestamp::from_nanos(place.disk().now_ns()));
        (line.scanned, line.pruned, line.kept) = (done.lines, done.touched, done.lines - done.touched);
        (line.bytes_before, line.bytes_after) = (done.bytes_before, done.bytes_after);
        line.by_rule.insert("inline-limit".to_owned(), done.touched);
        line
    }

    /// Looks at all lines; `each` is told what goes, in order.
    fn walk<D: Disk>(
        &self,
        place: &Place<'_, D>,
        old: &Source<D>,
        each: &mut Each<'_>,
    ) -> Result<Compacted, Trouble> {
        let (size, text) = (old.stat.size, Heard::new(&old.file, &self.options.stop));
        let mut done = Compacted { bytes_before: size, bytes_after: size, ..Compacted::default() };
        lines::each(&text, size, self.settings.inline, place.fail("read"), |line| {
            done.lines += 1;
            let results = match line {
                Line::Torn(range) => return self.torn(place, old, range, &mut done, each),
                Line::Unreadable => {
                    done.unreadable += 1;
                    return Ok(());
                }
                Line::Whole(results) => results,
            };
            let before = done.payloads;
            self.results(place, old, results, &mut done, each)?;
            let is_touched = done.payloads > before;
            done.touched += u64::from(is_touched);
            done.kept += u64::from(!is_touched);
            Ok(())
        })?;
        let lacks_break =
            done.payloads > 0 && done.torn == 0 && !old.is_ended().map_err(place.fail("read"))?;
        done.bytes_after += u64::from(lacks_break);
        Ok(done)
    }

    /// Looks at the last line, which nobody has ended. Where all else stays, so does it: then this is no compaction.
    fn torn<D: Disk>(
        &self,
        place: &Place<'_, D>,
        old: &Source<D>,
        raw: Range<u64>,
        done: &mut Compacted,
        each: &mut Each<'_>,
    ) -> Result<(), Trouble> {
        (done.torn, done.torn_bytes) = (1, raw.end - raw.start);
        if done.payloads == 0 {
            return Ok(());
        }
        let (text, mut hash) = (Heard::new(&old.file, &self.options.stop), Sha256::new());
        let hashed = each_piece(&text, raw.clone(), |piece| {
            hash.update(piece);
            Ok(())
        });
        hashed.map_err(trouble::of(place.fail("read")))?;
        let sha256 = hex(&hash.finalize());
        let kept = Kept { raw, sha256: &sha256, length: done.torn_bytes, is_torn: true };
        done.bytes_after -= done.torn_bytes;
        done.torn_at = Some(Payloads::of(place, old.stat.owner, &self.options.stop).path(&kept));
        each(&kept, b"")
    }

    /// Looks at the large results of a line.
    fn results<D: Disk>(
        &self,
        place: &Place<'_, D>,
        old: &Source<D>,
        results: Vec<Range<u64>>,
        done: &mut Compacted,
        each: &mut Each<'_>,
    ) -> Result<(), Trouble> {
        let payloads = Payloads::of(place, old.stat.owner, &self.options.stop);
        let text = Heard::new(&old.file, &self.options.stop);
        for raw in results {
            let gist = Gist::of(&text, raw.clone(), self.settings);
            let gist = gist.map_err(trouble::of(place.fail("read")))?;
            let long = raw.end - raw.start;
            let kept = Kept { raw, sha256: &gist.sha256, length: gist.length, is_torn: false };
            if let Some(shown) = self.shown(&gist, &payloads.path(&kept), long) {
                done.payloads += 1;
                done.bytes_after = done.bytes_after - long + shown.len() as u64;
                each(&kept, &shown)?;
            }
        }
        Ok(())
    }

    /// What is to stand in the place of a result that is so long there, as it is written between quotes, when all of it is at
    /// `path`; `None` when it stays.
    fn shown(&self, gist: &Gist, path: &Path, long: u64) -> Option<Vec<u8>> {
        if gist.length <= self.settings.inline || gist.is_excerpt() {
            return None;
        }
        let excerpt = gist.excerpt(self.settings, path);
        let json = serde_json::to_vec(&excerpt).ok()?;
        let shown = in_one_line(json.get(1..json.len().checked_sub(1)?)?);
        ((shown.len() as u64) < long).then_some(shown)
    }
}

/// Where a payload is could not be told otherwise.
fn must_be_nameable<D: Disk>(place: &Place<'_, D>) -> Result<(), Error> {
    let why = "its path is no UTF-8, so that no text could say where its payloads are";
    place.path.to_str().map(drop).ok_or_else(|| place.refuse(ErrorKind::Refused, why))
}

/// Escapes what JSON may hold as it is, but some readers take for the end of a line.
fn in_one_line(json: &[u8]) -> Vec<u8> {
    const BREAKS: [(&str, &str); 3] =
        [("\u{85}", "\\u0085"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")];
    let text = String::from_utf8_lossy(json).into_owned();
    BREAKS.iter().fold(text, |text, (raw, escaped)| text.replace(raw, escaped)).into_bytes()
}

/// The new text, which begins with the first result that goes.
struct New<'n, D: Disk> {
    place: &'n Place<'n, D>,
    nook: &'n Nook<'n, D>,
    old: &'n Source<D>,
    /// What is in there, for as long as nobody asks to stop.
    text: &'n Heard<'n, D::Reader>,
    next: Option<Next<'n, D>>,
    /// How far the old text has been copied.
    at: u64,
}

impl<'n, D: Disk> New<'n, D> {
    fn fail(&self) -> impl Fn(io::Error) -> Trouble + use<'n, D> {
        trouble::of(self.place.fail("write the new text of"))
    }

    fn replace(&mut self, raw: Range<u64>, shown: &[u8]) -> Result<(), Trouble> {
        let fail = self.fail();
        let next = match self.next.take() {
            Some(next) => next,
            None => Next::begin(self.place.disk(), &self.nook.ours).map_err(&fail)?,
        };
        let next = self.next.insert(next);
        next.copy(self.text, self.at..raw.start).map_err(&fail)?;
        next.write(shown).map_err(&fail)?;
        self.at = raw.end;
        Ok(())
    }

    /// The rest of it; `None` when nothing goes.
    fn finish(mut self) -> Result<Option<(Next<'n, D>, Text)>, Trouble> {
        let fail = self.fail();
        let Some(mut next) = self.next.take() else { return Ok(None) };
        let size = self.old.stat.size;
        next.copy(self.text, self.at..size).map_err(&fail)?;
        if self.at < size && !self.old.is_ended().map_err(&fail)? {
            // Whoever adds a line ends his own only.
            next.write(b"\n").map_err(&fail)?;
        }
        let attributes = self.old.file.attributes().map_err(&fail)?;
        let became = next.finish(&attributes).map_err(&fail)?;
        Ok(Some((next, became)))
    }
}
