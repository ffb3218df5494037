//! Choices, drawn from a seed or from given bytes.

/// A source of choices. From bytes, it can be shrunk and mutated by who gives them; when they run out, every choice is
/// the first one, so that what is made comes to an end.
#[derive(Debug, Clone)]
pub struct Dice<'a>(Source<'a>);

#[derive(Debug, Clone)]
enum Source<'a> {
    Bytes(&'a [u8]),
    Seed(u64),
}

impl<'a> Dice<'a> {
    /// Choices read from bytes.
    #[must_use]
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self(Source::Bytes(bytes))
    }

    /// An endless row of choices that only depends on the seed.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        Self(Source::Seed(seed))
    }

    /// A number below `limit`; 0 when that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let wide = limit > 256;
        let drawn = if wide { self.byte() << 8 | self.byte() } else { self.byte() };
        drawn.checked_rem(limit).unwrap_or(0)
    }

    /// True once in so many times, false when the bytes have run out.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    /// One of these; the default when there is none.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }

    fn byte(&mut self) -> usize {
        match &mut self.0 {
            Source::Bytes(bytes) => {
                let Some((first, rest)) = bytes.split_first() else { return 0 };
                *bytes = rest;
                usize::from(*first)
            }
            Source::Seed(seed) => usize::from(next(seed)),
        }
    }
}

/// The top byte of the next number of `SplitMix64`.
fn next(seed: &mut u64) -> u8 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ *seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    let [.., top] = (mixed ^ mixed >> 31).to_le_bytes();
    top
}
