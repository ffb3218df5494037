//! The clauses of the contract, each for any adapter.

use std::{collections::BTreeSet, ops::ControlFlow, path::Path, time::Duration};

use session_reaper::{
    Age, ErrorKind, Policy, Retention, Timestamp,
    lock::Stop,
    policy::Detail,
    store::{Access, Commit, Planned, Request, State, Store},
    sweep::{self, Options, Outcome, PlanFile},
};

use super::{Fixture, options};

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const HOUR: i64 = 3_600_000;

fn run(n: u32) -> String {
    format!("agent:main:cron:job:run:0f6a2b1c-1111-4222-8333-{n:012}")
}

fn ago(hours: i64) -> i64 {
    NOW.as_millis() - hours * HOUR
}

/// Two expired runs, one young one, the base row and the main session.
fn sample<F: Fixture>() -> F {
    let (one, two, three) = (run(1), run(2), run(3));
    F::with(&[
        (&one, ago(48)),
        ("agent:main:main", ago(999)),
        (&two, ago(25)),
        ("agent:main:cron:job", ago(99)),
        (&three, ago(1)),
    ])
}

fn kept() -> Vec<String> {
    vec!["agent:main:main".into(), "agent:main:cron:job".into(), run(3)]
}

fn plan<S: Store>(store: &S, detail: Detail) -> Planned<S> {
    store.plan(&Request { policy: &Policy::default(), now: NOW, detail, digest: true }).unwrap()
}

fn lock<S: Store>(store: &S) -> S::Guard {
    store.lock(Duration::from_secs(5), &Stop::default()).unwrap()
}

fn commit<S: Store>(store: &S, planned: &Planned<S>) -> Commit {
    let access = Access::Brief(Duration::from_secs(5));
    store.commit(&lock(store), planned, access, &crate::cause(), &Stop::default()).unwrap()
}

pub(crate) fn planning_changes_nothing<F: Fixture>() {
    let fixture = sample::<F>();
    let planned = plan(&fixture.store(), Detail::Doomed);
    assert_eq!((planned.plan.pruned(), planned.plan.kept(), planned.plan.scanned()), (2, 3, 5));
    assert_eq!(fixture.keys().len(), 5);
    assert!(planned.bytes_after < planned.bytes_before);
}

pub(crate) fn i1_a_commit_removes_exactly_the_doomed_rows<F: Fixture>() {
    let fixture = sample::<F>();
    let store = fixture.store();
    let planned = plan(&store, Detail::Doomed);
    assert_eq!(commit(&store, &planned), Commit::Done);
    let order: BTreeSet<_> = fixture.keys().into_iter().collect();
    assert_eq!(order, kept().into_iter().collect());
}

pub(crate) fn i7_a_commit_does_nothing_to_a_store_that_changed<F: Fixture>() {
    let fixture = sample::<F>();
    let store = fixture.store();
    let planned = plan(&store, Detail::Doomed);
    fixture.add("agent:main:hook:new", ago(0));
    assert_eq!(commit(&store, &planned), Commit::Moved);
    assert_eq!(fixture.keys().len(), 6);
}

pub(crate) fn i7_a_sweep_keeps_what_another_writer_added_in_between<F: Fixture>() {
    let fixture = sample::<F>();
    fixture.add("agent:main:hook:new", ago(0));
    let report = sweep::prune(&fixture.store(), &Policy::default(), NOW, &options());
    assert_eq!((report.outcome, report.pruned), (Outcome::Swept, 2));
    assert!(fixture.keys().contains(&"agent:main:hook:new".to_owned()));
}

