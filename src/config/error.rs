//! What is wrong with the configuration: by name, by line, all of it at once.

use std::{fmt, path::Path};

use serde::Serialize;

use super::Origin;

/// One thing that is wrong: where, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, variable or flag.
    pub place: String,
    /// The line, in a file, where there is one to name.
    pub line: Option<usize>,
    /// What was read, and what would be accepted.
    pub message: String,
}

impl Problem {
    /// Something wrong with a file as a whole.
    pub(super) fn of_file(path: &Path, message: impl Into<String>) -> Self {
        Self { place: path.display().to_string(), line: None, message: message.into() }
    }

    /// Something wrong with the value of `key` that came from `origin`.
    pub(super) fn of_value(origin: &Origin, key: &str, message: &str) -> Self {
        match origin {
            Origin::File(..) | Origin::OpenClaw(_) => Self::at(origin, format!("{key}: {message}")),
            _ => Self::at(origin, message.to_owned()),
        }
    }

    /// Something wrong with what came from `origin`; the message says by itself what that is.
    pub(super) fn at(origin: &Origin, message: String) -> Self {
        match origin {
            Origin::File(path, line) => Self::at_line(path, *line, message),
            Origin::OpenClaw(path) => Self::of_file(path, message),
            _ => Self { place: origin.to_string(), line: None, message },
        }
    }

    /// Something wrong with a line of a file.
    pub(super) fn at_line(path: &Path, line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::of_file(path, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// The configuration cannot be used, so nothing was done. Every problem that was found, one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}; nothing was removed", lines(.problems))]
pub struct ConfigError {
    problems: Vec<Problem>,
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

impl ConfigError {
    /// Everything that is wrong, in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// Problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// The value, or a default that nobody will see because the problem is noted.
    pub(super) fn note<T: Default>(&mut self, result: Result<T, Problem>) -> T {
        result.unwrap_or_else(|problem| {
            self.add(problem);
            T::default()
        })
    }

    /// Stops here when there are any.
    pub(super) fn check(self) -> Result<(), ConfigError> {
        if self.0.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.0 }) }
    }
}
