//! Classes 8 and 9: a clock, a file's time or a new policy that cannot be believed condemns nobody at once.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use crate::world::{DAY, HOUR, NOW, Ran, STORE, World, run_key, store_at, store_of};

const MINUTE: i64 = 60_000;
const YEARS: i64 = 3_650 * DAY;

/// Sets the store's own time, so far from now.
fn written(world: &World, ahead: i64) {
    let span = Duration::from_millis(ahead.unsigned_abs());
    let now = SystemTime::now();
    let at = if ahead < 0 { now - span } else { now + span };
    fs::File::options().write(true).open(world.path(STORE)).unwrap().set_modified(at).unwrap();
}

/// Milliseconds by the machine's clock.
fn clock() -> i64 {
    session_reaper::now().as_millis()
}

fn prune(world: &World, more: &str) -> Ran {
    Ran::of(world.by_the_clock(&format!("prune -y {more} {STORE}")).output().unwrap())
}

#[test]
fn class_08_ten_years_forward_is_refused_and_ten_years_back_takes_nothing() {
    let text = store_of(&[25 * HOUR, HOUR, 90 * DAY]);
    let world = World::with(&text);
    let forward = clock().max(NOW) + YEARS;
    let ran = world.run_at(forward, &format!("prune -y {STORE}")).expect(4);
    assert!(ran.err.contains("--allow-clock-jump") && ran.err.contains("nothing was removed"), "{ran:#?}");
    world.run_at(forward, &format!("tick --force {STORE}")).expect(4);
    world.run_at(NOW - YEARS, &format!("prune -y {STORE}")).expect(0);
    assert_eq!(world.read(STORE), text);
    world.run(&format!("prune -y {STORE}")).expect(0);
    assert_eq!(world.keys().len(), 3, "at its own time it is swept, whatever was refused before");
}

/// The clock itself cannot be set here; what it is held against can.
#[test]
fn class_08_a_clock_that_everything_contradicts_is_refused() {
    let now = clock();
    let (old, young) = (now - 25 * HOUR, now - HOUR);
    // Behind: the store was written in the future.
    let world = World::with(&store_at(&[old, young]));
    written(&world, YEARS);
    let ran = prune(&world, "").expect(4);
    assert!(ran.err.contains("the clock says") && ran.err.contains("which is later"), "{ran:#?}");
    // Behind: the last sweep was in the future.
    let world = World::with(&store_at(&[old, young]));
    let state = format!("{{\"lastSweep\":{0},\"failures\":0,\"clock\":{0}}}", now + YEARS);
    world.write(".session-reaper/sessions.json.state", &state);
    assert!(prune(&world, "").expect(4).err.contains("the last sweep was at"));
    // Ahead: the newest there is, is ten years old.
    let text = store_at(&[now - YEARS, now - YEARS - DAY])
        .replace(&(NOW - HOUR).to_string(), &(now - YEARS).to_string());
    let text = text.replace(&(NOW - 999 * HOUR).to_string(), &(now - YEARS).to_string());
    let world = World::with(&text);
    written(&world, -YEARS);
    assert!(prune(&world, "").expect(4).err.contains("more than 7 days after anything that is known"));
    assert_eq!(world.read(STORE), text);
    prune(&world, "--allow-clock-jump").expect(0);
    assert_eq!(world.keys().len(), 2);
}

#[test]
fn class_08_rows_from_the_future_stay_and_hold_up_no_others() {
    let now = clock();
    let world = World::with(&store_at(&[now - 25 * HOUR, now + YEARS, now + HOUR, now - HOUR]));
    let ran = prune(&world, "--json").expect(0);
    assert_eq!(ran.store()["keptBy"]["future-timestamp"], 2, "{ran:#?}");
    assert!(!world.keys().contains(&run_key(0)) && world.keys().contains(&run_key(1)));
}

#[test]
fn class_08_a_files_own_time_is_no_age() {
    let now = clock();
    // Restored from a backup with its old time: what is young stays.
    let world = World::with(&store_at(&[now - HOUR, now - 2 * HOUR]));
    written(&world, -YEARS);
    assert_eq!(prune(&world, "--json").expect(0).store()["pruned"], 0);
    // Restored with the time of now: what is old goes, by what it says itself.
    let world = World::with(&store_at(&[now - 25 * HOUR, now - HOUR]));
    written(&world, 0);
    assert_eq!(prune(&world, "--json").expect(0).store()["pruned"], 1);
}

/// Conversations, three of four long idle.
fn conversations() -> World {
    let row = |number: i64, age: i64| {
        format!("\"agent:main:telegram:direct:{number}\":{{\"updatedAt\":{}}}", NOW - age)
    };
    let rows = [row(1, 20 * DAY), row(2, 30 * DAY), row(3, 40 * DAY), row(4, HOUR)];
    World::with(&format!("{{{}}}", rows.join(",")))
}

#[test]
fn class_09_the_first_sweep_after_a_long_idle_time_wipes_nothing() {
    let world = conversations();
    let before = world.read(STORE);
    for line in ["tick", "prune -y", "tick --force"] {
        let ran = world.run(&format!("{line} --rule direct=7d {STORE}")).expect(4);
        assert!(ran.err.contains("3 of its 4 durable rows would go"), "{ran:#?}");
    }
    assert_eq!(world.read(STORE), before);
    world.run(&format!("prune -y --rule direct=7d --allow-mass-delete {STORE}")).expect(0);
    assert_eq!(world.keys().len(), 1);
}

#[test]
fn class_09_a_policy_that_was_briefly_tightened_takes_nothing() {
    let text = store_of(&[30 * HOUR, 40 * HOUR, HOUR]);
    let world = World::with(&text);
    let tick = |minute: i64, retention: &str| {
        world.run_at(NOW + minute * MINUTE, &format!("tick --retention {retention} {STORE}"))
    };
    tick(0, "48h").expect(0);
    let ran = tick(5, "24h").expect(4);
    assert!(
        ran.err.contains("would newly take 2 rows") && ran.err.contains(&run_key(0)),
        "it is shown: {ran:#?}"
    );
    // A minute later somebody sees it and takes it back.
    tick(10, "48h").expect(0);
    assert_eq!(world.read(STORE), text);
    // Meant after all: refused once more, and carried out after one interval.
    tick(15, "24h").expect(4);
    tick(16, "24h").expect(0);
    assert_eq!(world.read(STORE), text, "it is throttled");
    tick(20, "24h").expect(0);
    assert_eq!(world.keys().len(), 3);
}
