//! The error that every public function returns: what went wrong, where, at which step, and what to do about it.
//!
//! Rules for those who make one: name the path and the step (a verb phrase such as `open the store`), keep the cause as
//! the source instead of repeating it, and give a hint whenever the user can do something. That nothing was removed is
//! said once, by its `Display`; an error that comes after the rows are gone says so by [`Error::too_late`], and one after
//! another change by [`Error::after_the_change`].

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// What kind of thing went wrong. Tells a caller what to do, where the message tells a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store is not there.
    Missing,
    /// Another of us is at work on the store.
    Busy,
    /// Another program holds the store's lock.
    Held,
    /// The store kept changing while it was swept.
    Unsettled,
    /// The store's text is not what a store's text is.
    Malformed,
    /// It could be done, but should not: a safety rule says no.
    Refused,
    /// A plan does not fit the store any more.
    Changed,
    /// Somebody asked to stop.
    Interrupted,
    /// What is asked for is not there any more, or never was.
    Gone,
    /// The operating system refused a call.
    Io,
    /// A setting is wrong.
    Config,
}

/// What a scheduler does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Somebody else is at work: the next tick will do.
    Busy,
    /// It may pass: try again, with patience.
    Retryable,
    /// It will not pass until somebody does something.
    Fatal,
}

impl ErrorKind {
    /// The kind's name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Busy | Self::Held => "busy",
            Self::Unsettled => "unsettled",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::Changed => "changed",
            Self::Interrupted => "interrupted",
            Self::Gone => "gone",
            Self::Io => "io",
            Self::Config => "config",
        }
    }

    /// What a scheduler does about it.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Busy | Self::Held => Class::Busy,
            Self::Missing | Self::Unsettled | Self::Changed | Self::Interrupted | Self::Io => {
                Class::Retryable
            }
            Self::Malformed | Self::Refused | Self::Gone | Self::Config => Class::Fatal,
        }
    }
}

/// What had been removed when something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Removed {
    Nothing,
    TheRows,
    TheOthers,
    Some,
    /// Not a removal: a change of another kind, which was made.
    Changed,
}

impl Removed {
    const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing was removed",
            Self::TheRows => "the rows were removed",
            Self::TheOthers => "the others were removed",
            Self::Some => "some of it was removed",
            Self::Changed => "the change was made",
        }
    }
}

/// Something went wrong. Unless [`Error::is_too_late`], nothing was removed.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone, thiserror::Error)]
struct Details {
    kind: ErrorKind,
    path: PathBuf,
    step: &'static str,
    message: String,
    hint: Option<String>,
    removed: Removed,
    #[source]
    source: Option<Arc<io::Error>>,
}

impl fmt::Display for Details {
    /// One line: `cannot <step> <path>: <what>; nothing was removed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, message, removed, .. } = self;
        write!(f, "cannot {step} {}: {message}; {}", self.path.display(), removed.words())
    }
}

