//! Stopped for longer than a gateway lets a lock stand, robbed of it, and continued: the sweep commits nothing any more,
//! nothing of the new owner's update is lost, and his lock stays his. What had been committed before the stop stands:
//! the new owner has read it.
//!
//! The new owner goes by the rules of OpenClaw 2026.3.13: a lock is nobody's 30 seconds after its `createdAt`, whether
//! its owner lives or not; it is removed by name and made anew.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::MetadataExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    rig::{self, Point},
    scenario::Scenario,
    world::{World, binary},
};

const SCENARIO: Scenario = Scenario {
    name: "stopped",
    line: &["prune", "--yes", "--lock-timeout", "300ms", "{store}"],
    ..Scenario::PRUNE
};

/// After so long the lock is anybody's.
const STALE: Duration = Duration::from_millis(30_500);

const UPDATE: &str = "\"agent:main:main\":{\"updatedAt\":1795248000000}";

/// Where the sweep is stopped, in words, the call, and how the sweep ends: busy, or done before it was stopped. A call
/// that the stop comes with is still carried out.
fn stops(points: &[Point]) -> Vec<(&'static str, Point, i32)> {
    let at = |text: &str| points.iter().position(|point| point.line.contains(text)).expect(text);
    // The journal gets its name by a link as well.
    let locked = at("sessions.json.lock\", 0)");
    let exchanged = at("RENAME_EXCHANGE");
    let before =
        points[locked..exchanged].iter().rposition(|point| point.line.contains("sessions.json.lock"));
    let checked = locked + before.expect("the lock is looked at before the exchange");
    vec![
        ("right after the lock is made", points[locked + 1].clone(), 11),
        ("while the lock is looked at", points[checked].clone(), 11),
        ("between that look and the exchange", points[exchanged - 1].clone(), 11),
        ("at the exchange", points[exchanged].clone(), 0),
        ("right after the exchange", points[exchanged + 1].clone(), 0),
    ]
}

/// Starts a sweep that will be stopped at a call.
fn start(world: &World, at: &Point) {
    let words = world.words(SCENARIO.program, SCENARIO.line);
    world.start(&rig::strace("/dev/null", Some(&at.inject("signal=STOP")), words));
}

fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}: not in 20 seconds");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The process that sweeps the store, once it has made the lock and has been stopped. In its namespace it has another
/// number than out here.
fn stopped_owner(world: &World, lock: &Path) -> Pid {
    wait_until("the lock", || lock.exists().then_some(()));
    let store = world.store().display().to_string();
    let pid = wait_until("the stop", || {
        let numbers =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        numbers.filter_map(|name| name.parse().ok()).find(|pid: &i32| is_stopped(*pid, &store))
    });
    Pid::from_raw(pid).unwrap()
}

fn is_stopped(pid: i32, store: &str) -> bool {
    let read = |what: &str| fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap_or_default();
    let argv = read("cmdline");
    let is_ours = argv.split('\0').next() == binary().to_str() && argv.contains(store);
    is_ours && read("stat").rsplit(") ").next().is_some_and(|rest| rest.starts_with(['T', 't']))
}

/// A gateway's read-modify-write under a lock that it has just taken for stale. It goes on holding the lock.
fn rob_and_write(world: &World, lock: &Path) -> (Vec<u8>, u64) {
    fs::remove_file(lock).unwrap();
    let mut file = OpenOptions::new().write(true).create_new(true).open(lock).unwrap();
    writeln!(
        file,
        "{{\n  \"pid\": {},\n  \"createdAt\": \"2099-01-01T00:00:00.000Z\"\n}}",
        std::process::id()
    )
    .unwrap();
    let text = fs::read_to_string(world.store()).unwrap();
    let temp = world.folder().join("sessions.json.gateway.tmp");
    fs::write(&temp, text.replacen('{', &format!("{{{UPDATE},"), 1)).unwrap();
    fs::rename(&temp, world.store()).unwrap();
    (fs::read(lock).unwrap(), fs::metadata(lock).unwrap().ino())
}

fn robbed_while_stopped(what: &str, at: &Point, exit: i32) {
    let world = World::apart(&SCENARIO);
    start(&world, at);
    let lock = world.lock();
    let owner = stopped_owner(&world, &lock);
    thread::sleep(STALE);
    let (note, ino) = rob_and_write(&world, &lock);
    let written = fs::read_to_string(world.store()).unwrap();
    kill_process(owner, Signal::CONT).unwrap();
    let ended = world.wait();
    let said = &ended.stderr;
    assert_eq!(ended.code, exit, "{what}: {said}");
    assert_eq!(fs::read(&lock).unwrap(), note, "{what}: the new owner's lock");
    assert_eq!(fs::metadata(&lock).unwrap().ino(), ino, "{what}: the new owner's lock");
    assert_eq!(fs::read_to_string(world.store()).unwrap(), written, "{what}: the new owner's update");
    eprintln!("stopped {what} ({} #{}): {}", at.name, at.number, said.lines().next().unwrap_or("done"));
}

#[test]
fn i7_an_owner_who_was_stopped_and_robbed_commits_nothing_and_removes_nothing() {
    let Some(points) = rig::points(&SCENARIO) else { return };
    let stops = stops(&points);
    thread::scope(|scope| {
        for (what, at, exit) in &stops {
            scope.spawn(move || robbed_while_stopped(what, at, *exit));
        }
    });
}
