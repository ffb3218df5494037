//! A change of a store's text that is ready to be made, and that no plan of rules asked for: rows that come back, rows that
//! get slimmer.

use super::{
    FileStore, Guard, Snapshot,
    commit::{self, Work},
    edit::{Edit, Sources},
    record::Record,
};
use crate::{
    fs::Disk,
    lock::Stop,
    model::Error,
    store::{Access, Commit},
    trash::{Cause, Line},
};

/// A change of a store's text that is ready to be made.
#[derive(Debug)]
pub struct Rewrite<D: Disk> {
    snapshot: Snapshot<D>,
    sources: Sources<D::Reader>,
    edit: Edit,
    /// Rows in the store.
    pub scanned: u64,
    /// Rows that go.
    pub pruned: u64,
    /// Rows that come back.
    pub restored: u64,
    /// Rows that should come or go, and cannot.
    pub held_up: u64,
    /// The store's size before.
    pub bytes_before: u64,
    /// Its size after.
    pub bytes_after: u64,
}

impl<D: Disk> Rewrite<D> {
    pub(super) fn new(snapshot: Snapshot<D>, sources: Sources<D::Reader>, edit: Edit) -> Self {
        let bytes_before = snapshot.layout.len;
        let bytes_after = edit.size_of(bytes_before);
        let scanned = snapshot.layout.rows;
        Self {
            snapshot,
            sources,
            edit,
            scanned,
            pruned: 0,
            restored: 0,
            held_up: 0,
            bytes_before,
            bytes_after,
        }
    }

    /// The same, of which it is known how many rows go and come.
    pub(super) fn counted(self, pruned: u64, restored: u64) -> Self {
        Self { pruned, restored, ..self }
    }

    /// The same, of which it is known how many rows stay as they are, because somebody has a newer one.
    pub(super) fn holding_up(self, held_up: u64) -> Self {
        Self { held_up, ..self }
    }

    /// Whether the store would change.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.edit.cuts.is_empty() || !self.edit.puts.is_empty()
    }

    pub(super) fn commit(
        &self,
        store: &FileStore<D>,
        guard: &Guard<D>,
        access: Access<FileStore<D>>,
        cause: &Cause,
        stop: &Stop,
    ) -> Result<Commit, Error> {
        let mut record = Record::new(store, guard, cause, (self.bytes_before, self.bytes_after));
        let Self { scanned, pruned, restored, held_up, .. } = *self;
        record.line = Line { scanned, pruned, kept: scanned - pruned, restored, held_up, ..record.line };
        let Self { snapshot, sources, edit, .. } = self;
        let rows_after = Some(scanned - edit.placement.rows() + edit.rows_in());
        let work = Work { snapshot, edit, sources, record: &record, rows_after };
        let done = commit::commit(store, guard, &work, access, stop);
        // It was no sweep: whoever reads that rows were removed would be misled.
        done.map_err(|error| if error.is_too_late() { error.after_the_change() } else { error })
    }
}
