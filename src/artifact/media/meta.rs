//! What is known of a stored file, and whether it may be removed.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MediaRef;
use crate::model::Timestamp;

/// What becomes of a file when nobody refers to it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CleanupPolicy {
    /// It is removed, if it is in the store's folder.
    DeleteOnCleanup,
    /// It stays: it was only ever registered. Also whatever is not known: unknown means keep.
    #[default]
    ForgetOnly,
}

impl CleanupPolicy {
    /// The policy that a word means. An unknown one means that nothing is removed.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        if word == Self::DeleteOnCleanup.name() { Self::DeleteOnCleanup } else { Self::ForgetOnly }
    }

    /// The policy's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeleteOnCleanup => "delete_on_cleanup",
            Self::ForgetOnly => "forget_only",
        }
    }
}

impl Serialize for CleanupPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for CleanupPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|word| Self::from_word(&word))
    }
}

/// What whoever stores a file says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// How people call it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filename: String,
    /// What is in it, such as `image/png`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content_type: String,
    /// Where it came from: a channel, a tool.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// What becomes of it.
    pub policy: CleanupPolicy,
}

/// Why a file stays when its last reference goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Somebody stored it with [`CleanupPolicy::ForgetOnly`], now or since it was last referred to by nobody.
    ForgetOnly,
    /// It is not in the store's folder: registered is not owned.
    Outside,
}

impl Kept {
    /// Only what was given to the store to remove, and is in its folder, is ever removed.
    pub(super) const fn of(meta: &Meta, is_ours: bool) -> Option<Self> {
        match meta.policy {
            CleanupPolicy::ForgetOnly => Some(Self::ForgetOnly),
            CleanupPolicy::DeleteOnCleanup if !is_ours => Some(Self::Outside),
            CleanupPolicy::DeleteOnCleanup => None,
        }
    }
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its name.
    pub reference: MediaRef,
    /// Where it is: the real path.
    pub path: PathBuf,
    /// What was said of it.
    pub meta: Meta,
    /// What it belongs to.
    pub scope: String,
    /// When it was stored.
    pub stored: Timestamp,
    /// Why it will stay, if it will.
    pub kept: Option<Kept>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i5_a_word_that_nobody_knows_removes_nothing() {
        for word in ["forget_only", "", "delete", "DELETE_ON_CLEANUP", "delete_on_cleanup ", "x"] {
            assert_eq!(CleanupPolicy::from_word(word), CleanupPolicy::ForgetOnly, "{word:?}");
            let meta: Meta = serde_json::from_str(&format!("{{\"policy\":{word:?}}}")).unwrap();
            assert_eq!(meta.policy, CleanupPolicy::ForgetOnly);
        }
        assert_eq!(CleanupPolicy::from_word("delete_on_cleanup"), CleanupPolicy::DeleteOnCleanup);
        assert_eq!(Meta::default().policy, CleanupPolicy::ForgetOnly);
    }
}
