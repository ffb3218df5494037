//! From what becomes of each row to what is to be done to the text.

use std::{
    collections::{BTreeSet, HashSet},
    io, mem,
    ops::Range,
};

use super::{
    super::{
        FileStore,
        edit::{Edit, Origin, Put, Sources},
        prune,
    },
    current::Current,
    wanted::{Returned, Returning, Row, Wanted, digest_of},
};
use crate::{
    fs::Disk,
    json,
    model::{Error, Key},
    trash::{Added, Bundle, Placement},
};

/// The name of the rule by which rows go that a run had put in.
const RULE: &str = "undo";

pub(super) fn edit<D: Disk>(
    store: &FileStore<D>,
    bundle: &Bundle<D>,
    wanted: &Wanted,
    current: &Current<D>,
    sources: &Sources<D::Reader>,
    rows: &[Returning],
) -> Result<Edit, Error> {
    let edit = taken_out(store, current, rows)?;
    let left = current.snapshot.layout.rows - edit.placement.rows();
    let placement = &bundle.manifest.placement;
    let bring = Bring { wanted, current, placement, fates: rows, cuts: &edit.cuts, left };
    let mut is_empty = left == 0;
    let mut puts = bring.restored(&mut is_empty);
    puts.extend(bring.lost(&mut is_empty));
    puts.extend(bring.replaced());
    puts.sort_by_key(|put| (put.at.start, put.at.end));
    let added = bring.added(sources).map_err(store.fail("read from the trash of"))?;
    Ok(Edit { puts, added, ..edit })
}

/// Cuts out the rows that the run had put in, every occurrence of their keys.
fn taken_out<D: Disk>(store: &FileStore<D>, current: &Current<D>, rows: &[Returning]) -> Result<Edit, Error> {
    let goes: BTreeSet<&Key> =
        rows.iter().filter(|row| row.what == Returned::RemovedAgain).map(|row| &row.key).collect();
    let alive = goes.into_iter().filter_map(|key| current.alive.get(key));
    let mut spans: Vec<_> = alive.flat_map(|alive| alive.spans.iter().copied()).collect();
    spans.sort_unstable_by_key(|(number, _)| *number);
    let layout = &current.snapshot.layout;
    let placed = spans.iter().map(|(number, _)| (*number, RULE));
    let placement = Placement::of(placed, layout.rows);
    let cuts = json::cuts(layout, spans.iter().map(|(_, span)| *span));
    let starts = spans.iter().map(|(_, span)| span.start);
    prune::with_ends(store, &current.snapshot, Edit { cuts, placement, ..Edit::default() }, starts)
}

struct Bring<'a, D: Disk> {
    wanted: &'a Wanted,
    current: &'a Current<D>,
    placement: &'a Placement,
    /// In the order of [`Wanted::rows`].
    fates: &'a [Returning],
    /// What goes at the same time.
    cuts: &'a [Range<u64>],
    /// How many rows of the store stay.
    left: u64,
}

/// Where a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// Before what stands at this offset: a row that stays, or one that goes and has such a one behind it.
    Before(u64),
    /// Behind all rows that stay.
    End,
}

