//! Sweeping a folder of groups: judge them all, take those that have expired, report each name once.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use super::{
    Role, Settings, base,
    home::Home,
    look::{Base, Looked, look, owned},
    roster::{Names, Roster},
    take::{Bin, Doomed, Fate, Taken, Taker, bin, things},
    verdict::{Kept, Owned, Rule, Verdict, expires, judge},
};
use crate::{
    artifact::{
        Action, Item, Options, Report,
        nook::{self, Nook},
    },
    fs::{Disk, RealDisk},
    model::{Age, Error, ErrorKind, Outcome, Retention, Timestamp},
    policy::Detail,
    store::State,
    trash::{Cause, Line, RunId},
};

/// What is swept, in reports and for names in our folder.
pub const KIND: &str = "workspaces";

/// So far a time that somebody has chosen may be ahead of the clock: secrets go for ever.
const AHEAD: Age = Age::from_hours(7 * 24);

/// Sweeps the groups in a folder that have expired at `now`: with [`Options::every`] only if that is due. A folder that is not
/// there holds nothing, and is not made.
#[must_use]
pub fn sweep(base: &Path, settings: &Settings, now: Timestamp, options: &Options) -> Report {
    let begun = Instant::now();
    let sweep = Sweep::new(base, settings, now, options);
    let report = sweep.run().unwrap_or_else(|error| sweep.failed(error));
    report.log(options, begun.elapsed());
    report
}

/// What a sweep would do at `now`, and why: nothing is done, and nothing stands in the log.
#[must_use]
pub fn inspect(base: &Path, settings: &Settings, now: Timestamp) -> Report {
    let options = Options { dry_run: true, items: Some(Detail::Everything), ..Options::default() };
    let sweep = Sweep::new(base, settings, now, &options);
    sweep.run().unwrap_or_else(|error| sweep.failed(error))
}

/// Whether a sweep is known not to be due yet.
#[must_use]
pub fn rests(base: &Path, settings: &Settings, now: Timestamp, options: &Options) -> bool {
    let sweep = Sweep::new(base, settings, now, options);
    let home = Home::of_this_process();
    let base = base::open(base, &home).ok().flatten();
    base.is_some_and(|base| sweep.throttled(&state_of(&base)).is_some())
}

/// What is known of one group, and what becomes of it.
struct Judged {
    main: String,
    names: Names,
    looked: Looked,
    verdict: Verdict,
    /// What came of it, if it was to go.
    taken: Option<Taken>,
}

struct Sweep<'s> {
    path: &'s Path,
    run: RunId,
    settings: &'s Settings,
    now: Timestamp,
    options: &'s Options,
}

impl<'s> Sweep<'s> {
    fn new(path: &'s Path, settings: &'s Settings, now: Timestamp, options: &'s Options) -> Self {
        let run = options.run.clone().unwrap_or_else(|| RunId::new(now));
        Self { path, run, settings, now, options }
    }

    fn run(&self) -> Result<Report, Error> {
        if (self.settings.ttl, self.settings.secret_ttl) == (Retention::Off, Retention::Off) {
            return Ok(self.idle(Outcome::Disabled));
        }
        let home = Home::of_this_process();
        let Some(base) = base::open(self.path, &home)? else {
            return Ok(self.idle(Outcome::Nothing));
        };
        self.may_sweep(&base)?;
        if let Some(throttled) = self.throttled(&state_of(&base)) {
            return Ok(throttled);
        }
        if self.options.dry_run {
            let (judged, foreign) = self.judge_all(&base)?;
            return Ok(self.report(judged, foreign));
        }
        let nook = self.enter(&base)?;
        // Whoever had the lock a moment ago may have done the work.
        let state = state_of(&base);
        self.throttled(&state).map_or_else(|| Ok(self.sweep_and_remember(&base, &nook, &state)), Ok)
    }

