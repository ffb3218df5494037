//! The verdict on one row, and everything it rests on.

use std::borrow::Cow;

use serde::Serialize;

use super::{ListedRow, Member, family::Found, near::Near, plan, words};
use crate::{
    fs::Disk,
    json,
    model::{Error, Key, Retention, Shape, Timestamp},
    policy::{Decision, KeepReason, Policy},
    store::{FileStore, Pin, Planned},
};

/// What there is to say about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The row is there.
    Row(Box<Explanation>),
    /// It is not; these keys are nearest to it.
    Nearest(Vec<Key>),
}

/// The verdict on one row, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The row and the verdict on it.
    #[serde(flatten)]
    pub row: ListedRow,
    /// How often its key stands in the store. JavaScript sees the last one, and all go with it.
    pub occurrences: u64,
    /// The retention of its kind, if a rule has one.
    pub retention: Option<Retention>,
    /// The last moment at which it surely stays, when time alone decides: after it, it goes.
    pub goes_after: Option<Timestamp>,
    /// Why it goes or stays: a sentence.
    pub why: String,
    /// What will become of it, and what could change that: a sentence.
    pub outlook: String,
    /// The pin that holds it, or that held it until its time was over.
    pub pin: Option<Pin>,
    /// How many other rows live and die with it.
    pub relatives: u64,
    /// Some of these, first those that keep the others.
    pub family: Vec<Member>,
}

/// Explains the verdict on the row with this key, as JavaScript sees it. A key that holds what no text can hold may be given
/// with JSON's escapes, such as `agent:main:\ud800`.
///
/// # Errors
/// When the store cannot be read, or is no store.
pub fn explain<D: Disk>(
    store: &FileStore<D>,
    policy: &Policy,
    now: Timestamp,
    key: &str,
) -> Result<Answer, Error> {
    let planned = plan(store, policy, now)?;
    for spelling in spellings(key) {
        let mut found = Found::new(&spelling);
        look(store, &planned, &mut found)?;
        if found.row.is_some() {
            let pin = store.pins()?.get(&spelling).cloned();
            return Ok(answer(policy, now, &spelling, found, pin));
        }
    }
    let mut near = Near::new(key);
    look(store, &planned, &mut near)?;
    Ok(Answer::Nearest(near.into_keys()))
}

fn look<D: Disk>(
    store: &FileStore<D>,
    planned: &Planned<FileStore<D>>,
    look: &mut impl crate::store::Look,
) -> Result<(), Error> {
    store.look(&planned.snapshot, planned.plan.rulings(), look)
}

/// The key as it was given, and as JSON would read it.
pub fn spellings(key: &str) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let escaped = json::decode(key.as_bytes());
    let second = (*escaped != *key.as_bytes()).then_some(escaped);
    std::iter::once(Cow::Borrowed(key.as_bytes())).chain(second)
}

fn answer(policy: &Policy, now: Timestamp, key: &[u8], found: Found, pin: Option<Pin>) -> Answer {
    let Some((verdict, bytes)) = found.row else { return Answer::Nearest(Vec::new()) };
    let kind = Shape::of(key).kind;
    let row = ListedRow { key: Key::from_wtf8(key), kind, bytes, verdict, now };
    let goes_after = goes_after(&row, &found);
    let case = words::Case { policy, row: &row, relatives: found.others, goes_after, pin: pin.as_ref() };
    let (why, outlook) = (words::why(&case), words::outlook(&case));
    let has_family = policy_speaks(row.verdict.decision);
    Answer::Row(Box::new(Explanation {
        occurrences: found.copies,
        retention: policy.retention_of(kind),
        goes_after,
        why,
        outlook,
        pin,
        relatives: if has_family { found.others } else { 0 },
        family: if has_family { found.members } else { Vec::new() },
        row,
    }))
}

/// Whether a rule looks at rows such as this one, so that its family matters.
const fn policy_speaks(decision: Decision) -> bool {
    use KeepReason as K;
    !matches!(decision, Decision::Keep(K::NoRule | K::RuleOff | K::UnknownKind | K::RunIdNotUuid))
}

/// When time alone decides about a row and its family: the end of the last one's retention.
const fn goes_after(row: &ListedRow, found: &Found) -> Option<Timestamp> {
    use KeepReason as K;
    match row.verdict.decision {
        Decision::Keep(K::NotExpired | K::FutureTimestamp | K::Family) if !found.stays => found.until,
        _ => None,
    }
}
