//! The rows that live and die with one row, and what that means for when it goes.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    json,
    model::{Key, Shape, Timestamp},
    policy::{Decision, KeepReason, Verdict},
    store::{Look, Seen},
};

/// So many rows of a family are named; the others are counted.
const NAMED: usize = 20;

/// Another row of the family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub key: Key,
    /// What was decided about it.
    pub verdict: Verdict,
}

impl Member {
    /// Whether it is one that keeps the others.
    #[must_use]
    pub const fn keeps_family(&self) -> bool {
        keeps_family(&self.verdict)
    }
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut member = serializer.serialize_struct("Member", 4)?;
        member.serialize_field("key", &self.key)?;
        match self.verdict.decision {
            Decision::Prune(_) => member.serialize_field("action", "prune")?,
            Decision::Keep(reason) => {
                member.serialize_field("action", "keep")?;
                member.serialize_field("reason", &reason)?;
            }
        }
        member.serialize_field("expiresAt", &self.verdict.expires)?;
        member.serialize_field("keepsFamily", &self.keeps_family())?;
        member.end()
    }
}

/// Whether a row stays for a reason of its own, and its family with it.
const fn keeps_family(verdict: &Verdict) -> bool {
    !matches!(
        verdict.decision,
        Decision::Prune(_) | Decision::Keep(KeepReason::Family | KeepReason::KeepLast)
    )
}

/// What was found of one key and its family in one walk.
#[derive(Debug, Default)]
pub(super) struct Found {
    key: Vec<u8>,
    /// The row itself, its `updatedAt` filled in, and what it weighs.
    pub(super) row: Option<(Verdict, u64)>,
    /// How often its key stands.
    pub(super) copies: u64,
    /// The others, those first that keep the family.
    pub(super) members: Vec<Member>,
    /// How many others there are.
    pub(super) others: u64,
    /// The last moment at which a row of the family stays because of its age alone.
    pub(super) until: Option<Timestamp>,
    /// Whether a row of the family stays for a reason that no time ends.
    pub(super) stays: bool,
}

impl Found {
    pub(super) fn new(key: &[u8]) -> Self {
        Self { key: key.to_owned(), ..Self::default() }
    }

    fn itself(&mut self, row: &Seen<'_>) {
        self.copies += 1;
        if let Some(verdict) = row.verdict {
            let verdict = Verdict { updated: row.updated(), ..*verdict };
            self.row = Some((verdict, row.key_bytes() + row.value_bytes()));
        }
    }

    fn other(&mut self, key: &[u8], verdict: &Verdict) {
        self.others += 1;
        let member = Member { key: Key::from_wtf8(key), verdict: *verdict };
        let at = self.members.partition_point(|other| other.keeps_family() >= member.keeps_family());
        if at < NAMED {
            self.members.insert(at, member);
            self.members.truncate(NAMED);
        }
    }

    fn judge(&mut self, verdict: &Verdict) {
        match verdict.decision {
            Decision::Keep(KeepReason::NotExpired | KeepReason::FutureTimestamp) => {
                self.until = self.until.max(verdict.expires);
                self.stays |= verdict.expires.is_none();
            }
            _ => self.stays |= keeps_family(verdict),
        }
    }
}

impl Look for Found {
    fn row(&mut self, row: &Seen<'_>) {
        let key = json::decode(row.raw.key);
        if *key == *self.key {
            self.itself(row);
        } else if !kin(&key).eq_ignore_ascii_case(kin(&self.key)) {
            return;
        } else if let Some(verdict) = row.verdict {
            self.other(&key, verdict);
        }
        row.verdict.iter().for_each(|verdict| self.judge(verdict));
    }
}

/// What all keys of a family have in common, but for letter case.
fn kin(key: &[u8]) -> &[u8] {
    Shape::of(key).cron_run.map_or(key, |run| run.family)
}
