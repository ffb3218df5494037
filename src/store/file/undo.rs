//! Bringing back what a run removed, and taking back what it put in.
//!
//! A row comes back to where it stood among the rows that stayed, in its old bytes, with what separated it from its
//! neighbours: a store that nobody has written since becomes what it was, byte for byte. A key that lives again keeps its new
//! row unless somebody says otherwise.

mod bring;
mod current;
mod wanted;

use wanted::{Deciding, Wanted};
pub use wanted::{Force, Returned, Returning};

use super::{FileStore, edit::Sources, rewrite::Rewrite};
use crate::{
    fs::Disk,
    model::{Error, Key, Timestamp},
    trash::Bundle,
};
use current::Current;

/// What taking a run back would do.
#[derive(Debug)]
pub struct Undoing<D: Disk> {
    /// The change of the store's text.
    pub rewrite: Rewrite<D>,
    /// What becomes of each row that the run removed, replaced or put in.
    pub rows: Vec<Returning>,
}

impl<D: Disk> AsRef<Rewrite<D>> for Undoing<D> {
    fn as_ref(&self) -> &Rewrite<D> {
        &self.rewrite
    }
}

/// What is asked of [`FileStore::plan_undo`].
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Only this row.
    pub only: Option<Key>,
    /// Which living rows may be replaced.
    pub force: Force,
    /// The time at which pins are judged; without one they all hold.
    pub now: Option<Timestamp>,
}

/// Reads the store and the bundle, and decides.
pub(super) fn plan<D: Disk>(
    store: &FileStore<D>,
    bundle: &Bundle<D>,
    wish: &Wish,
) -> Result<Undoing<D>, Error> {
    let fail = store.fail("read from the trash of");
    let sources =
        Sources { removed: bundle.removed().map_err(&fail)?, replaced: bundle.replaced().map_err(&fail)? };
    let wanted = Wanted::read(&bundle.manifest, &sources, wish.only.as_ref()).map_err(&fail)?;
    let current = Current::read(store, &wanted)?;
    let pins = store.pins()?.pins();
    let rows = Deciding { wanted: &wanted, current: &current, sources: &sources, wish, pins: &pins }.decide();
    let rows = rows.map_err(&fail)?;
    let edit = bring::edit(store, bundle, &wanted, &current, &sources, &rows)?;
    let count = |what: &[Returned]| rows.iter().filter(|row| what.contains(&row.what)).count() as u64;
    let (pruned, restored) = (edit.placement.rows(), count(&[Returned::Restored, Returned::Replaced]));
    let held_up = rows.iter().filter(|row| row.what.is_held_up()).count() as u64;
    let rewrite = Rewrite::new(current.snapshot, sources, edit).counted(pruned, restored).holding_up(held_up);
    Ok(Undoing { rewrite, rows })
}

/// Whether every row of a bundle stands in the store as it does in the bundle, and none that it put in.
pub(super) fn is_of_no_use<D: Disk>(store: &FileStore<D>, bundle: &Bundle<D>) -> Result<bool, Error> {
    let undoing = plan(store, bundle, &Wish::default())?;
    let is_there = |row: &Returning| matches!(row.what, Returned::AlreadyThere | Returned::AlreadyGone);
    Ok(undoing.rows.iter().all(is_there))
}
