//! Looking at every row of a store that has been planned: its fields, its `updatedAt`, and the verdict on it.

use std::iter::Peekable;

use super::{FileStore, Snapshot, Spot, read::Stamps, scan};
use crate::{
    fs::{Disk, Reader},
    json::{RawField, RawRow, Visit},
    model::{Error, ErrorKind, Timestamp},
    policy::{Ruling, Stamp, Verdict},
};

/// One occurrence of a row, when all of it has been seen.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The row's text: its raw key, where it stands, what its value is.
    pub raw: &'a RawRow<'a>,
    /// What stands in its `updatedAt`.
    pub stamp: Stamp,
    /// What was decided about it; `None` for all but the last occurrence of a key that stands more than once, which
    /// JavaScript does not see.
    pub verdict: Option<&'a Verdict>,
}

impl Seen<'_> {
    /// The bytes of the key, quotes included.
    #[must_use]
    pub const fn key_bytes(&self) -> u64 {
        self.raw.key.len() as u64 + 2
    }

    /// The bytes of the value.
    #[must_use]
    pub const fn value_bytes(&self) -> u64 {
        self.raw.value.end - self.raw.value.start
    }

    /// The row's `updatedAt`, where it is a number that is a time, plausible or not.
    #[must_use]
    pub const fn updated(&self) -> Option<Timestamp> {
        match self.stamp {
            Stamp::At(at) => Some(at),
            _ => None,
        }
    }
}

/// Takes what [`FileStore::look`] shows, in the order of the store.
pub trait Look {
    /// A direct field of a row; its row follows after its last field.
    fn field(&mut self, field: &RawField<'_>) {
        let _ = field;
    }

    /// A row is complete.
    fn row(&mut self, row: &Seen<'_>);
}

pub(super) fn look<D: Disk>(
    store: &FileStore<D>,
    snapshot: &Snapshot<D>,
    rulings: impl Iterator<Item = (Spot, Ruling)>,
    look: &mut impl Look,
) -> Result<(), Error> {
    let stat = snapshot.file.stat().map_err(store.fail("look at"))?;
    let mut rows = Rows { rulings: rulings.peekable(), stamps: Stamps::default(), look };
    let layout = scan::scan_alone(store, &snapshot.file, &stat, &mut rows)?;
    if layout == snapshot.layout && rows.rulings.peek().is_none() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Changed, "read", &store.path, "it was written to while it was read")
        .with_hint("try again; a store that is replaced instead of written to can be read at any time"))
}

/// Walks through rows and rulings side by side.
struct Rows<'a, I: Iterator, L> {
    rulings: Peekable<I>,
    stamps: Stamps,
    look: &'a mut L,
}

impl<I: Iterator<Item = (Spot, Ruling)>, L: Look> Visit for Rows<'_, I, L> {
    fn field(&mut self, field: RawField<'_>) {
        self.stamps.field(&field);
        self.look.field(&field);
    }

    fn row(&mut self, row: RawRow<'_>) {
        let stamp = self.stamps.take(&row);
        let spot = Spot::of(row.span);
        let ruling = self.rulings.next_if(|(place, _)| *place == spot);
        let verdict = ruling.map(|(_, ruling)| ruling.on(stamp));
        self.look.row(&Seen { raw: &row, stamp, verdict: verdict.as_ref() });
    }
}
