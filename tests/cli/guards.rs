//! Guards on the command line: exit code 4, what was read, which flag lets it through, and a store that stays as it was.

use insta::assert_snapshot;

use crate::world::{NOW, World, store_text, usual_store};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Four conversations, three of them older than a day.
fn conversations() -> World {
    let world = World::new();
    let row =
        |n: i64, age: i64| format!("\"agent:main:telegram:direct:{n}\":{{\"updatedAt\":{}}}", NOW - age);
    let rows = [row(1, 2 * DAY), row(2, 3 * DAY), row(3, 4 * DAY), row(4, HOUR)];
    world.write("sessions.json", &format!("{{{}}}", rows.join(",")));
    world
}

#[test]
fn a_sweep_that_takes_most_of_what_lasts_is_refused() {
    let world = conversations();
    let before = world.read("sessions.json");
    assert_snapshot!(world.run("prune -y --rule direct=24h sessions.json").shown(), @r#"
    exit 4
    --- stdout
    sessions.json: refused
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot sweep sessions.json: 3 of its 4 durable rows would go, more than half; nothing was removed
    hint: if that is what you want, --allow-mass-delete carries it out
    "#);
    for line in ["prune -n", "tick --force", "tick --force -n"] {
        let ran = world.run(&format!("{line} --rule direct=24h sessions.json")).expect(4);
        assert!(ran.err.contains("--allow-mass-delete"), "{}", ran.shown());
    }
    let json = world.run("prune -y --json --rule direct=24h sessions.json").expect(4).json();
    assert_eq!(json["stores"][0]["outcome"], "refused");
    assert_eq!(json["stores"][0]["error"]["kind"], "refused");
    assert_eq!(world.read("sessions.json"), before);
    world.run("prune -y --rule direct=24h --allow-mass-delete sessions.json").expect(0);
    assert!(!world.read("sessions.json").contains("direct:3"));
}

#[test]
fn a_plan_shows_what_would_be_refused_and_apply_refuses_it() {
    let world = conversations();
    let before = world.read("sessions.json");
    assert_snapshot!(world.run("plan --rule direct=24h -o plan.json sessions.json").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/sessions.json: 3 of 4 rows would go (177 B of 237 B)
      prune       2d  direct        agent:main:telegram:direct:1
      prune       3d  direct        agent:main:telegram:direct:2
      prune       4d  direct        agent:main:telegram:direct:3
      to go   direct 3
      kept    not-expired 1
    dry run: nothing was removed
    kept 1, pruned 3, failed 0, freed 177 B, next due now
    --- stderr
    note: the plan is in plan.json; carry it out with `session-reaper apply plan.json`
    note: a sweep would refuse this: 3 of its 4 durable rows would go, more than half; if that is what you want, --allow-mass-delete carries it out
    "#);
    let json = world.run("plan --json --rule direct=24h sessions.json").expect(0).json();
    assert_eq!(json["stores"][0]["wouldRefuse"]["kind"], "refused");
    assert_eq!(json["stores"][0]["error"], serde_json::Value::Null);
    let ran = world.run("apply plan.json").expect(4);
    assert!(ran.err.contains("3 of its 4 durable rows"), "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), before);
    world.run("apply --allow-mass-delete plan.json").expect(0);
}

#[test]
fn an_emptied_store_is_refused_unless_it_is_small() {
    let world = World::new();
    let runs = |count: u32| {
        let run =
            |n| format!("\"cron:a:run:00000000-0000-4000-8000-{n:012}\":{{\"updatedAt\":1795000000000}}");
        format!("{{{}}}", (0..count).map(run).collect::<Vec<_>>().join(","))
    };
    world.write("sessions.json", &runs(21));
    let ran = world.run("prune -y sessions.json").expect(4);
    assert!(
        ran.err.contains("all of its 21 rows would go") && ran.err.contains("--allow-mass-delete"),
        "{}",
        ran.shown()
    );
    assert_eq!(world.read("sessions.json"), runs(21));
    world.run("prune -y --allow-mass-delete sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), "{}");
    world.write("sessions.json", &runs(20));
    world.run("prune -y sessions.json").expect(0);
    assert_eq!(world.read("sessions.json"), "{}");
}

#[test]
fn a_time_that_is_far_ahead_is_refused_and_one_in_the_past_prunes_less() {
    let (world, _) = World::with_store();
    // Its own last write is the newest evidence.
    let written = std::fs::metadata(world.path("sessions.json")).unwrap().modified().unwrap();
    let written = i64::try_from(written.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let newest = written.max(NOW);
    let prune = |now: i64, more: &str| world.run(&format!("prune -y --now {now} {more} sessions.json"));
    let ran = prune(newest + 7 * DAY + HOUR, "").expect(4);
    assert!(ran.err.contains("--now says") && ran.err.contains("--allow-clock-jump"), "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), usual_store());
    prune(newest + 7 * DAY - HOUR, "-n").expect(0);
    prune(NOW - 300 * DAY, "").expect(0);
    assert_eq!(world.read("sessions.json"), usual_store());
    prune(newest + 7 * DAY + HOUR, "--allow-clock-jump").expect(0);
}

#[test]
fn a_clock_that_is_behind_is_refused() {
    let (world, store) = World::with_store();
    // The world's command line names a time; this one asks the clock, which is behind the store's own.
    let ahead = std::time::SystemTime::now() + std::time::Duration::from_mins(5);
    std::fs::File::options().write(true).open(&store).unwrap().set_modified(ahead).unwrap();
    let run = |line: &str| {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("session-reaper"));
        command.env_clear().current_dir(store.parent().unwrap()).env("HOME", store.parent().unwrap());
        world.ran(command.args(line.split_whitespace()).output().unwrap())
    };
    let ran = run("prune -y --retention 1ms sessions.json").expect(4);
    assert!(ran.err.contains("the clock says") && ran.err.contains("which is later"), "{}", ran.shown());
    assert!(ran.err.contains("--allow-clock-jump"), "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), usual_store());
    run("prune -y --retention 1ms --allow-clock-jump sessions.json").expect(0);
}

#[test]
fn a_tightened_policy_waits_for_one_interval() {
    let world = World::new();
    let text = store_text(&[30 * HOUR, 40 * HOUR, HOUR]);
    world.write("sessions.json", &text);
    let tick = |minutes: i64, more: &str| {
        let now = NOW + minutes * 60_000;
        world.run(&format!("tick --now {now} {more} sessions.json"))
    };
    tick(0, "--retention 48h").expect(0);
    assert_snapshot!(tick(5, "").shown(), @r#"
    exit 4
    --- stdout
    sessions.json: refused
    kept 0, pruned 0, failed 0, freed 0 B, next due 2026-11-21T08:10:00.000Z
    --- stderr
    error: cannot sweep sessions.json: the policy is tighter than that of the last sweep and would newly take 2 rows (cron-run 2); nothing was removed
    hint: it was refused first at 2026-11-21T08:05:00.000Z and is carried out by itself from 2026-11-21T08:10:00.000Z on; --allow-tightened carries it out now, the old policy takes it back; among these rows are
      agent:main:cron:job:run:00000000-0000-4000-8000-000000000001
      agent:main:cron:job:run:00000000-0000-4000-8000-000000000002
    "#);
    assert_eq!(world.read("sessions.json"), text);
    tick(6, "").expect(0);
    assert_eq!(world.read("sessions.json"), text, "it is throttled");
    let ran = tick(10, "").expect(0);
    assert!(ran.out.contains("cron-run 2"), "{}", ran.shown());
    tick(15, "--retention 48h").expect(0);
    tick(20, "--retention 30m").expect(4);
    tick(25, "--retention 20m --allow-tightened").expect(0);
    assert!(!world.read("sessions.json").contains(":run:"));
}

#[test]
fn a_prune_by_hand_is_not_held_up_by_a_tightened_policy() {
    let world = World::new();
    world.write("sessions.json", &store_text(&[30 * HOUR]));
    world.run("tick --retention 48h sessions.json").expect(0);
    world.run("prune -y --retention 24h sessions.json").expect(0);
    assert!(!world.read("sessions.json").contains(":run:"));
}

#[test]
fn by_a_clock_that_has_jumped_nothing_is_compacted() {
    let world = World::new();
    let heavy = "\"agent:main:cron:job\": {\n    \"skillsSnapshot\": 1,";
    let text = usual_store().replace("\"agent:main:cron:job\": {", heavy);
    world.write("sessions.json", &text);
    let far = 4_000_000_000_000_i64;
    for line in ["compact sessions.json", "compact -n sessions.json"] {
        let ran = world.run(&format!("{line} --now {far}")).expect(4);
        assert!(ran.err.contains("--now says") && ran.err.contains("--allow-clock-jump"), "{}", ran.shown());
        assert_eq!(world.read("sessions.json"), text);
    }
    world.run(&format!("compact --now {far} --allow-clock-jump sessions.json")).expect(0);
    assert!(!world.read("sessions.json").contains("skillsSnapshot"));
}