impl<D: Disk> Bring<'_, D> {
    /// The rows that are wanted, each with its fate.
    fn fated(&self) -> impl Iterator<Item = (&Row, Returned)> {
        self.wanted.rows().zip(self.fates).map(|(row, fate)| (row, fate.what))
    }

    /// The removed rows that come back, those together that stood together. `is_empty` says whether no row is there yet.
    fn restored(&self, is_empty: &mut bool) -> Vec<Put> {
        let comes_back =
            |(row, what): &(&Row, Returned)| row.origin == Origin::Removed && *what == Returned::Restored;
        let mut groups: Vec<(Spot, Range<usize>)> = Vec::new();
        for (row, _) in self.fated().filter(comes_back) {
            let spot = self.spot(row.number);
            match groups.last_mut() {
                Some((last, numbers)) if *last == spot && numbers.end == row.number => numbers.end += 1,
                _ => groups.push((spot, row.number..row.number + 1)),
            }
        }
        let mut put = |(spot, numbers): (Spot, Range<usize>)| match spot {
            Spot::Before(at) => self.before(at, &numbers),
            Spot::End if mem::take(is_empty) => self.fill(&numbers),
            Spot::End => self.behind(&numbers),
        };
        groups.into_iter().map(&mut put).collect()
    }

    /// Where the removed row with this number goes. Nothing may be put into the midst of what goes.
    fn spot(&self, number: usize) -> Spot {
        let before = self.wanted.stayed_before.get(number).copied().unwrap_or(u64::MAX);
        let Some(at) = self.current.start_of(before).filter(|_| self.left > 0) else { return Spot::End };
        match self.cuts.iter().find(|cut| cut.contains(&at)) {
            Some(cut) if self.is_tail(cut) => Spot::End,
            Some(cut) => Spot::Before(cut.start),
            None => Spot::Before(at),
        }
    }

    /// Whether what goes here are the last rows of the store.
    fn is_tail(&self, cut: &Range<u64>) -> bool {
        self.current.snapshot.layout.last_end.is_some_and(|end| cut.end >= end)
    }

    /// Behind the last row that stays, or in the empty body.
    fn end(&self) -> u64 {
        let layout = &self.current.snapshot.layout;
        match self.cuts.last().filter(|cut| self.is_tail(cut)) {
            Some(cut) => cut.start,
            None => layout.last_end.unwrap_or(layout.body.start),
        }
    }

    /// The text of removed rows, with what separates them from each other.
    fn text(&self, numbers: &Range<usize>) -> Range<u64> {
        let row = |number: usize| self.wanted.removed.get(number).map(|(row, _)| row.text.clone());
        let first = row(numbers.start).unwrap_or_default();
        first.start..row(numbers.end.saturating_sub(1)).unwrap_or(first).end
    }

    fn is_last(&self, numbers: &Range<usize>) -> bool {
        numbers.end >= self.wanted.removed.len()
    }

    /// Each row with what separated it from the next.
    fn before(&self, at: u64, numbers: &Range<usize>) -> Put {
        let text = self.text(numbers);
        let next = self.text(&(numbers.end..numbers.end + 1));
        let (part, after) = if self.is_last(numbers) {
            (text, self.separator())
        } else {
            (text.start..next.start, String::new())
        };
        let rows = numbers.len() as u64;
        Put { at: at..at, before: Vec::new(), part, after: after.into(), from: Origin::Removed, rows }
    }

    /// Each row with what separated it from the one before.
    fn behind(&self, numbers: &Range<usize>) -> Put {
        let text = self.text(numbers);
        let of_last_piece = self.placement.pieces.last().map_or(0, |piece| piece.1);
        let tail = self.placement.rows().saturating_sub(of_last_piece);
        let begins_tail = numbers.start as u64 == tail && self.placement.before.contains(',');
        let (before, part) = match numbers.start.checked_sub(1) {
            Some(previous) if !begins_tail => {
                (String::new(), self.text(&(previous..numbers.start)).end..text.end)
            }
            _ => (self.separator(), text),
        };
        Put { rows: numbers.len() as u64, ..self.at_end(before, part, Origin::Removed) }
    }

    fn at_end(&self, before: String, part: Range<u64>, from: Origin) -> Put {
        let at = self.end();
        Put { at: at..at, before: before.into(), part, after: Vec::new(), from, rows: 1 }
    }

    /// The first rows of a store that has none: if all come back that it had, as they stood.
    fn fill(&self, numbers: &Range<usize>) -> Put {
        let is_whole = numbers.start == 0 && self.is_last(numbers) && self.placement.stayed == 0;
        let Placement { before, after, .. } = self.placement;
        let put = self.at_end(String::new(), self.text(numbers), Origin::Removed);
        let put = Put { rows: numbers.len() as u64, ..put };
        if is_whole { Put { before: before.clone().into(), after: after.clone().into(), ..put } } else { put }
    }

    /// What separates rows in the style of the store that they come from.
    fn separator(&self) -> String {
        let Placement { before, after, .. } = self.placement;
        let known = [after, before].into_iter().find(|text| text.contains(','));
        known.cloned().unwrap_or_else(|| format!(",{before}"))
    }

    /// The rows that take the place of a living one: of a key the last.
    fn replaced(&self) -> Vec<Put> {
        let mut seen = HashSet::<&Key>::new();
        let mut puts = Vec::new();
        let rows: Vec<_> = self.fated().filter(|(_, what)| *what == Returned::Replaced).collect();
        for (row, _) in rows.into_iter().rev().filter(|(row, _)| seen.insert(&row.key)) {
            let alive = self.current.alive.get(&row.key);
            puts.extend(alive.map(|alive| Put {
                at: alive.text.clone(),
                before: Vec::new(),
                part: row.text.clone(),
                after: Vec::new(),
                from: row.origin,
                rows: 0,
            }));
        }
        puts
    }

    /// Rows whose text was replaced, and which are gone by now.
    fn lost(&self, is_empty: &mut bool) -> Vec<Put> {
        let is_lost =
            |(row, what): &(&Row, Returned)| row.origin == Origin::Replaced && *what == Returned::Restored;
        let mut put = |row: &Row| {
            let before = if mem::take(is_empty) { String::new() } else { ",".to_owned() };
            self.at_end(before, row.text.clone(), Origin::Replaced)
        };
        self.fated().filter(is_lost).map(|(row, _)| put(row)).collect()
    }

    /// What will have been put in.
    fn added(&self, sources: &Sources<D::Reader>) -> io::Result<Vec<Added>> {
        let comes = |(_, what): &(&Row, Returned)| matches!(what, Returned::Restored | Returned::Replaced);
        self.fated()
            .filter(comes)
            .filter_map(|(row, _)| Some((row, sources.of(row.origin)?)))
            .map(|(row, rows)| Ok(Added { key: row.key.clone(), sha256: digest_of(rows, &row.value)? }))
            .collect()
    }
}
