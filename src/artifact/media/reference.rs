//! The name of a stored file: `media://` and a random UUID.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    process,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What every reference begins with.
const SCHEME: &str = "media://";

/// The digits of each part of a UUID.
const PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// The name of a stored file, unlike any other: `media://0b6f1c52-7f4e-4c7d-9a51-0c1d2e3f4a5b`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaRef(u128);

/// A text that is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no reference to a stored file: they look like media://0b6f1c52-7f4e-4c7d-9a51-0c1d2e3f4a5b"
)]
pub struct BadMediaRef(String);

impl MediaRef {
    /// A new one.
    #[must_use]
    pub(super) fn new() -> Self {
        let bits = u128::from(chance()) << 64 | u128::from(chance());
        // Version 4, and the variant that RFC 9562 describes.
        let bits = bits & !(0xf << 76) | 4 << 76;
        Self(bits & !(0b11 << 62) | 0b10 << 62)
    }
}

/// Bits that nobody can foresee.
pub(super) fn chance() -> u64 {
    RandomState::new().hash_one(process::id())
}

impl fmt::Display for MediaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let mut text = String::from(SCHEME);
        let mut rest = digits.as_str();
        for length in PARTS {
            let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            text.push_str(part);
            text.push_str(if after.is_empty() { "" } else { "-" });
            rest = after;
        }
        f.pad(&text)
    }
}

impl fmt::Debug for MediaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MediaRef {
    type Err = BadMediaRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| BadMediaRef(text.to_owned()))
    }
}

fn read(text: &str) -> Option<MediaRef> {
    let uuid = text.strip_prefix(SCHEME)?;
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let lengths = uuid.split('-').map(str::len);
    let is_good = lengths.eq(PARTS) && uuid.chars().all(|c| c == '-' || is_hex(c));
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    is_good.then(|| u128::from_str_radix(&digits, 16).ok().map(MediaRef))?
}

impl Serialize for MediaRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MediaRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_one_is_new_and_a_uuid_of_version_4() {
        let (one, other) = (MediaRef::new(), MediaRef::new());
        assert_ne!(one, other);
        let text = one.to_string();
        assert!(text.len() == 44 && text.starts_with("media://"), "{text}");
        let digits: Vec<char> = text.chars().collect();
        assert!(digits[22] == '4' && "89ab".contains(digits[27]), "{text}");
    }

    #[test]
    fn nothing_else_is_one() {
        let good = MediaRef::new().to_string();
        let [bare, mut short] = [good.replace(SCHEME, ""), good.clone()];
        short.pop();
        let upper = good.to_uppercase();
        for text in ["", "media://", &bare, &short, &upper, &format!("{good}0"), &good.replace('-', "_")] {
            let error = text.parse::<MediaRef>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read_back(bits in any::<u128>()) {
            prop_assert_eq!(MediaRef(bits).to_string().parse(), Ok(MediaRef(bits)));
        }
    }
}
