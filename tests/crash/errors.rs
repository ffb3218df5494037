//! One system call fails once, or from then on: the exit code, the message, the store and the trash must tell the same
//! story.

use std::{collections::BTreeMap, fs, thread, time::Instant};

use crate::{
    careless::{BLIND, DEAF},
    check::{after_the_end, left_behind, must_heal},
    judge::{Case, READS, complaint},
    rig::{self, Point},
    scenario::Scenario,
    scenarios, strace,
    world::{Ended, World, is_root},
};

/// What a disk, a kernel or an administrator may say.
const ERRORS: [&str; 10] =
    ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EMFILE", "EINTR", "ENOMEM", "EXDEV", "EBUSY"];

/// Calls that cannot fail.
const NEVER_FAIL: [&str; 5] = ["getpid", "gettid", "getuid", "geteuid", "rt_sigreturn"];

/// Calls without which a sweep is none; at least one of each group must have failed.
const MUST_FAIL: [&[&str]; 9] = [
    &["fsync"],
    &["renameat", "renameat2"],
    &["write", "pwrite64"],
    &["openat"],
    &["fchmod"],
    &["flock"],
    &["linkat"],
    &["unlinkat"],
    &["getdents64"],
];

/// How often a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    Once,
    /// It and all of its name that follow.
    FromThenOn,
}

impl Fails {
    /// The call that fails, and how, as strace is told. Signals that interrupt a call for ever are no error to be told:
    /// they end.
    fn inject(self, point: &Point, errno: &str) -> String {
        let when = match (self, errno) {
            (Self::Once, _) => String::new(),
            (Self::FromThenOn, "EINTR") => format!("..{}", point.number + 19),
            (Self::FromThenOn, _) => "+".to_owned(),
        };
        format!("{}{when}", point.inject(&format!("error={errno}")))
    }
}

/// One failure: the call, what it says, and how often.
type Failure<'a> = (&'a Point, &'static str, Fails);

/// A command ends within this many seconds, whatever fails.
const PATIENCE: &str = "60";

/// Who waits for a lock that cannot be had waits no longer than this. Not every verb takes the option; all take the
/// variable.
const BRIEFLY: &str = "SESSION_REAPER_LOCK_TIMEOUT=100ms";

/// What has to hold once the judge is content.
type Then = fn(&World) -> Result<(), String>;

/// Makes a call fail, and judges what came of it; tells the exit code.
fn fail(world: &World, &(point, errno, fails): &Failure<'_>, then: Then) -> Result<i32, String> {
    let scenario = &world.scenario;
    let inject = fails.inject(point, errno);
    let words = world.words(scenario.program, scenario.line);
    let calls = format!("{READS},{}", point.name);
    let strace = rig::strace_at(&calls, &world.trace().display().to_string(), &inject, words);
    let guarded = ["env", BRIEFLY, "timeout", "-s", "KILL", PATIENCE].map(str::to_owned);
    let ended = world.run_words(&guarded.into_iter().chain(strace).collect::<Vec<_>>());
    let what = |wrong: String| {
        format!("{}: {fails:?} {errno} at {}: {wrong}; {ended:?}", scenario.name, point.told())
    };
    let trace = fs::read_to_string(world.trace()).unwrap();
    if !trace.contains("(INJECTED)") {
        return Err(what("nothing failed".to_owned()));
    }
    let found = after_the_end(world).map_err(what)?;
    let case = Case {
        found: &found,
        changes: scenario.old != scenario.new,
        code: ended.code,
        stderr: &ended.stderr,
        trace: &trace,
        left: &left_behind(world),
    };
    complaint(&case).map_or(Ok(()), |wrong| Err(what(wrong.to_owned())))?;
    has_done(world, &ended).map_err(what)?;
    then(world).map_err(what)?;
    Ok(ended.code)
}

/// Who leaves the store alone and says that all is well has done what it is for, with the pins or the trash. A sweep is
/// done as well when what is old stays in the trash.
fn has_done(world: &World, ended: &Ended) -> Result<(), String> {
    if ended.code != 0 || world.scenario.old != world.scenario.new {
        return Ok(());
    }
    let (done, wanted) =
        ((world.pins()?, world.bundles().len()), (world.scenario.pins, world.scenario.bundles));
    if done == wanted {
        Ok(())
    } else {
        Err(format!("it says that all is well with {done:?} pins and bundles, not {wanted:?}"))
    }
}

