//! The net: references that nobody used for too long go, what was begun is ended, what no reference names is found.
//!
//! Age is never ownership. It is what is left when an owner has not let go, counted from the latest of: stored, used, written
//! to. Whatever cannot be told keeps a file.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    MediaRef,
    bin::{Bin, Carried},
    carry::Numbered,
    doomed::Doomed,
    let_go::BATCH,
    log,
    record::{By, Record},
    report::{End, Outcome, Report},
    room::{Desk, Owed, PATIENCE, Room, rest},
    spot::Spot,
    told::{Told, rule},
};
use crate::{
    artifact::{
        self,
        nook::{Kind, Nook},
    },
    fs::Disk,
    model::{Error, Retention, Timestamp},
    trash::{Cause, Line, RunId},
};

pub(super) const STEP: &str = "sweep the media store in";

/// What is swept, in reports and in the journal.
pub const KIND: &str = "media";

/// The files of the net in our folder; those of the store itself begin otherwise.
pub(in crate::artifact) const NET: Kind = Kind { told: KIND, files: "media.net" };

/// A sweep under way.
#[derive(Debug)]
pub(super) struct Sweep<'a, D: Disk> {
    pub(super) room: &'a Room<D>,
    pub(super) now: Timestamp,
    pub(super) options: &'a artifact::Options,
    pub(super) report: Report,
    /// The same as a report on any folder.
    pub(super) full: artifact::Report,
}

/// What a report counts at a moment.
#[derive(Debug)]
struct Tally {
    scanned: u64,
    swept: u64,
    bytes_freed: u64,
    by_rule: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn of(full: &artifact::Report) -> Self {
        let artifact::Report { scanned, swept, bytes_freed, .. } = *full;
        Self { scanned, swept, bytes_freed, by_rule: full.by_rule.clone() }
    }
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
    /// All that the net does, for a store that somebody has open.
    pub(super) fn sweep(&self, now: Timestamp) -> Report {
        self.run(now, |sweep| {
            sweep.settle()?;
            if !sweep.may_go_on() {
                return Ok(());
            }
            match self.settled_nook(PATIENCE)? {
                Some(nook) => sweep.net(&nook),
                None if sweep.may_go_on() => Err(self.busy(STEP)),
                None => Ok(()),
            }
        })
    }

    /// What is done when a store is opened. Who sweeps meanwhile does as much, and nobody waits for him.
    pub(super) fn reconcile(&self, now: Timestamp) {
        drop(self.run(now, |sweep| {
            sweep.settle()?;
            sweep.drop_absent()?;
            if !sweep.may_go_on() {
                return Ok(());
            }
            let nook = self.settled_nook(Duration::ZERO)?;
            nook.map_or(Ok(()), |nook| sweep.with_bin(&nook, Sweep::find_orphans))
        }));
    }

    fn settled_nook(&self, patience: Duration) -> Result<Option<Nook<'_, D>>, Error> {
        let nook = self.nook(STEP, patience)?;
        if let Some(nook) = &nook {
            nook.settle_until(&|| self.is_stopping()).map_err(self.fail(STEP))?;
        }
        Ok(nook)
    }

    fn run(&self, now: Timestamp, work: impl FnOnce(&mut Sweep<'_, D>) -> Result<(), Error>) -> Report {
        let begun = Instant::now();
        let options = artifact::Options {
            verb: "clean",
            trash: self.options.has_trash(),
            trash_retention: self.options.trash_retention(),
            ..artifact::Options::default()
        };
        let mut sweep = Sweep::new(self, now, &options);
        if let Err(error) = work(&mut sweep) {
            sweep.report.end = End::Failed(error);
        }
        sweep.report.duration = begun.elapsed();
        sweep.report.log();
        sweep.report
    }
}

impl<'a, D: Disk> Sweep<'a, D> {
    pub(super) fn new(room: &'a Room<D>, now: Timestamp, options: &'a artifact::Options) -> Self {
        let path = room.options.dir().to_string_lossy().into_owned();
        let full = artifact::Report::idle(KIND, path, crate::model::Outcome::Nothing);
        Self { room, now, options, report: Report::default(), full }
    }

    pub(super) fn count(&mut self, told: Told) {
        self.report.scanned += 1;
        self.report.bytes_freed += told.bytes;
        self.report.add(told.outcome);
        let (max_age, grace) = (self.room.options.max_age(), self.room.options.orphan_grace());
        self.full.count(told.item(self.now, max_age, grace), self.options.items);
    }

    pub(super) fn count_all(&mut self, told: impl IntoIterator<Item = Told>) {
        told.into_iter().for_each(|told| self.count(told));
    }

