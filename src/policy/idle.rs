//! Rows that no rule can take: twelve bytes each, so that a key that stands twice counts once.

/// The hash of a key, and how many rows stand before this occurrence of it. Bytes instead of numbers, since those would be
/// padded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle {
    name: [u8; 8],
    order: [u8; 4],
}

impl Idle {
    pub(super) const fn new(name: u64, order: u32) -> Self {
        Self { name: name.to_le_bytes(), order: order.to_le_bytes() }
    }

    const fn key(&self) -> (u64, u32) {
        (u64::from_le_bytes(self.name), u32::from_le_bytes(self.order))
    }
}

/// The orders of those rows that JavaScript sees: the last occurrence of each key.
pub(super) fn members(rows: &mut [Idle]) -> impl Iterator<Item = u32> {
    rows.sort_unstable_by_key(Idle::key);
    rows.chunk_by(|a, b| a.name == b.name).filter_map(<[Idle]>::last).map(|last| last.key().1)
}
