//! What becomes of a name in a spool, from what was seen of it. Pure: time is an argument.

use super::{
    options::Grace,
    restored::{RESPITE, is_within},
};
use crate::model::Timestamp;

/// The rule by which something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Its owner is dead, and its grace is over.
    Dead,
    /// Its owner is dead, and the spool is larger than it may be.
    Quota,
    /// It has ended: what is left is half of it.
    Ended,
}

impl Rule {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Quota => "quota",
            Self::Ended => "ended",
        }
    }

    /// Whether it goes into the trash: a half of what somebody has ended does not.
    pub(super) const fn is_kept(self) -> bool {
        matches!(self, Self::Dead | Self::Quota)
    }
}

/// Why something stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Its owner lives, or somebody else is removing it.
    Owned,
    /// Its owner is dead, but not for long enough.
    Young,
    /// It came back from the trash.
    Restored,
    /// Somebody may just be about to mark it as his.
    Beginning,
    /// Somebody had it while it was swept.
    Touched,
    /// The sweep was ended before its turn.
    NotReached,
    /// Nobody can say whether its owner lives.
    Unknown,
    /// It comes from the future.
    Future,
    /// It is none of ours.
    Foreign,
    /// It cannot be looked into.
    Unreadable,
}

impl Kept {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Owned => "owned",
            Self::Young => "young",
            Self::Restored => "restored",
            Self::Beginning => "beginning",
            Self::Touched => "touched",
            Self::NotReached => "not-reached",
            Self::Unknown => "unknown",
            Self::Future => "future",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether it was understood. What was not is told apart: somebody should look at it.
    pub(super) const fn is_understood(self) -> bool {
        !matches!(self, Self::Unknown | Self::Future | Self::Foreign | Self::Unreadable)
    }
}

/// What becomes of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sweep(Rule),
    Keep(Kept),
}

/// Whose something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of one who is proven to be dead.
    Dead,
    /// Somebody's who ended it, or was killed as he began: there is nothing in it, and no marker.
    Left,
    /// Nobody else need ask: it stays.
    Kept(Kept),
}

/// What was seen of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) whose: Whose,
    /// Whether it is on its way out.
    pub(super) is_going: bool,
    /// The time of its last payload, where it has one.
    pub(super) newest: Option<Timestamp>,
    /// When it came back from the trash, if it did.
    pub(super) restored: Option<Timestamp>,
    /// What its payloads weigh.
    pub(super) bytes: u64,
}

impl Seen {
    /// What nobody need look at more closely.
    pub(super) const fn kept(kept: Kept) -> Self {
        Self { whose: Whose::Kept(kept), is_going: false, newest: None, restored: None, bytes: 0 }
    }
}

/// What becomes of what was seen so, but for the room that it takes.
pub(super) fn judge(seen: &Seen, grace: Grace, now: Timestamp) -> Verdict {
    match (seen.whose, seen.newest) {
        (Whose::Kept(kept), _) => Verdict::Keep(kept),
        (Whose::Left, _) => Verdict::Sweep(Rule::Ended),
        (Whose::Dead, _) if seen.is_going => Verdict::Sweep(Rule::Ended),
        (Whose::Dead, None) => Verdict::Keep(Kept::Unreadable),
        (Whose::Dead, Some(_)) if seen.restored.is_some_and(|back| is_within(RESPITE, back, now)) => {
            Verdict::Keep(Kept::Restored)
        }
        (Whose::Dead, Some(newest)) if newest > now => Verdict::Keep(Kept::Future),
        (Whose::Dead, Some(newest)) if grace.holds(newest, now) => Verdict::Keep(Kept::Young),
        (Whose::Dead, Some(_)) => Verdict::Sweep(Rule::Dead),
    }
}

/// The last time at which it stays, where its age alone decides.
pub(super) fn expires(seen: &Seen, grace: Grace) -> Option<Timestamp> {
    let newest = seen.newest.filter(|_| seen.whose == Whose::Dead && !seen.is_going)?;
    let by_grace = grace.end(newest)?;
    Some(seen.restored.map_or(by_grace, |restored| by_grace.max(restored.plus(RESPITE))))
}

/// Lets go of what the dead left, the oldest first, until the rest is no larger than the spool may be.
pub(super) fn make_room<'v>(all: impl Iterator<Item = (&'v Seen, &'v mut Verdict)>, most: u64) {
    let stays: Vec<_> = all.filter(|(_, verdict)| matches!(verdict, Verdict::Keep(_))).collect();
    let mut bytes: u64 = stays.iter().map(|(seen, _)| seen.bytes).sum();
    let mut may_go: Vec<_> =
        stays.into_iter().filter(|(_, verdict)| **verdict == Verdict::Keep(Kept::Young)).collect();
    may_go.sort_by_key(|(seen, _)| seen.newest);
    for (seen, verdict) in may_go {
        if bytes <= most {
            break;
        }
        *verdict = Verdict::Sweep(Rule::Quota);
        bytes -= seen.bytes;
    }
}
