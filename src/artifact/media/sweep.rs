//! The net: references that nobody used for too long go, what was begun is ended, what no reference names is found.
//!
//! Age is never ownership. It is what is left when an owner has not let go, counted from the latest of: stored, used, written
//! to. Whatever cannot be told keeps a file.

use std::time::Instant;

use super::{
    MediaRef,
    let_go::BATCH,
    log,
    meta::Kept,
    record::{By, Record},
    report::{End, Outcome, Report},
    room::{Desk, Owed, Room, rest},
    spot::Spot,
    state::Entry,
};
use crate::{
    fs::Disk,
    model::{Error, Retention, Timestamp},
};

pub(super) const STEP: &str = "sweep the media store in";

/// A sweep under way.
#[derive(Debug)]
pub(super) struct Sweep<'a, D: Disk> {
    pub(super) room: &'a Room<D>,
    pub(super) now: Timestamp,
    pub(super) report: Report,
}

/// What is to become of something by its time.
pub(super) fn judge(last: Timestamp, now: Timestamp, retention: Retention) -> Option<Outcome> {
    match retention {
        _ if last > now => Some(Outcome::FutureTime),
        Retention::After(age) if now.millis_since(last) > age.as_millis() => None,
        Retention::Off | Retention::After(_) => Some(Outcome::Young),
    }
}

impl<D: Disk> Room<D> {
    /// All that the net does.
    pub(super) fn sweep(&self, now: Timestamp) -> Report {
        self.run(now, |sweep| {
            sweep.settle()?;
            sweep.expire()?;
            sweep.find_orphans()
        })
    }

    /// What is done when a store is opened.
    pub(super) fn reconcile(&self, now: Timestamp) {
        drop(self.run(now, |sweep| {
            sweep.settle()?;
            sweep.drop_absent()?;
            sweep.find_orphans()
        }));
    }

    /// Whether a file is certainly not there.
    fn is_absent(&self, spot: &Spot) -> bool {
        self.place.look(spot).is_err_and(|error| self.place.is_absent(spot, &error))
    }

    fn run(&self, now: Timestamp, work: impl FnOnce(&mut Sweep<'_, D>) -> Result<(), Error>) -> Report {
        let begun = Instant::now();
        let mut sweep = Sweep { room: self, now, report: Report::default() };
        if let Err(error) = work(&mut sweep) {
            sweep.report.end = End::Failed(error);
        }
        sweep.report.duration = begun.elapsed();
        sweep.report.log();
        sweep.report
    }
}

impl<'a, D: Disk> Sweep<'a, D> {
    /// Works through things in batches, each under a lock of its own, until somebody asks to stop.
    pub(super) fn in_batches<T>(
        &mut self,
        things: &[T],
        mut work: impl FnMut(&mut Desk<'_, D>, &[T], &mut u64) -> Result<Vec<Outcome>, Error>,
    ) -> Result<(), Error> {
        self.report.scanned += things.len() as u64;
        let (mut failed, mut is_first) = (None, true);
        for batch in things.chunks(BATCH) {
            let is_over = failed.is_some() || self.room.is_stopping();
            if !is_over && !std::mem::replace(&mut is_first, false) {
                rest();
            }
            let outcomes = if is_over { Ok(Vec::new()) } else { self.batch(batch, &mut work) };
            let outcomes = outcomes.unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            });
            let passed = batch.len().saturating_sub(outcomes.len());
            outcomes.into_iter().take(batch.len()).for_each(|outcome| self.report.add(outcome));
            (0..passed).for_each(|_| self.report.add(Outcome::Passed));
        }
        failed.map_or(Ok(()), Err)
    }

