//! The shape of a whole text, and which bytes to leave out of it.
//!
//! A row is cut from its key to the next row's key, so that what separates it from the row before goes on to separate
//! that one from the next. A run of rows at the end is cut from the end of the value before it to the end of its last
//! value, so that the white space before the closing brace stays where it was. Either way what remains is valid, every
//! byte of it stood in the text, and it looks like the text did: indented, compact, comma first, whatever it was.

use std::ops::Range;

use super::visit::Span;

/// The shape of a store's text. Offsets are absolute, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// From behind the `{` to the `}`.
    pub body: Range<u64>,
    /// The first row's key quote.
    pub first_key: Option<u64>,
    /// The end of the last row's value.
    pub last_end: Option<u64>,
    /// How many rows there are, every occurrence of a key counted.
    pub rows: u64,
    /// How long the text is.
    pub len: u64,
    /// Whether a byte order mark stands before the object. It stays; JavaScript refuses such a text.
    pub has_bom: bool,
}

/// The byte ranges to leave out so that the doomed rows are gone: in order, disjoint, none touching another.
///
/// `doomed` are spans that the scan of this text told, in its order. When no row remains, the object becomes `{}`.
pub fn cuts(layout: &Layout, doomed: impl IntoIterator<Item = Span>) -> Vec<Range<u64>> {
    let mut cuts = Vec::new();
    let mut run: Option<Span> = None;
    for span in doomed {
        match &mut run {
            Some(run) if span.start <= run.end => run.end = run.end.max(span.end),
            _ => cuts.extend(run.replace(span).map(|run| cut(layout, run))),
        }
    }
    cuts.extend(run.map(|run| cut(layout, run)));
    cuts
}

/// The bytes to leave out for one run of rows.
fn cut(layout: &Layout, run: Span) -> Range<u64> {
    let is_first = layout.first_key == Some(run.start);
    let is_last = layout.last_end == Some(run.end);
    match (is_first, is_last) {
        (true, true) => layout.body.clone(),
        (false, true) => run.start.saturating_sub(run.gap.into())..run.end,
        (_, false) => run.start..run.end,
    }
}
