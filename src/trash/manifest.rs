//! What a bundle says of itself.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use super::{Line, Pieces, Reasons};
use crate::{fs::Stat, json, model::Key};

pub(super) const SCHEMA: &str = "session-reaper-trash/1";

/// What a file is known by, also after it was given another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    ino: u64,
    size: u64,
    modified_ns: i64,
}

impl Identity {
    /// The identity of a file.
    #[must_use]
    pub fn of(stat: &Stat) -> Self {
        Self {
            ino: stat.ino,
            size: stat.size,
            modified_ns: i64::try_from(stat.modified_ns).unwrap_or(i64::MAX),
        }
    }

    /// Whether it is that of this file, whatever was written to it.
    pub(crate) const fn is_of(&self, stat: &Stat) -> bool {
        self.ino == stat.ino
    }

    /// Three parts as [`Identity`] is displayed, without the points between them.
    pub(crate) fn read<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        Some(Self {
            ino: parts.next()?.parse().ok()?,
            size: parts.next()?.parse().ok()?,
            modified_ns: parts.next()?.parse().ok()?,
        })
    }
}

impl fmt::Display for Identity {
    /// As a part of a file's name: `<inode>.<size>.<time in nanoseconds>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.ino, self.size, self.modified_ns)
    }
}

/// What a store was, and what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identities {
    /// What it was.
    pub before: Identity,
    /// What it becomes.
    pub after: Identity,
}

/// Everything about a bundle but its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The format of the bundle.
    pub schema: String,
    /// The run, as the journal has it.
    pub line: Line,
    /// What the store was before the run.
    pub before: Identity,
    /// What it was made into.
    pub after: Identity,
    /// The rows that went.
    pub removed: Option<RowsFile>,
    /// Where they stood.
    pub placement: Placement,
    /// The rows whose text was replaced, as they were.
    pub replaced: Option<RowsFile>,
    /// The rows that the run put into the store.
    pub added: Vec<Added>,
}

impl Manifest {
    /// A manifest without any rows yet.
    #[must_use]
    pub fn new(line: Line, before: Identity, after: Identity) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            line,
            before,
            after,
            removed: None,
            placement: Placement::default(),
            replaced: None,
            added: Vec::new(),
        }
    }
}

/// A file of rows in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsFile {
    /// How many rows, every occurrence of a key counted.
    pub rows: u64,
    /// The size of the text.
    pub bytes: u64,
    /// The SHA-256 of the text.
    pub sha256: String,
}

/// Where removed rows stood among those that stayed, and which rule took each of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placement {
    /// How many rows stayed, every occurrence of a key counted.
    pub stayed: u64,
    /// For each run of removed rows: how many that stayed stand between it and the one before, and its length.
    pub pieces: Pieces,
    /// What stood before the last of these runs and went with it: at the end of a store what separates it from the row before,
    /// in an emptied store white space.
    pub before: String,
    /// What stood behind the last of these runs and went with it.
    pub after: String,
    /// The rule of each row, in order, with how many rows in a row went by it.
    pub rules: Reasons,
}

impl Placement {
    /// The placement of removed rows among `all` rows: for each, in order, how many rows stand before it, and its rule.
    #[must_use]
    pub fn of<'r>(removed: impl IntoIterator<Item = (u64, &'r str)>, all: u64) -> Self {
        let mut placement = Self::default();
        let (mut count, mut end) = (0, None);
        for (order, rule) in removed {
            placement.place(order, count, end == Some(order));
            placement.rules.push(rule, 1);
            (count, end) = (count + 1, Some(order + 1));
        }
        placement.stayed = all.saturating_sub(count);
        placement
    }

    /// A row with `order` rows before it, of which `removed` went too.
    fn place(&mut self, order: u64, removed: u64, goes_on: bool) {
        if let Some(last) = self.pieces.last_mut().filter(|_| goes_on) {
            last.1 += 1;
            return;
        }
        let stayed = order.saturating_sub(removed);
        self.pieces.push((stayed.saturating_sub(self.stayed), 1));
        self.stayed = stayed;
    }

    /// How many rows went, every occurrence of a key counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.pieces.iter().fold(0, |sum, (_, rows)| rows.saturating_add(sum))
    }

    /// For each removed row how many that stayed stand before it.
    pub fn stayed_before(&self) -> impl Iterator<Item = u64> {
        let mut stayed = 0;
        self.pieces.iter().flat_map(move |(between, rows)| {
            stayed = between.saturating_add(stayed);
            std::iter::repeat_n(stayed, usize::try_from(rows).unwrap_or(usize::MAX))
        })
    }

    /// The rule of each removed row.
    pub fn rule_of_each(&self) -> impl Iterator<Item = &str> {
        self.rules
            .iter()
            .flat_map(|(rule, rows)| std::iter::repeat_n(rule, usize::try_from(rows).unwrap_or(usize::MAX)))
    }
}

/// A row that a run put into a store: its key, and the SHA-256 of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The key.
    pub key: Key,
    /// The digest of the value's bytes.
    pub sha256: String,
}

impl Serialize for Added {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.key, &self.sha256).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Added {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, sha256) = <(Box<RawValue>, String)>::deserialize(deserializer)?;
        let text = key.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let text = text.ok_or_else(|| de::Error::custom("a key is no string"))?;
        Ok(Self { key: Key::from_wtf8(&json::decode(text.as_bytes())), sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placement_tells_where_each_row_stood_and_why_it_went() {
        // a B c D E f G: capitals went.
        let removed = [(1, "x"), (3, "x"), (4, "y"), (6, "y")];
        let placement = Placement::of(removed, 7);
        assert_eq!(placement.pieces.iter().collect::<Vec<_>>(), [(1, 1), (1, 2), (1, 1)]);
        assert_eq!(placement.stayed, 3);
        assert_eq!(placement.stayed_before().collect::<Vec<_>>(), [1, 2, 2, 3]);
        assert_eq!(placement.rule_of_each().collect::<Vec<_>>(), ["x", "x", "y", "y"]);
    }

    #[test]
    fn a_key_of_half_a_character_reads_back() {
        let added = Added { key: Key::from_wtf8(b"a\xed\xa0\x80\"b"), sha256: "00".to_owned() };
        let text = serde_json::to_string(&added).unwrap();
        assert_eq!(serde_json::from_str::<Added>(&text).unwrap(), added);
    }
}
