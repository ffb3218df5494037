//! From a plan to what is to be done to the text: the rows that go are cut out.

use std::ops::Range;

use super::{
    FileStore, Guard, Snapshot, Spot,
    commit::{self, Work},
    edit::{Edit, Sources, read_range, text_end},
    record::Record,
};
use crate::{
    fs::Disk,
    json,
    lock::Stop,
    model::Error,
    policy::Plan,
    store::{Access, Commit, Planned},
    trash::{Cause, Line, Placement},
};

/// Carries a plan out.
pub(super) fn commit<D: Disk>(
    store: &FileStore<D>,
    guard: &Guard<D>,
    planned: &Planned<FileStore<D>>,
    access: Access<FileStore<D>>,
    cause: &Cause,
    stop: &Stop,
) -> Result<Commit, Error> {
    let edit = edit(store, &planned.snapshot, &planned.plan)?;
    let mut record = Record::new(store, guard, cause, (planned.bytes_before, planned.bytes_after));
    record.line = counted(record.line, &planned.plan);
    let work = Work {
        snapshot: &planned.snapshot,
        edit: &edit,
        sources: &Sources::NONE,
        record: &record,
        rows_after: None,
    };
    commit::commit(store, guard, &work, access, stop)
}

fn counted(line: Line, plan: &Plan<Spot>) -> Line {
    Line {
        scanned: plan.scanned(),
        pruned: plan.pruned(),
        kept: plan.kept(),
        by_rule: plan.by_rule().iter().map(|(rule, rows)| (rule.name().to_owned(), *rows)).collect(),
        ..line
    }
}

fn edit<D: Disk>(store: &FileStore<D>, snapshot: &Snapshot<D>, plan: &Plan<Spot>) -> Result<Edit, Error> {
    let placed = plan.doomed().map(|row| (u64::from(row.order), row.rule.name()));
    let cuts = json::cuts(&snapshot.layout, plan.doomed().map(|row| row.place.span()));
    let edit = Edit { placement: Placement::of(placed, snapshot.layout.rows), cuts, ..Edit::default() };
    with_ends(store, snapshot, edit, plan.doomed().map(|row| row.place.start))
}

/// Finds out what of the last cut belongs to rows, and what stood before and behind them. `starts` are those of the rows, in order.
pub(super) fn with_ends<D: Disk>(
    store: &FileStore<D>,
    snapshot: &Snapshot<D>,
    mut edit: Edit,
    mut starts: impl Iterator<Item = u64>,
) -> Result<Edit, Error> {
    let Some(cut) = edit.cuts.last().cloned() else { return Ok(edit) };
    let from = starts.find(|start| *start >= cut.start).unwrap_or(cut.start);
    edit.inner = from..text_end(store, &snapshot.file, from..cut.end)?;
    let text = |part: Range<u64>| {
        let bytes = read_range(&snapshot.file, part).map_err(store.fail("read"))?;
        Ok::<_, Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    edit.placement.before = text(cut.start..edit.inner.start)?;
    edit.placement.after = text(edit.inner.end..cut.end)?;
    Ok(edit)
}
