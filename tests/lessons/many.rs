//! Classes 14 and 15: one store that fails, and many sweepers at once.

use std::{
    collections::BTreeMap,
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::world::{HOUR, Ran, STORE, World, store_of};

fn expired() -> String {
    store_of(&[25 * HOUR, HOUR])
}

fn store(agent: usize) -> String {
    format!("agents/a{agent}/sessions/sessions.json")
}

#[test]
fn class_14_one_failure_stops_no_other_store() {
    // First, in the middle and last: whatever the order, the others are done.
    for broken in [0, 3, 6] {
        for verb in ["prune -y", "tick"] {
            let world = World::new();
            (0..7).for_each(|agent| drop(world.write(&store(agent), &expired())));
            world.write(&store(broken), "{\"torn");
            let ran = world.run(&format!("{verb} --json .")).expect(3);
            let json = ran.json();
            let outcomes =
                json["stores"].as_array().unwrap().iter().map(|store| store["outcome"].as_str().unwrap());
            let count = outcomes.fold(BTreeMap::new(), |mut count: BTreeMap<_, usize>, outcome| {
                *count.entry(outcome).or_default() += 1;
                count
            });
            assert_eq!(count, [("failed", 1), ("swept", 6)].into(), "{ran:#?}");
            assert_eq!(
                (&json["totals"]["stores"], &json["totals"]["pruned"]),
                (&7.into(), &6.into()),
                "{ran:#?}"
            );
            assert_eq!(world.read(&store(broken)), "{\"torn");
            for agent in (0..7).filter(|agent| *agent != broken) {
                assert_ne!(world.read(&store(agent)), expired(), "{verb}: store {agent} was not swept");
            }
        }
    }
}

#[test]
fn class_14_missing_refused_and_busy_stores_stop_no_other_either() {
    let world = World::new();
    (0..5).for_each(|agent| drop(world.write(&store(agent), &expired())));
    fs::remove_file(world.path(&store(0))).unwrap();
    fs::hard_link(world.path(&store(1)), world.path("second-name")).unwrap();
    let lock = world.write("agents/a2/sessions/.session-reaper/sessions.json.lock", "");
    let held = fs::File::open(lock).unwrap();
    fs4::FileExt::lock(&held).unwrap();
    let all: Vec<String> = (0..5).map(store).collect();
    let ran = world.run(&format!("prune -y --lock-timeout 50ms {}", all.join(" "))).expect(3);
    assert_eq!(ran.err.matches("error: ").count(), 3, "{ran:#?}");
    (0..3).for_each(|agent| assert!(ran.err.contains(&store(agent)), "{ran:#?}"));
    assert!(ran.out.lines().last().unwrap().contains("pruned 2"), "{ran:#?}");
    (1..3).for_each(|agent| assert_eq!(world.read(&store(agent)), expired()));
    (3..5).for_each(|agent| assert_ne!(world.read(&store(agent)), expired()));
}

/// Twelve processes at once, each with the line that `line` gives it.
fn twelve(world: &World, line: impl Fn(usize) -> String) -> Vec<Ran> {
    let spawn = |number| {
        let mut command = world.command(&line(number));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..12).map(spawn).collect();
    all.into_iter().map(|child| Ran::of(child.wait_with_output().unwrap())).collect()
}

#[test]
fn class_15_twelve_sweepers_on_one_store_are_one_run() {
    for verb in ["prune -y", "tick", "prune -y --lock-timeout 1ms"] {
        let world = World::with(&expired());
        let ran = twelve(&world, |_| format!("{verb} --json {STORE}"));
        assert!(ran.iter().all(|ran| [0, 11].contains(&ran.code)), "{verb}: {ran:#?}");
        let swept = ran.iter().filter(|ran| ran.store()["outcome"] == "swept").count();
        assert_eq!((swept, world.history().len()), (1, 1), "{verb}: {ran:#?}");
        assert_eq!(world.keys().len(), 3);
        assert!(!world.path("sessions.json.lock").exists());
    }
}

#[test]
fn class_15_no_order_of_stores_is_a_deadlock() {
    let world = World::new();
    (0..6).for_each(|agent| drop(world.write(&store(agent), &expired())));
    let order = |number: usize| {
        let mut all: Vec<String> = (0..6).map(store).collect();
        all.rotate_left(number % 6);
        if number >= 6 {
            all.reverse();
        }
        format!("prune -y --json --lock-timeout 30s {}", all.join(" "))
    };
    let begin = Instant::now();
    let ran = twelve(&world, order);
    assert!(begin.elapsed() < Duration::from_secs(25), "somebody waited for nothing: {:?}", begin.elapsed());
    assert!(ran.iter().all(|ran| ran.code == 0), "{ran:#?}");
    let pruned: u64 = ran.iter().map(|ran| ran.json()["totals"]["pruned"].as_u64().unwrap()).sum();
    assert_eq!(pruned, 6, "each row went once");
}