/// The calls of a scenario's line that can fail; `None` where there is no strace.
fn can_fail(scenario: &Scenario) -> Option<Vec<Point>> {
    let mut points = rig::points(scenario)?;
    assert!(points.len() >= scenario.least, "{}: only {} points", scenario.name, points.len());
    points.retain(|point| !NEVER_FAIL.contains(&point.name.as_str()));
    Some(points)
}

/// Linux frees a descriptor whatever close says, and nobody looks at what it says. strace cannot let a call happen and say
/// that it failed: what it fails to close stays open, from then on all files and the locks in them, for which the journal
/// then waits five seconds.
fn leaks(point: &Point, fails: Fails) -> bool {
    fails == Fails::FromThenOn && point.name == "close"
}

/// Each call with each error; one that leaks once, each of them with another error.
fn each_error<'a>(points: &'a [Point], fails: Fails) -> Vec<Failure<'a>> {
    let of_point = move |point: &'a Point| {
        let turn = point.number % ERRORS.len();
        let errors =
            ERRORS.into_iter().enumerate().filter(move |(at, _)| !leaks(point, fails) || *at == turn);
        errors.map(move |(_, errno)| (point, errno, fails))
    };
    points.iter().flat_map(of_point).collect()
}

/// Each call with one error, another than the call before; which one the first has is for the caller to say.
fn one_error<'a>(points: &[&'a Point], fails: Fails, first: usize) -> Vec<Failure<'a>> {
    let errors = ERRORS.into_iter().cycle().skip(first % ERRORS.len());
    points.iter().zip(errors).map(|(point, errno)| (*point, errno, fails)).collect()
}

/// How many of each there are.
fn count<K: Ord>(items: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    items.fold(BTreeMap::new(), |mut counts, item| {
        *counts.entry(item).or_default() += 1;
        counts
    })
}

/// So many of those that leak wait beside the others: they take time, but no processor.
const WAITING: usize = 8;

