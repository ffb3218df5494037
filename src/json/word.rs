//! The three words of JSON.

/// A word that is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    True,
    False,
    Null,
}

impl Word {
    /// As it is written.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Null => "null",
        }
    }

    /// Reads on from `at`, `seen` bytes having been read: how many have been by the end, and the index behind them.
    #[inline]
    pub(super) fn read(self, text: &[u8], at: usize, seen: u8) -> (u8, usize) {
        let rest = self.text().as_bytes().get(usize::from(seen)..).unwrap_or_default();
        let same = rest.iter().zip(text.get(at..).unwrap_or_default()).take_while(|(a, b)| a == b).count();
        // No word is longer than five bytes.
        (seen + u8::try_from(same).unwrap_or(0), at + same)
    }
}
