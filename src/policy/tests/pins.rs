//! Pins in the judgement: nothing takes what is pinned, and a pin costs no other row its place.

use super::*;
use crate::policy::Pins;

fn pinned(rows: &[(String, Stamp)], every: usize, until: Option<i64>) -> Pins {
    let until = until.map(Timestamp::from_millis);
    rows.iter().step_by(every).map(|(key, _)| (key.as_bytes(), until)).collect()
}

fn plan_with(policy: &Policy, pins: &Pins, rows: &[(String, Stamp)], now: i64) -> Plan<usize> {
    let mut planner = Planner::new(policy, Timestamp::from_millis(now), Detail::Everything).with_pins(pins);
    for (place, (key, stamp)) in rows.iter().enumerate() {
        planner.see(&Row { key: key.as_bytes(), stamp: *stamp, place });
    }
    planner.finish()
}

/// The verdicts by key.
fn verdicts(rows: &[(String, Stamp)], plan: &Plan<usize>) -> BTreeMap<String, Verdict> {
    plan.rulings().map(|(place, ruling)| (rows[place].0.clone(), ruling.on(rows[place].1))).collect()
}

/// What rows must have in common to be one family.
fn family(key: &str) -> Vec<u8> {
    let run = Shape::of(key.as_bytes()).cron_run.map(|run| run.family.to_ascii_lowercase());
    run.unwrap_or_else(|| key.to_ascii_lowercase().into_bytes())
}

fn is_pinned(rows: &[(String, Stamp)], every: usize, key: &str) -> bool {
    rows.iter().step_by(every).any(|(pinned, _)| pinned == key)
}

#[test]
fn i8_a_pin_holds_in_its_last_millisecond_and_not_in_the_next() {
    let rows = [(run("j", 1), old(48)), (format!("{}:x", run("j", 1)), old(48)), (run("j", 2), old(48))];
    let day = Policy::default();
    for (until, pruned) in [(Some(NOW), 1), (Some(NOW + 1), 1), (Some(NOW - 1), 3), (None, 1)] {
        let pins = pinned(&rows, 9, until);
        assert_eq!(plan_with(&day, &pins, &rows, NOW).pruned(), pruned, "{until:?}");
    }
    let plan = plan_with(&day, &pinned(&rows, 9, Some(NOW)), &rows, NOW);
    assert_eq!(plan.kept_by().get(&KeepReason::Pinned), Some(&1));
    assert_eq!(plan.kept_by().get(&KeepReason::Family), Some(&1));
    assert_eq!(plan.next_expiry().map(Timestamp::as_millis), Some(NOW));
}

#[test]
fn a_row_that_no_rule_takes_is_called_pinned_too() {
    let rows = [("agent:main:main".to_owned(), old(1)), ("x".to_owned(), Stamp::Absent)];
    let pins = pinned(&rows, 1, None);
    let plan = plan_with(&Policy::default(), &pins, &rows, NOW);
    assert_eq!(plan.kept_by().get(&KeepReason::Pinned), Some(&2));
    assert!(verdicts(&rows, &plan).values().all(|v| v.decision == Decision::Keep(KeepReason::Pinned)));
}

#[test]
fn a_pin_does_not_use_up_the_newest_runs_of_its_job() {
    let policy = Policy::default().with_keep_last(1);
    let rows = [(run("a", 1), old(98)), (run("a", 2), old(99)), (run("a", 3), old(100))];
    let plan = plan_with(&policy, &pinned(&rows, 9, None), &rows, NOW);
    assert_eq!(plan.doomed().map(|doomed| doomed.place).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_pin_does_not_use_up_the_cap() {
    let policy = Policy::default().with_retention(Retention::Off).with_max_entries(1).unwrap();
    let rows = [(run("a", 1), old(1)), (run("a", 2), old(2)), (run("a", 3), old(3))];
    let plan = plan_with(&policy, &pinned(&rows, 9, None), &rows, NOW);
    assert_eq!(plan.doomed().map(|doomed| doomed.place).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_candidate_and_a_row_without_a_rule_cost_what_the_planner_says() {
    assert_eq!(size_of::<kin::Kin>(), 18);
    assert_eq!(size_of::<idle::Idle>(), 12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn i1_what_is_pinned_and_its_family_never_go(now in nows(), rows in stores(NOW), policy in counting(), every in 1..5_usize) {
        let pins = pinned(&rows, every, None);
        let plan = plan_with(&policy, &pins, &rows, now);
        let families: BTreeSet<_> = rows.iter().step_by(every).map(|(key, _)| family(key)).collect();
        for key in gone(&rows, &plan) { prop_assert!(!families.contains(&family(&key)), "{key}"); }
        for (key, verdict) in verdicts(&rows, &plan) {
            let is_pinned = is_pinned(&rows, every, &key);
            prop_assert_eq!(verdict.decision == Decision::Keep(KeepReason::Pinned), is_pinned, "{}", key);
        }
    }

    #[test]
    fn i5_pins_only_ever_keep_more(rows in stores(NOW), policy in counting(), every in 1..5_usize) {
        let before = gone(&rows, &plan_of(&policy, &rows, NOW));
        let after = gone(&rows, &plan_with(&policy, &pinned(&rows, every, None), &rows, NOW));
        prop_assert!(after.is_subset(&before), "{:?}", after.difference(&before));
    }

    /// To the others it is as if what is pinned were not there: no quota knows of it.
    #[test]
    fn i1_pins_never_use_up_a_quota(rows in stores(NOW), policy in counting(), every in 1..5_usize) {
        let families: BTreeSet<_> = rows.iter().step_by(every).map(|(key, _)| family(key)).collect();
        let others: Vec<_> = rows.iter().filter(|(key, _)| !families.contains(&family(key))).cloned().collect();
        let mut with = verdicts(&rows, &plan_with(&policy, &pinned(&rows, every, None), &rows, NOW));
        with.retain(|key, _| !families.contains(&family(key)));
        prop_assert_eq!(with, verdicts(&others, &plan_of(&policy, &others, NOW)));
    }

    #[test]
    fn i8_a_pin_that_is_over_is_no_pin(rows in stores(NOW), policy in counting(), every in 1..5_usize) {
        let plan = plan_with(&policy, &pinned(&rows, every, Some(NOW - 1)), &rows, NOW);
        prop_assert_eq!(plan, plan_of(&policy, &rows, NOW));
    }

    #[test]
    fn i9_the_next_expiry_is_sound_with_pins_that_end(rows in stores(NOW), policy in policies(), every in 1..5_usize, end in 0..99 * HOUR, later in 0..200 * HOUR) {
        let pins = pinned(&rows, every, Some(NOW + end));
        let plan = plan_with(&policy, &pins, &rows, NOW);
        let gone = gone(&rows, &plan);
        let left: Vec<_> = rows.into_iter().filter(|(key, _)| !gone.contains(key)).collect();
        let quiet = plan.next_expiry().is_none_or(|next| NOW + later <= next.as_millis());
        if quiet { prop_assert_eq!(plan_with(&policy, &pins, &left, NOW + later).pruned(), 0); }
    }
}