/// Makes all failures of a scenario happen.
fn fail_all(scenario: &Scenario, failures: &[Failure<'_>], then: Then) -> Vec<Result<i32, String>> {
    let (slow, quick): (Vec<Failure<'_>>, Vec<_>) =
        failures.iter().partition(|(point, _, fails)| leaks(point, *fails));
    thread::scope(|scope| {
        let waiting = scope
            .spawn(|| rig::each_by(WAITING, &slow, |failure| fail(&World::apart(scenario), failure, then)));
        let mut results = rig::each(&quick, |failure| fail(&World::new(scenario), failure, then));
        results.extend(waiting.join().unwrap());
        results
    })
}

/// The same; tells what was wrong.
fn failing(scenario: &Scenario, failures: &[Failure<'_>], then: Then) -> Vec<String> {
    let begin = Instant::now();
    let results = fail_all(scenario, failures, then);
    let codes = count(results.iter().map(|result| result.as_ref().ok()));
    let names = count(failures.iter().map(|(point, ..)| point.name.as_str()));
    let wrong: Vec<_> = results.iter().filter_map(|result| result.as_ref().err().cloned()).collect();
    eprintln!(
        "{}, {:?}: {} errors in {:.1?}, {} wrong, exit codes {codes:?}, {names:?}",
        scenario.name,
        failures.first().map(|(.., fails)| fails),
        results.len(),
        begin.elapsed(),
        wrong.len()
    );
    wrong
}

fn none_is_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
}

/// No call of a sweep may be left out.
fn all_of_them(counts: &BTreeMap<&str, usize>, least: usize) {
    for group in MUST_FAIL {
        assert!(group.iter().any(|name| counts.contains_key(name)), "none of {group:?} failed: {counts:?}");
    }
    if is_root() {
        assert!(counts.contains_key("fchown"), "{counts:?}");
    } else {
        strace::skip("only root gives files away, so that fchown is not called");
    }
    assert!(counts.values().sum::<usize>() >= least, "{counts:?}");
}

fn each_call_of_a_sweep(fails: Fails) {
    let Some(points) = can_fail(&scenarios::FAILS) else { return };
    let failures = each_error(&points, fails);
    all_of_them(&count(failures.iter().map(|(point, ..)| point.name.as_str())), 2_500);
    none_is_wrong(&failing(&scenarios::FAILS, &failures, must_heal));
}

#[test]
fn i6_each_call_of_a_sweep_fails_once() {
    each_call_of_a_sweep(Fails::Once);
}

#[test]
fn i6_each_call_of_a_sweep_fails_from_then_on() {
    each_call_of_a_sweep(Fails::FromThenOn);
}

/// So many calls of other commands fail at least, once and from then on together.
const OTHERS: usize = 5_500;

/// Every how many-th call of other commands fails from then on, and how many-th close: each of those leaks and waits as
/// `each_error` says. A sweep's all do so there.
const FOR_EVER: usize = 2;
const LEAKS: usize = 16;

/// Whether this failure is left to the sweep.
fn is_spared(point: &Point, fails: Fails) -> bool {
    let every = if point.name == "close" { LEAKS } else { FOR_EVER };
    fails == Fails::FromThenOn && !point.number.is_multiple_of(every) && point.number > 1
}

/// Every call that can fail did, and every error came up: `fail` complains where nothing failed.
fn all_were_hit(scenario: &Scenario, points: &[&Point], failures: &[Failure<'_>]) {
    let hit = count(failures.iter().map(|(point, ..)| (&point.name, point.number)));
    assert!(hit.len() == points.len() && failures.len() == points.len(), "{}: {hit:?}", scenario.name);
    let errors = count(failures.iter().map(|(_, errno, _)| *errno));
    let least = points.len() / ERRORS.len();
    assert!(errors.len() == ERRORS.len() && errors.values().all(|times| *times >= least), "{errors:?}");
}

#[test]
fn i6_calls_of_other_commands_fail() {
    let begin = Instant::now();
    let (mut done, mut wrong) = (0, Vec::new());
    for (at, scenario) in scenarios::OTHERS_FAIL.iter().enumerate() {
        let Some(all) = can_fail(scenario) else { return };
        // Calls that come at the same place in two scenarios meet different errors there.
        for (fails, first) in [(Fails::Once, 3 * at), (Fails::FromThenOn, 3 * at + 5)] {
            let points: Vec<_> = all.iter().filter(|point| !is_spared(point, fails)).collect();
            let failures = one_error(&points, fails, first);
            all_were_hit(scenario, &points, &failures);
            wrong.extend(failing(scenario, &failures, must_heal));
            done += failures.len();
        }
    }
    eprintln!("{done} errors in {} other commands in {:.1?}", scenarios::OTHERS_FAIL.len(), begin.elapsed());
    none_is_wrong(&wrong);
    assert!(done >= OTHERS, "only {done}");
}

/// What is wrong with a pruner that is not ours when its calls fail, each with each error: how often the store is torn,
/// how often all is said to be well though it is not, and how often anything is wrong.
fn wrong_with(scenario: &Scenario) -> Option<[usize; 3]> {
    let points = rig::points(scenario)?;
    let failures = each_error(&points, Fails::Once);
    let wrong = failing(scenario, &failures, |_| Ok(()));
    let of = |what: &str| wrong.iter().filter(|wrong| wrong.contains(what)).count();
    let found = [of("neither old nor new"), of("it says that all is well"), wrong.len()];
    let [torn, lies, all] = found;
    eprintln!(
        "{}: {torn} times torn, {lies} lies, {all} of {} errors are wrong",
        scenario.name,
        failures.len()
    );
    assert_eq!(of("nothing failed"), 0, "{wrong:#?}");
    assert!(all < failures.len(), "left alone it does what a sweep does");
    Some(found)
}

#[test]
fn the_rig_finds_a_pruner_that_does_not_look_at_errors() {
    let Some([torn, lies, _]) = wrong_with(&DEAF) else { return };
    assert!(torn > 0 && lies > 0, "{torn} times torn, {lies} lies");
}

#[test]
fn the_rig_finds_a_pruner_that_renames_what_it_could_not_write() {
    let Some([torn, ..]) = wrong_with(&BLIND) else { return };
    assert!(torn > 0, "never torn");
}
