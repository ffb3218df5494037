//! Beside live gateways: which are refused, which may be asked for, which one goes on beside.
//!
//! A crate of its own, for what looks like a gateway concerns every store whose folder does not tell whose it is, those
//! of other tests too.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

#[allow(dead_code, reason = "the tests of the command line need more of it")]
#[path = "../cli/world.rs"]
mod world;

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::world::{Ran, World, usual_store, usual_survivors};

const STORE: &str = "state/agents/main/sessions/sessions.json";

/// A store where a gateway has it.
fn world() -> World {
    let world = World::new();
    world.write(STORE, &usual_store());
    world
}

/// A process that looks like a gateway and ends with its test.
struct Gateway(Child);

impl Gateway {
    /// One that only shows its title.
    fn titled(world: &World) -> Self {
        Self::start("openclaw-gateway", &[], world)
    }

    /// One of a certain version.
    fn of_version(world: &World, version: &str) -> Self {
        let package = format!(r#"{{"name":"openclaw","version":"{version}"}}"#);
        world.write("lib/openclaw/package.json", &package);
        world.write("lib/openclaw/openclaw.mjs", "read line");
        // A version is believed when it was installed before the process began, and the kernel counts its boot in seconds.
        thread::sleep(Duration::from_millis(1_100));
        Self::start("node", &[&world.path("lib/openclaw/openclaw.mjs"), Path::new("gateway")], world)
    }

    fn start(name: &str, arguments: &[&Path], world: &World) -> Self {
        let mut command = Command::new("/bin/bash");
        command.arg0(name).args(arguments).env_clear().env("OPENCLAW_STATE_DIR", world.path("state"));
        let gateway = Self(command.stdin(Stdio::piped()).spawn().unwrap());
        let shown = || fs::read(format!("/proc/{}/cmdline", gateway.0.id())).unwrap();
        let begin = Instant::now();
        while !shown().starts_with(name.as_bytes()) {
            assert!(begin.elapsed() < Duration::from_secs(20), "it does not become {name}");
            thread::sleep(Duration::from_millis(2));
        }
        gateway
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn text(world: &World) -> String {
    fs::read_to_string(world.path(STORE)).unwrap()
}

#[test]
fn i7_a_live_gateway_that_may_honour_no_lock_is_refused_with_what_to_do() {
    let world = world();
    let gateway = Gateway::titled(&world);
    for verb in ["tick", "prune -y", "prune -n"] {
        let ran = world.run(&format!("{verb} {STORE}")).expect(4);
        assert!(ran.err.contains(&format!("process {}", gateway.0.id())), "{}", ran.shown());
        assert!(ran.err.contains("--beside-live-gateway"), "{}", ran.shown());
        assert_eq!(text(&world), usual_store());
    }
    // It is only a change that is refused.
    world.run(&format!("prune -y --retention 90d {STORE}")).expect(0);
    world.run(&format!("list {STORE}")).expect(0);
    drop(gateway);
    world.run(&format!("prune -y {STORE}")).expect(0);
    assert_eq!(text(&world), usual_survivors());
}

#[test]
fn who_asks_for_it_sweeps_beside_a_live_gateway_in_a_quiet_moment() {
    for (line, variables) in
        [("--beside-live-gateway", &[][..]), ("", &[("SESSION_REAPER_BESIDE_LIVE_GATEWAY", "true")])]
    {
        let world = world();
        let _gateway = Gateway::titled(&world);
        let ran = world.run_with(&format!("prune -y --json {line} {STORE}"), variables).expect(0);
        assert_eq!(
            (&ran.json()["totals"]["pruned"], &ran.json()["totals"]["failed"]),
            (&2.into(), &0.into())
        );
        assert_eq!(text(&world), usual_survivors());
    }
}

#[test]
fn a_write_while_quiet_was_waited_for_is_waited_out() {
    let world = world();
    let _gateway = Gateway::titled(&world);
    let store = world.path(STORE);
    let other = usual_store().replacen('{', "{\n  \"agent:main:new\": {},", 1);
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            fs::write(store.with_extension("gateway"), &other).unwrap();
            fs::rename(store.with_extension("gateway"), &store).unwrap();
        });
        world.run(&format!("prune -y --json --beside-live-gateway {STORE}"))
    });
    assert_eq!(ran.expect(0).json()["totals"]["pruned"], 2);
    assert!(text(&world).contains("agent:main:new"));
}

/// Sweeps beside a gateway that writes back what it has in memory.
fn written_back(flags: &str) -> Ran {
    let world = world();
    run_and_write_back(&world, &format!("prune -y {flags} --beside-live-gateway {STORE}")).expect(1)
}