    fn batch<T>(
        &mut self,
        batch: &[T],
        work: &mut impl FnMut(&mut Desk<'_, D>, &[T], &mut u64) -> Result<Vec<Outcome>, Error>,
    ) -> Result<Vec<Outcome>, Error> {
        let Some(mut desk) = self.desk()? else { return Ok(Vec::new()) };
        let outcomes = work(&mut desk, batch, &mut self.report.bytes_freed);
        self.report.damaged_lines = desk.ledger.state.damaged.len() as u64;
        desk.compact();
        outcomes
    }

    /// The lock; `None` when somebody asked to stop.
    fn desk(&mut self) -> Result<Option<Desk<'a, D>>, Error> {
        let desk = self.room.desk_of_sweep(STEP)?;
        if desk.is_none() {
            self.report.end = End::Stopped;
        }
        Ok(desk)
    }

    /// Does what handles that went away could not, and ends what somebody who was killed, or met an error, has begun.
    fn settle(&mut self) -> Result<(), Error> {
        let Some(mut desk) = self.desk()? else { return Ok(()) };
        self.report.damaged_lines = desk.ledger.state.damaged.len() as u64;
        desk.pay()?;
        desk.compact();
        let going: Vec<Spot> = desk.ledger.state.going.iter().cloned().collect();
        let spared: Vec<Spot> = desk.ledger.state.spared.iter().cloned().collect();
        drop(desk);
        self.forget_spared(&spared)?;
        self.in_batches(&going, |desk, batch, bytes| {
            let fates = desk.remove(STEP, batch.to_vec(), true);
            *bytes += fates.values().map(|fate| fate.bytes).sum::<u64>();
            Ok(fates.values().map(|fate| fate.outcome).collect())
        })
    }

    /// References that are too old go.
    fn expire(&mut self) -> Result<(), Error> {
        let (room, now) = (self.room, self.now);
        if !self.may_go_on() {
            return Ok(());
        }
        let retention = room.options.max_age();
        let Some(desk) = self.desk()? else { return Ok(()) };
        let mut old = Vec::new();
        for (reference, entry) in &desk.ledger.state.refs {
            match judge(Timestamp::from_millis(entry.last()), now, retention) {
                None => old.push(*reference),
                Some(outcome) => {
                    self.report.scanned += 1;
                    self.report.add(outcome);
                }
            }
        }
        drop(desk);
        self.in_batches(&old, |desk, batch, bytes| desk.expire(batch, now, bytes))
    }

    /// Files that were to stay, and that somebody has removed since, need not be remembered. They are looked at without the
    /// lock, and those few that are gone once more under it.
    fn forget_spared(&mut self, spared: &[Spot]) -> Result<(), Error> {
        let room = self.room;
        let looked_at = spared.iter().take_while(|_| !room.is_stopping());
        let absent: Vec<Spot> = looked_at.filter(|spot| room.is_absent(spot)).cloned().collect();
        for (number, batch) in absent.chunks(BATCH).enumerate() {
            if number > 0 {
                rest();
            }
            let Some(mut desk) = self.desk()? else { return Ok(()) };
            let is_gone = |spot: &&Spot| desk.ledger.state.spared.contains(*spot) && room.is_absent(spot);
            let paths: Vec<Spot> = batch.iter().filter(is_gone).cloned().collect();
            if !paths.is_empty() {
                desk.write(STEP, vec![Record::Gone { paths }], false)?;
            }
        }
        Ok(())
    }

    /// References go whose files are certainly gone. Not those to files outside of the folder: their disk may only not be
    /// mounted yet. They are looked at without the lock, and those few that are gone once more under it.
    fn drop_absent(&mut self) -> Result<(), Error> {
        if !self.may_go_on() {
            return Ok(());
        }
        let room = self.room;
        let Some(desk) = self.desk()? else { return Ok(()) };
        let refs = desk.ledger.state.refs.iter().filter(|(_, entry)| entry.spot.is_ours());
        let refs: Vec<(MediaRef, Spot)> =
            refs.map(|(reference, entry)| (*reference, entry.spot.clone())).collect();
        drop(desk);
        let looked_at = refs.into_iter().take_while(|_| !room.is_stopping());
        let absent: Vec<MediaRef> =
            looked_at.filter(|(_, spot)| room.is_absent(spot)).map(|(reference, _)| reference).collect();
        self.in_batches(&absent, |desk, batch, _| {
            let is_gone = |reference: &&MediaRef| {
                desk.ledger.state.refs.get(*reference).is_some_and(|entry| room.is_absent(&entry.spot))
            };
            let gone: Vec<MediaRef> = batch.iter().filter(is_gone).copied().collect();
            let count = gone.len();
            desk.let_go(STEP, gone, By::Net)?;
            Ok(vec![Outcome::Absent; count])
        })
    }

