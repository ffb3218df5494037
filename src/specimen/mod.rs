//! Realistic `sessions.json` stores with invented values, for tests, benches and the demonstration.
//!
//! [`write()`] streams a store row by row, in a few kilobytes of memory, in the shape that gateways write: two spaces,
//! LF, no newline at the end. The same [`Recipe`] gives the same bytes on every machine.

mod entry;
mod heavy;
mod pretty;
mod random;
mod role;
mod roster;
mod words;

#[cfg(test)]
mod tests;

use std::io;

use self::{heavy::Ballast, pretty::Pretty, roster::Roster};
use crate::model::{Age, Timestamp};

/// How long a cron run stays young: what [`Recipe::expired_percent`] and [`Summary::expired`] speak of.
pub const RETENTION: Age = Age::from_hours(24);

/// Text is handed on in pieces of about this size.
const PIECE: usize = 128 * 1024;

/// How much a row weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// About 0.3 KB: what the first gateways wrote.
    Bare,
    /// About 1.3 KB: the skills' prompt stands in a file of its own.
    #[default]
    Lean,
    /// About 26 KB: every row carries the skills' prompt, full of escapes, and a report on the system prompt.
    Heavy,
}

/// Which rows a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mix {
    /// Cron runs, and the rows of their jobs.
    CronRuns,
    /// Mostly cron runs, some with descendants; conversations, threads, sub-agents, hooks and the like between them.
    #[default]
    Realistic,
}

/// What the store is to be.
///
/// ```
/// use session_reaper::{Timestamp, specimen::{self, Recipe}};
/// let now: Timestamp = "2026-11-21T08:00:00Z".parse()?;
/// let mut store = Vec::new();
/// let summary = specimen::write(&Recipe { rows: 100, ..Recipe::new(now) }, &mut store)?;
/// assert_eq!((summary.rows, summary.bytes), (100, store.len() as u64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// How many rows.
    pub rows: u64,
    /// How much each of them weighs.
    pub weight: Weight,
    /// The time at which [`Summary::expired`] holds.
    pub now: Timestamp,
    /// How many of a hundred cron runs are older than [`RETENTION`].
    pub expired_percent: u8,
    /// Another seed, other values.
    pub seed: u64,
    /// Which rows.
    pub kinds: Mix,
}

impl Recipe {
    /// A thousand lean rows of every kind, nine of ten cron runs expired at `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self { rows: 1_000, weight: Weight::Lean, now, expired_percent: 90, seed: 1, kinds: Mix::Realistic }
    }
}

/// What has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// How many rows.
    pub rows: u64,
    /// How many of them are cron runs or descendants of one.
    pub cron_runs: u64,
    /// How many of those a retention of [`RETENTION`] removes at the recipe's `now`.
    pub expired: u64,
    /// How long the text is.
    pub bytes: u64,
}

/// Writes a store.
///
/// # Errors
/// When `out` fails.
pub fn write(recipe: &Recipe, out: &mut impl io::Write) -> io::Result<Summary> {
    let ballast = Ballast::new(recipe);
    let mut summary = Summary::default();
    let mut pretty = Pretty::at(0, true);
    pretty.open(b'{');
    for slot in Roster::new(recipe) {
        slot.write(&ballast, &mut pretty);
        summary.rows += 1;
        summary.cron_runs += u64::from(slot.is_cron_run());
        summary.expired += u64::from(slot.is_expired(recipe.now));
        if pretty.text().len() >= PIECE {
            hand_on(&mut pretty, out, &mut summary)?;
        }
    }
    pretty.close(b'}');
    hand_on(&mut pretty, out, &mut summary)?;
    Ok(summary)
}

fn hand_on(pretty: &mut Pretty, out: &mut impl io::Write, summary: &mut Summary) -> io::Result<()> {
    out.write_all(pretty.text())?;
    summary.bytes += pretty.text().len() as u64;
    pretty.clear();
    Ok(())
}
