//! Reading a store: its bytes go by once, its rows go to the planner.

use sha2::{Digest, Sha256};

use super::{FileStore, Snapshot, Spot, pins, place::Place, scan::scan};
use crate::{
    fs::{Disk, Stat},
    json::{self, Asked, Layout, RawField, RawRow, ValueKind, Visit},
    lock::{self, Fence},
    model::{Error, ErrorKind, Timestamp, hex},
    policy::{Plan, Planner, Row, SLACK, Stamp},
    store::{Planned, Request},
};

/// The field that says when a row was written last.
const UPDATED: &str = "updatedAt";

pub(super) fn plan<D: Disk>(
    store: &FileStore<D>,
    request: &Request<'_>,
) -> Result<Planned<FileStore<D>>, Error> {
    let place = Place::find(store)?;
    let (file, stat) = place.open(store)?;
    let pins = pins::read(store, &place)?.pins();
    let written = written(&stat);
    let is_young = Fence::until_old(&stat, store.disk.now_ns()).is_some();
    let planner = Planner::new(request.policy, request.now, request.detail).with_pins(&pins);
    let planner = match written {
        Some(written) => planner.believing_until(written.plus(SLACK)),
        None => planner,
    };
    let mut hash = (request.digest || is_young).then(Sha256::new);
    let (plan, layout) = judge(store, &file, &stat, planner, |chunk| {
        if let Some(hash) = &mut hash {
            hash.update(chunk);
        }
    })?;
    must_be_countable(store, &layout)?;
    let cuts = json::cuts(&layout, plan.doomed().map(|doomed| doomed.place.span()));
    let cut: u64 = cuts.iter().map(|range| range.end - range.start).sum();
    let content: Option<lock::Digest> = hash.map(|hash| hash.finalize().into());
    let fence = content.filter(|_| is_young).into_iter().fold(Fence::around(&stat), Fence::with_content);
    Ok(Planned {
        plan,
        written,
        bytes_before: layout.len,
        bytes_after: layout.len - cut,
        digest: content.filter(|_| request.digest).map(|content| hex(&content)),
        snapshot: Snapshot { file, fence, layout },
    })
}

/// Reads the store and shows its rows to `visit`.
pub(super) fn snapshot<D: Disk>(
    store: &FileStore<D>,
    visit: &mut (impl Visit + Send),
) -> Result<Snapshot<D>, Error> {
    let (file, stat) = Place::find(store)?.open(store)?;
    let mut hash = Fence::until_old(&stat, store.disk.now_ns()).map(|_| Sha256::new());
    let layout = scan(store, &file, &stat, visit, |chunk| {
        if let Some(hash) = &mut hash {
            hash.update(chunk);
        }
    })?;
    must_be_countable(store, &layout)?;
    let content: Option<lock::Digest> = hash.map(|hash| hash.finalize().into());
    let fence = content.into_iter().fold(Fence::around(&stat), Fence::with_content);
    Ok(Snapshot { file, fence, layout })
}

/// When a file was written last, if its time is one that a clock can have said.
fn written(stat: &Stat) -> Option<Timestamp> {
    let at = Timestamp::from_nanos(stat.modified_ns);
    (Timestamp::FIRST_PLAUSIBLE..=Timestamp::LAST_PLAUSIBLE).contains(&at).then_some(at)
}

/// Rows are counted in 32 bits. No gateway can read a store of so many.
fn must_be_countable<D: Disk>(store: &FileStore<D>, layout: &Layout) -> Result<(), Error> {
    if u32::try_from(layout.rows).is_ok() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "sweep", &store.path, "it has more than 4,294,967,295 rows"))
}

/// Takes every row of the file to the planner.
fn judge<D: Disk>(
    store: &FileStore<D>,
    file: &D::Reader,
    stat: &Stat,
    planner: Planner<'_, Spot>,
    each_chunk: impl FnMut(&[u8]) + Send,
) -> Result<(Plan<Spot>, Layout), Error> {
    let mut rows = Rows::new(planner);
    let layout = scan(store, file, stat, &mut rows, each_chunk)?;
    Ok((rows.planner.finish(), layout))
}

/// Takes the rows of a scan to the planner.
struct Rows<'p> {
    planner: Planner<'p, Spot>,
    stamps: Stamps,
}

impl<'p> Rows<'p> {
    fn new(planner: Planner<'p, Spot>) -> Self {
        Self { planner, stamps: Stamps::default() }
    }
}

impl Visit for Rows<'_> {
    fn asks(&self) -> Asked {
        Asked::Field(UPDATED)
    }

    fn field(&mut self, field: RawField<'_>) {
        self.stamps.field(&field);
    }

    fn row(&mut self, row: RawRow<'_>) {
        let stamp = self.stamps.take(&row);
        self.planner.see(&Row { key: &json::decode(row.key), stamp, place: Spot::of(row.span) });
    }
}

/// Finds the `updatedAt` among the fields of a row.
#[derive(Debug, Default)]
pub(super) struct Stamps(Option<Stamp>);

impl Stamps {
    /// Of a field that stands twice the last counts, as in JavaScript.
    pub(super) fn field(&mut self, field: &RawField<'_>) {
        if !field.truncated && json::means(field.name, UPDATED) {
            self.0 = Some(stamp_of(field));
        }
    }

    /// The stamp of the row whose fields have gone by.
    pub(super) fn take(&mut self, row: &RawRow<'_>) -> Stamp {
        let stamp = self.0.take().unwrap_or(Stamp::Absent);
        if row.is_object { stamp } else { Stamp::NotAnObject }
    }
}

fn stamp_of(field: &RawField<'_>) -> Stamp {
    match field.kind {
        ValueKind::Number if field.text_truncated => Stamp::Implausible,
        ValueKind::Number => std::str::from_utf8(field.text).map_or(Stamp::Unreadable, Stamp::of_number),
        ValueKind::Null => Stamp::Absent,
        _ => Stamp::Unreadable,
    }
}