    /// What the net takes of this store: it goes into one bundle.
    pub(super) fn net(&mut self, nook: &Nook<'_, D>) -> Result<(), Error> {
        let taken = self.with_bin(nook, |sweep, bin| {
            // First: what leaves a folder changes the folder's time, and whatever else is in it would be young.
            let found = sweep.look_for_orphans();
            if let Err(error) = sweep.expire(bin) {
                let passed = found.iter().flat_map(|(orphans, _)| orphans);
                sweep.count_all(passed.map(|orphan| orphan.told(Outcome::Passed)));
                return Err(error);
            }
            sweep.take_orphans(found?, bin)
        });
        let room = self.room;
        nook.tidy_until(self.now, self.options.trash_retention, &|| room.is_stopping());
        taken
    }

    /// What has gone stands in the journal, whatever went wrong after it.
    pub(super) fn with_bin(
        &mut self,
        nook: &Nook<'_, D>,
        work: impl FnOnce(&mut Self, &mut Bin<'_, '_, D>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let attic = nook.attic();
        let _stake = self.options.stop.enter();
        let before = Tally::of(&self.full);
        let mut bin = Bin::new(nook, &attic, &self.room.place.folder, (self.line(), self.room.most));
        let taken = work(self, &mut bin);
        self.full.can_be_undone = bin.has_things();
        let has_gone = bin.has_things() || self.full.swept > before.swept;
        self.full.changed |= has_gone;
        let line = has_gone.then(|| self.counted_since(&before, bin.line().clone()));
        let recorded = bin.finish(line).map_err(|error| self.room.fail(STEP)(error).half_way());
        taken.and(recorded)
    }

    fn line(&self) -> Line {
        let run = self.options.run.clone().unwrap_or_else(|| RunId::new(self.now));
        let cause = Cause::new(run, self.options.verb, self.now);
        let cause = Cause { keep: self.options.trash, ..cause };
        cause.line(KIND, Timestamp::from_nanos(self.room.disk.now_ns()))
    }

    /// What was done since then: what owners have let go is not kept, and no line promises that it comes back.
    fn counted_since(&self, before: &Tally, line: Line) -> Line {
        let full = &self.full;
        let more = |(rule, count): (&&'static str, &u64)| {
            let count = count.saturating_sub(before.by_rule.get(rule).copied().unwrap_or_default());
            (count > 0).then(|| ((*rule).to_owned(), count))
        };
        let (scanned, pruned) = (full.scanned - before.scanned, full.swept - before.swept);
        let bytes_before = full.bytes_freed - before.bytes_freed;
        let by_rule = full.by_rule.iter().filter_map(more).collect();
        Line { scanned, pruned, kept: scanned - pruned, by_rule, bytes_before, ..line }
    }

    /// Works through things in batches, each under a lock of its own, until somebody asks to stop. What was not reached is told
    /// as passed.
    pub(super) fn in_batches<T>(
        &mut self,
        things: &[T],
        passed: impl Fn(&T) -> Vec<Told>,
        mut work: impl FnMut(&mut Desk<'_, D>, &[T]) -> Result<Vec<Told>, Error>,
    ) -> Result<(), Error> {
        let (mut failed, mut is_first) = (None, true);
        for batch in things.chunks(BATCH) {
            let is_over = failed.is_some() || self.room.is_stopping();
            if !is_over && !std::mem::replace(&mut is_first, false) {
                rest();
            }
            let told = if is_over { Ok(None) } else { self.batch(batch, &mut work) };
            let told = told.unwrap_or_else(|error| {
                failed = Some(error);
                None
            });
            let told = told.unwrap_or_else(|| batch.iter().flat_map(&passed).collect());
            self.count_all(told);
        }
        failed.map_or(Ok(()), Err)
    }

    fn batch<T>(
        &mut self,
        batch: &[T],
        work: &mut impl FnMut(&mut Desk<'_, D>, &[T]) -> Result<Vec<Told>, Error>,
    ) -> Result<Option<Vec<Told>>, Error> {
        let Some(mut desk) = self.desk()? else { return Ok(None) };
        let told = work(&mut desk, batch);
        self.report.damaged_lines = desk.ledger.state.damaged.len() as u64;
        desk.compact();
        told.map(Some)
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
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        let Some(mut desk) = self.desk()? else { return Ok(()) };
        self.report.damaged_lines = desk.ledger.state.damaged.len() as u64;
        desk.end_all_aside();
        desk.pay()?;
        desk.compact();
        let going: Vec<Spot> = desk.ledger.state.going.iter().cloned().collect();
        let spared: Vec<Spot> = desk.ledger.state.spared.iter().cloned().collect();
        drop(desk);
        self.forget_spared(&spared)?;
        let told = |spot: &Spot, outcome| Told::of_spot(spot, outcome, rule::RELEASED);
        let before = self.report.count(Outcome::Removed);
        let settled = self.in_batches(
            &going,
            |spot| vec![told(spot, Outcome::Passed)],
            |desk, batch| {
                let fates = desk.remove(STEP, batch.to_vec(), true);
                let fate = |spot: &Spot| match fates.get(spot) {
                    Some(fate) => told(spot, fate.outcome).with_bytes(fate.bytes),
                    None => told(spot, Outcome::Passed),
                };
                Ok(batch.iter().map(fate).collect())
            },
        );
        self.full.changed |= self.report.count(Outcome::Removed) > before;
        settled
    }

    /// References that are too old go.
    fn expire(&mut self, bin: &mut Bin<'_, '_, D>) -> Result<(), Error> {
        if !self.may_go_on() {
            return Ok(());
        }
        let (room, now) = (self.room, self.now);
        // Others may have used some meanwhile.
        let Some(desk) = self.desk()? else { return Ok(()) };
        drop(desk);
        let doomed = self.survey();
        let passed = |doomed: &Doomed| doomed.told(Outcome::Passed, 0);
        let doomed = self.listed(bin, doomed, |doomed| room.carried(doomed), passed);
        self.in_batches(&doomed, |(_, doomed)| passed(doomed), |desk, batch| desk.take_files(batch, now, bin))
    }

    /// Puts things on the list, and tells their numbers. Those for which it has no room are passed: the next run takes them. Of
    /// those that nobody will come to, since somebody asked to stop, nothing need be written down.
    pub(super) fn listed<T>(
        &mut self,
        bin: &mut Bin<'_, '_, D>,
        mut things: Vec<T>,
        carried: impl Fn(&T) -> Carried,
        passed: impl Fn(&T) -> Vec<Told>,
    ) -> Vec<Numbered<T>> {
        let is_over = self.room.is_stopping();
        let first = bin.list(things.iter().take_while(|_| !is_over).map(carried));
        let listed = bin.left_out(first).filter(|_| !is_over).unwrap_or(things.len());
        let rest = things.split_off(listed.min(things.len()));
        self.count_all(rest.iter().flat_map(passed));
        things.into_iter().enumerate().map(|(number, thing)| (first + number, thing)).collect()
    }

    /// Looks at all references, and tells which are to go, file by file. Nothing is done, and the lock is not needed.
    pub(super) fn survey(&mut self) -> Vec<Doomed> {
        let (room, now) = (self.room, self.now);
        let mut old: BTreeMap<Spot, Vec<MediaRef>> = BTreeMap::new();
        let ledger = room.known();
        for (reference, entry) in &ledger.state.refs {
            let last = Timestamp::from_millis(entry.last());
            match judge(last, now, room.options.max_age()) {
                None => old.entry(entry.spot.clone()).or_default().push(*reference),
                Some(outcome) => {
                    self.count(Told::of_ref(*reference, &entry.spot, outcome).with_last(last));
                }
            }
        }
        drop(ledger);
        let mut doomed = Vec::new();
        for (spot, refs) in old {
            let (told, goes) = room.judge_file(&room.known().state, (&spot, &refs), now);
            self.count_all(told);
            doomed.extend(goes);
        }
        doomed
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
        let absent: Vec<(MediaRef, Spot)> = looked_at.filter(|(_, spot)| room.is_absent(spot)).collect();
        let told = |spot: &Spot, outcome| Told::of_spot(spot, outcome, rule::ABSENT);
        self.in_batches(
            &absent,
            |(_, spot)| vec![told(spot, Outcome::Passed)],
            |desk, batch| {
                let is_gone = |reference: &MediaRef| {
                    desk.ledger.state.refs.get(reference).is_some_and(|entry| room.is_absent(&entry.spot))
                };
                let (gone, others): (Vec<_>, Vec<_>) =
                    batch.iter().partition(|(reference, _)| is_gone(reference));
                desk.let_go(STEP, gone.iter().map(|(reference, _)| *reference).collect(), By::Net)?;
                let gone = gone.iter().map(|(_, spot)| told(spot, Outcome::Absent));
                Ok(gone.chain(others.iter().map(|(_, spot)| told(spot, Outcome::Passed))).collect())
            },
        )
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

impl<D: Disk> Room<D> {
    /// Whether a file is certainly not there.
    fn is_absent(&self, spot: &Spot) -> bool {
        self.place.look(spot).is_err_and(|error| self.place.is_absent(spot, &error))
    }
}

impl<D: Disk> Desk<'_, D> {
    /// Does what handles that went away still wanted, and ends the leases of the dead. What fails stays owed.
    pub(super) fn pay(&mut self) -> Result<(), Error> {
        let Owed { refs, leases } = self.room.owed().clone();
        let dead = self.room.dead_leases(&self.ledger.state);
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
}