    fn idle(&self, outcome: Outcome) -> Report {
        Report::idle(KIND, self.path.to_string_lossy().into_owned(), outcome)
    }

    fn failed(&self, error: Error) -> Report {
        Report::of_error(KIND, self.path.to_string_lossy().into_owned(), error)
    }

    fn throttled(&self, state: &State) -> Option<Report> {
        let due = state.last().rests_until(self.now, self.options.every?)?;
        Some(Report { next_due: Some(due), ..self.idle(Outcome::Throttled) })
    }

    fn fail(&self, step: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| Error::io(step, self.path, error)
    }

    /// Who is not the owner of the folder would leave there what keeps its owner out. Where somebody has chosen the time, it is
    /// none that a secret could be judged by.
    fn may_sweep(&self, base: &Base<'_>) -> Result<(), Error> {
        let refused = |why: String, hint: &str| {
            Err(Error::new(ErrorKind::Refused, base::STEP, self.path, why).with_hint(hint))
        };
        let owner = RealDisk.stat(&base.folder, ".".as_ref()).map_err(self.fail(base::STEP))?.owner;
        if !RealDisk.acts_for(owner) {
            let why = format!("it belongs to another user, of the number {}", owner.uid);
            return refused(why, "run it as that user, or give the folder to the user whose jobs these are");
        }
        let clock = Timestamp::from_nanos(RealDisk.now_ns());
        if self.now > clock.plus(AHEAD) && !self.options.dry_run && !self.options.allow_clock_jump {
            let why = format!("{} is more than 7 days ahead of the clock", self.now);
            return refused(why, "if the clock is wrong and the time is right: --allow-clock-jump");
        }
        Ok(())
    }

    /// A scheduler leaves the work to whoever is at it.
    fn enter<'b>(&self, base: &'b Base<'_>) -> Result<Nook<'b, RealDisk>, Error> {
        let wait = self.options.every.map_or(self.options.lock_timeout.as_duration(), |_| Duration::ZERO);
        let nook = Nook::enter(&RealDisk, &base.folder, KIND, wait);
        nook.map_err(self.fail("open the folder .session-reaper in"))?.ok_or_else(|| {
            let why = "another session-reaper is sweeping it";
            Error::new(ErrorKind::Busy, base::STEP, self.path, why)
        })
    }

    /// A sweep that failed counts too, or a broken folder would be tried at every tick.
    fn sweep_and_remember(&self, base: &Base<'_>, nook: &Nook<'_, RealDisk>, before: &State) -> Report {
        let swept = self.sweep(base, nook);
        let state = match &swept {
            Ok(_) => State::swept_at(self.now),
            Err(_) => before.after_failure(self.now),
        };
        let mut report = swept.unwrap_or_else(|error| self.failed(error));
        match nook.remember(&state) {
            Ok(()) => report.next_due = self.options.every.and_then(|every| state.next_due(every)),
            Err(error) => {
                tracing::warn!(target: "session_reaper", %error, "the time of this sweep is not remembered");
            }
        }
        report
    }

    fn sweep(&self, base: &Base<'_>, nook: &Nook<'_, RealDisk>) -> Result<Report, Error> {
        nook.settle().map_err(self.fail("look through the trash of"))?;
        let (mut judged, foreign) = self.judge_all(base)?;
        let _stake = self.options.stop.enter();
        let recorded = self.carry_out(base, nook, &mut judged);
        nook.tidy(self.now, self.options.trash_retention);
        let report = self.report(judged, foreign);
        Ok(match recorded {
            Ok(can_be_undone) => Report { can_be_undone, ..report },
            Err(error) => Report { outcome: Outcome::Failed, error: Some(error.half_way()), ..report },
        })
    }

    fn judge_all(&self, base: &Base<'_>) -> Result<(Vec<Judged>, Vec<String>), Error> {
        let names = RealDisk.list(&base.folder).map_err(self.fail("list"))?;
        let Roster { groups, foreign } = Roster::of(names, self.settings);
        let judged = groups.into_iter().map(|(main, names)| self.judge(base, main, names));
        Ok((judged.collect(), foreign))
    }

