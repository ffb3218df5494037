//! Why a verb could not be run: what is told on stderr, with `--json` on stdout too, and the exit code.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer, ser::SerializeStruct};
use session_reaper::{Error, config::ConfigError, sweep::SCHEMA};

use super::{Exit, output};

/// Why a verb could not be run.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    kind: &'static str,
    place: Option<Box<(&'static str, PathBuf)>>,
    message: String,
    /// The whole story in one line, where that is more than the message.
    text: Option<String>,
    hint: Option<String>,
    /// Whether stdout is of no use any more: half an object stands there, or nothing can.
    is_mute: bool,
}

/// A failure as one JSON object.
#[derive(Serialize)]
struct Told<'a> {
    schema: &'static str,
    verb: &'a str,
    error: &'a Failure,
}

impl Failure {
    fn new(exit: Exit, kind: &'static str, message: String) -> Self {
        Self { exit, kind, place: None, message, text: None, hint: None, is_mute: false }
    }

    /// The command line asks for something that cannot be.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message.into())
    }

    /// Something went wrong, and nothing changed.
    pub(super) fn error(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, "failed", message.into())
    }

    /// An error of the library.
    pub(super) fn of(error: &Error) -> Self {
        Self {
            place: Some(Box::new((error.step(), error.path().to_owned()))),
            text: Some(error.to_string()),
            hint: error.hint().map(str::to_owned),
            ..Self::new(Exit::of_error(error), error.kind().name(), error.message().to_owned())
        }
    }

    /// An object could not be written to stdout, or not to its end.
    pub(super) fn of_object(error: serde_json::Error) -> Self {
        let failure = if error.is_io() {
            io::Error::from(error).into()
        } else {
            Self::error(format!("cannot list the rows: {error}"))
        };
        Self { is_mute: true, ..failure }
    }

    /// The same of another kind, at a step on the way to something.
    pub(super) fn at(mut self, kind: &'static str, step: &'static str, path: &Path) -> Self {
        self.kind = kind;
        self.place = Some(Box::new((step, path.to_owned())));
        self
    }

    /// The same with one more line on what to do.
    pub(super) fn with_more_hint(mut self, more: &str) -> Self {
        self.hint = Some(self.hint.map_or_else(|| more.to_owned(), |hint| format!("{hint}\n{more}")));
        self
    }

    /// The same with a word on what to do.
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with another exit code.
    pub(super) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same, come after something was done: that is said instead of that nothing was.
    pub(super) fn after(mut self, what: fmt::Arguments<'_>) -> Self {
        let place = self.place.as_ref().map(|place| format!("cannot {} {}: ", place.0, place.1.display()));
        self.text = Some(format!("{}{}; {what}", place.unwrap_or_default(), self.message));
        self
    }

    /// The whole story in one line.
    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.message)
    }

    /// Says it on stderr, and on stdout as an object of this verb where one is wanted.
    pub(super) fn tell(&self, verb: Option<&str>) -> Exit {
        if let Some(verb) = verb.filter(|_| !self.is_mute) {
            // It is told on stderr in any case.
            let _ = output::json(&Told { schema: SCHEMA, verb, error: self });
        }
        output::error(self.text(), self.hint.as_deref());
        self.exit
    }
}

impl Serialize for Failure {
    /// As errors of stores: `{ kind, path, step, message, hint }`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let path = self.place.as_ref().map(|place| place.1.to_string_lossy());
        let mut error = serializer.serialize_struct("Error", 5)?;
        error.serialize_field("kind", self.kind)?;
        error.serialize_field("path", &path)?;
        error.serialize_field("step", &self.place.as_ref().map(|place| place.0))?;
        error.serialize_field("message", &self.message)?;
        error.serialize_field("hint", &self.hint)?;
        error.end()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, "config", error.to_string())
    }
}

/// What says where it comes from, as stdout does, is told as it is.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let is_mute =
            error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<output::Unwritable>);
        let message = if is_mute { error.to_string() } else { format!("cannot read or write: {error}") };
        Self { is_mute, ..Self::new(Exit::Failed, "io", message) }
    }
}
