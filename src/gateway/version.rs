//! Versions of OpenClaw, and who serialises the writers of a store in each.

use std::fmt;

use serde::{Serialize, Serializer};

/// No version that we could meet is written in more letters.
const MAX_LETTERS: usize = 64;

/// A version such as `2026.4.30-beta.1`: year, month, release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    text: String,
    numbers: [u32; 3],
}

impl Version {
    /// Reads a version as a `package.json` has it. What follows the third number is kept and not looked at.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
        if text.len() > MAX_LETTERS || !text.chars().all(is_plain) {
            return None;
        }
        let release = text.split(['-', '+']).next()?;
        let mut parts = release.strip_prefix('v').unwrap_or(release).split('.').map(|part| part.parse().ok());
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then(|| Self { text: text.to_owned(), numbers })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Who serialises the writers of a `sessions.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// A lock file beside the store, which every writer honours: up to 2026.4.30.
    HonoursLock,
    /// Nobody outside the gateway's own process: it looks at no lock. 2026.5 to 2026.7.1, and the long supported lines
    /// 2026.6.33 to 35 and 2026.7.33 to 35.
    HonoursNone,
    /// The rows are in a database: from 2026.7.2-beta.1 on. A `sessions.json` is only read once, to be moved there.
    Sqlite,
    /// That is not known. To be treated as [`Era::HonoursNone`].
    Unknown,
}

impl Era {
    /// The era of a version. One that was not there to be looked at when this was written is unknown, but for what
    /// is younger than all of them.
    #[must_use]
    pub const fn of(version: &Version) -> Self {
        let [year, month, release] = version.numbers;
        match (year, month, release) {
            (2026, 1, 29..) | (2026, 2 | 3, _) | (2026, 4, ..=30) => Self::HonoursLock,
            (2026, 5 | 6, _) | (2026, 7, 0 | 1 | 33..=35) => Self::HonoursNone,
            (2026, 7, 2..=32) | (2026, 8.., _) | (2027.., ..) => Self::Sqlite,
            _ => Self::Unknown,
        }
    }

    /// The era's name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HonoursLock => "honours-lock",
            Self::HonoursNone => "honours-none",
            Self::Sqlite => "sqlite",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_its_era() {
        for (text, era) in [
            ("2025.12.31", Era::Unknown),
            ("0.9.1", Era::Unknown),
            ("2026.1.28", Era::Unknown),
            ("2026.1.29", Era::HonoursLock),
            ("2026.2.6-3", Era::HonoursLock),
            ("2026.2.12", Era::HonoursLock),
            ("2026.4.29", Era::HonoursLock),
            ("2026.4.30-beta.1", Era::HonoursLock),
            ("v2026.4.30", Era::HonoursLock),
            ("2026.4.31", Era::Unknown),
            ("2026.5.0", Era::HonoursNone),
            ("2026.5.2", Era::HonoursNone),
            ("2026.6.11", Era::HonoursNone),
            ("2026.6.35", Era::HonoursNone),
            ("2026.7.1", Era::HonoursNone),
            ("2026.7.1-2", Era::HonoursNone),
            ("2026.7.2-beta.1", Era::Sqlite),
            ("2026.7.2", Era::Sqlite),
            ("2026.7.32", Era::Sqlite),
            ("2026.7.33", Era::HonoursNone),
            ("2026.7.35", Era::HonoursNone),
            ("2026.7.36", Era::Unknown),
            ("2026.8.1", Era::Sqlite),
            ("2026.12.1", Era::Sqlite),
            ("2027.1.1", Era::Sqlite),
        ] {
            let version = Version::read(text).unwrap();
            assert_eq!((Era::of(&version), version.to_string()), (era, text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in
            ["", "2026", "2026.4", "2026.4.30.1", "2026.x.1", "2026.4.30 beta", "9999999999.1.1", "a\u{1b}"]
        {
            assert_eq!(Version::read(text), None, "{text:?}");
        }
        assert_eq!(Version::read(&format!("2026.4.30-{}", "b".repeat(99))), None);
    }
}