impl Error {
    /// An error of `kind` while doing `step` to `path`.
    #[must_use]
    pub fn new(kind: ErrorKind, step: &'static str, path: &Path, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            path: path.into(),
            step,
            message: message.into(),
            hint: None,
            removed: Removed::Nothing,
            source: None,
        }))
    }

    /// The operating system's refusal of `step` on `path`, with a hint for the refusals that people meet.
    #[must_use]
    pub fn io(step: &'static str, path: &Path, source: io::Error) -> Self {
        let kind = if source.kind() == io::ErrorKind::NotFound { ErrorKind::Missing } else { ErrorKind::Io };
        let mut error = Self::new(kind, step, path, plain(&source));
        error.0.hint = hint_for(&source).map(str::to_owned);
        error.0.source = Some(Arc::new(source));
        error
    }

    /// The refusal of a store that is not, or is no longer, in the folder that it must be in.
    #[must_use]
    pub fn leads_out(path: &Path) -> Self {
        let message = "a link on the way to it leads out of the folder that was named";
        Self::new(ErrorKind::Refused, "sweep", path, message)
            .with_hint("name this store itself if it is to be swept")
    }

    /// The same error about something of ours: if that is not there, the store is not therefore missing.
    #[must_use]
    pub(crate) fn about_ours(mut self) -> Self {
        if self.0.kind == ErrorKind::Missing {
            (self.0.kind, self.0.hint) = (ErrorKind::Io, None);
        }
        self
    }

    /// The same error with a word on what the user can do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same error, come after the rows were removed.
    #[must_use]
    pub fn too_late(mut self) -> Self {
        self.0.removed = Removed::TheRows;
        self
    }

    /// The same error about some of the rows, come after the others were removed.
    #[must_use]
    pub fn about_some(mut self) -> Self {
        self.0.removed = Removed::TheOthers;
        self
    }

    /// The same error, come after some of what was to be removed has gone; nobody speaks of rows.
    #[must_use]
    pub fn half_way(mut self) -> Self {
        self.0.removed = Removed::Some;
        self
    }

    /// The same error, come after a change was made that is no removal: an undo, a pin.
    #[must_use]
    pub fn after_the_change(mut self) -> Self {
        self.0.removed = Removed::Changed;
        self
    }

    /// Whether something was removed or changed before this went wrong.
    #[must_use]
    pub fn is_too_late(&self) -> bool {
        self.0.removed != Removed::Nothing
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What a scheduler does about it: busy, retryable or fatal.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.kind.class()
    }

    /// The file or folder it happened to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What was being done, as a verb phrase.
    #[must_use]
    pub fn step(&self) -> &'static str {
        self.0.step
    }

    /// What went wrong, without path and step.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl Serialize for Error {
    /// `{ kind, path, step, message, hint }`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut error = serializer.serialize_struct("Error", 5)?;
        error.serialize_field("kind", self.kind().name())?;
        error.serialize_field("path", &self.path().to_string_lossy())?;
        error.serialize_field("step", self.step())?;
        let message = match self.0.removed {
            Removed::Nothing => self.message().to_owned(),
            removed => format!("{}; {}", self.message(), removed.words()),
        };
        error.serialize_field("message", &message)?;
        error.serialize_field("hint", &self.hint())?;
        error.end()
    }
}

/// The system's words without its number, in lower case as all our messages.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error ").next().unwrap_or(&text);
    let mut chars = words.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain([second]).chain(chars).collect()
        }
        _ => words.to_owned(),
    }
}

/// Not permitted, on every Unix: mostly to anybody.
const EPERM: i32 = 1;

fn hint_for(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::PermissionDenied if error.raw_os_error() == Some(EPERM) => Some(
            "run session-reaper as the user who owns the store; if `lsattr` shows it or its folder as immutable, `chattr -i` \
             ends that",
        ),
        io::ErrorKind::PermissionDenied => Some("run session-reaper as the user who owns the store"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space: a sweep needs room for one more copy of the store")
        }
        io::ErrorKind::ReadOnlyFilesystem => Some("the file system is mounted read-only"),
        io::ErrorKind::NotFound => {
            Some("check the path; `session-reaper config show` prints the stores in force")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i6_a_message_names_step_path_cause_and_that_nothing_was_removed() {
        let error = Error::io(
            "open the store",
            Path::new("/x/sessions.json"),
            io::ErrorKind::PermissionDenied.into(),
        );
        assert_eq!(
            error.to_string(),
            "cannot open the store /x/sessions.json: permission denied; nothing was removed"
        );
        assert_eq!((error.kind(), error.class()), (ErrorKind::Io, Class::Retryable));
        assert!(error.hint().unwrap().contains("user who owns"));
        let error = Error::io("find", Path::new("x"), io::Error::from_raw_os_error(2));
        assert_eq!(error.to_string(), "cannot find x: no such file or directory; nothing was removed");
    }
}
