//! The case table of the policy, and its properties against a slow model that anyone can read.

mod model;
mod pins;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::{Age, Kind, Retention, Shape, Timestamp};

const NOW: i64 = 1_795_248_000_000;
const HOUR: i64 = 3_600_000;

fn uuid(n: u32) -> String {
    format!("0f6a2b1c-1111-4222-8333-{n:012}")
}

fn run(job: &str, n: u32) -> String {
    format!("agent:main:cron:{job}:run:{}", uuid(n))
}

fn old(hours: i64) -> Stamp {
    Stamp::At(Timestamp::from_millis(NOW - hours * HOUR))
}

fn plan_of(policy: &Policy, rows: &[(String, Stamp)], now: i64) -> Plan<usize> {
    let mut planner = Planner::new(policy, Timestamp::from_millis(now), Detail::Everything);
    for (place, (key, stamp)) in rows.iter().enumerate() {
        planner.see(&Row { key: key.as_bytes(), stamp: *stamp, place });
    }
    planner.finish()
}

fn decision(policy: &Policy, rows: &[(String, Stamp)], of: &str) -> Decision {
    let plan = plan_of(policy, rows, NOW);
    let (_, ruling) = plan.rulings().filter(|(place, _)| rows[*place].0 == of).last().unwrap();
    ruling.decision
}

fn alone(policy: &Policy, key: &str, stamp: Stamp) -> Decision {
    decision(policy, &[(key.to_owned(), stamp)], key)
}

#[test]
fn every_rule_and_every_reason_has_its_case() {
    let day = Policy::default();
    let any = Policy::default().with_run_id(RunId::Any);
    let off = Policy::default().with_retention(Retention::Off);
    let hooks = Policy::default().with_rule(Kind::Hook, "1h".parse().unwrap()).unwrap();
    let keep = Policy::default().with_keep("*:cron:job:*".parse().unwrap());
    let cap = off.clone().with_max_entries(5).unwrap();
    let (job, hook) = (run("job", 1), format!("agent:main:hook:{}", uuid(1)));
    let prune = |kind| Decision::Prune(Rule::Retention(kind));
    let kept = Decision::Keep;
    for (policy, key, stamp, expected) in [
        (&day, &job, old(25), prune(Kind::CronRun)),
        (&day, &job, old(24), kept(KeepReason::NotExpired)),
        (&day, &job, old(23), kept(KeepReason::NotExpired)),
        (&day, &job, old(-1), kept(KeepReason::FutureTimestamp)),
        (&day, &job, Stamp::Absent, kept(KeepReason::NoTimestamp)),
        (&day, &job, Stamp::Unreadable, kept(KeepReason::UnreadableTimestamp)),
        (&day, &job, Stamp::Implausible, kept(KeepReason::ImplausibleTimestamp)),
        (&day, &job, Stamp::of_number("0"), kept(KeepReason::ImplausibleTimestamp)),
        (&day, &job, Stamp::of_number("1773912345"), kept(KeepReason::ImplausibleTimestamp)),
        (&day, &job, Stamp::of_number("1e999"), kept(KeepReason::ImplausibleTimestamp)),
        (&day, &job, Stamp::of_number("9e15"), kept(KeepReason::ImplausibleTimestamp)),
        (&day, &job, Stamp::of_number("-1"), kept(KeepReason::ImplausibleTimestamp)),
        (&day, &job, Stamp::of_number("1.0e12"), prune(Kind::CronRun)),
        (&day, &job, Stamp::of_number("999999999999.9"), kept(KeepReason::ImplausibleTimestamp)),
        (&day, &job, Stamp::NotAnObject, kept(KeepReason::NotAnObject)),
        (&day, &"agent:main:cron:job:run:x".to_owned(), old(99), kept(KeepReason::RunIdNotUuid)),
        (&any, &"agent:main:cron:job:run:x".to_owned(), old(99), prune(Kind::CronRun)),
        (&day, &"agent:main:cron:job".to_owned(), old(99), kept(KeepReason::NoRule)),
        (&day, &"agent:main:main".to_owned(), old(99), kept(KeepReason::NoRule)),
        (&day, &format!("x:{job}"), old(99), kept(KeepReason::UnknownKind)),
        (&day, &job.to_uppercase(), old(25), prune(Kind::CronRun)),
        (&off, &job, old(99), kept(KeepReason::RuleOff)),
        (&keep, &job, old(99), kept(KeepReason::KeepPattern)),
        (&hooks, &hook, old(2), prune(Kind::Hook)),
        (&day, &hook, old(2), kept(KeepReason::NoRule)),
        (&cap, &hook, old(2), kept(KeepReason::WithinCap)),
    ] {
        assert_eq!(alone(policy, key, stamp), expected, "{key} {stamp:?}");
    }
}

