//! Classes 12 and 13: a dry run says what a real one does, and neither writes without a reason.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::Value;

use crate::world::{DAY, Entry, HOUR, NOW, Ran, STORE, World, store_of};

/// A small generator: the same stores in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A store with rows of many kinds and ages, families, odd keys and odd times.
fn generated(dice: &mut Dice) -> String {
    let mut text = "{".to_owned();
    for number in 0..10 + dice.roll(40) {
        let (job, id) = (dice.roll(3), format!("00000000-0000-4000-8000-{:012}", dice.roll(30)));
        let key = match dice.roll(9) {
            0..=3 => format!("agent:main:cron:job{job}:run:{id}"),
            4 => format!("agent:main:cron:job{job}:run:{id}:sub:{number}"),
            5 => format!("agent:main:subagent:{id}"),
            6 => format!("agent:main:telegram:direct:{number}"),
            7 => format!("hook:{number}"),
            _ => format!("cron:job{job}:run:no-uuid-{number}"),
        };
        let age = i64::try_from(dice.roll(72 * 3_600_000)).unwrap();
        let stamp = match dice.roll(12) {
            0 => "null".to_owned(),
            1 => "\"yesterday\"".to_owned(),
            2 => (NOW + age).to_string(),
            3 => (NOW - DAY).to_string(),
            _ => (NOW - age).to_string(),
        };
        let comma = if number == 0 { "" } else { "," };
        write!(text, "{comma}\n  \"{key}\": {{ \"n\": {number}, \"updatedAt\": {stamp} }}").unwrap();
    }
    text + "\n}"
}

const POLICIES: [&str; 6] = [
    "",
    "--retention 36h --keep-last 1",
    "--max-entries 5",
    "--rule subagent=12h --rule hook=1d",
    "--retention 6h --keep *job1*",
    "--rule direct=2d --max-entries 8 --keep-last 2",
];

/// The keys that a report says go.
fn doomed(ran: &Ran) -> BTreeSet<String> {
    let store = ran.store();
    let items = store["items"].as_array().unwrap();
    let key = |item: &Value| item["key"].as_str().unwrap().to_owned();
    items.iter().filter(|item| item["action"] == "prune").map(key).collect()
}

#[test]
fn class_12_a_dry_run_is_the_run_and_writes_nothing() {
    const STORES: u64 = 48;
    let (mut dice, mut rows) = (Dice(1), 0);
    for number in 0..STORES {
        let world = World::with(&generated(&mut dice));
        let flags = format!(
            "--json --allow-mass-delete {} {STORE}",
            POLICIES[usize::try_from(number).unwrap() % POLICIES.len()]
        );
        let (before, keys) = (world.listing(), world.keys());
        let dry = world.run(&format!("prune -n --show-kept {flags}")).expect(0);
        let planned = world.run(&format!("plan {flags}")).expect(0);
        let ticked = world.run(&format!("tick -n {flags}")).expect(0);
        assert_eq!(world.listing(), before, "store {number}: a dry run wrote something");
        let wet = world.run(&format!("prune -y {flags}")).expect(0);
        let gone: BTreeSet<_> = keys.difference(&world.keys()).cloned().collect();
        for said in [&dry, &planned, &ticked, &wet] {
            assert_eq!(doomed(said), gone, "store {number}, {flags}");
        }
        for field in ["scanned", "pruned", "kept", "bytesAfter", "byRule", "keptBy"] {
            assert_eq!(dry.store()[field], wet.store()[field], "store {number}: {field}");
        }
        assert_eq!((&dry.json()["applied"], &wet.json()["applied"]), (&false.into(), &true.into()));
        rows += gone.len();
    }
    eprintln!("class 12: {STORES} stores, {rows} rows went as they were announced");
    assert!(rows > 100, "only {rows} rows went: nothing was compared");
}

fn names(listing: &[Entry], world: &World) -> Vec<String> {
    let name = |entry: &Entry| entry.0.strip_prefix(world.path("")).unwrap().display().to_string();
    listing.iter().map(name).collect()
}

/// For how long locks are held where something goes, benches/hold.rs measures.
#[test]
fn class_13_where_nothing_goes_nothing_is_written() {
    let world = World::with(&store_of(&[HOUR, 2 * HOUR]));
    let before = world.listing();
    for (index, line) in ["tick", "prune -y", "tick --force"].into_iter().enumerate() {
        world.run_at(NOW + i64::try_from(index).unwrap(), &format!("{line} {STORE}")).expect(0);
        let after = world.listing();
        let store = after.iter().find(|entry| entry.0 == world.path(STORE));
        assert_eq!(store, before.last(), "{line}: the store was written");
        let expected = [
            ".session-reaper",
            ".session-reaper/sessions.json.lock",
            ".session-reaper/sessions.json.state",
            STORE,
        ];
        assert_eq!(names(&after, &world), expected, "{line}: only our lock and our memory are new");
    }
    // What is not due, or off, leaves even these as they are.
    let before = world.listing();
    for line in
        ["tick", "tick --force --retention false", "prune -y --retention false", "prune -n", "plan", "check"]
    {
        world.run_at(NOW + 9, &format!("{line} {STORE}")).expect(0);
        assert_eq!(world.listing(), before, "{line}");
    }
    // The same look sees a store that was written.
    world.run(&format!("prune -y --retention 90m {STORE}")).expect(0);
    assert_ne!(world.listing(), before);
}
