//! What every verb is run in: the globals, the time, the configuration and the log.

use std::{io, path::Path};

use session_reaper::{
    Timestamp,
    config::{self, Color, ConfigError, Effective, Environment, Files, Flags},
    fs,
};

use super::{Failure, args::Globals, log, output};

/// What every verb is run in.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// The arguments that every verb takes.
    pub(super) globals: &'a Globals,
    /// The time that everything is judged at.
    pub(super) now: Timestamp,
    environment: Environment,
}

/// The machine's files, for the configuration.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        fs::read_text(path)
    }
}

/// What the command line alone says about colours.
fn color(globals: &Globals) -> Color {
    let named = Color::NAMES.into_iter().find(|(name, _)| globals.color.as_deref() == Some(*name));
    named.map(|(_, color)| color).unwrap_or_default()
}

impl<'a> Frame<'a> {
    pub(super) fn new(globals: &'a Globals) -> Result<Self, Failure> {
        // Complaints about the configuration come before it can say anything about colours.
        output::set_color(color(globals));
        let now = match &globals.now {
            None => session_reaper::now(),
            Some(text) => text
                .parse()
                .map_err(|error| Failure::usage(format!("--now: {error}; nothing was removed")))?,
        };
        Ok(Self { globals, now, environment: std::env::vars_os().collect() })
    }

    /// The configuration in force with these flags of the verb. Colours and the log follow it from here on.
    pub(super) fn configure(&self, flags: Flags) -> Result<Effective, Failure> {
        let config = self.load(flags)?;
        output::set_color(config.color);
        log::start(self.globals, &config);
        Ok(config)
    }

    /// The configuration in force, and nothing follows it.
    pub(super) fn load(&self, flags: Flags) -> Result<Effective, ConfigError> {
        let globals = self.globals;
        let flags = Flags { color: globals.color.clone(), log_format: globals.log_format.clone(), ..flags };
        let user_dir = self.environment.user_config_dir();
        config::load(&flags, &self.environment, &Disk, globals.config.as_deref(), user_dir.as_deref())
    }

    /// `note: ...` on stderr, unless only errors are wanted.
    pub(super) fn note(&self, message: &str) {
        if !self.globals.quiet {
            output::note(message);
        }
    }

    /// Whether text for people belongs on stdout.
    pub(super) const fn speaks(&self) -> bool {
        !self.globals.json && !self.globals.quiet
    }
}
