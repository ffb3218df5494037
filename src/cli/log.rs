//! The log on stderr: one line for each sweep, in text or JSON.

use std::{
    io::{self, IsTerminal, Stderr, Write},
    sync::OnceLock,
};

use session_reaper::config::{Effective, LogFormat, Origin, Setting};
use tracing::{
    Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::set_global_default,
};

use super::{args::Globals, signals::forgiving};

/// Starts the log. Who names its format wants to see it.
pub(super) fn start(globals: &Globals, config: &Effective) {
    let named = *config.origin(Setting::LogFormat) != Origin::Default;
    let (format, ansi) = (config.log_format, colorful(config));
    // A second start, as in a test, finds the log started.
    let _ = set_global_default(Late { level: level(globals, named), format, ansi, log: OnceLock::new() });
}

/// A log that is set up when there is something to write into it: mostly there is not, and its tables of spans, of which this
/// program has none, take more memory than a tick with nothing due.
struct Late {
    level: LevelFilter,
    format: LogFormat,
    ansi: bool,
    log: OnceLock<Box<dyn Subscriber + Send + Sync>>,
}

impl Late {
    fn log(&self) -> &(dyn Subscriber + Send + Sync) {
        &**self.log.get_or_init(|| {
            let builder = tracing_subscriber::fmt().with_max_level(self.level).with_writer(Lines::new);
            // A log that nobody reads is no reason to stop.
            let builder = builder.log_internal_errors(false);
            match self.format {
                LogFormat::Text => Box::new(builder.with_ansi(self.ansi).finish()),
                LogFormat::Json => Box::new(builder.json().flatten_event(true).with_ansi(false).finish()),
            }
        })
    }
}

impl Subscriber for Late {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        self.log().event(event);
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.log().new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.log().record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.log().record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.log().enter(span);
    }

    fn exit(&self, span: &Id) {
        self.log().exit(span);
    }
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
