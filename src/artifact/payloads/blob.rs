//! What stands in a transcript in the place of a payload.

use std::{ffi::OsStr, fmt};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Excerpt;
use crate::model::hex;

const DIGITS: usize = 64;

/// The SHA-256 of a payload in hexadecimal digits, which is the name of its file: nothing else can stand here, so that what
/// is read from a transcript leads nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct BlobHash(String);

/// A text that is no hash of a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no SHA-256: that has 64 hexadecimal digits in lower case")]
pub struct HashError(String);

impl BlobHash {
    /// That of a payload.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        Self::from_digest(&Sha256::digest(payload))
    }

    pub(super) fn from_digest(digest: &[u8]) -> Self {
        Self(hex(digest))
    }

    /// The file that has this name, if it is one of a payload.
    pub(super) fn of_name(name: &OsStr) -> Option<Self> {
        name.to_str().and_then(|name| Self::try_from(name.to_owned()).ok())
    }

    pub(super) fn name(&self) -> &OsStr {
        OsStr::new(&self.0)
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for BlobHash {
    type Error = HashError;

    fn try_from(text: String) -> Result<Self, HashError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == DIGITS && text.bytes().all(is_digit) { Ok(Self(text)) } else { Err(HashError(text)) }
    }
}

/// What stands in the place of a payload: enough to find it, to know it again, and to do without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobRef {
    /// The payload's SHA-256.
    pub hash: BlobHash,
    /// Its length in bytes.
    pub length: u64,
    /// What it is.
    pub mime: String,
    /// What is shown of it.
    pub excerpt: Excerpt,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i10_only_a_hash_is_read_as_one() {
        let whole = BlobHash::of(b"abc").to_string();
        assert_eq!(whole, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let read = |text: &str| serde_json::from_value::<BlobHash>(text.into());
        assert_eq!(read(&whole).unwrap(), BlobHash::of(b"abc"));
        let short = whole.get(1..).unwrap();
        for bad in ["", "..", "../x", short, &whole.to_uppercase(), &format!("/{short}")] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
