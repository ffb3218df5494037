//! Class 7: what fails is tried again with patience, neither in a storm nor never.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::world::{HOUR, NOW, STORE, World, store_of};

const MINUTE: i64 = 60_000;

#[test]
fn class_07_a_tick_loop_on_a_broken_store_backs_off_and_recovers() {
    let world = World::with("{");
    let mut tried = Vec::new();
    for minute in 0..=200 {
        let ran = world.run_at(NOW + minute * MINUTE, &format!("tick --json {STORE}"));
        match ran.store()["outcome"].as_str().unwrap() {
            "failed" => tried.push(minute),
            "throttled" => assert_eq!(ran.code, 0, "{ran:#?}"),
            other => panic!("{other}: {ran:#?}"),
        }
    }
    // 5, 10, 20, 40, and then every 60 minutes.
    assert_eq!(tried, [0, 5, 15, 35, 75, 135, 195]);
    assert_eq!(world.read(STORE), "{");
    world.replace(&store_of(&[26 * HOUR]));
    let outcome = |minute: i64| {
        let ran = world.run_at(NOW + minute * MINUTE, &format!("tick --json {STORE}")).expect(0);
        ran.store()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        [254, 255, 259, 260].map(outcome),
        ["throttled", "swept", "throttled", "nothing"],
        "as often as ever again"
    );
}

#[test]
fn class_07_the_lock_of_the_dead_holds_nobody_up() {
    let world = World::with(&store_of(&[25 * HOUR]));
    let lock = world.write(".session-reaper/sessions.json.lock", "left by somebody");
    let mut holder =
        Command::new("flock").arg(&lock).args(["sleep", "60"]).stdout(Stdio::null()).spawn().unwrap();
    let busy = || world.run(&format!("prune -y --retention 9w --lock-timeout 1ms {STORE}")).code == 11;
    let is_held = (0..200).any(|_| busy());
    assert!(is_held, "flock did not take the lock");
    // The child of flock has the lock as well: both end.
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", holder.id())).unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(Command::new("kill").args(children.split_whitespace()).status().unwrap().success());
    world.run(&format!("prune -y {STORE}")).expect(0);
    assert_eq!(world.keys().len(), 2);
}