#[test]
fn i8_exactly_the_retention_is_kept_and_one_millisecond_more_is_pruned() {
    let at = |age: i64| Stamp::At(Timestamp::from_millis(NOW - age));
    assert_eq!(
        alone(&Policy::default(), &run("j", 1), at(24 * HOUR)),
        Decision::Keep(KeepReason::NotExpired)
    );
    assert!(matches!(alone(&Policy::default(), &run("j", 1), at(24 * HOUR + 1)), Decision::Prune(_)));
}

#[test]
fn a_family_goes_only_when_every_member_has_expired() {
    let child = format!("{}:subagent:x", run("j", 1));
    let day = Policy::default();
    let rows = [(run("j", 1), old(48)), (child.clone(), old(1))];
    assert_eq!(decision(&day, &rows, &rows[0].0), Decision::Keep(KeepReason::Family));
    let rows = [(run("j", 1), old(48)), (child.to_uppercase(), Stamp::Absent)];
    assert_eq!(decision(&day, &rows, &rows[0].0), Decision::Keep(KeepReason::Family));
    let rows = [(run("j", 1), old(48)), (child, old(25)), (run("j", 2), old(1))];
    assert_eq!(plan_of(&day, &rows, NOW).pruned(), 2);
}

#[test]
fn the_last_occurrence_of_a_key_decides_for_all_of_them() {
    let day = Policy::default();
    let fresh_then_old = plan_of(&day, &[(run("j", 1), old(1)), (run("j", 1), old(48))], NOW);
    assert_eq!(
        (fresh_then_old.pruned(), fresh_then_old.doomed().count(), fresh_then_old.scanned()),
        (1, 2, 1)
    );
    let old_then_fresh = plan_of(&day, &[(run("j", 1), old(48)), (run("j", 1), old(1))], NOW);
    assert_eq!(
        (old_then_fresh.pruned(), old_then_fresh.doomed().count(), old_then_fresh.scanned()),
        (0, 0, 1)
    );
}

#[test]
fn keep_last_counts_whole_runs_of_each_job() {
    let policy = Policy::default().with_keep_last(2);
    let rows: Vec<_> = (1..=4)
        .flat_map(|n| [(run("a", n), old(100 - i64::from(n))), (format!("{}:x", run("a", n)), old(200))])
        .chain([(run("b", 9), old(500))])
        .collect();
    let plan = plan_of(&policy, &rows, NOW);
    assert_eq!(plan.pruned(), 4);
    assert_eq!(plan.kept_by().get(&KeepReason::KeepLast), Some(&5));
}

#[test]
fn keep_last_takes_the_later_of_two_runs_of_one_time_always() {
    let policy = Policy::default().with_keep_last(1);
    for _ in 0..32 {
        let plan = plan_of(&policy, &[(run("a", 1), old(99)), (run("a", 2), old(99))], NOW);
        assert_eq!(plan.doomed().map(|doomed| doomed.place).collect::<Vec<_>>(), [0]);
    }
}

#[test]
fn keep_last_is_not_used_up_by_runs_that_stay_anyway() {
    let policy = Policy::default().with_keep_last(1);
    for odd in [Stamp::Absent, Stamp::Implausible, old(-1), Stamp::of_number("5")] {
        let plan = plan_of(&policy, &[(run("a", 1), old(99)), (run("a", 2), odd)], NOW);
        assert_eq!(plan.pruned(), 0, "{odd:?}");
    }
}

