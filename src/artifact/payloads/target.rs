//! Sweeping a spool whose runtimes are gone: judge every name in it, take what dead owners left, report each once.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

use super::{
    Options as Settings,
    options::Grace,
    spool::{ALONE, Inner, failed},
    sweep::STEP,
    take::{Doomed, Fate},
    verdict::{Kept, Seen, Verdict, expires, judge, make_room},
};
use crate::{
    artifact::{Action, Item, Options, Report, bin::Bin, home::Home, nook::Nook, round::Round},
    fs::{Disk, RealDisk},
    model::{Error, ErrorKind, Outcome, Timestamp},
    policy::Detail,
    trash::{Line, Thing},
};

/// What is swept, in reports and for names in our folder.
pub const KIND: &str = "payloads";

/// Sweeps the sessions in a spool whose owners are dead at `now`: with [`Options::every`] only if that is due. What goes is kept
/// in the trash, unless [`Options::trash`] says otherwise. A spool that is not there holds nothing, and is not made.
#[must_use]
pub fn sweep(dir: &Path, settings: &Settings, now: Timestamp, options: &Options) -> Report {
    sweep_on((RealDisk, &Home::of_this_process()), dir, settings, now, options)
}

/// The same on another disk, and for whom the home folder is another.
pub(super) fn sweep_on<D: Disk>(
    world: (D, &Home),
    dir: &Path,
    settings: &Settings,
    now: Timestamp,
    options: &Options,
) -> Report {
    let round = Round::new(KIND, dir, now, options);
    round.told(run(world, &round, settings))
}

/// What a sweep would do at `now`, and why: nothing is done, and nothing stands in the log.
#[must_use]
pub fn inspect(dir: &Path, settings: &Settings, now: Timestamp) -> Report {
    let options = Options { dry_run: true, items: Some(Detail::Everything), ..Options::default() };
    let round = Round::new(KIND, dir, now, &options);
    run((RealDisk, &Home::of_this_process()), &round, settings).unwrap_or_else(|error| round.failed(error))
}

/// Whether a sweep is known not to be due yet. In a folder that is not there nothing ever is.
#[must_use]
pub fn rests(dir: &Path, now: Timestamp, options: &Options) -> bool {
    let round = Round::new(KIND, dir, now, options);
    match Inner::find(RealDisk, dir, Settings::default()) {
        Ok(Some(spool)) => round.throttled(&RealDisk, &spool.dir).is_some(),
        Ok(None) => options.every.is_some(),
        Err(_) => false,
    }
}

fn run<D: Disk>((disk, home): (D, &Home), round: &Round<'_>, settings: &Settings) -> Result<Report, Error> {
    let Some(spool) = Inner::find(disk, round.path, settings.clone())? else {
        return Ok(round.idle(Outcome::Nothing));
    };
    must_not_be_home(&spool, home)?;
    round.may_sweep(&spool.disk, &spool.dir)?;
    if let Some(throttled) = round.throttled(&spool.disk, &spool.dir) {
        return Ok(throttled);
    }
    let sweep = Sweep { round, spool: &spool };
    if round.options.dry_run {
        return Ok(sweep.report(sweep.judge_all()?));
    }
    round.work(&spool.disk, &spool.dir, |nook| sweep.sweep(nook))
}

/// Who names his home folder, or one that it is in, has made a mistake.
fn must_not_be_home<D: Disk>(spool: &Inner<D>, home: &Home) -> Result<(), Error> {
    let stat = spool.disk.stat(&spool.dir, OsStr::new("."));
    if home.is_in(&stat.map_err(|error| failed(STEP, &spool.path, error))?) {
        let error = Error::new(ErrorKind::Refused, STEP, &spool.path, "your home folder is in there");
        return Err(error.with_hint(ALONE));
    }
    Ok(())
}

/// What is known of one name, and what becomes of it.
struct Judged {
    name: OsString,
    seen: Seen,
    verdict: Verdict,
    /// What came of it, if it was to go.
    fate: Option<Fate>,
}

struct Sweep<'s, D: Disk> {
    round: &'s Round<'s>,
    spool: &'s Inner<D>,
}

