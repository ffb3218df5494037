//! Sums and sets on 64 bits.

/// The place of the last byte of a block, which only tells whether something goes on.
pub(super) const LAST: u32 = 63;

/// The lowest `n` bits, at most 63 of them.
#[inline(always)]
pub(super) const fn below(n: u32) -> u64 {
    (1 << n) - 1
}

/// For each bit whether an odd number of bits is set up to it.
#[inline(always)]
pub(super) const fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// 1 where the bit at this place is set, or else 0.
#[inline(always)]
pub(super) const fn is_set(bits: u64, place: u32) -> u64 {
    bits >> place & 1
}

/// The places of the bits that are set, from the lowest on.
#[inline(always)]
pub(super) fn each(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        (bits != 0).then(|| {
            bits &= bits - 1;
            place
        })
    })
}

/// The first places from `starts` on, each passing over a run of `through`. The highest bit of `through` is not set.
///
/// A carry runs through each run of ones that has a start in it, and comes to rest behind it.
#[inline(always)]
pub(super) const fn pass(starts: u64, through: u64) -> u64 {
    starts.wrapping_add(through) & !through
}
