//! What costs the bytes: which kinds of rows, and which of their fields.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::names::Names;
use crate::{
    json::RawField,
    model::{Key, Kind},
    store::Seen,
};

/// The bytes of a store, divided among kinds and fields. All parts together are the size of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Weights {
    bytes: u64,
    names: Names,
    kinds: BTreeMap<Kind, KindWeight>,
    /// The fields of the row under way, by number.
    open: Vec<FieldWeight>,
}

/// The bytes of the rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KindWeight {
    /// The keys with their quotes.
    pub keys: u64,
    /// The values.
    pub values: u64,
    /// The values that are no objects and have no fields.
    pub plain_values: u64,
    /// By the numbers of their names.
    fields: Vec<FieldWeight>,
}

/// The bytes of one field in all the rows that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FieldWeight {
    /// In how many rows it stands, a row that has it twice counted twice.
    pub rows: u64,
    /// Its name with the quotes, and its value.
    pub bytes: u64,
}

impl std::ops::Add for FieldWeight {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, bytes: self.bytes + other.bytes }
    }
}

impl std::ops::AddAssign for FieldWeight {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl KindWeight {
    /// Keys and values together.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.keys + self.values
    }

    fn close(&mut self, row: &Seen<'_>, open: &mut [FieldWeight]) {
        self.keys += row.key_bytes();
        self.values += row.value_bytes();
        if !row.raw.is_object {
            self.plain_values += row.value_bytes();
        }
        merge(&mut self.fields, open);
        open.fill(FieldWeight::default());
    }
}

fn merge(all: &mut Vec<FieldWeight>, more: &[FieldWeight]) {
    all.resize(all.len().max(more.len()), FieldWeight::default());
    all.iter_mut().zip(more).for_each(|(sum, field)| *sum += *field);
}

impl Weights {
    /// The weights of a file of so many bytes.
    pub(super) fn of(bytes: u64) -> Self {
        Self { bytes, ..Self::default() }
    }

    pub(super) fn field(&mut self, field: &RawField<'_>) {
        let number = self.names.number(field);
        if self.open.len() <= number {
            self.open.resize(number + 1, FieldWeight::default());
        }
        if let Some(open) = self.open.get_mut(number) {
            let value = field.value.end - field.value.start;
            *open += FieldWeight { rows: 1, bytes: field.name.len() as u64 + 2 + value };
        }
    }

    pub(super) fn row(&mut self, kind: Kind, row: &Seen<'_>) {
        self.kinds.entry(kind).or_default().close(row, &mut self.open);
    }

    /// The size of the file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The weights of each kind.
    #[must_use]
    pub const fn kinds(&self) -> &BTreeMap<Kind, KindWeight> {
        &self.kinds
    }

    /// What the keys of all rows weigh.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.kinds.values().map(|kind| kind.keys).sum()
    }

    /// What the values of rows weigh that are no objects.
    #[must_use]
    pub fn plain_values(&self) -> u64 {
        self.kinds.values().map(|kind| kind.plain_values).sum()
    }

    /// What all fields weigh, names and values.
    #[must_use]
    pub fn field_bytes(&self) -> u64 {
        self.kinds.values().flat_map(|kind| &kind.fields).map(|field| field.bytes).sum()
    }

    /// The rest of the file: white space, punctuation, a byte order mark, and the ends of very long names.
    #[must_use]
    pub fn rest(&self) -> u64 {
        self.bytes.saturating_sub(self.keys() + self.plain_values() + self.field_bytes())
    }

    /// The fields of all rows, or of the rows of one kind, heaviest first.
    #[must_use]
    pub fn fields(&self, kind: Option<Kind>) -> Vec<(&Key, FieldWeight)> {
        let mut sums = Vec::new();
        for (_, weight) in self.kinds.iter().filter(|(of, _)| kind.is_none_or(|kind| kind == **of)) {
            merge(&mut sums, &weight.fields);
        }
        let named = sums.iter().enumerate().filter(|(_, field)| field.rows > 0);
        let mut fields: Vec<_> =
            named.filter_map(|(number, field)| Some((self.names.get(number)?, *field))).collect();
        fields.sort_by(|a, b| b.1.bytes.cmp(&a.1.bytes).then_with(|| a.0.cmp(b.0)));
        fields
    }
}

/// A field in JSON.
#[derive(Serialize)]
struct NamedField<'a> {
    name: &'a Key,
    #[serde(flatten)]
    weight: FieldWeight,
}

/// The weights of a kind in JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NamedKind<'a> {
    bytes: u64,
    keys: u64,
    values: u64,
    fields: Vec<NamedField<'a>>,
}

impl Weights {
    fn named(&self, kind: Option<Kind>) -> Vec<NamedField<'_>> {
        self.fields(kind).into_iter().map(|(name, weight)| NamedField { name, weight }).collect()
    }

    fn named_kinds(&self) -> BTreeMap<Kind, NamedKind<'_>> {
        let named = |(kind, weight): (&Kind, &KindWeight)| {
            let (bytes, keys, values) = (weight.bytes(), weight.keys, weight.values);
            (*kind, NamedKind { bytes, keys, values, fields: self.named(Some(*kind)) })
        };
        self.kinds.iter().map(named).collect()
    }
}

impl Serialize for Weights {
    /// `keys + plainValues + fieldBytes + rest` is `bytes`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut weights = serializer.serialize_struct("Weights", 7)?;
        weights.serialize_field("bytes", &self.bytes)?;
        weights.serialize_field("keys", &self.keys())?;
        weights.serialize_field("plainValues", &self.plain_values())?;
        weights.serialize_field("fieldBytes", &self.field_bytes())?;
        weights.serialize_field("rest", &self.rest())?;
        weights.serialize_field("fields", &self.named(None))?;
        weights.serialize_field("kinds", &self.named_kinds())?;
        weights.end()
    }
}
