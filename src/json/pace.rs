//! In which way a scan is made: there are several, which tell the same.

use std::fmt;

use fearless_simd::Level;

/// A way to make a scan.
#[derive(Clone, Copy)]
pub struct Pace(Option<Level>);

impl Pace {
    /// The one that this processor is best at.
    ///
    /// Vectors of 512 bits are not faster here: what is gained by looking at more bytes at once is lost on the way of the
    /// masks to where sums are done. Without any vectors nothing is faster than to go token by token.
    #[must_use]
    pub fn best() -> Self {
        let level = Level::new();
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let level = level.as_avx2().map_or(level, fearless_simd::Simd::level);
        Self((!level.is_fallback()).then_some(level))
    }

    /// Token by token: what all the others are held against.
    #[must_use]
    pub const fn walk() -> Self {
        Self(None)
    }

    /// All that this processor can go at, the plainest first.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn all() -> Vec<Self> {
        let level = Level::new();
        let mut paces = vec![Self::walk(), Self(Some(Level::fallback()))];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            use fearless_simd::Simd as _;
            paces.extend(level.as_sse2().map(|simd| Self(Some(simd.level()))));
            paces.extend(level.as_sse4_2().map(|simd| Self(Some(simd.level()))));
            paces.extend(level.as_avx2().map(|simd| Self(Some(simd.level()))));
        }
        paces.push(Self(Some(level)));
        paces
    }

    /// The vectors to use, if any.
    #[inline]
    pub(super) const fn level(self) -> Option<Level> {
        self.0
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("token by token"),
            Some(level) => write!(f, "{level:?}"),
        }
    }
}
