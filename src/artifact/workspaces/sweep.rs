//! Sweeping a folder of groups: judge them all, take those that have expired, report each name once.

use std::path::Path;

use super::{
    Role, Settings, base,
    home::Home,
    look::{Base, Gauge, Looked, look, marks},
    roster::{Names, Roster},
    take::{Doomed, Fate, Taken, Taker, things},
    verdict::{Kept, Marks, Rule, Verdict, expires, judge},
};
use crate::{
    artifact::{Action, Item, Options, Report, bin::Bin, nook::Nook, round::Round},
    fs::{Disk, RealDisk},
    model::{Error, Outcome, Retention, Timestamp},
    policy::Detail,
    trash::Line,
};

/// What is swept, in reports and for names in our folder.
pub const KIND: &str = "workspaces";

/// Sweeps the groups in a folder that have expired at `now`: with [`Options::every`] only if that is due. A folder that is not
/// there holds nothing, and is not made.
#[must_use]
pub fn sweep(base: &Path, settings: &Settings, now: Timestamp, options: &Options) -> Report {
    let sweep = Sweep { round: Round::new(KIND, base, now, options), settings };
    sweep.round.told(sweep.run())
}

/// What a sweep would do at `now`, and why: nothing is done, and nothing stands in the log.
#[must_use]
pub fn inspect(base: &Path, settings: &Settings, now: Timestamp) -> Report {
    let options = Options { dry_run: true, items: Some(Detail::Everything), ..Options::default() };
    let sweep = Sweep { round: Round::new(KIND, base, now, &options), settings };
    sweep.run().unwrap_or_else(|error| sweep.round.failed(error))
}

/// Whether a sweep is known not to be due yet. In a folder that is not there nothing ever is.
#[must_use]
pub fn rests(base: &Path, now: Timestamp, options: &Options) -> bool {
    let round = Round::new(KIND, base, now, options);
    let home = Home::of_this_process();
    match base::open(base, &home) {
        Ok(Some(base)) => round.throttled(&RealDisk, &base.folder).is_some(),
        Ok(None) => options.every.is_some(),
        Err(_) => false,
    }
}

/// What is known of one group, and what becomes of it.
struct Judged {
    main: String,
    names: Names,
    marks: Marks,
    looked: Looked,
    verdict: Verdict,
    /// What came of it, if it was to go.
    taken: Option<Taken>,
}

struct Sweep<'s> {
    round: Round<'s>,
    settings: &'s Settings,
}

impl Sweep<'_> {
    fn run(&self) -> Result<Report, Error> {
        let round = &self.round;
        if (self.settings.ttl, self.settings.secret_ttl) == (Retention::Off, Retention::Off) {
            return Ok(round.idle(Outcome::Disabled));
        }
        let home = Home::of_this_process();
        let Some(base) = base::open(round.path, &home)? else {
            return Ok(round.idle(Outcome::Nothing));
        };
        round.may_sweep(&RealDisk, &base.folder)?;
        if let Some(throttled) = round.throttled(&RealDisk, &base.folder) {
            return Ok(throttled);
        }
        if round.options.dry_run {
            let (judged, foreign) = self.judge_all(&base)?;
            return Ok(self.report(judged, foreign));
        }
        round.work(&RealDisk, &base.folder, |nook| self.sweep(&base, nook))
    }

    fn sweep(&self, base: &Base<'_>, nook: &Nook<'_, RealDisk>) -> Result<Report, Error> {
        let (mut judged, foreign) = self.judge_all(base)?;
        let _stake = self.round.options.stop.enter();
        let recorded = self.carry_out(base, nook, &mut judged);
        nook.tidy(self.round.now, self.round.options.trash_retention);
        let report = self.report(judged, foreign);
        Ok(match recorded {
            Ok(can_be_undone) => Report { can_be_undone, ..report },
            Err(error) => Report { outcome: Outcome::Failed, error: Some(error.half_way()), ..report },
        })
    }

    fn judge_all(&self, base: &Base<'_>) -> Result<(Vec<Judged>, Vec<String>), Error> {
        let names = RealDisk.list(&base.folder).map_err(self.round.fail("list"))?;
        let Roster { groups, foreign } = Roster::of(names, self.settings);
        let judged = groups.into_iter().map(|(main, names)| self.judge(base, main, names));
        Ok((judged.collect(), foreign))
    }

    fn judge(&self, base: &Base<'_>, main: String, names: Names) -> Judged {
        let marks = marks(base, &main, &names);
        let looked = look(base, (&main, &names), marks, &self.gauge());
        let verdict = judge(&looked.seen, self.settings, self.round.now);
        Judged { main, names, marks, looked, verdict, taken: None }
    }

    /// Who has everything shown is shown the truth of what stays, too.
    const fn gauge(&self) -> Gauge<'_> {
        let is_whole = matches!(self.round.options.items, Some(Detail::Everything));
        Gauge { settings: self.settings, now: self.round.now, is_whole }
    }

    /// Takes what is to go. Tells whether something of it can be brought back. An error comes when all has gone that could.
    fn carry_out(
        &self,
        base: &Base<'_>,
        nook: &Nook<'_, RealDisk>,
        judged: &mut [Judged],
    ) -> Result<bool, Error> {
        let line = self.line(judged);
        let doomed: Vec<Doomed<'_>> = judged.iter().filter_map(Judged::doomed).collect();
        if doomed.is_empty() {
            return Ok(false);
        }
        let things = things(&doomed);
        let line = Line { trash: line.trash && !things.is_empty(), ..line };
        let attic = nook.attic();
        let mut bin = match nook.journal().get_ready() {
            Ok(_) => Bin::open(&attic, &base.folder, &line, &things),
            Err(error) => Bin::Shut(error.to_string()),
        };
        let mut taken = self.take_all(base, &doomed, &mut bin).into_iter();
        for group in judged.iter_mut().filter(|group| group.goes()) {
            group.is(taken.next().unwrap_or(Taken::stays(Rule::Ttl, Kept::NotReached)));
        }
        self.record(base, nook, bin, judged)
    }

    /// Until somebody asks to stop.
    fn take_all(
        &self,
        base: &Base<'_>,
        doomed: &[Doomed<'_>],
        bin: &mut Bin<'_, '_, RealDisk>,
    ) -> Vec<Taken> {
        let gauge = Gauge { settings: self.settings, now: self.round.now, is_whole: false };
        let with = Taker { base, gauge };
        let mut number = 0;
        let take = |group: &Doomed<'_>| {
            let taken = with.take(group, bin, number);
            number += group.things();
            taken
        };
        doomed.iter().take_while(|_| self.round.options.stop.signal().is_none()).map(take).collect()
    }

    /// What has gone is durable, then it stands in the journal, then its bundle is whole.
    fn record(
        &self,
        base: &Base<'_>,
        nook: &Nook<'_, RealDisk>,
        bin: Bin<'_, '_, RealDisk>,
        judged: &[Judged],
    ) -> Result<bool, Error> {
        bin.settle(&RealDisk, &base.folder).map_err(self.round.fail("make durable what was removed from"))?;
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
        let mut line = self.round.line(&RealDisk);
        line.scanned = judged.len() as u64;
        for group in judged {
            match group.verdict {
                Verdict::Sweep(rule) if group.wrong().is_none() => {
                    line.pruned += 1;
                    *line.by_rule.entry(rule.name().to_owned()).or_default() += 1;
                }
                _ => line.kept += 1,
            }
            line.bytes_before += if group.goes() { group.bytes() } else { 0 };
        }
        line
    }

    fn report(&self, judged: Vec<Judged>, foreign: Vec<String>) -> Report {
        let mut report = self.round.idle(Outcome::Nothing);
        let (now, detail) = (self.round.now, self.round.options.items);
        for group in judged {
            report.changed |= group.went();
            report.count(group.item(self.settings, now), detail);
        }
        for name in foreign {
            report.count(item(name, Action::Skip, Kept::Foreign.name()), detail);
        }
        report.settle()
    }
}

