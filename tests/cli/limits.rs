//! `--max-time`: it ends between stores, says so, and the next call goes on. And the settings of trash and guards, as far
//! as the command line goes.

use serde_json::Value;

use crate::world::{Ran, World, usual_store, usual_survivors};

const STORES: usize = 10;

/// A folder with ten stores, each with something to prune.
fn ten() -> World {
    let world = World::new();
    for number in 0..STORES {
        world.write(&file(number), &usual_store());
    }
    world
}

fn file(number: usize) -> String {
    format!("agents/a{number}/sessions/sessions.json")
}

fn swept(world: &World) -> usize {
    let texts = (0..STORES).map(|number| world.read(&file(number)));
    texts
        .map(|text| {
            assert!(text == usual_store() || text == usual_survivors(), "torn: {text}");
            usize::from(text == usual_survivors())
        })
        .sum()
}

fn outcomes<'j>(json: &'j Value, outcome: &str) -> Vec<&'j Value> {
    json["stores"].as_array().unwrap().iter().filter(|store| store["outcome"] == outcome).collect()
}

#[test]
fn ticks_without_time_come_to_an_end_store_by_store() {
    let world = ten();
    let mut calls = 0;
    loop {
        let before = swept(&world);
        let ran = world.run("tick --json --max-time 1ms .");
        calls += 1;
        let json = ran.json();
        let now = outcomes(&json, "swept").len();
        assert_eq!(swept(&world), before + now, "{}", ran.shown());
        assert!(now > 0, "every call makes progress: {}", ran.shown());
        if json["done"] == true {
            ran.expect(0);
            break;
        }
        assert!(json["stores"].as_array().unwrap().len() < STORES);
        ran.expect(3);
    }
    assert_eq!(swept(&world), STORES);
    assert!((2..=STORES).contains(&calls), "{calls} calls");
    let json = world.run("tick --json --max-time 1ms .").expect(0).json();
    assert_eq!((&json["done"], outcomes(&json, "throttled").len()), (&true.into(), STORES));
}

#[test]
fn what_was_not_reached_is_told_and_stands_in_no_report() {
    let world = ten();
    let ran = world.run("tick --max-time 1ms .").expect(3);
    let left = STORES - swept(&world);
    assert!(left > 0);
    assert_eq!(ran.err, note(left), "{}", ran.shown());
    assert!(!ran.out.contains(&file(STORES - 1)), "{}", ran.shown());
    assert_eq!(ten().run("-q tick --max-time 1ms .").expect(3).err, "");
    assert_eq!(ten().run("tick --json --max-time 1ms .").expect(3).err, "");
}

fn note(left: usize) -> String {
    let stores = if left == 1 { "1 store".to_owned() } else { format!("{left} stores") };
    format!("note: the time was over: {stores} of {STORES} not reached; the next tick goes on there\n")
}

/// A prune is not throttled: it would begin with the same stores again. It says what it left, and a tick goes on there.
#[test]
fn a_prune_leaves_the_rest_to_the_next_tick() {
    let world = ten();
    let json = world.run("prune -y --json --max-time 1ms .").expect(3).json();
    assert_eq!(json["done"], false);
    let before = swept(&world);
    assert!(before > 0 && before < STORES);
    assert_eq!(world.run("tick --json .").expect(0).json()["done"], true);
    assert_eq!(swept(&world), STORES);
}

#[test]
fn with_time_enough_or_no_limit_everything_is_done() {
    for limit in ["--max-time 1h", "--max-time false", ""] {
        let world = ten();
        let ran = world.run(&format!("tick --json {limit} .")).expect(0);
        assert_eq!(ran.json()["done"], true, "{limit}");
        assert_eq!(swept(&world), STORES, "{limit}");
    }
}

#[test]
fn a_dry_run_is_never_cut_short() {
    let world = ten();
    for line in ["prune -n", "tick -n", "plan"] {
        let json = world.run(&format!("{line} --json --max-time 1ms .")).expect(0).json();
        assert_eq!((&json["done"], &json["applied"]), (&true.into(), &false.into()), "{line}");
        assert_eq!(outcomes(&json, "swept").len(), STORES, "{line}");
    }
    assert_eq!(swept(&world), 0);
}

/// A store that can never be swept does not eat up the time of the others.
#[test]
fn stores_that_are_not_there_or_busy_do_not_keep_the_others_waiting() {
    let world = ten();
    let held = world.write("agents/a0/sessions/.session-reaper/sessions.json.lock", "");
    let held = std::fs::File::open(held).unwrap();
    fs4::FileExt::lock(&held).unwrap();
    let rest = (0..STORES).map(file).collect::<Vec<_>>().join(" ");
    for call in 1..STORES {
        let ran = world.run(&format!("tick --json --max-time 1ms no-such.json {rest}"));
        assert!(swept(&world) >= call, "call {call}: {}", ran.shown());
    }
    assert_eq!(swept(&world), STORES - 1);
}