impl<D: Disk> Sweep<'_, D> {
    fn sweep(&self, nook: &Nook<'_, D>) -> Result<Report, Error> {
        let mut judged = self.judge_all()?;
        let _stake = self.round.options.stop.enter();
        let recorded = self.carry_out(nook, &mut judged);
        nook.tidy(self.round.now, self.round.options.trash_retention);
        let report = self.report(judged);
        Ok(match recorded {
            Ok(can_be_undone) => Report { can_be_undone, ..report },
            Err(error) => Report { outcome: Outcome::Failed, error: Some(error.half_way()), ..report },
        })
    }

    fn judge_all(&self) -> Result<Vec<Judged>, Error> {
        let (spool, now) = (self.spool, self.round.now);
        let mut names = spool.names().map_err(|error| failed(STEP, &spool.path, error))?;
        names.sort_unstable();
        let judged = names.into_iter().filter_map(|name| {
            let seen = spool.see(&name, now)?;
            let verdict = judge(&seen, spool.options.grace, now);
            Some(Judged { name, seen, verdict, fate: None })
        });
        let mut judged: Vec<_> = judged.collect();
        if let Some(most) = spool.options.max_bytes {
            make_room(judged.iter_mut().map(|judged| (&judged.seen, &mut judged.verdict)), most);
        }
        Ok(judged)
    }

    /// Takes what is to go. Tells whether something of it can be brought back. An error comes when all has gone that could.
    fn carry_out(&self, nook: &Nook<'_, D>, judged: &mut Vec<Judged>) -> Result<bool, Error> {
        let line = self.line(judged);
        let doomed: Vec<_> = judged.iter().filter_map(Judged::doomed).collect();
        if doomed.is_empty() {
            return Ok(false);
        }
        let things = things(&doomed);
        let line = Line { trash: line.trash && !things.is_empty(), ..line };
        let attic = nook.attic();
        let mut bin = match nook.journal().get_ready() {
            Ok(_) => Bin::open(&attic, &self.spool.dir, &line, &things),
            Err(error) => Bin::Shut(error.to_string()),
        };
        let mut fates = self.carry_all(&doomed, &mut bin).into_iter();
        for one in judged.iter_mut().filter(|one| one.doomed().is_some()) {
            one.is(fates.next().unwrap_or(Fate::Stays(Kept::NotReached)));
        }
        judged.retain(|one| !matches!(one.fate, Some(Fate::Vanished)));
        self.record(nook, bin, judged)
    }

    /// Until somebody asks to stop.
    fn carry_all(&self, doomed: &[Doomed<'_>], bin: &mut Bin<'_, '_, D>) -> Vec<Fate> {
        let mut number = 0;
        let carry = |one: &Doomed<'_>| {
            let fate = self.spool.carry_off(one, bin, number);
            number += usize::from(one.rule.is_kept());
            fate
        };
        doomed.iter().take_while(|_| self.round.options.stop.signal().is_none()).map(carry).collect()
    }

    /// What has gone is durable, then it stands in the journal, then its bundle is whole.
    fn record(&self, nook: &Nook<'_, D>, bin: Bin<'_, '_, D>, judged: &[Judged]) -> Result<bool, Error> {
        let settled = bin.settle(&self.spool.disk, &self.spool.dir);
        settled.map_err(self.round.fail("make durable what was removed from"))?;
        let trash = bin.has_things();
        if judged.iter().any(Judged::went) {
            let line = Line { trash, ..self.line(judged) };
            nook.journal().append(&line).map_err(self.round.fail("write the journal of"))?;
        }
        bin.finish().map_err(self.round.fail("finish the trash of"))?;
        Ok(trash)
    }

    /// The line of this sweep in the journal.
    fn line(&self, judged: &[Judged]) -> Line {
        let mut line = self.round.line(&self.spool.disk);
        line.scanned = judged.len() as u64;
        for one in judged {
            match one.verdict {
                Verdict::Sweep(rule) if one.wrong().is_none() => {
                    line.pruned += 1;
                    *line.by_rule.entry(rule.name().to_owned()).or_default() += 1;
                }
                _ => line.kept += 1,
            }
            line.bytes_before += if one.doomed().is_some() { one.bytes() } else { 0 };
        }
        line
    }

    fn report(&self, judged: Vec<Judged>) -> Report {
        let mut report = self.round.idle(Outcome::Nothing);
        for one in judged {
            report.changed |= one.went();
            report.count(one.item(self.spool.options.grace, self.round.now), self.round.options.items);
        }
        report.settle()
    }
}

/// The things that these have for the trash, in their order.
fn things(doomed: &[Doomed<'_>]) -> Vec<Thing> {
    let kept = doomed.iter().filter(|one| one.rule.is_kept());
    kept.map(|one| Thing::new(one.name.to_owned(), one.name.to_owned())).collect()
}

impl Judged {
    fn doomed(&self) -> Option<Doomed<'_>> {
        match (self.verdict, self.name.to_str()) {
            (Verdict::Sweep(rule), Some(name)) => Some(Doomed { name, rule, seen: &self.seen }),
            _ => None,
        }
    }

    fn is(&mut self, fate: Fate) {
        if let Fate::Stays(kept) = fate {
            self.verdict = Verdict::Keep(kept);
        }
        self.fate = Some(fate);
    }

    /// Whether anything of it is gone.
    const fn went(&self) -> bool {
        matches!(self.fate, Some(Fate::Gone(_) | Fate::Failed { went: true, .. }))
    }

    fn wrong(&self) -> Option<&String> {
        match &self.fate {
            Some(Fate::Failed { why, .. }) => Some(why),
            _ => None,
        }
    }

    /// What went of it, or would; of one that stays, what it weighs.
    const fn bytes(&self) -> u64 {
        match self.fate {
            Some(Fate::Gone(bytes) | Fate::Failed { bytes, .. }) => bytes,
            _ => self.seen.bytes,
        }
    }

    fn item(self, grace: Grace, now: Timestamp) -> Item {
        let (action, why) = match self.verdict {
            Verdict::Sweep(rule) if self.wrong().is_none() => (Action::Sweep, rule.name()),
            Verdict::Sweep(rule) => (Action::Fail, rule.name()),
            Verdict::Keep(kept) if kept.is_understood() => (Action::Retain, kept.name()),
            Verdict::Keep(kept) => (Action::Skip, kept.name()),
        };
        Item {
            action,
            why,
            newest: self.seen.newest,
            age_ms: self.seen.newest.map(|newest| now.millis_since(newest)),
            expires_at: expires(&self.seen, grace),
            bytes: self.bytes(),
            error: self.wrong().cloned(),
            name: self.name.to_string_lossy().into_owned(),
        }
    }
}
