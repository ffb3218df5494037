//! Slimming rows: fields that a gateway makes anew go from rows that nobody has used for a while.
//!
//! A gateway writes its prompts and reports into every row; they are most of its weight, and a row that wakes up gets new
//! ones. The row's other bytes stay. The old row is kept as one that was replaced, so that an undo brings the fields back.

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    FileStore,
    edit::{Edit, Origin, Put, Sources, read_range},
    read::{self, Stamps},
    rewrite::Rewrite,
};
use crate::{
    fs::Disk,
    json::{self, Asked, RawField, RawRow, Visit},
    model::{Age, Error, ErrorKind, Key, Timestamp, hex},
    policy::{Pins, Policy, Stamp},
    trash::Added,
};

/// What makes rows slimmer.
#[derive(Debug, Clone)]
pub struct Slimming {
    /// The fields that go, which their gateway makes anew.
    pub fields: Vec<String>,
    /// Only from rows that nobody has updated for so long.
    pub inactive: Age,
    /// The time to judge at.
    pub now: Timestamp,
    /// Rows that its patterns keep stay as they are.
    pub policy: Policy,
}

impl Slimming {
    /// The fields that OpenClaw makes anew.
    pub const FIELDS: [&str; 2] = ["skillsSnapshot", "systemPromptReport"];
}

/// A row that gets slimmer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slimmed {
    /// The row's key.
    pub key: Key,
    /// Its size before.
    pub bytes_before: u64,
    /// Its size after.
    pub bytes_after: u64,
}

/// What slimming a store would do.
#[derive(Debug)]
pub struct Compacting<D: Disk> {
    /// The change of the store's text.
    pub rewrite: Rewrite<D>,
    /// The rows that get slimmer, in the order of the store.
    pub rows: Vec<Slimmed>,
}

impl<D: Disk> AsRef<Rewrite<D>> for Compacting<D> {
    fn as_ref(&self) -> &Rewrite<D> {
        &self.rewrite
    }
}

pub(super) fn plan<D: Disk>(
    store: &FileStore<D>,
    pins: &Pins,
    slimming: &Slimming,
) -> Result<Compacting<D>, Error> {
    let mut see = See { slimming, pins, is_heavy: false, stamps: Stamps::default(), heavy: BTreeMap::new() };
    let snapshot = read::snapshot(store, &mut see)?;
    let mut heavy: Vec<(Key, Heavy)> = see.heavy.into_iter().collect();
    heavy.sort_by_key(|(_, row)| row.text.start);
    let (mut edit, mut rows) = (Edit::default(), Vec::with_capacity(heavy.len()));
    for (key, row) in heavy {
        let text = read_range(&snapshot.file, row.text.clone()).map_err(store.fail("read"))?;
        let value = usize::try_from(row.value.start - row.text.start).unwrap_or_default();
        let (before, value) = text.split_at_checked(value).unwrap_or_default();
        let slim = without(value, &slimming.fields).ok_or_else(|| changed(store))?;
        let (bytes_before, bytes_after) = (text.len() as u64, (before.len() + slim.len()) as u64);
        edit.added.push(Added { key: key.clone(), sha256: hex(&Sha256::digest(&slim)) });
        let before = [before, &*slim].concat();
        edit.puts.push(Put {
            at: row.text,
            before,
            part: 0..0,
            after: Vec::new(),
            from: Origin::Replaced,
            rows: 0,
        });
        rows.push(Slimmed { key, bytes_before, bytes_after });
    }
    Ok(Compacting { rewrite: Rewrite::new(snapshot, Sources::NONE, edit), rows })
}

fn changed<D: Disk>(store: &FileStore<D>) -> Error {
    Error::new(ErrorKind::Changed, "read a row of", &store.path, "it has changed while it was read")
}

/// A row's value without some of its fields; `None` when it is no object.
fn without(value: &[u8], fields: &[String]) -> Option<Vec<u8>> {
    struct Fields<'f>(&'f [String], Vec<json::Span>);
    impl Visit for Fields<'_> {
        fn asks(&self) -> Asked {
            Asked::Nothing
        }

        fn row(&mut self, field: RawRow<'_>) {
            if self.0.iter().any(|name| json::means(field.key, name)) {
                self.1.push(field.span);
            }
        }
    }
    let mut found = Fields(fields, Vec::new());
    let layout = json::scan(value, &mut found).ok()?;
    let mut slim = Vec::with_capacity(value.len());
    let mut at = 0;
    for cut in json::cuts(&layout, found.1) {
        slim.extend_from_slice(value.get(at..usize::try_from(cut.start).ok()?)?);
        at = usize::try_from(cut.end).ok()?;
    }
    slim.extend_from_slice(value.get(at..)?);
    Some(slim)
}

/// A row with fields that may go.
#[derive(Debug)]
struct Heavy {
    /// From the key's quote to the end of the value.
    text: Range<u64>,
    value: Range<u64>,
}

/// Finds the rows with fields that may go.
struct See<'a> {
    slimming: &'a Slimming,
    pins: &'a Pins,
    is_heavy: bool,
    stamps: Stamps,
    heavy: BTreeMap<Key, Heavy>,
}

impl See<'_> {
    fn is_inactive(&self, stamp: Stamp) -> bool {
        let plausible = Timestamp::FIRST_PLAUSIBLE..self.slimming.now.minus(self.slimming.inactive);
        matches!(stamp, Stamp::At(at) if plausible.contains(&at))
    }

    fn is_kept(&self, key: &[u8]) -> bool {
        self.pins.hold(key, self.slimming.now)
            || self.slimming.policy.keep().iter().any(|glob| glob.matches(key))
    }
}

impl Visit for See<'_> {
    fn field(&mut self, field: RawField<'_>) {
        self.stamps.field(&field);
        self.is_heavy |=
            !field.truncated && self.slimming.fields.iter().any(|name| json::means(field.name, name));
    }

    /// Of a key that stands twice the last row counts.
    fn row(&mut self, row: RawRow<'_>) {
        let (is_heavy, stamp) = (std::mem::take(&mut self.is_heavy), self.stamps.take(&row));
        let key = json::decode(row.key);
        let name = Key::from_wtf8(&key);
        self.heavy.remove(&name);
        if is_heavy && row.is_object && self.is_inactive(stamp) && !self.is_kept(&key) {
            let text = row.span.start..row.value.end;
            self.heavy.insert(name, Heavy { text, value: row.value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_goes_and_every_other_byte_stays() {
        let fields = ["a".to_owned(), "b".to_owned()];
        for (value, slim) in [
            (r#"{"a":1,"x": 2}"#, r#"{"x": 2}"#),
            (r#"{"x": 1e2 , "a": {"b":[1]} }"#, r#"{"x": 1e2 }"#),
            ("{\n  \"\\u0061\": 1,\n  \"x\": 2,\n  \"b\": 3\n}", "{\n  \"x\": 2\n}"),
            (r#"{"x":{"a":1}}"#, r#"{"x":{"a":1}}"#),
            (r#"{"b":1}"#, "{}"),
        ] {
            assert_eq!(without(value.as_bytes(), &fields).unwrap(), slim.as_bytes(), "{value}");
        }
        assert_eq!(without(b"[1]", &fields), None);
    }
}
