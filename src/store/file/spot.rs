//! Where a row stands in a file, in sixteen bytes.

use crate::json::Span;

/// A row's span, packed: one is kept for every row that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub(super) start: u64,
    length: u32,
    gap: u32,
}

impl Spot {
    /// Packs a span. A row of four gigabytes cannot be packed: the caller keeps it, as what cannot be handled is kept.
    pub(super) fn pack(span: Span) -> (Self, bool) {
        let length = u32::try_from(span.end.saturating_sub(span.start));
        (Self { start: span.start, length: length.unwrap_or(0), gap: span.gap }, length.is_ok())
    }

    /// The span again.
    pub(super) const fn span(self) -> Span {
        Span { start: self.start, end: self.start + self.length as u64, gap: self.gap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_comes_back_and_one_that_is_too_long_says_so() {
        let span = Span { start: 1 << 40, end: (1 << 40) + u64::from(u32::MAX), gap: 7 };
        assert_eq!((Spot::pack(span).0.span(), Spot::pack(span).1), (span, true));
        assert!(!Spot::pack(Span { end: span.end + 1, ..span }).1);
    }
}
