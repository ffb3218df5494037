//! Who a row is and whom it belongs to, in 18 bytes: what the judgement sorts.

/// A row that some rule speaks of.
///
/// Keys are remembered as hashes. Those of families have 64 bits: two families that are taken for one only keep rows. Names
/// are told apart within a family, where 48 bits of a seed of their own are enough: of a family of ten thousand rows two are
/// taken for one in one sweep out of five million. Bytes instead of numbers, since those would be padded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kin {
    family: [u8; 8],
    name: [u8; 6],
    order: [u8; 4],
}

impl Kin {
    pub(super) const fn new(family: u64, name: u64, order: u32) -> Self {
        let [name @ .., _, _] = name.to_le_bytes();
        Self { family: family.to_le_bytes(), name, order: order.to_le_bytes() }
    }

    pub(super) const fn family(&self) -> u64 {
        u64::from_le_bytes(self.family)
    }

    /// How many rows stand before it.
    pub(super) const fn order(&self) -> u32 {
        u32::from_le_bytes(self.order)
    }
}

/// Puts families together, in each of them the occurrences of a key, and those in the order of the store.
pub(super) fn sort(rows: &mut [Kin]) {
    rows.sort_unstable_by_key(|row| (row.family(), row.name, row.order()));
}

/// The families of sorted rows.
pub(super) fn families(sorted: &[Kin]) -> impl Iterator<Item = &[Kin]> {
    sorted.chunk_by(|a, b| a.family == b.family)
}

/// The keys of a family, each as all of its occurrences.
pub(super) fn names(family: &[Kin]) -> impl Iterator<Item = &[Kin]> {
    family.chunk_by(|a, b| a.name == b.name)
}

/// The orders of the rows of a family that JavaScript sees: the last occurrence of each key.
pub(super) fn members(family: &[Kin]) -> impl Iterator<Item = u32> {
    names(family).filter_map(<[Kin]>::last).map(Kin::order)
}