pub(crate) fn the_lock_keeps_out_a_second_holder_until_it_is_dropped<F: Fixture>() {
    let fixture = sample::<F>();
    let store = fixture.store();
    let held = lock(&store);
    let refused = store.lock(Duration::from_millis(30), &Stop::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    drop(held);
    drop(lock(&store));
}

pub(crate) fn a_state_is_remembered_until_the_next_one<F: Fixture>() {
    let fixture = sample::<F>();
    let store = fixture.store();
    assert_eq!(store.state(), State::default());
    for state in [State::swept_at(NOW), State::swept_at(NOW).after_failure(NOW)] {
        store.remember(&lock(&store), &state).unwrap();
        assert_eq!(fixture.store().state(), state);
    }
}

pub(crate) fn i9_what_is_visited_is_what_the_plan_counts<F: Fixture>() {
    let fixture = sample::<F>();
    let store = fixture.store();
    for (detail, rows) in [(Detail::Doomed, 2), (Detail::Everything, 5)] {
        let planned = plan(&store, detail);
        let (mut pruned, mut seen) = (BTreeSet::new(), 0);
        store
            .visit(&planned, &mut |key, verdict| {
                seen += 1;
                if verdict.prunes() {
                    pruned.insert(key.to_text().into_owned());
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!((seen, pruned), (rows, BTreeSet::from([run(1), run(2)])));
    }
}

pub(crate) fn a_visit_ends_when_enough_was_seen<F: Fixture>() {
    let fixture = sample::<F>();
    let store = fixture.store();
    let mut seen = 0;
    let enough = |seen| if seen < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    store
        .visit(&plan(&store, Detail::Everything), &mut |_, _| {
            seen += 1;
            enough(seen)
        })
        .unwrap();
    assert_eq!(seen, 2);
}

pub(crate) fn i9_a_snapshot_shows_its_rows_after_the_commit_too<F: Fixture>() {
    let fixture = sample::<F>();
    let options = Options { items: Some(Detail::Everything), ..options() };
    let report = sweep::prune(&fixture.store(), &Policy::default(), NOW, &options);
    assert_eq!(fixture.keys().len(), 3);
    assert_eq!(report.items.to_vec().unwrap().len(), 5);
}

pub(crate) fn a_digest_tells_whether_the_store_changed<F: Fixture>() {
    let fixture = sample::<F>();
    let digest = || plan(&fixture.store(), Detail::Doomed).digest;
    let before = digest();
    assert!(before.is_some() && before == digest());
    fixture.add("agent:main:hook:new", ago(0));
    assert_ne!(before, digest());
}

pub(crate) fn the_second_sweep_finds_nothing<F: Fixture>() {
    let fixture = sample::<F>();
    for (outcome, pruned) in [(Outcome::Swept, 2), (Outcome::Nothing, 0)] {
        let report = sweep::prune(&fixture.store(), &Policy::default(), NOW, &options());
        assert_eq!((report.outcome, report.pruned, report.kept), (outcome, pruned, 3));
        assert!(report.error.is_none() && report.next_due.is_some());
    }
}

pub(crate) fn ticks_are_throttled_and_the_first_sweeps_at_once<F: Fixture>() {
    let fixture = sample::<F>();
    let once = |now| sweep::tick(&fixture.store(), &Policy::default(), now, &options()).outcome;
    // A test beside this one that starts a program holds for a moment whatever is open here, locks too.
    let tick = |now| {
        let tries =
            std::iter::repeat_with(|| once(now)).inspect(|_| std::thread::sleep(Duration::from_millis(1)));
        tries.take(500).find(|outcome| *outcome != Outcome::Busy).unwrap_or(Outcome::Busy)
    };
    let minute = |n| NOW.plus(Age::from_minutes(n));
    assert_eq!(tick(NOW), Outcome::Swept);
    assert_eq!(tick(NOW), Outcome::Throttled);
    assert_eq!(tick(minute(4)), Outcome::Throttled);
    assert_eq!(tick(minute(5)), Outcome::Nothing);
    assert_eq!(tick(minute(6)), Outcome::Throttled);
    assert_eq!(tick(NOW), Outcome::Nothing, "a stamp from the future is ignored");
    let forced = Options { force: true, ..options() };
    assert_eq!(sweep::tick(&fixture.store(), &Policy::default(), NOW, &forced).outcome, Outcome::Nothing);
}

pub(crate) fn a_tick_beside_another_holder_is_busy_and_does_nothing<F: Fixture>() {
    let fixture = sample::<F>();
    let store = fixture.store();
    let _held = lock(&store);
    let report = sweep::tick(&store, &Policy::default(), NOW, &options());
    assert_eq!((report.outcome, fixture.keys().len()), (Outcome::Busy, 5));
}

pub(crate) fn i9_a_dry_run_reports_what_the_run_then_does<F: Fixture>() {
    let fixture = sample::<F>();
    let prune = |dry_run| {
        let options = Options { dry_run, items: Some(Detail::Everything), ..options() };
        sweep::prune(&fixture.store(), &Policy::default(), NOW, &options)
    };
    let (dry, keys) = (prune(true), fixture.keys());
    assert_eq!((keys.len(), fixture.store().state()), (5, State::default()));
    let real = prune(false);
    assert_eq!((dry.outcome, dry.pruned), (Outcome::Swept, 2));
    assert_eq!(dry.items.to_vec().unwrap(), real.items.to_vec().unwrap());
    assert_eq!((dry.outcome, dry.bytes_after, &dry.by_rule), (real.outcome, real.bytes_after, &real.by_rule));
}

pub(crate) fn disabled_looks_at_nothing<F: Fixture>() {
    let fixture = sample::<F>();
    let off = Policy::default().with_retention(Retention::Off);
    for report in [
        sweep::tick(&fixture.store(), &off, NOW, &options()),
        sweep::prune(&fixture.store(), &off, NOW, &options()),
    ] {
        assert_eq!((report.outcome, report.scanned), (Outcome::Disabled, 0));
    }
    assert_eq!(fixture.keys().len(), 5);
}

pub(crate) fn a_plan_file_is_applied_exactly_or_not_at_all<F: Fixture>() {
    let write = |fixture: &F| {
        let (store, mut text) = (fixture.store(), Vec::new());
        sweep::write_plan(&store, &plan(&store, Detail::Doomed), &Policy::default(), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    let fixture = sample::<F>();
    let text = write(&fixture);
    let file = PlanFile::parse(Path::new("plan.json"), &text).unwrap();
    fixture.add("agent:main:hook:new", ago(0));
    let refused = sweep::apply(&fixture.store(), &file, &options());
    assert_eq!((refused.outcome, fixture.keys().len()), (Outcome::Refused, 6));
    let file = PlanFile::parse(Path::new("plan.json"), &write(&fixture)).unwrap();
    let dry = sweep::apply(&fixture.store(), &file, &Options { dry_run: true, ..options() });
    assert_eq!((dry.outcome, dry.pruned, fixture.keys().len()), (Outcome::Swept, 2, 6));
    let applied = sweep::apply(&fixture.store(), &file, &options());
    assert_eq!((applied.outcome, applied.pruned, fixture.keys().len()), (Outcome::Swept, 2, 4));
    for edited in [
        text.replace(&run(1), &run(9)),
        text.replace("\"24h\"", "\"23h\""),
        text.replacen('{', "{ \"more\": 1,", 1),
    ] {
        assert_eq!(
            PlanFile::parse(Path::new("plan.json"), &edited).unwrap_err().kind(),
            ErrorKind::Malformed
        );
    }
}
