//! The whole judgement against a slow model of maps and lists: each decision with its reason, each row that goes with its
//! rule, whatever the policy counts.

use super::*;
use crate::policy::standing::{Standing, rule_for, stand};

/// One key as JavaScript sees it: its last occurrence.
#[derive(Debug, Clone, Copy)]
struct Known {
    order: usize,
    stamp: Stamp,
    rule: Rule,
    standing: Standing,
}

impl Known {
    /// Older is less; of one time what stands first.
    fn time(&self) -> i64 {
        self.stamp.time().map_or(i64::MAX, Timestamp::as_millis)
    }
}

type Families<'a> = BTreeMap<Vec<u8>, BTreeMap<&'a str, Known>>;

fn family(key: &str) -> Vec<u8> {
    let run = Shape::of(key.as_bytes()).cron_run.map(|run| run.family.to_ascii_lowercase());
    run.unwrap_or_else(|| key.to_ascii_lowercase().into_bytes())
}

fn standing(policy: &Policy, pins: &Pins, key: &str, stamp: Stamp) -> Standing {
    let now = Timestamp::from_millis(NOW);
    match () {
        () if pins.hold(key.as_bytes(), now) => Standing::Protected(KeepReason::Pinned),
        () if policy.protects(key.as_bytes()) => Standing::Protected(KeepReason::KeepPattern),
        () => stand(stamp, policy.retention_of(Shape::of(key.as_bytes()).kind), now),
    }
}

/// The families of the newest runs of each job.
fn newest(policy: &Policy, families: &Families<'_>) -> BTreeSet<Vec<u8>> {
    let mut jobs: BTreeMap<Vec<u8>, Vec<_>> = BTreeMap::new();
    for (family, members) in families {
        let job = Shape::of(family).cron_run.map(|run| run.job.to_ascii_lowercase());
        let is_timed = members.values().all(|known| !matches!(known.standing, Standing::Protected(_)));
        if let Some(job) = job.filter(|_| is_timed) {
            let time = members.values().map(Known::time).max();
            let order = members.values().map(|known| known.order).max();
            jobs.entry(job).or_default().push((time, order, family.clone()));
        }
    }
    jobs.into_values()
        .flat_map(|mut runs| {
            runs.sort_by(|a, b| b.cmp(a));
            runs.into_iter().take(policy.keep_last() as usize).map(|(.., family)| family)
        })
        .collect()
}

fn decide(known: &Known, is_newest: bool, all_expired: bool) -> Decision {
    match (known.standing, known.rule) {
        (Standing::Protected(reason), _) => Decision::Keep(reason),
        (Standing::Alive, Rule::MaxEntries) => Decision::Keep(KeepReason::WithinCap),
        (Standing::Alive, Rule::Retention(_)) => Decision::Keep(KeepReason::NotExpired),
        (Standing::Expired, _) if is_newest => Decision::Keep(KeepReason::KeepLast),
        (Standing::Expired, _) if !all_expired => Decision::Keep(KeepReason::Family),
        (Standing::Expired, rule) => Decision::Prune(rule),
    }
}

/// The families that the cap condemns, of those that are merely not expired.
fn capped<'a>(max: u64, free: impl Iterator<Item = &'a BTreeMap<&'a str, Known>>) -> Vec<&'a str> {
    let mut free: Vec<_> = free.collect();
    free.sort_by_key(|members| {
        let order = members.values().map(|known| known.order).min();
        (members.values().map(Known::time).max(), order)
    });
    let mut left: usize = free.iter().map(|members| members.len()).sum();
    let mut gone = Vec::new();
    for members in free {
        if left as u64 <= max {
            break;
        }
        left -= members.len();
        gone.extend(members.keys().copied());
    }
    gone
}

fn is_free(decision: Decision, rule: Rule) -> bool {
    let counts = match rule {
        Rule::Retention(kind) => kind.counts_for_cap(),
        Rule::MaxEntries => true,
    };
    let reasons = [KeepReason::NotExpired, KeepReason::WithinCap, KeepReason::Family];
    counts && reasons.map(Decision::Keep).contains(&decision)
}

