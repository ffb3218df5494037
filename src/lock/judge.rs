//! Whether a lock that was found may be taken from its owner. Pure: what was seen comes in, a verdict goes out.
//!
//! Unknown means alive. A process number is believed only when the lock says which boot and which namespace it is a
//! number of and both are ours; a lock without that, as every gateway writes it, ends by its age alone.

use std::time::Duration;

use super::Note;
use crate::{
    model::Timestamp,
    process::{Identity, Life},
};

/// What kind of lock it is: each has its own age rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `sessions.json.lock`: held for moments, and nobody's after 30 seconds.
    Store,
    /// `<file>.jsonl.lock`: held for as long as a turn takes.
    Transcript,
}

/// After so long every gateway takes the lock of a store for stale, its owner alive or not.
pub const STORE_AGE: Duration = Duration::from_secs(30);

/// The same for the lock of a transcript that does not say how long it is held. One that does never ends by its age.
pub const TRANSCRIPT_AGE: Duration = Duration::from_mins(30);

/// A lock of ours ends itself at its time; another process lets it this much more.
const GRACE: Duration = Duration::from_secs(1);

/// What was seen of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What stands in it.
    pub content: Content,
    /// When its bytes changed last.
    pub modified: Timestamp,
}

/// What stands in a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A note that can be read.
    Note(Note),
    /// Bytes that may become a note: an empty file, a torn one.
    Unreadable,
    /// Bytes that are neither a lock's nor the beginning of one's: some other file of somebody's has the name.
    NoLock,
    /// Something that we may not open.
    Forbidden,
    /// A folder, a link, a pipe: no lock at all.
    NoFile,
}

/// Why a lock stands, or need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its owner is seen to be alive.
    Alive,
    /// Nobody can say whether its owner lives; it stands until its age is past.
    Unknown,
    /// It is no lock; only a person may remove it.
    Odd,
    /// Its owner has held it for longer than it meant to, and is not known to be dead: his own watchdog should have ended it.
    Overdue,
    /// Its owner's process has ended.
    Gone,
    /// Its owner's number belongs to another process now.
    Recycled,
    /// It is older than such locks may become.
    TooOld,
}

impl Verdict {
    /// Whether the owner is proven to be dead.
    #[must_use]
    pub const fn is_dead(self) -> bool {
        matches!(self, Self::Gone | Self::Recycled)
    }

    /// Whether somebody else may take the lock over.
    #[must_use]
    pub const fn may_be_taken(self) -> bool {
        self.is_dead() || matches!(self, Self::TooOld)
    }

    /// The verdict's name, for people and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Unknown => "unknown",
            Self::Odd => "odd",
            Self::Overdue => "overdue",
            Self::Gone => "dead",
            Self::Recycled => "recycled",
            Self::TooOld => "too old",
        }
    }
}

/// Judges a lock of `kind` at `now`, as `me`; `life` tells of a process number in our namespace.
#[must_use]
pub fn judge(
    kind: Kind,
    found: &Found,
    now: Timestamp,
    me: &Identity,
    life: impl FnOnce(u32) -> Life,
) -> Verdict {
    let note = match &found.content {
        Content::NoFile | Content::NoLock => return Verdict::Odd,
        Content::Forbidden => return Verdict::Unknown,
        Content::Unreadable => return by_age(age(found, None, now) > STORE_AGE),
        Content::Note(note) => note,
    };
    let owner = see_owner(note, me, life);
    if let Verdict::Gone | Verdict::Recycled = owner {
        return owner;
    }
    let age = age(found, note.created, now);
    match (kind, note.max_hold, owner) {
        (Kind::Store, ..) if age > STORE_AGE => Verdict::TooOld,
        // Ours are fenced: an owner who comes back writes nothing. So ours end at their time, alive or not.
        (Kind::Transcript, Some(hold), _) if note.token.is_some() && age > hold + GRACE => Verdict::TooOld,
        // Newer gateways only report such a lock. Its owner may live where its number cannot be seen from here.
        (Kind::Transcript, Some(hold), _) if age > hold => Verdict::Overdue,
        (Kind::Transcript, None, _) if age > TRANSCRIPT_AGE => Verdict::TooOld,
        _ => owner,
    }
}

