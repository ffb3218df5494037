//! Stdout for data, stderr for messages.
//!
//! A reader that goes away (`| head`) is no error: what it does not want to read is dropped.

use std::io::{self, BufWriter, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use session_reaper::config::Color;

use super::{Failure, signals::forgiving, words::plain};

/// Errors.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Hints and notes.
pub(super) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// What goes.
pub(super) const GOES: Style = AnsiColor::Yellow.on_default();
/// What stands beside the matter.
pub(super) const DIM: Style = Style::new().dimmed();
/// What the eye should find first.
pub(super) const BOLD: Style = Style::new().bold();

/// Data on its way to stdout. Flush it when all is written.
pub(super) type Out = BufWriter<Patient<anstream::AutoStream<io::StdoutLock<'static>>>>;

/// Stdout, held by this call alone.
pub(super) fn stdout() -> Out {
    BufWriter::with_capacity(64 * 1024, Patient { to: anstream::stdout().lock(), gone: false })
}

/// Decides about colours, once.
pub(super) fn set_color(color: Color) {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::AlwaysAnsi,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// `error: ...` on stderr, and what to do about it on lines of its own; what is offered there stands below, to be copied.
pub(super) fn error(message: &str, hint: Option<&str>) {
    message.lines().for_each(|line| say(ERROR, "error", line));
    let mut lines = hint.unwrap_or_default().lines();
    lines.by_ref().take(1).for_each(|line| say(HINT, "hint", line));
    lines.for_each(|line| {
        let _ = forgiving(|| writeln!(anstream::stderr().lock(), "  {}", plain(line)));
    });
}

/// `note: ...` on stderr.
pub(super) fn note(message: &str) {
    say(HINT, "note", message);
}

/// A line on stderr. When nobody can hear us there is nobody to tell so.
fn say(style: Style, what: &str, message: &str) {
    let _ = forgiving(|| writeln!(anstream::stderr().lock(), "{style}{what}:{style:#} {}", plain(message)));
}

/// Prints one line.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    let mut out = stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints one JSON object.
pub(super) fn json(object: &impl Serialize) -> Result<(), Failure> {
    let mut out = stdout();
    serde_json::to_writer(&mut out, object).map_err(Failure::of_object)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Stdout cannot be written, and not because its reader has gone.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub(super) struct Unwritable(io::Error);

/// A writer that goes on when its reader has gone.
#[derive(Debug)]
pub(super) struct Patient<W> {
    to: W,
    gone: bool,
}

impl<W: Write> Patient<W> {
    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(instead)
            }
            Err(error) => Err(io::Error::new(error.kind(), Unwritable(error))),
            done => done,
        }
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let written = forgiving(|| self.to.write(bytes));
        self.forgive(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let flushed = forgiving(|| self.to.flush());
        self.forgive(flushed, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        let mut out = Patient { to: Closed, gone: false };
        assert!(out.write_all(b"x").is_ok() && out.flush().is_ok() && out.gone);
    }
}
