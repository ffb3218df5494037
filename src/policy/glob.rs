//! Patterns over keys: `*` for anything, `?` for one character, any letter case.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A pattern that protects the keys it matches, as a whole, in any letter case.
///
/// ```
/// use session_reaper::policy::Glob;
/// let glob: Glob = "agent:*:cron:backup*".parse()?;
/// assert!(glob.matches(b"agent:main:cron:Backup-daily:run:1"));
/// # Ok::<(), session_reaper::policy::GlobError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    regex: Regex,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no pattern for keys: {why}; `*` stands for anything and `?` for one character")]
pub struct GlobError {
    text: String,
    why: &'static str,
}

impl Glob {
    /// Whether the whole key matches.
    #[must_use]
    pub fn matches(&self, key: &[u8]) -> bool {
        self.regex.is_match(key)
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::str::FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |why| GlobError { text: text.to_owned(), why };
        if text.is_empty() {
            return Err(refuse("it is empty"));
        }
        let body: String = text.chars().map(translate).collect();
        let regex = RegexBuilder::new(&format!("^(?:{body})$"))
            .case_insensitive(true)
            .dot_matches_new_line(true)
            .build()
            .map_err(|_| refuse("it is too long"))?;
        Ok(Self { text: text.to_owned(), regex })
    }
}

/// One character of the pattern as a regular expression. A lone surrogate in a key is no character for the
/// expression, so `*` and `?` also take any single byte.
fn translate(c: char) -> String {
    match c {
        '*' => "(?s-u:.)*".to_owned(),
        '?' => "(?:.|(?s-u:.))".to_owned(),
        c => regex::escape(c.encode_utf8(&mut [0; 4])),
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, key: &str) -> bool {
        glob.parse::<Glob>().unwrap().matches(key.as_bytes())
    }

    #[test]
    fn a_glob_matches_whole_keys_in_any_case() {
        for (glob, key) in [("*", ""), ("a*c", "A:b:C"), ("a?c", "aéc"), ("a.c", "a.c"), ("é*", "É\n")] {
            assert!(matches(glob, key), "{glob} {key}");
        }
        for (glob, key) in [("a", "ab"), ("a?c", "ac"), ("a.c", "abc"), ("[a]", "a")] {
            assert!(!matches(glob, key), "{glob} {key}");
        }
        assert!("".parse::<Glob>().is_err());
        assert!("a*".parse::<Glob>().unwrap().matches(b"a\xed\xa0\x80b"));
    }
}
