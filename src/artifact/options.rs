//! How to sweep what sessions leave behind.

use crate::{
    lock::Stop,
    model::{Age, Retention},
    policy::Detail,
    trash::RunId,
};

/// How to sweep; what goes is for each kind's own settings to say.
#[derive(Debug, Clone)]
pub struct Options {
    /// What was asked for, such as `tick`.
    pub verb: &'static str,
    /// The shortest time between two sweeps of one folder; `None` to sweep now.
    pub every: Option<Age>,
    /// How long to wait for another of us.
    pub lock_timeout: Age,
    /// Decide, but do nothing.
    pub dry_run: bool,
    /// What the report shows; `None` for counts alone.
    pub items: Option<Detail>,
    /// Whether what goes is kept in the trash.
    pub trash: bool,
    /// How long it is kept there.
    pub trash_retention: Retention,
    /// Whether a time is believed that is far ahead of the clock.
    pub allow_clock_jump: bool,
    /// The run that removals belong to.
    pub run: Option<RunId>,
    /// How the sweep is asked to end.
    pub stop: Stop,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            verb: "prune",
            every: None,
            lock_timeout: Age::from_seconds(5),
            dry_run: false,
            items: None,
            trash: true,
            trash_retention: Retention::After(Age::from_hours(7 * 24)),
            allow_clock_jump: false,
            run: None,
            stop: Stop::default(),
        }
    }
}