    /// Whether there is a net, and nobody has asked to stop.
    pub(super) fn may_go_on(&mut self) -> bool {
        if !self.room.options.is_enabled() {
            self.report.end = End::Disabled;
        } else if self.room.is_stopping() {
            self.report.end = End::Stopped;
        }
        matches!(self.report.end, End::Whole)
    }
}

impl<D: Disk> Desk<'_, D> {
    /// Does what handles that went away still wanted, and ends the leases of the dead. What fails stays owed.
    fn pay(&mut self) -> Result<(), Error> {
        let Owed { refs, leases } = self.room.owed().clone();
        let dead = self.dead_leases();
        self.write_ends(STEP, &leases, dead)?;
        if let Err(error) = self.tidy_locks() {
            log::failed("the lock of somebody who was killed could not be removed", &error);
        }
        self.let_go(STEP, refs.clone(), By::Owner)?;
        let mut owed = self.room.owed();
        owed.refs.retain(|reference| !refs.contains(reference));
        owed.leases.retain(|lease| !leases.contains(lease));
        Ok(())
    }

    /// What became of each of these references.
    fn expire(&mut self, batch: &[MediaRef], now: Timestamp, bytes: &mut u64) -> Result<Vec<Outcome>, Error> {
        let stays: Vec<(MediaRef, Option<Outcome>)> =
            batch.iter().map(|reference| (*reference, self.stays(*reference, now))).collect();
        let refs: Vec<MediaRef> =
            stays.iter().filter(|(_, stays)| stays.is_none()).map(|(reference, _)| *reference).collect();
        let state = &self.ledger.state;
        let spots: Vec<Spot> =
            refs.iter().filter_map(|reference| Some(state.refs.get(reference)?.spot.clone())).collect();
        let mut fates = self.let_go(STEP, refs, By::Net)?;
        *bytes += fates.values().map(|fate| fate.bytes).sum::<u64>();
        // Of several references to one file, the first that is met stands for the file.
        let went =
            spots.iter().map(|spot| fates.remove(spot).map_or(Outcome::Forgotten, |fate| fate.outcome));
        Ok(stays.iter().filter_map(|(_, stays)| *stays).chain(went).collect())
    }

    /// Why a reference stays; `None` when it goes.
    fn stays(&self, reference: MediaRef, now: Timestamp) -> Option<Outcome> {
        let Some(entry) = self.ledger.state.refs.get(&reference) else { return Some(Outcome::Passed) };
        if self.ledger.state.is_leased(&entry.spot) {
            return Some(Outcome::Leased);
        }
        match self.last(entry) {
            Ok(last) => judge(last, now, self.room.options.max_age()),
            Err(outcome) => outcome,
        }
    }

    /// When somebody last had to do with a file. One that is certainly gone is as old as its reference.
    fn last(&self, entry: &Entry) -> Result<Timestamp, Option<Outcome>> {
        let (place, last) = (&self.room.place, Timestamp::from_millis(entry.last()));
        match place.look(&entry.spot) {
            Ok(stat) => Ok(last.max(Timestamp::from_nanos(stat.modified_ns))),
            Err(error) if place.is_absent(&entry.spot, &error) => Ok(last),
            // Of one that is not ours only the reference goes, whatever it is by now.
            Err(_) if entry.kept == Some(Kept::Outside) => Ok(last),
            Err(_) => Err(Some(Outcome::Unreadable)),
        }
    }
}
