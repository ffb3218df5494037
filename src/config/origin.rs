//! Where a value came from.

use std::{fmt, path::PathBuf};

use serde::{Serialize, Serializer};

/// Where a value came from: shown beside it, and named by every complaint about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    Default,
    /// OpenClaw's own configuration file, or its state folder.
    OpenClaw(PathBuf),
    /// A line of our configuration file.
    File(PathBuf, usize),
    /// A variable of the environment, by name.
    Env(String),
    /// A flag of the command line, by name.
    Flag(String),
}

impl Origin {
    /// Who wins: a higher rank does.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::OpenClaw(_) => 1,
            Self::File(..) => 2,
            Self::Env(_) => 3,
            Self::Flag(_) => 4,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.pad("default"),
            Self::OpenClaw(path) => write!(f, "{}", path.display()),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Env(name) | Self::Flag(name) => f.pad(name),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
