//! One system call fails once, or from then on: the exit code, the message, the store and the trash must tell the same
//! story.

use std::{collections::BTreeMap, fs, time::Instant};

use crate::{
    check::{after_the_end, left_behind, must_heal},
    judge::{Case, complaint},
    rig::{self, Point},
    scenario::Scenario,
    scenarios, strace,
    world::{World, is_root},
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

/// Who waits for a lock that cannot be had waits no longer than this.
const BRIEFLY: [&str; 2] = ["--lock-timeout", "100ms"];

/// Makes a call fail, and judges what came of it; tells the exit code.
fn fail(scenario: &Scenario, &(point, errno, fails): &Failure<'_>) -> Result<i32, String> {
    let world = World::new(scenario);
    let inject = fails.inject(point, errno);
    let words = world.words(scenario.program, scenario.line).into_iter().chain(BRIEFLY.map(str::to_owned));
    let strace = rig::strace(&world.trace().display().to_string(), Some(&inject), words.collect());
    let guarded = ["timeout", "-s", "KILL", PATIENCE].map(str::to_owned);
    let ended = world.run_words(&guarded.into_iter().chain(strace).collect::<Vec<_>>());
    let what = |wrong: String| {
        format!("{}: {fails:?} {errno} at {}: {wrong}; {ended:?}", scenario.name, point.told())
    };
    let trace = fs::read_to_string(world.trace()).unwrap();
    if !trace.contains("(INJECTED)") {
        return Err(what("nothing failed".to_owned()));
    }
    let found = after_the_end(&world).map_err(what)?;
    let case = Case {
        found: &found,
        changes: scenario.old != scenario.new,
        code: ended.code,
        stderr: &ended.stderr,
        trace: &trace,
        left: &left_behind(&world),
    };
    complaint(&case).map_or(Ok(()), |wrong| Err(what(wrong.to_owned())))?;
    must_heal(&world).map_err(what)?;
    Ok(ended.code)
}

/// Every failure of a line: each point with each error.
///
/// Linux frees a descriptor whatever close says, and nobody looks at what it says. strace cannot let a call happen and say
/// that it failed: what it fails to close stays open, from then on all files and the locks in them, for which the journal
/// then waits five seconds. So that is done once for each close, each with another error.
fn failures(points: &[Point], fails: Fails) -> impl Iterator<Item = Failure<'_>> {
    let can_fail = points.iter().filter(|point| !NEVER_FAIL.contains(&point.name.as_str()));
    let leaks = move |point: &Point| fails == Fails::FromThenOn && point.name == "close";
    can_fail.flat_map(move |point| {
        let turn = point.number % ERRORS.len();
        let errors = ERRORS.into_iter().enumerate().filter(move |(at, _)| !leaks(point) || *at == turn);
        errors.map(move |(_, errno)| (point, errno, fails))
    })
}

/// Makes every `stride`-th of all failures happen; counts those of each name.
fn failing_everywhere(scenario: &Scenario, fails: Fails, stride: usize) -> BTreeMap<String, usize> {
    let begin = Instant::now();
    let points = rig::points(scenario).unwrap_or_default();
    let failures: Vec<_> = failures(&points, fails).step_by(stride).collect();
    let results = rig::each(&failures, |failure| fail(scenario, failure));
    let (mut counts, mut codes) = (BTreeMap::new(), BTreeMap::new());
    for ((point, ..), result) in failures.iter().zip(&results) {
        *counts.entry(point.name.clone()).or_insert(0) += 1;
        *codes.entry(result.as_ref().ok()).or_insert(0) += 1;
    }
    let wrong: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    eprintln!(
        "{}, {fails:?}: {} errors in {:.1?}, {} wrong, exit codes {codes:?}, {counts:?}",
        scenario.name,
        results.len(),
        begin.elapsed(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {}: {:#?}", wrong.len(), results.len(), &wrong[..wrong.len().min(10)]);
    counts
}

/// No call of a sweep may be left out.
fn all_of_them(counts: &BTreeMap<String, usize>, least: usize) {
    if counts.is_empty() {
        return;
    }
    for group in MUST_FAIL {
        assert!(group.iter().any(|name| counts.contains_key(*name)), "none of {group:?} failed: {counts:?}");
    }
    if is_root() {
        assert!(counts.contains_key("fchown"), "{counts:?}");
    } else {
        strace::skip("only root gives files away, so that fchown is not called");
    }
    assert!(counts.values().sum::<usize>() >= least, "{counts:?}");
}

#[test]
fn i6_each_call_of_a_sweep_fails_once() {
    all_of_them(&failing_everywhere(&scenarios::FAILS, Fails::Once, 1), 2_500);
}

#[test]
fn i6_each_call_of_a_sweep_fails_from_then_on() {
    all_of_them(&failing_everywhere(&scenarios::FAILS, Fails::FromThenOn, 1), 2_500);
}

#[test]
fn i6_calls_of_other_commands_fail() {
    for scenario in scenarios::OTHERS_FAIL {
        failing_everywhere(scenario, Fails::Once, 11);
        failing_everywhere(scenario, Fails::FromThenOn, 13);
    }
}
