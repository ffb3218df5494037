//! One thing that was found.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Subject {
    /// The store itself.
    Store,
    /// A lock on the store, or on a transcript beside it.
    Lock,
    /// A live gateway.
    Gateway,
    /// The database that holds the rows now.
    Database,
    /// A text that could not be put back.
    Rescued,
    /// Survivors that were about to take the store's place.
    Swap,
    /// A lock of ours, by which the processes of session-reaper exclude each other.
    Mutex,
    /// A folder of what sessions leave behind.
    Folder,
    /// What such a folder keeps of what went.
    Trash,
}

impl Subject {
    /// The subject's name, for people and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Lock => "lock",
            Self::Gateway => "gateway",
            Self::Database => "database",
            Self::Rescued => "rescued",
            Self::Swap => "swap",
            Self::Mutex => "mutex",
            Self::Folder => "folder",
            Self::Trash => "trash",
        }
    }
}

/// One thing that was found. Something is wrong with it when there is a remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// The file, where it is one.
    #[serde(serialize_with = "as_text")]
    pub path: Option<PathBuf>,
    /// What it is, in a word.
    pub verdict: &'static str,
    /// The same in a sentence.
    pub message: String,
    /// What a person can do about it.
    pub remedy: Option<String>,
    /// The process that it speaks of.
    pub pid: Option<u32>,
    /// How old it is.
    pub age_ms: Option<i64>,
    /// Whether it was mended.
    pub fixed: bool,
}

impl Finding {
    pub(super) fn new(subject: Subject, verdict: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { subject, path: None, verdict, message, remedy: None, pid: None, age_ms: None, fixed: false }
    }

    pub(super) fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    pub(super) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn as_text<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(Path::to_string_lossy).serialize(serializer)
}
