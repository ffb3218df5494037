//! The identity of a file, to be held against what stands there later.
//!
//! A file's times move when it is written to, but in ticks: a write right after we looked may leave the very time that
//! was there. So a fence around a file that was just written also knows its content, as git does with its index.

use std::time::Duration;

use crate::fs::Stat;

/// A SHA-256 over a file's bytes.
pub type Digest = [u8; 32];

/// Longer than the longest tick of a kernel, ten milliseconds, by which it counts the times of files.
const TICK: Duration = Duration::from_millis(12);

/// The same where a file system keeps seconds only, some of them two at a time.
const COARSE_TICK: Duration = Duration::from_millis(2_012);

/// What must still hold of a file when a writer comes back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    dev: u64,
    ino: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
    content: Option<Digest>,
}

impl Fence {
    /// The fence around a file as it is now, without its content.
    #[must_use]
    pub const fn around(stat: &Stat) -> Self {
        Self {
            dev: stat.dev,
            ino: stat.ino,
            size: stat.size,
            modified_ns: stat.modified_ns,
            changed_ns: stat.changed_ns,
            content: None,
        }
    }

    /// The same fence around a file with this content.
    #[must_use]
    pub const fn with_content(self, content: Digest) -> Self {
        Self { content: Some(content), ..self }
    }

    /// What the file held, where its times were too young to be trusted.
    #[must_use]
    pub const fn content(&self) -> Option<&Digest> {
        self.content.as_ref()
    }

    /// Whether the file is still the one that the fence was put around. Its content is not looked at.
    #[must_use]
    pub fn holds(&self, stat: &Stat) -> bool {
        Self { content: None, ..*self } == Self::around(stat)
    }

    /// The same for a file that was given another name since, which changes its last time on most file systems.
    #[must_use]
    pub fn holds_elsewhere(&self, stat: &Stat) -> bool {
        Self { changed_ns: stat.changed_ns, ..*self }.holds(stat)
    }

    /// How long it takes until a write to a file must move one of its times; `None` when it already must.
    #[must_use]
    pub fn until_old(stat: &Stat, now_ns: i128) -> Option<Duration> {
        let until = |at| until_past(at, now_ns);
        until(stat.modified_ns).and_then(|one| until(stat.changed_ns).map(|other| one.min(other)))
    }
}

/// How long until the tick that `at` belongs to is over. A time far from now, past or future, is none of this tick: a
/// write would move it.
fn until_past(at: i128, now_ns: i128) -> Option<Duration> {
    let tick = if at % 1_000_000_000 == 0 { COARSE_TICK } else { TICK };
    let tick_ns = i128::try_from(tick.as_nanos()).unwrap_or(i128::MAX);
    let left = tick_ns - (now_ns - at);
    let is_young = left > 0 && left < 2 * tick_ns;
    is_young.then(|| Duration::from_nanos(u64::try_from(left).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: Stat = Stat {
        dev: 1,
        ino: 2,
        size: 3,
        modified_ns: 4,
        changed_ns: 5,
        born_ns: None,
        links: 1,
        is_file: true,
        is_folder: false,
        owner: crate::fs::Owner { uid: 0, gid: 0 },
    };

    #[test]
    fn any_difference_breaks_the_fence() {
        let fence = Fence::around(&STAT).with_content([7; 32]);
        assert!(fence.holds(&STAT) && fence.content() == Some(&[7; 32]));
        for changed in [
            Stat { dev: 9, ..STAT },
            Stat { ino: 9, ..STAT },
            Stat { size: 9, ..STAT },
            Stat { modified_ns: 9, ..STAT },
            Stat { changed_ns: 9, ..STAT },
        ] {
            assert!(!fence.holds(&changed), "{changed:?}");
            assert_eq!(fence.holds_elsewhere(&changed), changed.changed_ns == 9, "{changed:?}");
        }
    }

    #[test]
    fn times_are_young_for_a_tick_and_that_is_longer_where_seconds_are_kept() {
        const MS: i128 = 1_000_000;
        let now = 1_795_248_000_500 * MS;
        let until =
            |modified_ns, changed_ns| Fence::until_old(&Stat { modified_ns, changed_ns, ..STAT }, now);
        assert_eq!(until(now - 30 * MS, now - 30 * MS), None);
        assert_eq!(until(now - 5 * MS, now - 5 * MS), Some(Duration::from_millis(7)));
        // A write moves both: where one of them must, the other need not.
        assert_eq!((until(now - 30 * MS, now), until(now, now - 30 * MS)), (None, None));
        assert_eq!(until(now - 7 * MS, now - 5 * MS), Some(Duration::from_millis(5)));
        // The clock is a little behind that of the file, or hours: of an hour ahead no write would leave it.
        assert_eq!(until(now + 5 * MS, now + 5 * MS), Some(Duration::from_millis(17)));
        assert_eq!(until(now + 3_600_001 * MS, now), None);
        assert_eq!(until(now - 1_500 * MS, now - 1_500 * MS), Some(Duration::from_millis(512)));
    }
}
