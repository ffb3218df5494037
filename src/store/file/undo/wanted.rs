//! What a bundle holds that somebody wants back, and what becomes of each row.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io,
    ops::Range,
};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    super::edit::{Origin, Sources},
    Wish,
    current::Current,
};
use crate::{
    fs::{Disk, Reader},
    json::{self, Asked, RawRow, Visit},
    model::{Key, Timestamp, hex},
    policy::Pins,
    trash::{Added, Manifest, RowsReader},
};

/// Which living rows may be replaced by what comes back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Force {
    /// None.
    #[default]
    None,
    /// Those with these keys.
    Keys(BTreeSet<Key>),
    /// Any.
    All,
}

impl Force {
    fn allows(&self, key: &Key) -> bool {
        match self {
            Self::None => false,
            Self::Keys(keys) => keys.contains(key),
            Self::All => true,
        }
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Returned {
    /// It comes back.
    Restored,
    /// It comes back, and takes the place of a row with its key.
    Replaced,
    /// The run had put it in: it goes again.
    RemovedAgain,
    /// It stands there as it did.
    AlreadyThere,
    /// The run had put it in, and it is not there any more.
    AlreadyGone,
    /// A row with its key lives again, and is another: that one stays.
    LivesAgain,
    /// The run had put it in, and it has changed since: it stays.
    ChangedSince,
    /// It is pinned as it is: it stays.
    Pinned,
}

impl Returned {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Replaced => "replaced",
            Self::RemovedAgain => "removed-again",
            Self::AlreadyThere => "already-there",
            Self::AlreadyGone => "already-gone",
            Self::LivesAgain => "lives-again",
            Self::ChangedSince => "changed-since",
            Self::Pinned => "pinned",
        }
    }

    /// Whether it could not be done, because somebody has a newer row.
    #[must_use]
    pub const fn is_held_up(self) -> bool {
        matches!(self, Self::LivesAgain | Self::ChangedSince | Self::Pinned)
    }
}

/// A row, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Returning {
    /// The row's key.
    pub key: Key,
    /// What becomes of it.
    #[serde(rename = "action")]
    pub what: Returned,
}

/// A row of a bundle.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) key: Key,
    /// From the key's quote to the end of the value.
    pub(super) text: Range<u64>,
    pub(super) value: Range<u64>,
    pub(super) origin: Origin,
    /// How many rows of it file stand before it.
    pub(super) number: usize,
}

/// What of a bundle is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Every row that was removed, in order, and whether it is wanted.
    pub(super) removed: Vec<(Row, bool)>,
    pub(super) replaced: Vec<Row>,
    /// The rows that were put in, but for those that took the place of another.
    pub(super) added: Vec<Added>,
    /// What took the place of rows, by key.
    put_in: HashMap<Key, String>,
    /// How many rows that stayed stand before each that was removed.
    pub(super) stayed_before: Vec<u64>,
}

impl Wanted {
    pub(super) fn read(
        manifest: &Manifest,
        sources: &Sources<impl Reader>,
        only: Option<&Key>,
    ) -> io::Result<Self> {
        let is_wanted = |key: &Key| only.is_none_or(|only| only == key);
        let removed = rows(sources.removed.as_ref(), Origin::Removed)?;
        let mut replaced = rows(sources.replaced.as_ref(), Origin::Replaced)?;
        replaced.retain(|row| is_wanted(&row.key));
        let of_replaced: HashSet<&Key> = replaced.iter().map(|row| &row.key).collect();
        let (put_in, added): (Vec<Added>, Vec<Added>) =
            manifest.added.iter().cloned().partition(|added| of_replaced.contains(&added.key));
        let put_in = put_in.into_iter().map(|added| (added.key, added.sha256)).collect();
        let added = if only.is_none() { last_of_each_key(added) } else { Vec::new() };
        if manifest.placement.rows() != removed.len() as u64 {
            let why = "its manifest does not fit its rows: it is damaged";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let stayed_before = manifest.placement.stayed_before().collect();
        let removed =
            removed.into_iter().map(|row| (is_wanted(&row.key), row)).map(|(is, row)| (row, is)).collect();
        Ok(Self { removed, replaced, added, put_in, stayed_before })
    }

    /// The rows that are wanted back.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.removed.iter().filter(|(_, is_wanted)| *is_wanted).map(|(row, _)| row).chain(&self.replaced)
    }

