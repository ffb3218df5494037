//! A small generator of numbers that is the same on every machine: splitmix64.

/// A stream of numbers that its seed determines.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for thing number `index`, so that it need not be remembered.
    pub(super) fn of(seed: u64, index: u64) -> Self {
        let mut random = Self::new(seed ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self::new(random.next())
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit - 1`; 0 when the limit is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    pub(super) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`; the type's default when there is none.
    pub(super) fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let at = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices.get(at).copied().unwrap_or_default()
    }

    /// A random UUID, version 4.
    pub(super) fn uuid(&mut self) -> Uuid {
        let high = self.next() & !0xf000 | 0x4000;
        let low = self.next() & !(3 << 62) | 1 << 63;
        Uuid(u128::from(high) << 64 | u128::from(low))
    }
}

/// The number behind a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uuid(u128);

impl Uuid {
    /// Appends the usual 36 characters.
    pub(super) fn append(self, text: &mut Vec<u8>) {
        for (from, to) in [(128, 96), (96, 80), (80, 64), (64, 48), (48, 0)] {
            if from != 128 {
                text.push(b'-');
            }
            append_hex(self.0, from, to, text);
        }
    }
}

/// The bits of `number` below `from` and from `to` on, as lower-case digits.
pub(super) fn append_hex(number: u128, from: u32, to: u32, text: &mut Vec<u8>) {
    for shift in (to..from).step_by(4).rev() {
        let digit = number.unbounded_shr(shift).to_le_bytes().first().copied().unwrap_or(0) & 15;
        text.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_splitmix64() {
        let mut random = Random::new(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(7);
        assert_eq!(random.below(0), 0);
        assert!((0..1000).all(|_| (3..=5).contains(&random.between(3, 5))));
        assert_eq!(random.pick::<u8>(&[]), 0);
    }

    #[test]
    fn a_uuid_reads_like_one() {
        let mut text = Vec::new();
        Random::new(3).uuid().append(&mut text);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(text.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    }
}
