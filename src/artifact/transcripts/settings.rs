//! What of a transcript stays inline, and which transcripts are left alone.

use super::place::{Place, Source};
use crate::{
    artifact::payloads::{self, LimitError, Limits, Side},
    fs::Disk,
    model::{Age, Error, ErrorKind, Timestamp},
};

/// How a transcript is compacted. By default results of up to 51,200 bytes stay, of larger ones the last 4 KiB and 200 lines are
/// shown, and a transcript is left alone until nobody has written to it for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(super) inline: u64,
    pub(super) excerpt: Limits,
    pub(super) side: Side,
    pub(super) quiet: Option<Age>,
    pub(super) for_openclaw: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            inline: payloads::Options::BYTES as u64,
            excerpt: Limits { bytes: 4_096, lines: 200 },
            side: Side::Tail,
            quiet: Some(Age::from_hours(24)),
            for_openclaw: false,
        }
    }
}

impl Settings {
    /// Keeps results of up to so many bytes inline; they are counted as what they mean, without escapes.
    ///
    /// # Errors
    /// It is zero or negative.
    pub fn with_inline_limit(mut self, bytes: i64) -> Result<Self, LimitError> {
        self.inline = payloads::size("the inline limit", bytes)? as u64;
        Ok(self)
    }

    /// Shows so much of what goes, at most, and never more than may stay inline together with the notice; where that leaves no
    /// room, the notice alone. A result whose excerpt would not be shorter stays.
    ///
    /// # Errors
    /// One of them is zero or negative.
    pub fn with_excerpt(mut self, bytes: i64, lines: i64) -> Result<Self, LimitError> {
        self.excerpt = Limits {
            bytes: payloads::size("the length of an excerpt", bytes)?,
            lines: payloads::size("the lines of an excerpt", lines)?,
        };
        Ok(self)
    }

    /// Shows this end of what goes.
    #[must_use]
    pub const fn with_side(mut self, side: Side) -> Self {
        self.side = side;
        self
    }

    /// Leaves a transcript alone until nobody has written to it for so long; `None` where it is known that no run is on it. That
    /// nobody has its lock does not mean that no run is on it: OpenClaw releases the lock while it waits for a model, and gives up
    /// a run that finds another file then.
    #[must_use]
    pub const fn with_quiet(mut self, quiet: Option<Age>) -> Self {
        self.quiet = quiet;
        self
    }

    /// Refuses to work where OpenClaw from 2026.5.12 would remove our lock: see [`crate::lock::is_respected_by_openclaw`]. Without
    /// this, what protects a run of such an OpenClaw is the time of quiet, and the look at what came out of the switch.
    #[must_use]
    pub const fn for_openclaw(mut self) -> Self {
        self.for_openclaw = true;
        self
    }

    /// Whose last line is not ended has a writer at work, as far as can be told, unless it has rested.
    pub(super) fn must_be_ended<D: Disk>(
        &self,
        place: &Place<'_, D>,
        source: &Source<D>,
    ) -> Result<(), Error> {
        if self.quiet.is_some() || source.is_ended().map_err(place.fail("read"))? {
            return Ok(());
        }
        let why = "its last line has no end: somebody may be writing it";
        let error = place.refuse(ErrorKind::Unsettled, why);
        Err(error.with_hint("with a time of quiet, a transcript that has rested is compacted all the same"))
    }

    /// A time in the future tells nothing.
    pub(super) fn must_have_rested<D: Disk>(
        &self,
        place: &Place<'_, D>,
        source: &Source<D>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let written = Timestamp::from_nanos(source.stat.modified_ns);
        if self.quiet.is_none_or(|quiet| written.plus(quiet) < now) {
            return Ok(());
        }
        let why = "it was written to a short while ago: a run may still be on it";
        Err(place.refuse(ErrorKind::Unsettled, why))
    }
}
