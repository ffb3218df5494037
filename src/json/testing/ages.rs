//! What a policy asks of a scan, and nothing more: for benches.

use crate::json::{Asked, RawField, RawRow, Visit};

/// Adds up each row's last `updatedAt` and its place.
#[derive(Debug, Default)]
pub struct Ages {
    updated: u64,
    /// The sum, so that nothing of the work can be left out.
    pub sum: u64,
}

impl Visit for Ages {
    fn asks(&self) -> Asked {
        Asked::Field("updatedAt")
    }

    fn field(&mut self, field: RawField<'_>) {
        let text = std::str::from_utf8(field.text).ok();
        self.updated = text.and_then(|text| text.parse().ok()).unwrap_or(0);
    }

    fn row(&mut self, row: RawRow<'_>) {
        self.sum = self.sum.wrapping_add(std::mem::take(&mut self.updated) ^ row.span.start);
    }
}
