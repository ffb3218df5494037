//! Which brackets are open: one bit a level, so that a million levels weigh 125 KB and no call stack.

/// The open brackets, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    depth: u64,
    /// The innermost levels, the last one in the lowest bit; `{` is one.
    top: u64,
    /// The levels further out, 64 a word.
    below: Vec<u64>,
}

impl Nesting {
    /// How many brackets are open.
    #[inline]
    pub(super) const fn depth(&self) -> u64 {
        self.depth
    }

    /// Whether the innermost open bracket is a `{`.
    #[inline]
    pub(super) const fn in_object(&self) -> bool {
        self.top & 1 == 1
    }

    /// A bracket opens.
    #[inline]
    pub(super) fn open(&mut self, object: bool) {
        if self.depth.is_multiple_of(64) {
            self.below.push(self.top);
        }
        self.depth += 1;
        self.top = self.top << 1 | u64::from(object);
    }

    /// The innermost bracket closes; nothing happens when none is open.
    #[inline]
    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.top >>= 1;
        if self.depth.is_multiple_of(64) {
            self.top = self.below.pop().unwrap_or(0);
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
