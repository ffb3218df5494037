//! The log on stderr: one line for each sweep, in text or JSON.

use std::io::{self, IsTerminal, Stderr, Write};

use session_reaper::config::{Effective, LogFormat, Origin, Setting};
use tracing_subscriber::filter::LevelFilter;

use super::{args::Globals, signals::forgiving};

/// Starts the log. Who names its format wants to see it.
pub(super) fn start(globals: &Globals, config: &Effective) {
    let named = *config.origin(Setting::LogFormat) != Origin::Default;
    let builder = tracing_subscriber::fmt().with_max_level(level(globals, named)).with_writer(Lines::new);
    // A log that nobody reads is no reason to stop.
    let builder = builder.log_internal_errors(false);
    // A second start, as in a test, finds the log started.
    let _ = match config.log_format {
        LogFormat::Text => builder.with_ansi(colorful(config)).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_ansi(false).try_init(),
    };
}

/// Where lines go. That nobody reads them is no wish to stop.
#[derive(Debug)]
struct Lines(Stderr);

impl Lines {
    fn new() -> Self {
        Self(io::stderr())
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        forgiving(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        forgiving(|| self.0.flush())
    }
}

const fn level(globals: &Globals, named: bool) -> LevelFilter {
    match (globals.quiet, globals.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) if !named => LevelFilter::WARN,
        (_, 0 | 1) => LevelFilter::INFO,
        (_, 2) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

fn colorful(config: &Effective) -> bool {
    use session_reaper::config::Color;
    match config.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        }
    }
}
