//! What a lease last saw of its transcript: the fence that must hold before it writes.
//!
//! The fence knows no content. A program that knows no lock and rewrites a transcript in place, to the same size, in the very
//! tick of the kernel's clock (up to ten milliseconds) in which it was last written to, is not seen. Transcripts are added
//! to; nothing is known that does so. To look for it, each write would have to read as well.

use crate::{fs::Stat, lock::Fence};

/// A transcript as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// `None` when there was none.
    pub(super) stat: Option<Stat>,
    /// Whether it ended in the middle of a line, which somebody was killed in.
    pub(super) is_torn: bool,
}

impl Seen {
    /// One that ends with a whole line, as far as that matters.
    pub(super) const fn whole(stat: Option<Stat>) -> Self {
        Self { stat, is_torn: false }
    }

    /// What is different now, in words; `None` when the fence holds. No file and an empty one are the same to a writer.
    pub(super) fn difference(&self, now: &Self) -> Option<String> {
        match (&self.stat, &now.stat) {
            (None, None) => None,
            (None, Some(now)) if now.size == 0 && now.is_file => None,
            (Some(seen), None) if seen.size == 0 => None,
            (None, Some(_)) => Some("somebody made it".to_owned()),
            (Some(_), None) => Some("it is gone".to_owned()),
            (Some(seen), Some(now)) if Fence::around(seen).holds(now) => None,
            (Some(seen), Some(now)) => Some(between(seen, now)),
        }
    }
}

fn between(seen: &Stat, now: &Stat) -> String {
    if (seen.dev, seen.ino) != (now.dev, now.ino) {
        return "another file stands in its place".to_owned();
    }
    match seen.size.cmp(&now.size) {
        std::cmp::Ordering::Less => format!("it grew from {} to {} bytes", seen.size, now.size),
        std::cmp::Ordering::Greater => format!("it was cut from {} to {} bytes", seen.size, now.size),
        std::cmp::Ordering::Equal => "its times changed, so it was written to or handed on".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_has_its_words_and_an_empty_file_is_none() {
        let stat =
            Stat { dev: 1, ino: 2, size: 9, modified_ns: 4, changed_ns: 5, is_file: true, ..Stat::default() };
        let empty = Stat { size: 0, ..stat };
        let words = |seen, now| Seen::whole(seen).difference(&Seen::whole(now));
        for (seen, now) in [
            (None, None),
            (None, Some(empty)),
            (Some(empty), None),
            (Some(stat), Some(stat)),
            (Some(empty), Some(empty)),
        ] {
            assert_eq!(words(seen, now), None);
        }
        for (seen, now, expected) in [
            (None, Some(stat), "somebody made it"),
            (Some(stat), None, "it is gone"),
            (Some(stat), Some(Stat { ino: 7, ..stat }), "another file stands in its place"),
            (Some(stat), Some(Stat { size: 10, ..stat }), "it grew from 9 to 10 bytes"),
            (Some(stat), Some(empty), "it was cut from 9 to 0 bytes"),
            (
                Some(stat),
                Some(Stat { changed_ns: 6, ..stat }),
                "its times changed, so it was written to or handed on",
            ),
            (
                Some(stat),
                Some(Stat { modified_ns: 6, ..stat }),
                "its times changed, so it was written to or handed on",
            ),
        ] {
            assert_eq!(words(seen, now).as_deref(), Some(expected));
        }
    }
}
