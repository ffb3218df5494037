//! Looking at every row of a store that has been planned: its fields, its `updatedAt`, and the verdict on it.

use std::slice;

use super::{
    FileStore, Snapshot, Spot,
    read::{self, Stamps},
};
use crate::{
    fs::{Disk, Reader},
    json::{RawField, RawRow, Visit},
    model::{Error, ErrorKind, Timestamp},
    policy::{Stamp, Verdict},
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
    verdicts: &[(Spot, Verdict)],
    look: &mut impl Look,
) -> Result<(), Error> {
    let stat = snapshot.file.stat().map_err(store.fail("look at"))?;
    let mut rows = Rows { verdicts: verdicts.iter(), stamps: Stamps::default(), look };
    let layout = read::scan(store, &snapshot.file, &stat, &mut rows, |_| {})?;
    if layout == snapshot.layout && rows.verdicts.as_slice().is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Changed, "read", &store.path, "it was written to while it was read")
        .with_hint("try again; a store that is replaced instead of written to can be read at any time"))
}

/// Walks through rows and verdicts side by side.
struct Rows<'a, L> {
    verdicts: slice::Iter<'a, (Spot, Verdict)>,
    stamps: Stamps,
    look: &'a mut L,
}

impl<L: Look> Visit for Rows<'_, L> {
    fn field(&mut self, field: RawField<'_>) {
        self.stamps.field(&field);
        self.look.field(&field);
    }

    fn row(&mut self, row: RawRow<'_>) {
        let stamp = self.stamps.take(&row);
        let (spot, _) = Spot::pack(row.span);
        let next = self.verdicts.as_slice().first().filter(|(place, _)| *place == spot);
        if next.is_some() {
            self.verdicts.next();
        }
        self.look.row(&Seen { raw: &row, stamp, verdict: next.map(|(_, verdict)| verdict) });
    }
}