#[test]
fn i1_keep_last_protects_from_the_cap_too() {
    let policy = Policy::default().with_keep_last(1).with_max_entries(1).unwrap();
    let rows = [(run("a", 1), old(3)), (run("b", 2), old(2)), (run("c", 3), old(99)), (run("c", 4), old(98))];
    let plan = plan_of(&policy, &rows, NOW);
    assert_eq!(plan.doomed().map(|doomed| doomed.place).collect::<Vec<_>>(), [2]);
}

#[test]
fn the_cap_takes_the_oldest_and_never_counts_what_it_may_not_take() {
    let policy = Policy::default().with_retention(Retention::Off).with_max_entries(2).unwrap();
    let hook = |n| format!("agent:main:hook:{}", uuid(n));
    let mut rows: Vec<_> = (1..=5).map(|n| (hook(n), old(i64::from(n)))).collect();
    rows.extend([("agent:main:main".into(), old(900)), (hook(6), Stamp::Absent), (hook(7), old(-3))]);
    rows.push(("agent:main:slack:channel:c".into(), old(900)));
    let plan = plan_of(&policy, &rows, NOW);
    assert_eq!(plan.by_rule().get(&Rule::MaxEntries), Some(&3));
    let gone: Vec<_> = plan.doomed().map(|doomed| doomed.place).collect();
    assert_eq!(gone, [2, 3, 4]);
}

#[test]
fn the_next_expiry_is_the_first_moment_after_which_something_may_go() {
    let rows = [(run("j", 1), old(20)), (run("j", 2), old(3)), ("agent:main:main".to_owned(), old(99))];
    let plan = plan_of(&Policy::default(), &rows, NOW);
    let next = plan.next_expiry().unwrap();
    assert_eq!(next.as_millis(), NOW + 4 * HOUR);
    assert_eq!(plan_of(&Policy::default(), &rows, next.as_millis()).pruned(), 0);
    assert_eq!(plan_of(&Policy::default(), &rows, next.as_millis() + 1).pruned(), 1);
}

#[test]
fn a_policy_that_would_take_conversations_or_everything_is_refused() {
    let day = Retention::default();
    for kind in [Kind::Main, Kind::Global, Kind::Unknown, Kind::CronRun] {
        assert!(Policy::default().with_rule(kind, day).is_err(), "{kind}");
    }
    assert!(Policy::default().with_max_entries(0).is_err());
}