/// The decision about every key.
fn judged(policy: &Policy, pins: &Pins, rows: &[(String, Stamp)]) -> BTreeMap<String, Decision> {
    let (mut decisions, mut families) = (BTreeMap::new(), Families::new());
    for (order, (key, stamp)) in rows.iter().enumerate() {
        match rule_for(policy, &Shape::of(key.as_bytes())) {
            Ok(rule) => {
                let standing = standing(policy, pins, key, *stamp);
                let known = Known { order, stamp: *stamp, rule, standing };
                families.entry(family(key)).or_default().insert(key, known);
            }
            Err(reason) => {
                let is_pinned = pins.hold(key.as_bytes(), Timestamp::from_millis(NOW));
                let reason = if is_pinned { KeepReason::Pinned } else { reason };
                decisions.insert(key.clone(), Decision::Keep(reason));
            }
        }
    }
    let newest = newest(policy, &families);
    for (family, members) in &families {
        let all_expired = members.values().all(|known| known.standing == Standing::Expired);
        for (key, known) in members {
            let decision = decide(known, newest.contains(family), all_expired);
            decisions.insert((*key).to_owned(), decision);
        }
    }
    if let Some(max) = policy.max_entries() {
        let is_free = |key: &str, known: &Known| is_free(decisions[key], known.rule);
        let free = families.iter().filter(|(family, members)| {
            !newest.contains(*family) && members.iter().all(|(key, known)| is_free(key, known))
        });
        for key in capped(max, free.map(|(_, members)| members)) {
            decisions.insert(key.to_owned(), Decision::Prune(Rule::MaxEntries));
        }
    }
    decisions
}

/// The rows that go: every occurrence of a key that is condemned.
fn doomed(rows: &[(String, Stamp)], decisions: &BTreeMap<String, Decision>) -> Vec<Doomed<usize>> {
    let places = rows.iter().enumerate().filter_map(|(place, (key, _))| match decisions[key] {
        Decision::Prune(rule) => {
            let is_last = rows.iter().rposition(|(other, _)| other == key) == Some(place);
            Some(Doomed { place, order: u32::try_from(place).unwrap(), rule, is_last })
        }
        Decision::Keep(_) => None,
    });
    places.collect()
}

fn policies_of_every_sort() -> impl Strategy<Value = Policy> {
    (counting(), any::<bool>()).prop_map(|(policy, keeps)| {
        if keeps { policy.with_keep("*:b:*:subagent:*".parse().unwrap()) } else { policy }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_000))]

    #[test]
    fn i1_the_compact_judgement_is_that_of_the_model(rows in stores(NOW), policy in policies_of_every_sort(), every in prop::option::of(1..9_usize)) {
        let pinned = rows.iter().step_by(every.unwrap_or(1)).filter(|_| every.is_some());
        let pins: Pins = pinned.map(|(key, _)| (key.as_bytes(), None)).collect();
        let expected = judged(&policy, &pins, &rows);
        let mut planner = Planner::new(&policy, Timestamp::from_millis(NOW), Detail::Everything).with_pins(&pins);
        for (place, (key, stamp)) in rows.iter().enumerate() {
            planner.see(&Row { key: key.as_bytes(), stamp: *stamp, place });
        }
        let plan = planner.finish();
        let decisions: BTreeMap<_, _> = plan.rulings().map(|(place, ruling)| (rows[place].0.clone(), ruling.decision)).collect();
        prop_assert_eq!(&decisions, &expected);
        prop_assert_eq!(plan.doomed().collect::<Vec<_>>(), doomed(&rows, &expected));
        for (place, ruling) in plan.rulings() {
            let (key, stamp) = &rows[place];
            let (policy_age, verdict) = (policy.retention_of(Shape::of(key.as_bytes()).kind).and_then(Retention::age), ruling.on(*stamp));
            prop_assert_eq!(verdict.updated, stamp.time());
            if let (Some(expires), Some(at)) = (verdict.expires, stamp.time()) { prop_assert_eq!(Some(expires), policy_age.map(|age| at.plus(age))); }
            let is_timed = matches!(verdict.decision, Decision::Prune(Rule::Retention(_)) | Decision::Keep(KeepReason::NotExpired | KeepReason::FutureTimestamp));
            if is_timed && policy_age.is_some() { prop_assert!(verdict.expires.is_some(), "{key}"); }
        }
    }
}
