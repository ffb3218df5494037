//! What a spool keeps inline, how much of the rest is shown, and how large it may become.

use std::fmt;

use super::{Limits, restored::is_within, text};
use crate::{
    lock::Proof,
    model::{Age, Timestamp},
};

/// A limit that nothing could fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be {value}: give a number above zero")]
pub struct LimitError {
    what: &'static str,
    value: String,
}

/// How long what a dead owner left stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grace {
    /// It goes at once.
    None,
    /// So long after its last payload.
    For(Age),
    /// It never goes by its age.
    ForEver,
}

impl Grace {
    /// Whether what was changed then stays.
    pub(super) fn holds(self, since: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::None => false,
            Self::For(age) => is_within(age, since, now),
            Self::ForEver => true,
        }
    }

    /// The last time at which it stays, if there is one.
    pub(super) fn end(self, since: Timestamp) -> Option<Timestamp> {
        match self {
            Self::None => Some(since),
            Self::For(age) => Some(since.plus(age)),
            Self::ForEver => None,
        }
    }
}

/// How a spool works. By default 51,200 bytes and 2,000 lines stay inline, an excerpt is no longer, the spool may become as
/// large as the disk, what a dead owner left goes at once, and who cannot be proven to be dead keeps what is his.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub(super) inline: Limits,
    excerpt: Option<Limits>,
    pub(super) max_bytes: Option<u64>,
    pub(super) grace: Grace,
    pub(super) proof: Proof,
}

impl Default for Options {
    fn default() -> Self {
        let inline = Limits { bytes: Self::BYTES, lines: Self::LINES };
        Self { inline, excerpt: None, max_bytes: None, grace: Grace::None, proof: Proof::default() }
    }
}

impl Options {
    /// So many bytes stay inline by default, and are shown.
    pub const BYTES: usize = 50 * 1024;
    /// So many lines of text stay inline by default, and are shown.
    pub const LINES: usize = 2_000;

    /// Keeps payloads of up to so many bytes inline.
    ///
    /// # Errors
    /// It is zero or negative.
    pub fn with_inline_limit(mut self, bytes: i64) -> Result<Self, LimitError> {
        self.inline.bytes = size("the inline limit", bytes)?;
        Ok(self)
    }

    /// Keeps text of up to so many lines inline.
    ///
    /// # Errors
    /// It is zero or negative.
    pub fn with_inline_lines(mut self, lines: i64) -> Result<Self, LimitError> {
        self.inline.lines = size("the limit of lines", lines)?;
        Ok(self)
    }

    /// Shows so much of what is spooled, at most. Without this no more is shown than could have stayed inline.
    ///
    /// # Errors
    /// One of them is zero or negative.
    pub fn with_excerpt(mut self, bytes: i64, lines: i64) -> Result<Self, LimitError> {
        self.excerpt = Some(Limits {
            bytes: size("the length of an excerpt", bytes)?,
            lines: size("the lines of an excerpt", lines)?,
        });
        Ok(self)
    }

    /// Lets the payloads of all sessions together take so many bytes, of all processes that share the spool.
    ///
    /// # Errors
    /// It is zero or negative.
    pub fn with_max_bytes(
        mut self,
        bytes: impl TryInto<u64> + Copy + fmt::Display,
    ) -> Result<Self, LimitError> {
        self.max_bytes = Some(positive("the spool's size", bytes)?);
        Ok(self)
    }

    /// Keeps what a dead owner left for so long after his last payload, so that the session can go on: unless the room is
    /// needed before.
    #[must_use]
    pub fn with_grace(mut self, grace: impl Into<Option<Age>>) -> Self {
        self.grace = grace.into().map_or(Grace::None, Grace::For);
        self
    }

    /// Keeps what a dead owner left however old it is: unless the room is needed.
    #[must_use]
    pub const fn without_reclaim(mut self) -> Self {
        self.grace = Grace::ForEver;
        self
    }

    /// Takes your word that on this volume at most one process tree works at a time, all of it in one pid namespace. Then an
    /// owner of another namespace, boot or machine whose lock is free is dead, as after the restart of a container. Do not
    /// say so of a volume that several containers or machines share: their sessions could be taken from them.
    #[must_use]
    pub const fn with_one_process_tree(mut self, is_so: bool) -> Self {
        self.proof = if is_so { Proof::FreeLock } else { Proof::Process };
        self
    }

    /// How long what a dead owner left stays; `None` when it goes at once, or never by its age.
    #[must_use]
    pub const fn grace(&self) -> Option<Age> {
        match self.grace {
            Grace::For(age) => Some(age),
            Grace::None | Grace::ForEver => None,
        }
    }

    /// Whether what a dead owner left ever goes by its age.
    #[must_use]
    pub const fn reclaims(&self) -> bool {
        !matches!(self.grace, Grace::ForEver)
    }

    /// How many bytes the payloads of all sessions may take together.
    #[must_use]
    pub const fn max_bytes(&self) -> Option<u64> {
        self.max_bytes
    }

    /// Whether somebody has said that one process tree at a time works there.
    #[must_use]
    pub fn one_process_tree(&self) -> bool {
        self.proof == Proof::FreeLock
    }

    /// How much is shown: never more than stays inline, unless somebody has said so.
    pub(super) fn excerpt(&self) -> Limits {
        let (bytes, lines) = (Self::BYTES.min(self.inline.bytes), Self::LINES.min(self.inline.lines));
        self.excerpt.unwrap_or(Limits { bytes, lines })
    }

    /// Whether a payload is small enough to stay where it is.
    pub(super) fn keeps_inline(&self, payload: &[u8], mime: &str) -> bool {
        let has_few_lines = || !text::is_text(payload, mime) || text::lines(payload) <= self.inline.lines;
        payload.len() <= self.inline.bytes && has_few_lines()
    }
}

fn positive(what: &'static str, value: impl TryInto<u64> + Copy + fmt::Display) -> Result<u64, LimitError> {
    let limit = value.try_into().ok().filter(|limit| *limit > 0);
    limit.ok_or_else(|| LimitError { what, value: value.to_string() })
}

/// A limit that something fits in.
pub(in crate::artifact) fn size(what: &'static str, value: i64) -> Result<usize, LimitError> {
    positive(what, value).map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_nothing_fits_is_refused() {
        for bad in [0, -1, i64::MIN] {
            let options = Options::default;
            assert!(options().with_inline_limit(bad).is_err() && options().with_inline_lines(bad).is_err());
            assert!(options().with_excerpt(bad, 1).is_err() && options().with_excerpt(1, bad).is_err());
            let error = options().with_max_bytes(bad).unwrap_err().to_string();
            assert_eq!(error, format!("the spool's size cannot be {bad}: give a number above zero"));
        }
    }

    #[test]
    fn the_limit_itself_stays_inline_and_one_more_does_not() {
        let options = Options::default();
        for (payload, mime, stays) in [
            (vec![b'x'; 51_200], "text/plain", true),
            (vec![b'x'; 51_201], "text/plain", false),
            (b"\n".repeat(2_000), "text/plain", true),
            (b"\n".repeat(2_001), "text/plain", false),
            ([b"\n".repeat(2_000), b"x".to_vec()].concat(), "text/plain", false),
            ([b"\n".repeat(1_999), b"x".to_vec()].concat(), "text/plain", true),
            (b"\n".repeat(2_001), "image/png", true),
            (Vec::new(), "text/plain", true),
        ] {
            assert_eq!(options.keeps_inline(&payload, mime), stays, "{} of {mime}", payload.len());
        }
    }
}
