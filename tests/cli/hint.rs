//! Ticks by the clock that need not read a store, because nothing in it can be due yet.

use std::{fs, thread, time::Duration};

use serde_json::Value;

use crate::world::{World, run_key};

/// More than `--every 1s`, and than the tick of any file's time.
const PAUSE: Duration = Duration::from_millis(1_100);

/// A store of runs that are so many hours old.
fn store(ages: &[i64]) -> String {
    let now = session_reaper::now().as_millis();
    let rows = (1..).zip(ages).map(|(number, hours)| {
        (run_key(number), serde_json::json!({ "updatedAt": now - hours * 3_600_000 }))
    });
    serde_json::to_string_pretty(&rows.collect::<serde_json::Map<_, _>>()).unwrap()
}

/// The line of the log that a due tick writes, which prints nothing.
fn tick(world: &World, more: &str) -> Value {
    thread::sleep(PAUSE);
    let ran =
        world.run_by_the_clock(&format!("--log-format json tick --every 1s {more} sessions.json")).expect(0);
    serde_json::from_str(ran.err.lines().next().unwrap()).unwrap()
}

#[test]
fn an_unchanged_store_is_not_read_again_and_the_next_tick_is_put_off() {
    let world = World::new();
    world.write("sessions.json", &store(&[1, 2]));
    let (first, second) = (tick(&world, ""), tick(&world, ""));
    assert_eq!((&first["outcome"], &first["scanned"]), (&"nothing".into(), &2.into()));
    assert_eq!((&second["outcome"], &second["scanned"]), (&"throttled".into(), &0.into()));
    assert!(second["next_due"].as_str() > first["next_due"].as_str(), "{second}");
    thread::sleep(PAUSE);
    let counted = world.run_by_the_clock("tick --json --every 1s sessions.json").expect(0).json();
    assert_eq!(
        (&counted["stores"][0]["outcome"], &counted["totals"]["kept"]),
        (&"nothing".into(), &2.into())
    );
    assert_eq!(tick(&world, "--force")["outcome"], "nothing");
}

#[test]
fn what_has_changed_is_read_and_so_is_what_was_pinned_or_is_judged_otherwise() {
    let world = World::new();
    let path = world.write("sessions.json", &store(&[1, 2]));
    assert_eq!(tick(&world, "")["outcome"], "nothing");
    assert_eq!(tick(&world, "--keep x*")["outcome"], "nothing");
    world.run_by_the_clock(&format!("pin sessions.json {}", run_key(1))).expect(0);
    assert_eq!(tick(&world, "--keep x*")["outcome"], "nothing");
    assert_eq!(tick(&world, "--keep x*")["outcome"], "throttled");
    let other = world.write("other", &store(&[1, 30]));
    fs::rename(other, path).unwrap();
    let swept = tick(&world, "--keep x*");
    assert_eq!((&swept["outcome"], &swept["pruned"]), (&"swept".into(), &1.into()));
}
