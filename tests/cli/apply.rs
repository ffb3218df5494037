//! `apply`: exactly the plan, or nothing.

use insta::assert_snapshot;

use crate::world::{Held, World, store_text, usual_store, usual_survivors};

fn planned() -> World {
    let (world, _) = World::with_store();
    world.run("plan sessions.json -o plan.json").expect(0);
    world
}

#[test]
fn apply_carries_out_the_plan_from_any_folder() {
    let world = planned();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    let mut apply = world.command(["apply", "../plan.json"]);
    let ran = world.ran(apply.current_dir(world.path("elsewhere")).output().unwrap());
    assert_snapshot!(ran.shown(), @r#"
    exit 0
    --- stdout
    [DIR]/sessions.json: 2 of 6 rows pruned (246 B of 638 B)
      pruned  cron-run 2
      kept    not-expired 2, no-rule 2
    kept 4, pruned 2, failed 0, freed 246 B, next due now
    --- stderr
    "#);
    assert_eq!(world.read("sessions.json"), usual_survivors());
}

#[test]
fn apply_reports_as_prune_does() {
    let world = planned();
    let json = world.run("apply --json plan.json").expect(0).json();
    assert_eq!((&json["verb"], &json["applied"]), (&"apply".into(), &true.into()));
    assert!(json["run"].is_string());
    assert_eq!(json["stores"][0]["items"].as_array().unwrap().len(), 2);
}

#[test]
fn apply_refuses_a_store_that_has_changed() {
    let world = planned();
    let changed = usual_store() + "\n";
    world.write("sessions.json", &changed);
    assert_snapshot!(world.run("apply plan.json").shown(), @r#"
    exit 4
    --- stdout
    [DIR]/sessions.json: refused
    kept 0, pruned 0, failed 0, freed 0 B, next due now
    --- stderr
    error: cannot apply the plan to [DIR]/sessions.json: it has changed since the plan was made; nothing was removed
    hint: make a new plan and look at it again
    "#);
    let json = world.run("apply --json plan.json").expect(4).json();
    assert_eq!((&json["stores"][0]["outcome"], &json["run"]), (&"refused".into(), &serde_json::Value::Null));
    assert_eq!(world.read("sessions.json"), changed);
}

#[test]
fn apply_twice_is_refused() {
    let world = planned();
    world.run("apply plan.json").expect(0);
    world.run("apply plan.json").expect(4);
    assert_eq!(world.read("sessions.json"), usual_survivors());
}

#[test]
fn apply_refuses_a_plan_that_was_edited_is_none_or_is_missing() {
    let world = planned();
    let plan = world.read("plan.json");
    for (text, code) in [
        (plan.replace("24h", "1h"), 1),
        (plan.replace("000000000001", "000000000003"), 1),
        ("{}".to_owned(), 1),
        (String::new(), 1),
        (usual_store(), 1),
    ] {
        world.write("plan.json", &text);
        let ran = world.run("apply plan.json").expect(code);
        assert!(ran.err.contains("nothing was removed") && ran.err.contains("plan"), "{}", ran.shown());
    }
    assert_snapshot!(world.run("apply no-plan.json").shown(), @r#"
    exit 2
    --- stdout
    --- stderr
    error: cannot read the plan no-plan.json: there is no such file; nothing was removed
    hint: make one with `session-reaper plan STORE -o FILE`
    "#);
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn apply_of_a_plan_with_nothing_to_do_is_done() {
    let world = World::new();
    world.write("sessions.json", &store_text(&[1]));
    world.run("plan sessions.json -o plan.json").expect(0);
    assert_eq!(world.run("apply --json plan.json").expect(0).json()["stores"][0]["outcome"], "nothing");
}

#[test]
fn apply_gives_a_held_lock_up_and_misses_a_missing_store() {
    let world = planned();
    let held = Held::lock(&world);
    world.run("apply --lock-timeout 50ms plan.json").expect(11);
    drop(held);
    std::fs::remove_file(world.path("sessions.json")).unwrap();
    world.run("apply plan.json").expect(10);
}
