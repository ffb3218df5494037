//! The net as somebody throws it who has no store open: a scheduler, or a person who wants to see what would go.

use std::io;

use super::{
    Options,
    doomed::freed,
    log,
    place::Place,
    record::Record,
    report::{End, Outcome},
    room::Room,
    spot::Spot,
    state::State,
    sweep::{NET, STEP, Sweep},
    told::{Told, rule},
};
use crate::{
    artifact::{self, Report, nook::Nook, round::Round},
    fs::{Disk, RealDisk},
    model::{self, Error, Retention, Timestamp},
    policy::Detail,
};

/// Sweeps the store in a folder at `now`: what nobody used for too long goes into the trash. With [`artifact::Options::every`] only
/// if that is due by the store's own interval. A folder that is not there holds nothing, and is not made.
#[must_use]
pub fn sweep(settings: &Options, now: Timestamp, options: &artifact::Options) -> Report {
    sweep_on(&RealDisk, settings, now, options)
}

/// What a sweep would do at `now`, and why: nothing is done, and nothing stands in the log.
#[must_use]
pub fn inspect(settings: &Options, now: Timestamp) -> Report {
    inspect_on(&RealDisk, settings, now)
}

/// Whether a sweep is known not to be due yet. In a folder that is not there nothing ever is.
#[must_use]
pub fn rests(settings: &Options, now: Timestamp, options: &artifact::Options) -> bool {
    let options = paced(settings, options);
    let round = Round::new(NET, settings.dir(), now, &options);
    match RealDisk.resolve(settings.dir()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => options.every.is_some(),
        path => path
            .and_then(|path| RealDisk.folder(&path))
            .is_ok_and(|folder| round.throttled(&RealDisk, &folder).is_some()),
    }
}

/// [`sweep`] on another disk.
#[must_use]
pub fn sweep_on<D: Disk>(
    disk: &D,
    settings: &Options,
    now: Timestamp,
    options: &artifact::Options,
) -> Report {
    let options = paced(settings, options);
    let net = Net { round: Round::new(NET, settings.dir(), now, &options), settings, disk };
    net.round.told(net.run())
}

/// [`inspect`] on another disk.
#[must_use]
pub fn inspect_on<D: Disk>(disk: &D, settings: &Options, now: Timestamp) -> Report {
    let options =
        artifact::Options { dry_run: true, items: Some(Detail::Everything), ..artifact::Options::default() };
    let net = Net { round: Round::new(NET, settings.dir(), now, &options), settings, disk };
    net.run().unwrap_or_else(|error| net.round.failed(error))
}

/// A store has an interval of its own, and a trash: what either of the two wants kept longer is kept longer.
fn paced(settings: &Options, options: &artifact::Options) -> artifact::Options {
    artifact::Options {
        every: options.every.map(|_| settings.interval()),
        trash: options.trash && settings.has_trash(),
        trash_retention: longer(options.trash_retention, settings.trash_retention()),
        ..options.clone()
    }
}

/// What is kept for ever is kept longest.
fn longer(one: Retention, other: Retention) -> Retention {
    one.age().zip(other.age()).map_or(Retention::Off, |(one, other)| Retention::After(one.max(other)))
}

struct Net<'n, D: Disk> {
    round: Round<'n>,
    settings: &'n Options,
    disk: &'n D,
}