#[test]
fn i5_a_policy_that_was_written_down_goes_through_the_same_doors() {
    let text = |rules: &str, cap: &str| {
        format!(
            r#"{{"retention":"24h","runId":"uuid","keepLast":0,"rules":{rules},"maxEntries":{cap},"keep":["a*"]}}"#
        )
    };
    for (rules, cap) in [
        (r#"{"main":"1h"}"#, "null"),
        (r#"{"unknown":"1h"}"#, "null"),
        (r#"{"cron-run":"1h"}"#, "null"),
        ("{}", "0"),
    ] {
        assert!(serde_json::from_str::<Policy>(&text(rules, cap)).is_err(), "{rules} {cap}");
    }
    let policy: Policy = serde_json::from_str(&text(r#"{"hook":"7d"}"#, "5")).unwrap();
    let again: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
    assert_eq!((again.max_entries(), again.keep().len(), &again), (Some(5), 1, &policy));
}

/// What the contract says about which keys go, with sets and maps and no hashes: the oracle.
fn model(policy: &Policy, rows: &[(String, Stamp)], now: i64) -> BTreeSet<String> {
    let last: BTreeMap<&str, Stamp> = rows.iter().map(|(key, stamp)| (key.as_str(), *stamp)).collect();
    let expired = |key: &str, stamp: Stamp| {
        let kind = Shape::of(key.as_bytes()).kind;
        let cron = Shape::of(key.as_bytes()).cron_run;
        let age = policy.retention_of(kind).and_then(Retention::age);
        let allowed = cron.is_none_or(|run| run.has_uuid || policy.run_id() == RunId::Any);
        match (stamp, age) {
            (Stamp::At(at), Some(age)) if allowed => {
                let t = i128::from(at.as_millis());
                (1_000_000_000_000..=8_640_000_000_000_000).contains(&t)
                    && i128::from(now) - t > i128::from(age.as_millis())
            }
            _ => false,
        }
    };
    let family = |key: &str| {
        let run = Shape::of(key.as_bytes()).cron_run.map(|run| run.family.to_ascii_lowercase());
        run.unwrap_or_else(|| key.to_ascii_lowercase().into_bytes())
    };
    let all_expired =
        |of: &str| last.iter().filter(|(key, _)| family(key) == family(of)).all(|(k, s)| expired(k, *s));
    last.keys().filter(|key| all_expired(key)).map(|key| (*key).to_owned()).collect()
}

fn stamps(now: i64) -> impl Strategy<Value = Stamp> {
    prop_oneof![
        8 => (-3 * HOUR..60 * HOUR).prop_map(move |ago| Stamp::At(Timestamp::from_millis(now.saturating_sub(ago)))),
        2 => prop::sample::select(vec![0, 1, -1]).prop_map(move |d| Stamp::At(Timestamp::from_millis(now.saturating_sub(24 * HOUR + d)))),
        1 => any::<i64>().prop_map(|at| Stamp::At(Timestamp::from_millis(at))),
        1 => prop::sample::select(vec![Stamp::Absent, Stamp::Unreadable, Stamp::Implausible, Stamp::NotAnObject]),
    ]
}

fn keys() -> impl Strategy<Value = String> {
    let run = (prop::sample::select(vec!["a", "b"]), 0..6_u32).prop_map(|(job, n)| run(job, n));
    let run = prop_oneof![4 => run.clone(), 1 => run.clone().prop_map(|key| key.to_uppercase()), 2 => run.prop_map(|key| key + ":subagent:x")];
    let other = prop::sample::select(vec![
        "agent:main:main",
        "agent:main:cron:a",
        "agent:main:cron:a:run:x",
        "agent:main:hook:h",
        "x",
        "",
        "agent:main:telegram:group:7",
    ]);
    prop_oneof![4 => run, 1 => other.prop_map(str::to_owned)]
}

/// Policies with everything that counts rows.
fn counting() -> impl Strategy<Value = Policy> {
    (policies(), 0..4_u32, prop::option::of(1..9_u64)).prop_map(|(policy, keep_last, cap)| {
        let policy = policy.with_keep_last(keep_last);
        cap.map_or(policy.clone(), |cap| policy.with_max_entries(cap).unwrap())
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    let retention = prop_oneof![
        4 => Just(Retention::default()),
        1 => Just(Retention::Off),
        1 => (1..=Age::MAX.as_millis()).prop_map(|ms| Retention::After(Age::from_millis(ms).unwrap())),
    ];
    (retention, any::<bool>(), prop::option::of(Just(Retention::After(Age::from_hours(2))))).prop_map(
        |(retention, any, hook)| {
            let policy = Policy::default().with_retention(retention).with_run_id(if any {
                RunId::Any
            } else {
                RunId::Uuid
            });
            hook.map_or(policy.clone(), |hook| policy.with_rule(Kind::Hook, hook).unwrap())
        },
    )
}

fn stores(now: i64) -> impl Strategy<Value = Vec<(String, Stamp)>> {
    prop::collection::vec((keys(), stamps(now)), 0..24)
}

fn nows() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(NOW), 1 => Just(0), 1 => Just(i64::MAX), 1 => Just(i64::MIN), 1 => any::<i64>(), 1 => Just(-NOW)]
}

fn gone(rows: &[(String, Stamp)], plan: &Plan<usize>) -> BTreeSet<String> {
    plan.doomed().map(|doomed| rows[doomed.place].0.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn i1_exactly_the_rows_that_the_model_condemns_go((now, rows, policy) in nows().prop_flat_map(|now| (Just(now), stores(now), policies()))) {
        let plan = plan_of(&policy, &rows, now);
        prop_assert_eq!(gone(&rows, &plan), model(&policy, &rows, now));
    }

    #[test]
    fn i1_all_occurrences_of_a_key_go_or_none(rows in stores(NOW), policy in policies()) {
        let plan = plan_of(&policy, &rows, NOW);
        let gone = gone(&rows, &plan);
        let occurrences = rows.iter().filter(|(key, _)| gone.contains(key)).count();
        prop_assert_eq!(plan.doomed().count(), occurrences);
        prop_assert!(plan.doomed().map(|doomed| doomed.place).is_sorted());
    }

    #[test]
    fn i9_a_plan_that_remembers_less_takes_the_same(rows in stores(NOW), policy in counting()) {
        let full = plan_of(&policy, &rows, NOW);
        for detail in [Detail::Counts, Detail::Doomed] {
            let plan = |planner: Planner<'_, usize>| {
                let mut planner = planner;
                for (place, (key, stamp)) in rows.iter().enumerate() {
                    planner.see(&Row { key: key.as_bytes(), stamp: *stamp, place });
                }
                planner.finish()
            };
            let lean = plan(Planner::new(&policy, Timestamp::from_millis(NOW), detail));
            prop_assert_eq!((lean.scanned(), lean.by_rule(), lean.kept_by()), (full.scanned(), full.by_rule(), full.kept_by()));
            prop_assert!(lean.doomed().eq(full.doomed()));
            prop_assert_eq!(lean.next_expiry(), full.next_expiry());
            let shown = full.rulings().filter(|(_, ruling)| detail == Detail::Doomed && ruling.prunes());
            prop_assert!(lean.rulings().eq(shown));
        }
    }

    #[test]
    fn i5_keep_reasons_only_ever_keep_more(rows in stores(NOW), policy in policies(), keep_last in 1..4_u32) {
        let before = gone(&rows, &plan_of(&policy, &rows, NOW));
        let kept = policy.clone().with_keep_last(keep_last).with_keep("*:a:*".parse().unwrap());
        let after = gone(&rows, &plan_of(&kept, &rows, NOW));
        prop_assert!(after.is_subset(&before));
        prop_assert!(after.iter().all(|key| !key.to_lowercase().contains(":a:")));
    }

    #[test]
    fn i8_no_time_makes_a_younger_row_go_before_an_older_one(a in any::<i64>(), b in any::<i64>(), now in any::<i64>()) {
        let rows = [(run("j", 1), Stamp::At(Timestamp::from_millis(a.min(b)))), (run("j", 2), Stamp::At(Timestamp::from_millis(a.max(b))))];
        let plan = plan_of(&Policy::default(), &rows, now);
        let gone = gone(&rows, &plan);
        let plausible = Timestamp::FIRST_PLAUSIBLE.as_millis()..=Timestamp::LAST_PLAUSIBLE.as_millis();
        if plausible.contains(&a.min(b)) && gone.contains(&rows[1].0) { prop_assert!(gone.contains(&rows[0].0)); }
    }

    #[test]
    fn i9_the_same_rows_give_the_same_plan(rows in stores(NOW), policy in counting()) {
        prop_assert_eq!(plan_of(&policy, &rows, NOW), plan_of(&policy, &rows, NOW));
    }

    #[test]
    fn i9_the_plan_adds_up(rows in stores(NOW), policy in counting()) {
        let plan = plan_of(&policy, &rows, NOW);
        let keys: BTreeSet<_> = rows.iter().map(|(key, _)| key).collect();
        prop_assert_eq!(plan.scanned(), keys.len() as u64);
        prop_assert_eq!(plan.scanned(), plan.pruned() + plan.kept());
        prop_assert_eq!(plan.rulings().count() as u64, plan.scanned());
        prop_assert_eq!(plan.rulings().filter(|(_, ruling)| ruling.prunes()).count() as u64, plan.pruned());
    }

    #[test]
    fn i9_planning_again_after_the_prune_takes_nothing(rows in stores(NOW), policy in counting()) {
        let gone = gone(&rows, &plan_of(&policy, &rows, NOW));
        let left: Vec<_> = rows.into_iter().filter(|(key, _)| !gone.contains(key)).collect();
        prop_assert_eq!(plan_of(&policy, &left, NOW).pruned(), 0);
    }

    #[test]
    fn i9_the_next_expiry_is_sound(rows in stores(NOW), policy in policies(), later in 0..200 * HOUR) {
        let plan = plan_of(&policy, &rows, NOW);
        let gone = gone(&rows, &plan);
        let left: Vec<_> = rows.into_iter().filter(|(key, _)| !gone.contains(key)).collect();
        let quiet = plan.next_expiry().is_none_or(|next| NOW + later <= next.as_millis());
        if quiet { prop_assert_eq!(plan_of(&policy, &left, NOW + later).pruned(), 0); }
    }
}