#[test]
fn malformed_limits_and_switches_remove_nothing() {
    let (world, _) = World::with_store();
    let refused = |ran: Ran, name: &str| {
        let ran = ran.expect(2);
        assert!(ran.err.contains(name) && ran.err.contains("; nothing was removed"), "{}", ran.shown());
    };
    let mut tried = 0;
    for (flag, variable, bad) in [
        ("--max-time", "SESSION_REAPER_MAX_TIME", ["0", "-1m", "5", "soon"]),
        ("--trash-retention", "SESSION_REAPER_TRASH_RETENTION", ["0", "-7d", "7", "1mo"]),
        ("--allow-mass-delete", "SESSION_REAPER_ALLOW_MASS_DELETE", ["0", "yes", "TRUE", "off"]),
        ("--allow-clock-jump", "SESSION_REAPER_ALLOW_CLOCK_JUMP", ["1", "no", "on", "x"]),
        ("--allow-tightened", "SESSION_REAPER_ALLOW_TIGHTENED", ["1", "no", "on", "x"]),
        ("", "SESSION_REAPER_TRASH_ENABLED", ["1", "no", "on", "x"]),
        ("", "SESSION_REAPER_TRASH_COMPRESS", ["1", "zstd", "on", "x"]),
    ] {
        for bad in bad {
            refused(world.run_with("prune -y sessions.json", &[(variable, bad)]), variable);
            if !flag.is_empty() {
                refused(world.run(&format!("prune -y {flag}={bad} sessions.json")), flag);
                refused(world.run(&format!("tick {flag}={bad} sessions.json")), flag);
            }
            tried += 1;
        }
    }
    for (line, key) in [
        ("max_time = 5", "max_time"),
        ("allow_mass_delete = 'yes'", "allow_mass_delete"),
        ("trash.enabled = 1", "trash.enabled"),
        ("trash.retention = 0", "trash.retention"),
        ("trash.retention = true", "trash.retention"),
        ("trash.compress = 'zstd'", "trash.compress"),
        ("trash = false", "trash"),
    ] {
        world.write("session-reaper.toml", line);
        refused(world.run("tick sessions.json"), &format!("session-reaper.toml:1: {key}"));
    }
    assert_eq!((tried, world.read("sessions.json")), (28, usual_store()));
}

#[test]
fn config_show_names_where_the_new_settings_come_from() {
    let world = World::new();
    world.write("session-reaper.toml", "max_time = \"10m\"\n[trash]\ncompress = true\nretention = \"2w\"\n");
    let line =
        "config show --json --no-trash --trash-retention 3d --allow-clock-jump --allow-tightened=false";
    let json = world.run_with(line, &[("SESSION_REAPER_ALLOW_MASS_DELETE", "true")]).expect(0).json();
    let shown = |key: &str| {
        let values = json["values"].as_array().unwrap();
        let value = values.iter().find(|value| value["key"] == key).unwrap();
        format!("{} {}", value["value"], value["origin"].as_str().unwrap())
    };
    for (key, expected) in [
        ("trash.enabled", "false --no-trash"),
        ("trash.retention", "\"3d\" --trash-retention"),
        ("trash.compress", "true session-reaper.toml:3"),
        ("max_time", "\"10m\" session-reaper.toml:1"),
        ("allow_mass_delete", "true SESSION_REAPER_ALLOW_MASS_DELETE"),
        ("allow_clock_jump", "true --allow-clock-jump"),
        ("allow_tightened", "false --allow-tightened"),
        ("beside_live_gateway", "false default"),
    ] {
        assert_eq!(shown(key), expected, "{key}");
    }
}

#[test]
fn apply_takes_what_can_matter_to_it_and_nothing_else() {
    let (world, _) = World::with_store();
    world.run("plan -o plan.json sessions.json").expect(0);
    for flag in ["--max-time 1m", "--allow-tightened", "--retention 1h"] {
        world.run(&format!("apply {flag} plan.json")).expect(2);
    }
    assert_eq!(world.read("sessions.json"), usual_store());
    let json = world
        .run("apply --json --no-trash --trash-retention 1d --allow-mass-delete --allow-clock-jump plan.json")
        .expect(0)
        .json();
    assert_eq!(json["done"], true);
    assert_eq!(world.read("sessions.json"), usual_survivors());
}