    fn judge(&self, base: &Base<'_>, main: String, names: Names) -> Judged {
        let owned = owned(base, &main, &names);
        let looked = look(base, (&main, &names), owned, self.settings, self.now);
        let verdict = judge(&looked.seen, self.settings, self.now);
        Judged { main, names, looked, verdict, taken: None }
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
            Ok(_) => bin(&attic, base, &line, &things),
            Err(error) => Bin::Shut(error.to_string()),
        };
        let mut taken = self.take_all(base, &doomed, &mut bin).into_iter();
        for group in judged.iter_mut().filter(|group| group.goes()) {
            group.is(taken.next().unwrap_or(Taken::stays(Kept::NotReached)));
        }
        self.record(base, nook, bin, judged)
    }

    /// Until somebody asks to stop.
    fn take_all(&self, base: &Base<'_>, doomed: &[Doomed<'_>], bin: &mut Bin<'_, '_>) -> Vec<Taken> {
        let with = Taker { base, settings: self.settings, now: self.now };
        let mut number = 0;
        let take = |group: &Doomed<'_>| {
            let taken = with.take(group, bin, number);
            number += group.things();
            taken
        };
        doomed.iter().take_while(|_| self.options.stop.signal().is_none()).map(take).collect()
    }

    /// What has gone is durable, then it stands in the journal, then its bundle is whole.
    fn record(
        &self,
        base: &Base<'_>,
        nook: &Nook<'_, RealDisk>,
        bin: Bin<'_, '_>,
        judged: &[Judged],
    ) -> Result<bool, Error> {
        bin.settle(base).map_err(self.fail("make durable what was removed from"))?;
        let trash = bin.has_things();
        if judged.iter().any(Judged::went) {
            let line = Line { trash, ..self.line(judged) };
            nook.journal().append(&line).map_err(self.fail("write the journal of"))?;
        }
        bin.finish().map_err(self.fail("finish the trash of"))?;
        Ok(trash)
    }

    /// The line of this sweep in the journal.
    fn line(&self, judged: &[Judged]) -> Line {
        let cause = Cause::new(self.run.clone(), self.options.verb, self.now);
        let cause = Cause { keep: self.options.trash, ..cause };
        let mut line = cause.line(KIND, Timestamp::from_nanos(RealDisk.now_ns()));
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
        let mut report = self.idle(Outcome::Nothing);
        let (now, detail) = (self.now, self.options.items);
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

fn state_of(base: &Base<'_>) -> State {
    nook::state(&RealDisk, &base.folder, KIND)
}

impl Judged {
    fn doomed(&self) -> Option<Doomed<'_>> {
        match self.verdict {
            Verdict::Sweep(rule) => {
                let owned = self.looked.seen.owned;
                Some(Doomed { main: &self.main, names: &self.names, rule, owned })
            }
            Verdict::Keep(_) => None,
        }
    }

    const fn goes(&self) -> bool {
        matches!(self.verdict, Verdict::Sweep(_))
    }

    fn is(&mut self, taken: Taken) {
        if let Fate::Stays(kept) = taken.fate {
            self.verdict = Verdict::Keep(kept);
        }
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

    /// What went of it, or would; of one that stays, what was looked at.
    fn bytes(&self) -> u64 {
        if let Some(taken) = self.taken.as_ref().filter(|_| self.goes()) {
            return taken.bytes;
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
        // Of a group in use nobody has asked how old it is.
        let seen = self.looked.seen;
        let newest = seen.newest.ok().filter(|_| seen.owned != Owned::Yes);
        let error = self.wrong().cloned();
        Item {
            newest,
            age_ms: newest.map(|newest| now.millis_since(newest)),
            expires_at: expires(&seen, settings),
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