/// Runs a command beside a gateway that writes the store back as it was as soon as it changes.
fn run_and_write_back(world: &World, line: &str) -> Ran {
    let _gateway = Gateway::titled(world);
    let (store, old) = (world.path(STORE), text(world));
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            let begin = Instant::now();
            while fs::read_to_string(&store).unwrap() == old {
                assert!(begin.elapsed() < Duration::from_secs(20), "nothing was changed");
                thread::sleep(Duration::from_millis(5));
            }
            fs::write(store.with_extension("gateway"), &old).unwrap();
            fs::rename(store.with_extension("gateway"), &store).unwrap();
        });
        world.run(line)
    });
    assert_eq!(text(world), old);
    ran
}

#[test]
fn rows_that_came_back_and_that_a_gateway_takes_again_are_told() {
    let world = world();
    world.run(&format!("prune -y {STORE}")).expect(0);
    let undo = format!("undo --beside-live-gateway --store {STORE}");
    let ran = run_and_write_back(&world, &undo).expect(3);
    assert!(ran.err.contains("2 rows went again: the gateway wrote back"), "{}", ran.shown());
    assert!(ran.err.contains("stop the gateway"), "{}", ran.shown());
}

#[test]
fn fields_that_a_gateway_writes_back_are_told() {
    let world = world();
    let heavy = "\"agent:main:cron:job\": {\n    \"skillsSnapshot\": {\"prompt\": 1},";
    world.write(STORE, &usual_store().replace("\"agent:main:cron:job\": {", heavy));
    let ran = run_and_write_back(&world, &format!("compact --beside-live-gateway {STORE}")).expect(3);
    assert!(ran.err.contains("1 row got its fields back: the gateway wrote back"), "{}", ran.shown());
    // One that writes nothing back has nothing told of it.
    let _gateway = Gateway::titled(&world);
    world.run(&format!("compact --beside-live-gateway {STORE}")).expect(0);
    assert!(!text(&world).contains("skillsSnapshot"));
}

#[test]
fn i9_rows_that_a_gateway_writes_back_are_told_and_counted() {
    let report = &written_back("--json").json()["stores"][0];
    // In the end nothing has changed.
    assert_eq!((&report["pruned"], &report["failed"]), (&0.into(), &2.into()), "{report}");
    assert_eq!(report["scanned"], report["kept"].as_u64().unwrap() + 2);
    assert!(report["error"]["message"].as_str().unwrap().contains("2 rows came back"), "{report}");
    let ran = written_back("");
    assert!(ran.err.contains("2 rows came back"), "{}", ran.shown());
}

#[test]
fn a_gateway_that_honours_a_lock_is_swept_beside_and_one_with_a_database_is_not() {
    let world = world();
    let gateway = Gateway::of_version(&world, "2026.8.1");
    let ran = world.run(&format!("prune -y --beside-live-gateway {STORE}")).expect(4);
    assert!(ran.err.contains("OpenClaw 2026.8.1"), "{}", ran.shown());
    drop(gateway);
    let _gateway = Gateway::of_version(&world, "2026.4.29");
    world.run(&format!("prune -y {STORE}")).expect(0);
    assert_eq!(text(&world), usual_survivors());
}

#[test]
fn the_stores_of_one_call_share_a_look_at_the_machine_for_a_tenth_of_a_second() {
    let world = World::new();
    let stores: Vec<_> = (0..60).map(|number| STORE.replace("main", &format!("a{number}"))).collect();
    let write_all = || stores.iter().map(|store| world.write(store, &usual_store())).for_each(drop);
    write_all();
    let begin = Instant::now();
    let ran = world.run("prune -y -vv state").expect(0);
    let most = begin.elapsed().as_millis() / 100 + 1;
    let looks = ran.err.matches("looked for live gateways").count() as u128;
    assert!((1..=most).contains(&looks), "{looks} looks, and {most} at most");
    for store in &stores {
        assert_eq!(fs::read_to_string(world.path(store)).unwrap(), usual_survivors());
    }
    // It is still looked for each of them.
    write_all();
    let _gateway = Gateway::titled(&world);
    let ran = world.run("prune -y state").expect(4);
    assert_eq!(ran.err.matches("--beside-live-gateway").count(), stores.len(), "{}", ran.shown());
}

#[test]
fn a_demonstration_is_no_gateways_business() {
    let world = world();
    // Which folder a store of an odd place belongs to cannot be told, so that this one would concern it.
    let _gateway = Gateway::titled(&world);
    fs::copy(world.path(STORE), world.path("odd.json")).unwrap();
    world.run("prune -y odd.json").expect(4);
    world.run("demo new").expect(0);
}