impl Judged {
    fn doomed(&self) -> Option<Doomed<'_>> {
        match self.verdict {
            Verdict::Sweep(rule) => {
                Some(Doomed { main: &self.main, names: &self.names, rule, marks: self.marks })
            }
            Verdict::Keep(_) => None,
        }
    }

    const fn goes(&self) -> bool {
        matches!(self.verdict, Verdict::Sweep(_))
    }

    fn is(&mut self, taken: Taken) {
        self.verdict = match taken.fate {
            Fate::Stays(kept) => Verdict::Keep(kept),
            Fate::Gone | Fate::Failed(_) => Verdict::Sweep(taken.rule),
        };
        self.taken = Some(taken);
    }

    /// Whether anything of it is gone.
    fn went(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| taken.went)
    }

    fn wrong(&self) -> Option<&String> {
        match &self.taken.as_ref()?.fate {
            Fate::Failed(why) => Some(why),
            Fate::Gone | Fate::Stays(_) => None,
        }
    }

    /// What went of it, or would; of one that stays, all of it, where that was looked at.
    fn bytes(&self) -> u64 {
        if let Some(taken) = self.taken.as_ref().filter(|_| self.goes()) {
            return taken.bytes;
        }
        if !self.goes() && !self.looked.is_whole {
            return 0;
        }
        let goes = |role: Role| role == Role::Secret || self.verdict != Verdict::Sweep(Rule::SecretTtl);
        let members = self.names.members.iter().zip(&self.looked.members);
        let members = members.filter(|((role, _), _)| goes(*role)).filter_map(|(_, member)| member.as_ref());
        members.map(|member| member.bytes).sum()
    }

    fn item(self, settings: &Settings, now: Timestamp) -> Item {
        let bytes = self.bytes();
        let (action, why) = match self.verdict {
            Verdict::Sweep(rule) if self.wrong().is_none() => (Action::Sweep, rule.name()),
            Verdict::Sweep(rule) => (Action::Fail, rule.name()),
            Verdict::Keep(kept) if kept.is_understood() => (Action::Retain, kept.name()),
            Verdict::Keep(kept) => (Action::Skip, kept.name()),
        };
        // Where the look ended early nobody knows more than that it stays.
        let is_known = self.looked.is_whole || self.goes();
        let seen = self.looked.seen;
        let newest = seen.newest.ok().filter(|_| self.looked.is_whole);
        // What was written since the sweep began is as young as can be.
        let age = |newest| {
            let age = now.millis_since(newest);
            if newest > seen.clock { age } else { age.max(0) }
        };
        let error = self.wrong().cloned();
        Item {
            newest,
            age_ms: newest.map(age),
            expires_at: expires(&seen, self.verdict, settings).filter(|_| is_known),
            bytes,
            error,
            ..item(self.main, action, why)
        }
    }
}

/// What is said of a name and nothing more.
const fn item(name: String, action: Action, why: &'static str) -> Item {
    Item { name, action, why, newest: None, age_ms: None, expires_at: None, bytes: 0, error: None }
}