fn by_age(is_past: bool) -> Verdict {
    if is_past { Verdict::TooOld } else { Verdict::Unknown }
}

/// What is known of the owner without regard to the age: alive, dead in one of two ways, or nothing.
fn see_owner(note: &Note, me: &Identity, life: impl FnOnce(u32) -> Life) -> Verdict {
    let Some(pid) = note.pid else { return Verdict::Unknown };
    let same_world = note.world.is_some() && note.world == me.world;
    match (life(pid), note.start) {
        (Life::Gone, _) if same_world => Verdict::Gone,
        (Life::Here { start: Some(seen) }, Some(noted)) if seen != noted && same_world => Verdict::Recycled,
        // The same number and the same start: no chance, in whatever world.
        (Life::Here { start: Some(seen) }, Some(noted)) if seen == noted => Verdict::Alive,
        (Life::Here { .. }, _) if same_world => Verdict::Alive,
        _ => Verdict::Unknown,
    }
}

/// How old a lock is: by what it says of itself, or by its file where that is nothing, or a time in the future.
fn age(found: &Found, created: Option<Timestamp>, now: Timestamp) -> Duration {
    let since = created.filter(|created| *created <= now).unwrap_or(found.modified);
    Duration::from_millis(u64::try_from(now.millis_since(since)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::process::World;

    const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
    const DEAD: u32 = 77;

    fn world(name: &str) -> World {
        World { boot: name.to_owned(), namespace: "pid:[1]".to_owned() }
    }

    fn me() -> Identity {
        Identity { pid: 1, start: Some(10), world: Some(world("here")) }
    }

    /// Number 77 is nobody's; every other was started at tick 10.
    fn life(pid: u32) -> Life {
        if pid == DEAD { Life::Gone } else { Life::Here { start: Some(10) } }
    }

    fn note(pid: u32, start: u64, age_s: i64, world: Option<World>) -> Note {
        let created = Some(Timestamp::from_millis(NOW.as_millis() - age_s * 1000));
        Note { pid: Some(pid), start: Some(start), created, world, ..Note::default() }
    }

    fn verdict_on(kind: Kind, content: Content, modified_s: i64) -> Verdict {
        let modified = Timestamp::from_millis(NOW.as_millis() - modified_s * 1000);
        judge(kind, &Found { content, modified }, NOW, &me(), life)
    }

    fn of(kind: Kind, note: Note) -> Verdict {
        verdict_on(kind, Content::Note(note), 0)
    }

    #[test]
    fn only_an_owner_of_our_own_world_is_ever_called_dead() {
        let cases = [
            (note(DEAD, 10, 0, Some(world("here"))), Verdict::Gone),
            (note(5, 11, 0, Some(world("here"))), Verdict::Recycled),
            (note(5, 10, 0, Some(world("here"))), Verdict::Alive),
            (note(DEAD, 10, 0, Some(world("elsewhere"))), Verdict::Unknown),
            (note(5, 11, 0, Some(world("elsewhere"))), Verdict::Unknown),
            (note(DEAD, 10, 0, None), Verdict::Unknown),
            (note(5, 11, 0, None), Verdict::Unknown),
            (note(5, 10, 0, None), Verdict::Alive),
            (Note { start: None, ..note(5, 0, 0, Some(world("here"))) }, Verdict::Alive),
            (Note { start: None, ..note(5, 0, 0, None) }, Verdict::Unknown),
            (Note { pid: None, ..note(5, 0, 0, Some(world("here"))) }, Verdict::Unknown),
        ];
        for (note, expected) in cases {
            for kind in [Kind::Store, Kind::Transcript] {
                assert_eq!(of(kind, note.clone()), expected, "{note:?}");
            }
        }
    }

    #[test]
    fn where_our_own_world_is_not_known_nobody_is_called_dead() {
        let me = Identity { world: None, ..me() };
        let content = Content::Note(Note { world: None, ..note(DEAD, 10, 0, None) });
        let found = Found { content, modified: NOW };
        assert_eq!(judge(Kind::Store, &found, NOW, &me, life), Verdict::Unknown);
    }

    #[test]
    fn a_stores_lock_is_nobodys_after_thirty_seconds() {
        assert_eq!(of(Kind::Store, note(5, 10, 30, None)), Verdict::Alive);
        assert_eq!(of(Kind::Store, note(5, 10, 31, None)), Verdict::TooOld);
        // 2.12 says nothing of its time that counts: the file's own does.
        let old = Note { created: None, ..note(5, 10, 0, None) };
        assert_eq!(verdict_on(Kind::Store, Content::Note(old.clone()), 30), Verdict::Alive);
        assert_eq!(verdict_on(Kind::Store, Content::Note(old), 31), Verdict::TooOld);
        // So it does when the clock was set back and the note is of the future.
        assert_eq!(verdict_on(Kind::Store, Content::Note(note(5, 10, -60, None)), 31), Verdict::TooOld);
        assert_eq!(verdict_on(Kind::Store, Content::Note(note(5, 10, -60, None)), -60), Verdict::Alive);
    }

    #[test]
    fn a_transcripts_lock_lasts_as_it_says() {
        let minute = Some(Duration::from_mins(1));
        let cases = [
            (note(5, 10, 1801, None), Verdict::TooOld),
            (note(5, 10, 1800, None), Verdict::Alive),
            (Note { max_hold: minute, ..note(5, 10, 1801, None) }, Verdict::Overdue),
            (Note { max_hold: minute, ..note(DEAD, 10, 60, None) }, Verdict::Unknown),
            (Note { max_hold: minute, ..note(DEAD, 10, 61, None) }, Verdict::Overdue),
            (Note { max_hold: minute, ..note(DEAD, 10, 1_000_000, None) }, Verdict::Overdue),
            (Note { max_hold: minute, ..note(DEAD, 10, 1_000_000, Some(world("here"))) }, Verdict::Gone),
            (note(DEAD, 10, 1801, None), Verdict::TooOld),
            (
                Note { max_hold: minute, token: Some("t".to_owned()), ..note(5, 10, 62, None) },
                Verdict::TooOld,
            ),
            (
                Note { max_hold: minute, token: Some("t".to_owned()), ..note(5, 10, 61, None) },
                Verdict::Overdue,
            ),
        ];
        for (note, expected) in cases {
            assert_eq!(of(Kind::Transcript, note.clone()), expected, "{note:?}");
        }
    }

    #[test]
    fn what_is_no_note_is_never_taken_at_once_and_what_is_no_file_never() {
        for (content, fresh, old) in [
            (Content::Unreadable, Verdict::Unknown, Verdict::TooOld),
            (Content::Forbidden, Verdict::Unknown, Verdict::Unknown),
            (Content::NoFile, Verdict::Odd, Verdict::Odd),
        ] {
            assert_eq!(verdict_on(Kind::Store, content.clone(), 30), fresh);
            assert_eq!(verdict_on(Kind::Store, content, 1_000_000), old);
        }
    }

    proptest! {
        /// Whatever a lock says of another world: before its age is past nobody takes it.
        #[test]
        fn i7_a_lock_of_another_world_stands_until_its_age_is_past(
            pid in any::<u32>(), start in any::<u64>(), age in -100_000_i64..=30, is_foreign in any::<bool>(),
        ) {
            let world = if is_foreign { Some(world("elsewhere")) } else { None };
            let verdict = of(Kind::Store, note(pid, start, age, world));
            prop_assert!(!verdict.may_be_taken(), "{:?}", verdict);
        }
    }
}
