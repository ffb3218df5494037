//! Whether the rows that stayed are what they were.

use std::ops::Range;

use crate::json::{self, Asked, RawRow, SyntaxError, Visit};

/// Two texts of one store compared: before and after rows were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Survivors {
    /// Rows before, every occurrence of a key counted.
    pub before: u64,
    /// Rows after.
    pub after: u64,
    /// How many of these have, byte for byte, the key and the value of a row before, in the order that they had.
    pub identical: u64,
}

/// Compares the rows of a store with those that it had.
///
/// ```
/// let same = session_reaper::inspect::survivors(br#"{"a":1,"b":2}"#, br#"{"b":2}"#)?;
/// assert_eq!((same.before, same.after, same.identical), (2, 1, 1));
/// # Ok::<(), session_reaper::json::SyntaxError>(())
/// ```
///
/// # Errors
/// When one of the texts is no store.
pub fn survivors(before: &[u8], after: &[u8]) -> Result<Survivors, SyntaxError> {
    let (old, new) = (Rows::of(before)?, Rows::of(after)?);
    let mut same = Survivors { before: old.0.len() as u64, after: new.0.len() as u64, identical: 0 };
    let mut left = old.0.into_iter();
    for row in new.0 {
        let mut ahead = left.clone();
        if ahead.any(|old| row_text(before, &old) == row_text(after, &row)) {
            left = ahead;
            same.identical += 1;
        }
    }
    Ok(same)
}

/// The raw key and the raw value of a row.
fn row_text<'t>(text: &'t [u8], row: &Row) -> (&'t [u8], &'t [u8]) {
    let piece = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    (piece(&row.key), piece(&row.value))
}

/// Where a row's key and value stand.
#[derive(Debug, Clone)]
struct Row {
    key: Range<usize>,
    value: Range<usize>,
}

#[derive(Debug, Default)]
struct Rows(Vec<Row>);

impl Rows {
    fn of(text: &[u8]) -> Result<Self, SyntaxError> {
        let mut rows = Self::default();
        json::scan(text, &mut rows)?;
        Ok(rows)
    }
}

impl Visit for Rows {
    fn asks(&self) -> Asked {
        Asked::Nothing
    }

    fn row(&mut self, row: RawRow<'_>) {
        // The text is in memory: its offsets are as small as its indices.
        let index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        let start = index(row.span.start) + 1;
        let value = index(row.value.start)..index(row.value.end);
        self.0.push(Row { key: start..start + row.key.len(), value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_changed_moved_or_is_new_is_not_the_row_it_was() {
        let before = br#"{"a":1, "b":2 ,"c":[3]}"#;
        let identical = |after: &str| survivors(before, after.as_bytes()).unwrap().identical;
        assert_eq!(identical(r#"{"a":1,"c":[3]}"#), 2);
        assert_eq!(identical(r#"{"a":1.0,"c":[3]}"#), 1);
        assert_eq!(identical(r#"{"c":[3],"a":1}"#), 1);
        assert_eq!(identical(r#"{"\u0061":1,"b":2}"#), 1);
        assert_eq!(identical("{}"), 0);
        assert!(survivors(before, b"").is_err());
    }
}