    /// The keys that matter in the store.
    pub(super) fn keys(&self) -> HashSet<&Key> {
        self.rows().map(|row| &row.key).chain(self.added.iter().map(|added| &added.key)).collect()
    }
}

/// The rows of a file of a bundle.
fn rows<R: Reader>(file: Option<&RowsReader<R>>, origin: Origin) -> io::Result<Vec<Row>> {
    struct Rows(Vec<Row>, Origin);
    impl Visit for Rows {
        fn asks(&self) -> Asked {
            Asked::Nothing
        }

        fn row(&mut self, row: RawRow<'_>) {
            let key = Key::from_wtf8(&json::decode(row.key));
            let text = row.span.start..row.value.end;
            self.0.push(Row { key, text, value: row.value, origin: self.1, number: self.0.len() });
        }
    }
    let mut rows = Rows(Vec::new(), origin);
    let Some(file) = file else { return Ok(rows.0) };
    file.each_row(&mut rows)?;
    Ok(rows.0)
}

/// Of a key that was put in twice JavaScript sees the last.
fn last_of_each_key(added: Vec<Added>) -> Vec<Added> {
    let mut seen = HashSet::new();
    let mut last: Vec<Added> =
        added.into_iter().rev().filter(|added| seen.insert(added.key.clone())).collect();
    last.reverse();
    last
}

/// What the fate of rows rests on.
pub(super) struct Deciding<'a, D: Disk> {
    pub(super) wanted: &'a Wanted,
    pub(super) current: &'a Current<D>,
    pub(super) sources: &'a Sources<D::Reader>,
    pub(super) wish: &'a Wish,
    pub(super) pins: &'a Pins,
}

impl<D: Disk> Deciding<'_, D> {
    /// Decides about every row that is wanted, in the order of [`Wanted::rows`] and then of the rows that were put in. Rows
    /// of one key share their fate: JavaScript sees the last of them.
    pub(super) fn decide(&self) -> io::Result<Vec<Returning>> {
        let last: HashMap<&Key, &Row> = self.wanted.rows().map(|row| (&row.key, row)).collect();
        let mut fates = HashMap::with_capacity(last.len());
        for (key, row) in last {
            fates.insert(key, self.comes(row)?);
        }
        let back = self.wanted.rows().map(|row| {
            let what = fates.get(&row.key).copied().unwrap_or(Returned::LivesAgain);
            Ok(Returning { key: row.key.clone(), what })
        });
        let out = self.wanted.added.iter().map(|added| {
            let what = self.goes(added)?;
            Ok(Returning { key: added.key.clone(), what })
        });
        back.chain(out).collect()
    }

    fn comes(&self, row: &Row) -> io::Result<Returned> {
        let Some(alive) = self.current.alive.get(&row.key) else { return Ok(Returned::Restored) };
        let stands = self.current.digest(alive)?;
        let old = self.sources.of(row.origin).map(|rows| digest_of(rows, &row.value)).transpose()?;
        let is_of_the_run =
            row.origin == Origin::Replaced && self.wanted.put_in.get(&row.key) == Some(&stands);
        Ok(match () {
            () if old.as_ref() == Some(&stands) => Returned::AlreadyThere,
            () if self.is_pinned(&row.key) => Returned::Pinned,
            () if is_of_the_run || self.wish.force.allows(&row.key) => Returned::Replaced,
            () => Returned::LivesAgain,
        })
    }

    fn goes(&self, added: &Added) -> io::Result<Returned> {
        let Some(alive) = self.current.alive.get(&added.key) else { return Ok(Returned::AlreadyGone) };
        let is_same = self.current.digest(alive)? == added.sha256;
        Ok(match () {
            () if self.is_pinned(&added.key) => Returned::Pinned,
            () if is_same || self.wish.force.allows(&added.key) => Returned::RemovedAgain,
            () => Returned::ChangedSince,
        })
    }

    fn is_pinned(&self, key: &Key) -> bool {
        self.pins.hold(key.as_bytes(), self.wish.now.unwrap_or(Timestamp::from_millis(i64::MIN)))
    }
}

/// The SHA-256 of a part of some rows.
pub(super) fn digest_of(rows: &RowsReader<impl Reader>, part: &Range<u64>) -> io::Result<String> {
    let mut hash = Sha256::new();
    rows.each_chunk_of(part.clone(), |chunk| {
        hash.update(chunk);
        Ok(())
    })?;
    Ok(hex(&hash.finalize()))
}
