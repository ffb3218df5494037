//! The identity of a file, to be held against what stands there later.

use crate::fs::Stat;

/// What must still hold of a file when a writer comes back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    dev: u64,
    ino: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Fence {
    /// The fence around a file as it is now.
    #[must_use]
    pub const fn around(stat: &Stat) -> Self {
        Self {
            dev: stat.dev,
            ino: stat.ino,
            size: stat.size,
            modified_ns: stat.modified_ns,
            changed_ns: stat.changed_ns,
        }
    }

    /// Whether the file is still the one that the fence was put around.
    #[must_use]
    pub fn holds(&self, stat: &Stat) -> bool {
        *self == Self::around(stat)
    }

    /// The same for a file that was given another name since, which changes its last time on most file systems.
    #[must_use]
    pub fn holds_elsewhere(&self, stat: &Stat) -> bool {
        Self { changed_ns: stat.changed_ns, ..*self } == Self::around(stat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_difference_breaks_the_fence() {
        let stat = Stat { dev: 1, ino: 2, size: 3, modified_ns: 4, changed_ns: 5, ..Stat::default() };
        let fence = Fence::around(&stat);
        assert!(fence.holds(&stat));
        for changed in [
            Stat { dev: 9, ..stat },
            Stat { ino: 9, ..stat },
            Stat { size: 9, ..stat },
            Stat { modified_ns: 9, ..stat },
            Stat { changed_ns: 9, ..stat },
        ] {
            assert!(!fence.holds(&changed), "{changed:?}");
            assert_eq!(fence.holds_elsewhere(&changed), changed.changed_ns == 9, "{changed:?}");
        }
    }
}
