//! How a sweep of one store, or of one folder, ended.

use serde::Serialize;

use super::{Error, ErrorKind};

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Something went (or would go, in a dry run).
    Swept,
    /// Something came back, or went again (or would, in a dry run).
    Restored,
    /// Nothing had to go; nothing was written.
    Nothing,
    /// It was not due yet; nothing was looked at.
    Throttled,
    /// Every rule is off; nothing was looked at.
    Disabled,
    /// Somebody else was at work.
    Busy,
    /// A safety rule said no.
    Refused,
    /// It could not be done.
    Failed,
}

impl Outcome {
    /// How it ended where this went wrong.
    #[must_use]
    pub fn of_error(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Busy | ErrorKind::Held => Self::Busy,
            ErrorKind::Refused | ErrorKind::Changed => Self::Refused,
            _ => Self::Failed,
        }
    }

    /// The outcome's name in JSON and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Swept => "swept",
            Self::Restored => "restored",
            Self::Nothing => "nothing",
            Self::Throttled => "throttled",
            Self::Disabled => "disabled",
            Self::Busy => "busy",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
