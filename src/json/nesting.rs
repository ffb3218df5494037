//! Which brackets are open: one bit a level, so that a million levels weigh 125 KB and no call stack.

/// The depth at which the fields of rows stand: within the store's bracket and the row's.
pub(super) const FIELDS: u64 = 2;

/// The open brackets, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    top: Top,
    /// The levels further out, 64 a word.
    below: Vec<u64>,
}

/// How deep the text is, and the innermost brackets that are open, up to 64 of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Top {
    depth: u64,
    /// The last one in the lowest bit; `{` is one.
    levels: u64,
}

impl Top {
    /// How many brackets are open.
    #[inline]
    pub(super) const fn depth(self) -> u64 {
        self.depth
    }

    /// Whether the innermost open bracket is a `{`.
    #[inline]
    pub(super) const fn in_object(self) -> bool {
        self.levels & 1 == 1
    }

    /// Whether a bracket that opens here, or one that closes, concerns others than these.
    #[inline]
    pub(super) const fn is_at_an_edge(self, opens: bool) -> bool {
        self.depth % 64 == if opens { 0 } else { 1 }
    }

    /// A bracket opens.
    #[inline]
    pub(super) const fn opened(self, object: bool) -> Self {
        Self { depth: self.depth + 1, levels: self.levels << 1 | object as u64 }
    }

    /// The innermost bracket closes; nothing happens when none is open.
    #[inline]
    pub(super) const fn closed(self) -> Self {
        Self { depth: self.depth.saturating_sub(1), levels: self.levels >> 1 }
    }
}

impl Nesting {
    /// How many brackets are open.
    #[inline]
    pub(super) const fn depth(&self) -> u64 {
        self.top.depth
    }

    /// Whether the innermost open bracket is a `{`.
    #[inline]
    pub(super) const fn in_object(&self) -> bool {
        self.top.in_object()
    }

    /// The innermost brackets.
    #[inline]
    pub(super) const fn top(&self) -> Top {
        self.top
    }

    /// What became of the innermost brackets, where none was opened or closed at an edge.
    #[inline]
    pub(super) const fn set_top(&mut self, top: Top) {
        self.top = top;
    }

    /// A bracket opens.
    #[inline]
    pub(super) fn open(&mut self, object: bool) {
        if self.top.depth.is_multiple_of(64) {
            self.below.push(self.top.levels);
        }
        self.top = self.top.opened(object);
    }

    /// The innermost bracket closes; nothing happens when none is open.
    #[inline]
    pub(super) fn close(&mut self) {
        self.top = self.top.closed();
        if self.top.depth.is_multiple_of(64) {
            self.top.levels = self.below.pop().unwrap_or(0);
        }
    }
}
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_stack(levels in prop::collection::vec(any::<bool>(), 1..300)) {
            let mut nesting = Nesting::default();
            for (depth, object) in levels.iter().enumerate() {
                prop_assert_eq!(nesting.depth(), depth as u64);
                nesting.open(*object);
                prop_assert_eq!(nesting.in_object(), *object);
            }
            for (depth, object) in levels.iter().enumerate().rev() {
                prop_assert_eq!((nesting.depth(), nesting.in_object()), (depth as u64 + 1, *object));
                nesting.close();
            }
            prop_assert_eq!(nesting.depth(), 0);
        }
    }
}
