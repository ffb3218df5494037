//! What is to become of the references to one file, and of the file: judged before anything is done, and once more under the
//! store's lock.

use super::{
    MediaRef,
    meta::Kept,
    report::Outcome,
    room::Room,
    spot::Spot,
    state::{Entry, State},
    sweep::judge,
    told::Told,
};
use crate::{
    fs::{Disk, Stat},
    model::Timestamp,
};

/// How references go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// With their file.
    Move,
    /// The file stays where it is.
    Note,
    /// The file is gone already: there is nothing that they could come back to.
    Drop,
}

/// References to one file that are to go.
#[derive(Debug, Clone)]
pub(super) struct Doomed {
    pub(super) spot: Spot,
    /// Sorted.
    pub(super) refs: Vec<MediaRef>,
    pub(super) last: Timestamp,
    pub(super) how: How,
    /// What is said of the first of them when that is done; the others are forgotten.
    pub(super) outcome: Outcome,
    pub(super) bytes: u64,
}

impl Doomed {
    /// What is said of its references when it ends so for the file.
    pub(super) fn told(&self, outcome: Outcome, bytes: u64) -> Vec<Told> {
        let told = self.refs.iter().enumerate().map(|(number, reference)| {
            let is_first = number == 0 || outcome.action() != crate::artifact::Action::Sweep;
            let outcome = if is_first { outcome } else { Outcome::Forgotten };
            let told = Told::of_ref(*reference, &self.spot, outcome).with_last(self.last);
            told.with_bytes(if number == 0 { bytes } else { 0 })
        });
        told.collect()
    }
}

impl<D: Disk> Room<D> {
    /// What is to become of these references to one file: what is said of those that stay, and those that go.
    pub(super) fn judge_file(
        &self,
        state: &State,
        (spot, refs): (&Spot, &[MediaRef]),
        now: Timestamp,
    ) -> (Vec<Told>, Option<Doomed>) {
        let (mut told, mut goes, mut newest) = (Vec::new(), Vec::new(), None);
        for reference in refs {
            let told_of = |outcome| Told::of_ref(*reference, spot, outcome);
            let Some(entry) = state.refs.get(reference) else {
                told.push(told_of(Outcome::Passed));
                continue;
            };
            let last = self.last(entry);
            let with_last = |told: Told| last.map_or(told.clone(), |last| told.with_last(last));
            if let Some(outcome) = self.stays(state, entry, last, now) {
                told.push(with_last(told_of(outcome)));
            } else {
                newest = newest.max(last.ok());
                goes.push(*reference);
            }
        }
        goes.sort_unstable();
        let Some(last) = newest else { return (told, None) };
        match self.how(state, spot, goes.len()) {
            Ok((how, outcome, bytes)) => {
                (told, Some(Doomed { spot: spot.clone(), refs: goes, last, how, outcome, bytes }))
            }
            Err(outcome) => {
                told.extend(goes.iter().map(|reference| Told::of_ref(*reference, spot, outcome)));
                (told, None)
            }
        }
    }

    /// Why a reference stays; `None` when it goes.
    fn stays(
        &self,
        state: &State,
        entry: &Entry,
        last: Result<Timestamp, Outcome>,
        now: Timestamp,
    ) -> Option<Outcome> {
        if state.is_leased(&entry.spot) {
            return Some(Outcome::Leased);
        }
        match last {
            Ok(last) => judge(last, now, self.options.max_age()),
            Err(outcome) => Some(outcome),
        }
    }

    /// When somebody last had to do with a file. One that is certainly gone is as old as its reference.
    fn last(&self, entry: &Entry) -> Result<Timestamp, Outcome> {
        let (place, last) = (&self.place, Timestamp::from_millis(entry.last()));
        match place.look(&entry.spot) {
            Ok(stat) => Ok(last.max(Timestamp::from_nanos(stat.modified_ns))),
            Err(error) if place.is_absent(&entry.spot, &error) => Ok(last),
            // Of one that is not ours only the reference goes, whatever it is by now.
            Err(_) if entry.kept == Some(Kept::Outside) => Ok(last),
            Err(_) => Err(Outcome::Unreadable),
        }
    }

    /// How so many references to a file go, or why they stay. It goes with the last one, if it is known to be the file that was
    /// given to us.
    fn how(&self, state: &State, spot: &Spot, refs: usize) -> Result<(How, Outcome, u64), Outcome> {
        let Some(file) = state.files.get(spot) else { return Ok((How::Note, Outcome::Forgotten, 0)) };
        let is_last = usize::try_from(file.refs).is_ok_and(|all| all <= refs);
        if !spot.is_ours() || !is_last || file.kept.is_some() {
            return Ok((How::Note, Outcome::Forgotten, 0));
        }
        if file.is_doubted {
            return Ok((How::Note, Outcome::Doubted, 0));
        }
        let stat = match self.place.look(spot) {
            Err(error) if self.place.is_absent(spot, &error) => return Ok((How::Drop, Outcome::Absent, 0)),
            // Nobody can tell whether another has its place.
            Err(_) => return Err(Outcome::Unreadable),
            Ok(stat) => stat,
        };
        Ok(match stat.is_file && file.mark.fits(&stat, None) {
            false => (How::Note, Outcome::Replaced, 0),
            true if state.is_older_than_doubt(&stat) => (How::Note, Outcome::Doubted, 0),
            true => (How::Move, Outcome::Removed, freed(&stat)),
        })
    }
}

/// What a file's going frees: one with another name keeps its room.
pub(super) const fn freed(stat: &Stat) -> u64 {
    if stat.links < 2 { stat.size } else { 0 }
}