impl<D: Disk> Net<'_, D> {
    fn run(&self) -> Result<Report, Error> {
        let round = &self.round;
        if !self.settings.is_enabled() {
            return Ok(round.idle(model::Outcome::Disabled));
        }
        let Some(place) = Place::look_in(self.disk.clone(), self.settings.dir())? else {
            return Ok(round.idle(model::Outcome::Nothing));
        };
        round.may_sweep(self.disk, &place.folder)?;
        if let Some(throttled) = round.throttled(self.disk, &place.folder) {
            return Ok(throttled);
        }
        if round.options.dry_run {
            return self.look(place);
        }
        round.work(self.disk, &place.folder, |nook| self.sweep(nook))
    }

    fn sweep(&self, nook: &Nook<'_, D>) -> Result<Report, Error> {
        log::thrown(self.settings, self.round.options);
        let mut room = Room::open(self.disk.clone(), self.settings.clone())?;
        room.asked = self.round.options.stop.clone();
        let mut sweep = Sweep::new(&room, self.round.now, self.round.options);
        let swept = sweep.settle().and_then(|()| sweep.net(nook));
        Ok(ended(sweep, swept))
    }

    /// What a sweep would do.
    fn look(&self, place: Place<D>) -> Result<Report, Error> {
        let room = Room::of(self.disk.clone(), self.settings.clone(), place);
        room.peek()?;
        let mut sweep = Sweep::new(&room, self.round.now, self.round.options);
        sweep.see_released();
        // One run takes no more than its list has room for.
        let has_list = self.settings.has_trash() && self.round.options.trash;
        let mut left = if has_list { room.most } else { usize::MAX };
        for doomed in sweep.survey() {
            let (outcome, bytes) =
                if left > 0 { (doomed.outcome, doomed.bytes) } else { (Outcome::Passed, 0) };
            left = left.saturating_sub(1);
            sweep.count_all(doomed.told(outcome, bytes));
        }
        let looked = sweep.walk().map(|(orphans, _)| {
            let outcome = |number| if number < left { Outcome::Removed } else { Outcome::Passed };
            sweep.count_all(orphans.iter().enumerate().map(|(number, orphan)| orphan.told(outcome(number))));
        });
        Ok(ended(sweep, looked))
    }
}

/// What is counted is told, also where something went wrong.
fn ended<D: Disk>(sweep: Sweep<'_, D>, swept: Result<(), Error>) -> Report {
    let Sweep { report, mut full, .. } = sweep;
    full.items.sort_by(|a, b| a.name.cmp(&b.name));
    let error = match (swept, report.end) {
        (Err(error), _) | (Ok(()), End::Failed(error)) => Some(error),
        _ => None,
    };
    match error {
        None => full.settle(),
        Some(error) => {
            let error = if full.changed { error.half_way() } else { error };
            Report { outcome: model::Outcome::of_error(&error), error: Some(error), ..full }
        }
    }
}

impl<D: Disk> Room<D> {
    /// Learns what stands in the ledger, and what a sweep would begin with; nothing is written.
    pub(super) fn peek(&self) -> Result<(), Error> {
        let mut ledger = self.known();
        if self.place.has_ours() {
            ledger.peek(&self.place).map_err(self.fail(STEP))?;
        }
        let dead = self.dead_leases(&ledger.state);
        let ends = self.parked_ends(&ledger.state);
        ends.into_iter().chain([Record::End { ids: dead }]).for_each(|record| ledger.state.apply(record));
        Ok(())
    }
}

impl<D: Disk> Sweep<'_, D> {
    /// What owners have let go, and is still there.
    fn see_released(&mut self) {
        let room = self.room;
        let ledger = room.known();
        for spot in &ledger.state.going {
            let (outcome, bytes) = room.released(&ledger.state, spot);
            self.count(Told::of_spot(spot, outcome, rule::RELEASED).with_bytes(bytes));
        }
    }
}

impl<D: Disk> Room<D> {
    fn released(&self, state: &State, spot: &Spot) -> (Outcome, u64) {
        let file = state.files.get(spot);
        let Some((file, going)) = file.and_then(|file| Some((file, file.going?))) else {
            return (Outcome::Passed, 0);
        };
        match self.place.look(spot) {
            _ if state.is_leased(spot) => (Outcome::Leased, 0),
            Err(error) if self.place.is_absent(spot, &error) => (Outcome::Absent, 0),
            Err(_) => (Outcome::NotRemoved, 0),
            Ok(stat) if !stat.is_file || !file.mark.fits(&stat, Some(going.at_ns)) => (Outcome::Replaced, 0),
            Ok(stat) if state.is_older_than_doubt(&stat) => (Outcome::Doubted, 0),
            Ok(stat) => (Outcome::Removed, freed(&stat)),
        }
    }
}
